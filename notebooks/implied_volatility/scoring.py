"""How far predicted surfaces are from simulated ones, and how much of that is the simulation's own noise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from implied_volatility.grid import Floats
from implied_volatility.surfaces import Surfaces

# Mean and median of the absolute value of a standard normal.
_MEAN_OF_ABS = float(np.sqrt(2 / np.pi))
_MEDIAN_OF_ABS = 0.6744897501960817


class Score(NamedTuple):
    """Errors over the valid cells of the simulated surfaces; relative ones are |predicted/simulated − 1| in percent."""

    mean: float
    median: float
    p99: float
    worst_cell_mean: float
    """Of the 88 means over the rows, the largest."""
    rmse_points: float
    """Root mean squared error in volatility points (0.01)."""
    r2: float
    """Share of the variance between surfaces that is explained, per cell, averaged over the cells."""


def relative_errors(predicted: Floats, simulated: Surfaces) -> Floats:
    """Signed relative errors in percent, shape `(rows, 8, 11)`; NaN in invalid cells."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(simulated.valid, predicted / simulated.volatility - 1, np.nan) * 100)


def cell_errors(predicted: Floats, simulated: Surfaces) -> Floats:
    """Mean size of the relative errors in percent by cell, `(8, 11)`; NaN where no simulated surface is valid."""
    seen = simulated.valid.sum(0)
    total = np.where(simulated.valid, np.abs(relative_errors(predicted, simulated)), 0.0).sum(0)
    return np.where(seen > 0, total / np.maximum(seen, 1), np.nan)


def typical_and_bad(predicted: Floats, simulated: Surfaces) -> list[int]:
    """Row of the surface of middling mean error, and of one that is worse than 95 % of all."""
    with np.errstate(invalid="ignore"):
        order = np.argsort(np.nanmean(np.abs(relative_errors(predicted, simulated)), axis=(1, 2)))
    return [int(order[len(order) // 2]), int(order[int(0.95 * len(order))])]


def score(predicted: Floats, simulated: Surfaces) -> Score:
    """Compares surfaces of shape `(rows, 8, 11)`; ValueError if a prediction is no number or no cell is valid."""
    if not np.isfinite(predicted).all():
        raise ValueError("a predicted volatility is not a finite number")
    if not simulated.valid.any():
        raise ValueError("no cell of the simulated surfaces is valid")
    size = np.abs(relative_errors(predicted, simulated))
    seen = size[simulated.valid]
    residual = np.where(simulated.valid, predicted - simulated.volatility, np.nan)
    cells = simulated.valid.sum(0) > 1
    spread = np.nanvar(simulated.volatility[:, cells], axis=0)
    return Score(
        mean=float(seen.mean()),
        median=float(np.median(seen)),
        p99=float(np.percentile(seen, 99)),
        worst_cell_mean=float(np.nanmax(np.nanmean(size[:, cells], axis=0))),
        rmse_points=float(100 * np.sqrt(np.nanmean(residual**2))),
        r2=float(np.mean(1 - np.nanmean(residual[:, cells] ** 2, axis=0) / spread)),
    )


def cell_noise(simulated: Surfaces) -> Floats:
    """Mean relative error in percent by cell that a perfect model would show, `(8, 11)`; NaN where none is valid."""
    perfect = np.where(simulated.valid, simulated.volatility, 1.0)
    one_off = perfect + np.where(simulated.valid, simulated.standard_error, 0.0)
    return cell_errors(one_off, simulated) * _MEAN_OF_ABS


def noise(simulated: Surfaces) -> tuple[float, float]:
    """Mean and median relative error in percent that a perfect model would show, from the standard errors."""
    relative = (simulated.standard_error / simulated.volatility)[simulated.valid] * 100
    return float(relative.mean()) * _MEAN_OF_ABS, float(np.median(relative)) * _MEDIAN_OF_ABS
