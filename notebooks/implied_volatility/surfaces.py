"""Implied volatilities with error bars."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from implied_volatility.black import otm_vega, total_volatility
from implied_volatility.grid import MATURITIES, STRIKES, Floats

_ERRORS_ABOVE_ZERO = 2.0
_ROOT = np.sqrt(MATURITIES)[:, None]


class Surfaces(NamedTuple):
    """Implied volatilities per year; every array has shape `(rows, 8, 11)`."""

    volatility: Floats
    """NaN in invalid cells: no number stands in for an option whose price drowns in its noise."""
    standard_error: Floats
    """In volatility, of the same scale as `volatility`; NaN in invalid cells, 0 where a formula gave the price."""
    valid: NDArray[np.bool_]

    def rows(self, chosen: slice | NDArray[np.int64]) -> Surfaces:
        """The surfaces of these rows."""
        return Surfaces(self.volatility[chosen], self.standard_error[chosen], self.valid[chosen])


class Sample(NamedTuple):
    """Parameters and their surfaces, row by row."""

    parameters: Floats
    """Shape `(rows, P)`."""
    surfaces: Surfaces


def invert(price: Floats, standard_error: Floats) -> Surfaces:
    """Implied volatilities of out-of-the-money prices `(rows, 8, 11)`, undiscounted, spot 1.

    A cell within two standard errors of zero is invalid, and so is one without a volatility.
    """
    clear = price > np.maximum(_ERRORS_ABOVE_ZERO * standard_error, 0.0)
    total = total_volatility(STRIKES, np.where(clear, price, np.nan))
    valid = np.isfinite(total)
    with np.errstate(divide="ignore", over="ignore"):
        error = standard_error / (otm_vega(STRIKES, np.where(valid, total, 1.0)) * _ROOT)
    return Surfaces(total / _ROOT, np.where(valid, error, np.nan), valid)
