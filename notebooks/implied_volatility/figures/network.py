"""Errors of the network on rough Bergomi: ours, the paper's recipe on the same rows, and the noise of the test."""

from __future__ import annotations

from implied_volatility.figures.figure import Figure, Options, goal
from implied_volatility.figures.judged import Judged
from implied_volatility.figures.report import report
from implied_volatility.models import ROUGH_BERGOMI


def measure(options: Options) -> Figure:
    """Ten minutes of simulation on two cores, which is kept, and then the trainings."""
    return report(options, ROUGH_BERGOMI, "network", _goals)


def _goals(made: Judged) -> list[str]:
    return [
        goal("mean, worst training", made.worst("mean"), " %", at_most=0.27),
        goal("median, worst training", made.worst("median"), " %", at_most=0.09),
        goal("99th percentile, worst training", made.worst("p99"), " %", at_most=3.3),
        goal("paper's mean / ours, worst training", min(made.ratios("mean")), " ×", at_least=2.5),
        goal("paper's median / ours, worst training", min(made.ratios("median")), " ×", at_least=4.5),
    ]
