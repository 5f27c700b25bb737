"""The metrics of a training, by model and under the names that MLflow and the notebook's result have for them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from implied_volatility.arbitrage import Violations
from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.learning.descent import Fit
from implied_volatility.scoring import Score

Evaluation = dict[str, dict[str, float]]
"""Metric by model and name, the unit last in the name: the rows of the table `evaluation`."""


class Judged(NamedTuple):
    """A model's training and what came of it."""

    score: Score
    fits: Sequence[Fit]
    violations: Violations
    """Of predicted surfaces; those of our network with its own errors as the noise."""


def evaluate(ours: Judged, paper: Judged, noise: tuple[float, float], microseconds: Mapping[str, float]) -> Evaluation:
    """All metrics to six digits, of the models `network` and `paper` and of the `simulation` that they are judged by.

    `noise` is the mean and the median that a perfect model would show; `microseconds` those of a surface by where it
    comes from: our network `alone` and in a `batch`, and the `simulation`. ValueError names a metric that is not a
    finite number: JSON has none such, and a table of results should not.
    """
    mean, median = noise
    made = {
        "network": {
            **_metrics(ours),
            "butterfly_violations_beyond_noise_percent": ours.violations.butterflies.percent_beyond_noise,
            "calendar_violations_beyond_noise_percent": ours.violations.calendars.percent_beyond_noise,
            "microseconds_per_surface": microseconds["batch"],
            "microseconds_alone": microseconds["alone"],
        },
        "paper": _metrics(paper),
        "simulation": {
            "noise_mean_percent": mean,
            "noise_median_percent": median,
            "simulation_microseconds_per_surface": microseconds["simulation"],
        },
    }
    # Exact labels have no noise to compare with.
    if mean > 0:
        made["network"]["error_over_noise"] = ours.score.mean / mean
    for model, metrics in made.items():
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise ValueError(f"{name} of the {model} is {value}: too few test surfaces, or none with a valid cell")
    return {model: {name: _short(value) for name, value in metrics.items()} for model, metrics in made.items()}


def flat(evaluation: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The metrics by one name each; those of the paper's recipe begin with `paper_`."""
    return {
        f"paper_{name}" if model == "paper" else name: value
        for model, metrics in evaluation.items()
        for name, value in metrics.items()
    }


def by_cell(name: str, values: Floats) -> dict[str, float]:
    """A metric per cell of `(8, 11)`, like `relative_error_percent/T0.1_K0.5`; none where the value is NaN.

    MLflow draws metrics with the same part before the slash as one group. They are for MLflow alone: what the notebook
    exits with, and the deployment's status that repeats it, has to stay small.
    """
    return {
        f"{name}/T{MATURITIES[maturity]:g}_K{STRIKES[strike]:g}": _short(float(value))
        for (maturity, strike), value in np.ndenumerate(values)
        if np.isfinite(value)
    }


def _metrics(judged: Judged) -> dict[str, float]:
    score, violations = judged.score, judged.violations
    return {
        "relative_error_mean_percent": score.mean,
        "relative_error_median_percent": score.median,
        "relative_error_p99_percent": score.p99,
        "relative_error_worst_cell_percent": score.worst_cell_mean,
        "rmse_volatility_points": score.rmse_points,
        "r2": score.r2,
        "butterfly_violations_percent": violations.butterfly,
        "calendar_violations_percent": violations.calendar,
        "networks": float(len(judged.fits)),
        "training_seconds": sum(fit.seconds for fit in judged.fits),
    }


def _short(value: float) -> float:
    return float(f"{value:.6g}")
