"""What a calibration gives."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from implied_volatility.grid import Floats


class Calibration(NamedTuple):
    """Parameters fitted to n surfaces, and how sure they are; rows first."""

    parameters: Floats
    """Shape `(n, P)`, in the model's box."""
    covariance: Floats
    """Shape `(n, P, P)`: (JᵀWJ)⁻¹ of the parameters inside the box; NaN for one at its edge. Cells count as
    independent. Very large where the surface says nothing of a parameter."""
    standard_errors: Floats
    """Shape `(n, P)`: roots of the covariance's diagonal, in the parameters' units; NaN at the box's edge."""
    rmse_points: Floats
    """Shape `(n,)`: root mean square of fitted − given over the cells that were fitted, in volatility points (0.01)."""
    chi2: Floats
    """Shape `(n,)`: sum of squares of (fitted − given)/σ, per degree of freedom; NaN if there is none."""
    iterations: NDArray[np.int64]
    """Shape `(n,)`: steps tried, from the start that led to the fit."""
    converged: NDArray[np.bool_]
    """Shape `(n,)`: whether the last step, which was taken, was no longer than a thirtieth of a standard error."""
    at_bound: NDArray[np.bool_]
    """Shape `(n, P)`: parameters that the fit would have moved out of the box."""
    fitted: Floats
    """Shape `(n, 8, 11)`: volatilities of the network at the parameters, all cells."""
    start: Floats
    """Shape `(n, 8, 11)`: those at the first guess."""

    def rows(self, chosen: slice | NDArray[np.int64]) -> Calibration:
        """The calibrations of these rows."""
        columns: list[Any] = [column[chosen] for column in self]
        return Calibration(*columns)
