"""The grid of options and the box of parameters of Horvath, Muguruza and Tomas (arXiv 1901.09647).

A surface is an array of shape `(..., 8, 11)`: maturities by strikes. A parameter vector has shape
`(..., 11)`: the forward variance on each interval between maturities, then ν, ρ and H.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MATURITIES: Floats = np.array([0.1, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.0])
"""Years."""

STRIKES: Floats = np.round(np.linspace(0.5, 1.5, 11), 1)
"""Relative to the spot of 1; rates are zero."""

PARAMETERS = (*(f"xi_{maturity:g}" for maturity in MATURITIES), "nu", "rho", "hurst")

COLUMNS = (*(f"xi_{at + 1}" for at in range(len(MATURITIES))), "nu", "rho", "hurst")
"""The parameters as columns of a table, whose names hold no dots."""

CELLS = len(MATURITIES) * len(STRIKES)
"""Of a surface; flat, cell 11·m + k is at maturity m and strike k, both counted from 0."""

LOWER: Floats = np.array([0.01] * 8 + [0.5, -0.95, 0.025])
UPPER: Floats = np.array([0.16] * 8 + [4.0, -0.1, 0.5])

_TOLERANCE = 1e-6  # A float32 copy of a corner of the box is still in the box.


def check_parameters(parameters: ArrayLike, *, inside_box: bool = True) -> Floats:
    """The parameters as float64 of shape `(..., 11)`; ValueError says which value is wrong and why.

    Without `inside_box` every set for which the model exists passes: ξ > 0, ν ≥ 0, |ρ| < 1, 0 < H ≤ 1/2.
    """
    values = np.asarray(parameters, np.float64)
    if values.ndim < 1 or values.shape[-1] != len(PARAMETERS):
        raise ValueError(f"expected {len(PARAMETERS)} parameters {PARAMETERS}, got an array of shape {values.shape}")
    if inside_box:
        low, high = LOWER - _TOLERANCE, UPPER + _TOLERANCE
    else:
        low = np.array([1e-12] * 8 + [0.0, -0.999999, 1e-6])
        high = np.array([np.inf] * 8 + [np.inf, 0.999999, 0.5])
    wrong = ~((values >= low) & (values <= high) & np.isfinite(values))
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        name = PARAMETERS[at[-1]]
        raise ValueError(f"{name} = {values[at]:g} lies outside [{low[at[-1]]:g}, {high[at[-1]]:g}]")
    return values


def average_variance(parameters: Floats) -> Floats:
    """Average forward variance from today to each maturity, shape `(..., 8)`: expected variance per year."""
    lengths = np.diff(MATURITIES, prepend=0.0)
    return np.asarray(np.cumsum(parameters[..., :8] * lengths, axis=-1) / MATURITIES)
