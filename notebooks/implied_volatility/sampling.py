"""Parameters that fill the box evenly, and the seeds that everything random starts from."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import qmc

from implied_volatility.grid import LOWER, UPPER, Floats


def stream(seed: int, name: str) -> int:
    """A 32-bit seed for one purpose: other purposes and other seeds get unrelated numbers."""
    return int(np.random.SeedSequence([seed, *name.encode()]).generate_state(1)[0])


def draw_parameters(rows: int, seed: int) -> Floats:
    """`rows` points of a scrambled Sobol sequence in the box, shape `(rows, 11)`.

    Fewer rows of the same seed are a prefix of more rows.
    """
    points = qmc.Sobol(len(LOWER), scramble=True, seed=seed).random_base2(max(0, math.ceil(math.log2(rows))))
    return np.asarray(qmc.scale(points[:rows], LOWER, UPPER))
