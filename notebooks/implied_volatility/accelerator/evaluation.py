"""The metrics of a training, by model and under the names that MLflow and the notebook's result have for them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from implied_volatility.learning.descent import Fit
from implied_volatility.scoring import Score

Evaluation = dict[str, dict[str, float]]
"""Metric by model and name, the unit last in the name: the rows of the table `evaluation`."""


def evaluate(
    ours: Score, our_fit: Fit, microseconds: float, paper: Score, paper_fit: Fit, noise: tuple[float, float]
) -> Evaluation:
    """All metrics to six digits, of the models `network` and `paper` and of the `simulation` that they are judged by.

    ValueError names a metric that is not a finite number: JSON has none such, and a table of results should not.
    """
    made = {
        "network": {**_errors(ours), "training_seconds": our_fit.seconds, "microseconds_per_surface": microseconds},
        "paper": {**_errors(paper), "training_seconds": paper_fit.seconds},
        "simulation": {"noise_mean_percent": noise[0], "noise_median_percent": noise[1]},
    }
    for model, metrics in made.items():
        for name, value in metrics.items():
            if not math.isfinite(value):
                raise ValueError(f"{name} of the {model} is {value}: too few test surfaces, or none with a valid cell")
    return {model: {name: float(f"{value:.6g}") for name, value in metrics.items()} for model, metrics in made.items()}


def flat(evaluation: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The metrics by one name each; those of the paper's recipe begin with `paper_`."""
    return {
        f"paper_{name}" if model == "paper" else name: value
        for model, metrics in evaluation.items()
        for name, value in metrics.items()
    }


def _errors(score: Score) -> dict[str, float]:
    return {
        "relative_error_mean_percent": score.mean,
        "relative_error_median_percent": score.median,
        "relative_error_p99_percent": score.p99,
        "relative_error_worst_cell_percent": score.worst_cell_mean,
        "rmse_volatility_points": score.rmse_points,
        "r2": score.r2,
    }
