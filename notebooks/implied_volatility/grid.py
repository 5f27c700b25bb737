"""The grid of options of Horvath, Muguruza and Tomas (arXiv 1901.09647), spot 1, zero rates.

A surface is an array of shape `(..., 8, 11)`: maturities by strikes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MATURITIES: Floats = np.array([0.1, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.0])
"""Years."""

STRIKES: Floats = np.round(np.linspace(0.5, 1.5, 11), 1)
"""Relative to the spot."""

CELLS = len(MATURITIES) * len(STRIKES)
"""Of a surface; flat, cell 11·m + k is at maturity m and strike k, both counted from 0."""
