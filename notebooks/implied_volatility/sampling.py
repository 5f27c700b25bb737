"""Points that fill a box evenly, and the seeds that everything random starts from."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import qmc

from implied_volatility.grid import Floats


def stream(seed: int, name: str) -> int:
    """A 32-bit seed for one purpose: other purposes and other seeds get unrelated numbers."""
    return int(np.random.SeedSequence([seed, *name.encode()]).generate_state(1)[0])


def sobol(rows: int, dimensions: int, seed: int) -> Floats:
    """`rows` points of a scrambled Sobol sequence in the unit cube; fewer rows of a seed are a prefix of more."""
    if rows < 1:
        raise ValueError(f"rows must be at least 1, not {rows}")
    points = qmc.Sobol(dimensions, scramble=True, seed=seed).random_base2(max(0, math.ceil(math.log2(rows))))
    return np.asarray(points[:rows])
