"""Errors of the network on Heston, whose labels come from a formula: the error of learning alone."""

from __future__ import annotations

from implied_volatility.figures.figure import Figure, Options, goal
from implied_volatility.figures.judged import Judged
from implied_volatility.figures.report import report
from implied_volatility.models import model_named


def measure(options: Options) -> Figure:
    """The report of `network` on exact labels."""
    return report(options, model_named("heston"), "heston", _goals)


def _goals(made: Judged) -> list[str]:
    return [
        goal("mean, worst training", made.worst("mean"), " %", at_most=0.05),
        goal("paper's mean / ours, worst training", min(made.ratios("mean")), " ×", at_least=1.0),
    ]
