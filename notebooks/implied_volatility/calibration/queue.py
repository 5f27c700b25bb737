"""Fits of any number, a few at a time: what has finished makes room for the next, so that slow ones hold up none."""

from __future__ import annotations

import numpy as np
from jax.experimental import enable_x64

from implied_volatility.calibration.levenberg import Fits, Networks, Target, advance
from implied_volatility.models import Model

_SIZES = (4, 128)
"""Of a batch: each compiles once per process and model."""
_REFILL = 4
"""A batch is refilled when one in so many of its fits has finished."""


def run(model: Model, networks: Networks, target: Target, fits: Fits, close: float, limit: int) -> Fits:
    """The n fits, finished: see `advance`. All in NumPy, in the targets' order."""
    results = Fits(*map(np.copy, fits))
    count = len(results.point)
    running = np.arange(0)
    following = 0
    while following < count or len(running):
        left = count - following + len(running)
        size = next((size for size in _SIZES if left <= size), _SIZES[-1])
        taken = np.arange(following, min(following + size - len(running), count))
        following += len(taken)
        running = np.concatenate([running, taken])
        # Rows that only fill the batch are done before they begin.
        rows = np.concatenate([running, np.full(size - len(running), running[0])])
        batch = Fits(*(column[rows] for column in results))
        batch.done[len(running) :] = True
        unfinished = size - size // _REFILL if following < count else min(_SIZES[0], left - 1) * (left > _SIZES[0])
        with enable_x64():
            given = Target(target.volatility[rows], target.precision[rows])
            made = Fits(*map(np.asarray, advance(model, networks, given, batch, close, limit, unfinished)))
        for column, values in zip(results, made, strict=True):
            column[running] = values[: len(running)]
        running = running[~made.done[: len(running)]]
    return results
