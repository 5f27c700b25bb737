"""What is fitted: volatilities and the standard deviation of each, checked before any work."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.learning.surrogate import Surrogate
from implied_volatility.models import Model
from implied_volatility.surfaces import Surfaces

FLOOR = 0.001
"""Standard deviation, in volatility, of a cell for which the surrogate states no error: 0.1 volatility points."""

_GRID = (len(MATURITIES), len(STRIKES))
_AT_THE_MONEY = int(np.argmin(np.abs(STRIKES - 1.0)))
_LARGEST = 10.0


def checked(surfaces: Surfaces | ArrayLike, parameters: int) -> Surfaces:
    """The surfaces `(n, 8, 11)` with NaN in every cell that is not valid.

    A plain array has no error bars, and is valid where it is not NaN; one of shape `(8, 11)` is one surface.
    ValueError names the row and cell that cannot be fitted.
    """
    given = surfaces if isinstance(surfaces, Surfaces) else _quotes(np.asarray(surfaces, np.float64))
    for name, values in given._asdict().items():
        if values.ndim != 3 or values.shape[1:] != _GRID or values.shape != given.volatility.shape:
            raise ValueError(
                f"{name}: expected shape (n, {_GRID[0]}, {_GRID[1]}), maturities by strikes, got {values.shape}"
            )
    if len(given.volatility) == 0:
        raise ValueError("no surface to calibrate to")
    valid = given.valid & ~np.isnan(given.volatility)
    volatility, error = (np.where(valid, values, np.nan) for values in (given.volatility, given.standard_error))
    _refuse(valid & ~(volatility > 0), volatility, "a volatility is positive; leave NaN where there is no quote")
    _refuse(valid & ~(volatility < _LARGEST), volatility, "volatilities are fractions, 0.2 for 20 %")
    _refuse(valid & ~((error >= 0) & (error < np.inf)), error, "a standard error is a number from 0")
    cells = valid.sum((1, 2))
    if (cells < parameters).any():
        row = int(np.argmax(cells < parameters))
        raise ValueError(f"surface {row} has {cells[row]} valid cells, too few for {parameters} parameters")
    return Surfaces(volatility, error, valid)


def fittable(model: Model, surfaces: Surfaces) -> NDArray[np.int64]:
    """Numbers of the rows that have at least as many valid cells as the model has parameters."""
    return np.flatnonzero(surfaces.valid.sum((1, 2)) >= len(model.parameters))


def deviations(surrogate: Surrogate, given: Surfaces) -> Floats:
    """Standard deviations of fitted − given, `(n, 8, 11)`: the error bars and the surrogate's own error together."""
    own = np.where(surrogate.error > 0, surrogate.error * given.volatility, FLOOR)
    return np.asarray(np.sqrt(given.standard_error**2 + own**2))


def at_the_money(given: Surfaces) -> Floats:
    """At-the-money volatilities `(n, 8)`; from the nearest quotes by strike, then by maturity, where there is none."""
    quoted = np.array(given.volatility[:, :, _AT_THE_MONEY])
    for row, maturity in np.argwhere(np.isnan(quoted)):
        smile, valid = given.volatility[row, maturity], given.valid[row, maturity]
        if valid.any():
            quoted[row, maturity] = np.interp(1.0, STRIKES[valid], smile[valid])
    for row in np.flatnonzero(np.isnan(quoted).any(1)):
        known = ~np.isnan(quoted[row])
        quoted[row] = np.interp(MATURITIES, MATURITIES[known], quoted[row, known])
    return quoted


def _quotes(volatility: Floats) -> Surfaces:
    rows = volatility[None] if volatility.ndim == 2 else volatility
    return Surfaces(rows, np.zeros_like(rows), ~np.isnan(rows))


def _refuse(wrong: NDArray[np.bool_], values: Floats, reason: str) -> None:
    if wrong.any():
        row, maturity, strike = (int(at) for at in np.argwhere(wrong)[0])
        raise ValueError(
            f"surface {row}, maturity {MATURITIES[maturity]:g}, strike {STRIKES[strike]:g}:"
            f" {values[row, maturity, strike]:g}, but {reason}"
        )
