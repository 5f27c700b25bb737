"""Calibration of a model to surfaces, on the networks that stand in for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from implied_volatility.calibration import market, queue
from implied_volatility.calibration.levenberg import Fits, Networks, Target, fresh, held
from implied_volatility.calibration.result import Calibration
from implied_volatility.grid import CELLS, Floats
from implied_volatility.learning.surrogate import Surrogate
from implied_volatility.models import Model
from implied_volatility.sampling import sobol
from implied_volatility.surfaces import Surfaces

LIMIT = 100
"""Steps that a fit tries at most."""

_ROWS_AT_ONCE = 250
_OTHER_STARTS = 2
"""Of 256 noisy surfaces the guess alone ended in a worse minimum for 32; two more starts helped 28 of them."""
_MIDDLE = (0.2, 0.8)
_ROUGH, _CLOSE = 4.0, 1e-3
"""What the last step may lower χ² by: to choose between starts, and at the end, a thirtieth of a standard error."""

_LEAST_INFORMATION = 1e-12


def calibrate(
    surrogate: Surrogate,
    surfaces: Surfaces | ArrayLike,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Parameters whose surfaces, by the network, are nearest to the given ones; each surface on its own.

    A plain array of volatilities `(n, 8, 11)`, or `(8, 11)` for one surface, has NaN where nothing is quoted. A cell
    counts by σ² = standard error² + (the surrogate's relative error · volatility)², or with `market.FLOOR` for a
    surrogate that states none. Each fit starts at the model's guess and at two points of the box, and the best is
    kept. Some hundreds of surfaces are fitted at a time, on `workers` threads or as many as there are cores;
    `progress(done, rows)` is called as they finish. ValueError for surfaces that cannot be fitted.
    """
    given = market.checked(surfaces, len(surrogate.model.parameters))
    rows = len(given.volatility)
    chunks = [given.rows(slice(start, start + _ROWS_AT_ONCE)) for start in range(0, rows, _ROWS_AT_ONCE)]
    # Here, for SciPy's generator is not made for threads.
    low, high = _MIDDLE
    others = low + (high - low) * sobol(_OTHER_STARTS, len(surrogate.model.parameters), seed=1963)
    parts = []
    # Between its large matrix products a fit runs on one core.
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        for part in pool.map(partial(_calibrate, surrogate, others), chunks):
            parts.append(part)
            if progress is not None:
                progress(min(len(parts) * _ROWS_AT_ONCE, rows), rows)
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Calibration(*columns)


def _calibrate(surrogate: Surrogate, others: Floats, given: Surfaces) -> Calibration:
    model = surrogate.model
    deviation = market.deviations(surrogate, given)
    guess = np.clip(model.guess(market.at_the_money(given)), model.lower, model.upper)
    target = Target(
        np.where(given.valid, given.volatility, 1.0).reshape(-1, CELLS),
        np.where(given.valid, 1 / deviation, 0.0).reshape(-1, CELLS),
    )
    fits = _best_of(surrogate, target, (guess - model.lower) / (model.upper - model.lower), others)
    return _result(surrogate, given, guess, fits)


def _best_of(surrogate: Surrogate, target: Target, guess: Floats, others: Floats) -> Fits:
    """The best by χ² of the fits from the guesses `(n, P)` and from the other points."""
    model, networks = surrogate.model, Networks(surrogate.members, surrogate.centre, surrogate.scale)
    count, columns = guess.shape
    # All starts of a surface side by side: alone, it fills one small batch.
    starts = np.concatenate([guess[:, None], np.broadcast_to(others, (count, *others.shape))], axis=1)
    tries = starts.shape[1]
    repeated = Target(*(np.repeat(values, tries, axis=0) for values in target))
    rough = queue.run(model, networks, repeated, fresh(starts.reshape(-1, columns)), _ROUGH, LIMIT)
    best = np.argmin(rough.chi2.reshape(count, tries), axis=1) + tries * np.arange(count)
    chosen = Fits(*(column[best] for column in rough))
    again = chosen._replace(done=~chosen.converged, converged=np.zeros(count, bool))
    return queue.run(model, networks, target, again, _CLOSE, LIMIT)


def _result(surrogate: Surrogate, given: Surfaces, guess: Floats, fits: Fits) -> Calibration:
    model = surrogate.model
    at_bound = held(fits.point, fits.slope)
    parameters = np.clip(model.lower + fits.point * (model.upper - model.lower), model.lower, model.upper)
    covariance = _covariance(model, fits.curvature, at_bound)
    fitted = surrogate.surface(parameters)
    residual = np.where(given.valid, fitted - given.volatility, 0.0)
    cells = given.valid.sum((1, 2))
    freedom = cells - (~at_bound).sum(1)
    return Calibration(
        parameters=parameters,
        covariance=covariance,
        standard_errors=np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)),
        rmse_points=100 * np.sqrt((residual**2).sum((1, 2)) / cells),
        chi2=np.where(freedom > 0, fits.chi2 / np.maximum(freedom, 1), np.nan),
        iterations=fits.iterations,
        converged=fits.converged,
        at_bound=at_bound,
        fitted=fitted,
        start=surrogate.surface(guess),
    )


def _covariance(model: Model, curvature: Floats, at_bound: NDArray[np.bool_]) -> Floats:
    """(JᵀWJ)⁻¹ of the free parameters in their units, NaN in the rows and columns of the others."""
    both = ~at_bound[:, :, None] & ~at_bound[:, None, :]
    # Directions that the surface says nothing of get a large variance, not a division by zero.
    size, axes = np.linalg.eigh(np.where(both, curvature, np.eye(curvature.shape[-1])))
    variance = 1 / np.maximum(size, _LEAST_INFORMATION * np.maximum(size[:, -1:], 1.0))
    inverse = (axes * variance[:, None, :]) @ axes.transpose(0, 2, 1)
    width = model.upper - model.lower
    return np.asarray(np.where(both, inverse * np.outer(width, width), np.nan))
