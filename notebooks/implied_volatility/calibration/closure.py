"""The loop closed on the model: surfaces simulated with the fitted parameters, beside those that were fitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from implied_volatility.calibration.market import checked
from implied_volatility.calibration.result import Calibration
from implied_volatility.grid import Floats
from implied_volatility.labelling import label
from implied_volatility.models import Effort, Model
from implied_volatility.surfaces import Surfaces


class Closure(NamedTuple):
    """How far the model at the fitted parameters is from the given surfaces; over the cells that both have."""

    simulated: Surfaces
    rmse_points: Floats
    """Shape `(n,)`: in volatility points (0.01)."""
    rmse_noise: Floats
    """Shape `(n,)`: in standard errors of given and simulated together, 1 for a perfect fit; NaN without noise."""


def close_loop(
    model: Model,
    fits: Calibration,
    surfaces: Surfaces | ArrayLike,
    effort: Effort,
    seed: int,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Closure:
    """Simulates each fit with its own random numbers; take a seed that the given surfaces were not made with.

    ValueError unless there is one surface for each fit.
    """
    given = checked(surfaces, 1)
    if len(given.volatility) != len(fits.parameters):
        raise ValueError(f"{len(given.volatility)} surfaces for {len(fits.parameters)} fits")
    made = label(model, fits.parameters, effort, seed, progress=progress)
    both = given.valid & made.valid
    count = np.maximum(both.sum((1, 2)), 1)
    difference = np.where(both, made.volatility - given.volatility, 0.0)
    noise = np.where(both, np.hypot(made.standard_error, given.standard_error), 0.0)
    known = noise > 0
    units = np.where(known, difference / np.where(known, noise, 1.0), 0.0)
    seen = known.sum((1, 2))
    return Closure(
        made,
        100 * np.sqrt((difference**2).sum((1, 2)) / count),
        np.where(seen > 0, np.sqrt((units**2).sum((1, 2)) / np.maximum(seen, 1)), np.nan),
    )
