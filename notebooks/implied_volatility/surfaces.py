"""Implied volatilities with error bars, from simulated prices."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from implied_volatility.black import otm_vega, total_volatility
from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.rough_bergomi import Prices, Scheme, simulate

_ERRORS_ABOVE_ZERO = 2.0
_CHUNK = 16
_ROOT = np.sqrt(MATURITIES)[:, None]


class Surfaces(NamedTuple):
    """Implied volatilities per year; every array has shape `(rows, 8, 11)`."""

    volatility: Floats
    """NaN in invalid cells: no number stands in for an option whose price drowns in its noise."""
    standard_error: Floats
    """In volatility, of the same scale as `volatility`; NaN in invalid cells."""
    valid: NDArray[np.bool_]


class Sample(NamedTuple):
    """Parameters and their surfaces, row by row."""

    parameters: Floats
    """Shape `(rows, 11)`."""
    surfaces: Surfaces


def invert(prices: Prices) -> Surfaces:
    """Implied volatilities of the prices; a cell within two standard errors of zero is invalid."""
    clear = prices.price > np.maximum(_ERRORS_ABOVE_ZERO * prices.standard_error, 0.0)
    total = total_volatility(STRIKES, np.where(clear, prices.price, np.nan))
    valid = np.isfinite(total)
    with np.errstate(divide="ignore", over="ignore"):
        error = prices.standard_error / (otm_vega(STRIKES, np.where(valid, total, 1.0)) * _ROOT)
    return Surfaces(total / _ROOT, np.where(valid, error, np.nan), valid)


def label(
    parameters: Floats,
    scheme: Scheme,
    seed: int,
    *,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Surfaces:
    """Simulates and inverts parameters of shape `(rows, 11)`, `workers` groups of rows at a time.

    The result depends on the seed only, not on the number of workers. `progress(done, rows)` is called in order.
    """
    starts = range(0, len(parameters), _CHUNK)

    def one(start: int) -> Surfaces:
        return invert(simulate(parameters[start : start + _CHUNK], scheme, seed, first_row=start))

    parts = []
    with ThreadPoolExecutor(workers) as pool:
        for part in pool.map(one, starts):
            parts.append(part)
            if progress is not None:
                progress(min(len(parts) * _CHUNK, len(parameters)), len(parameters))
    return Surfaces(*(np.concatenate(column) for column in zip(*parts, strict=True)))
