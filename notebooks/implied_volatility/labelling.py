"""Surfaces for many parameters on the cores of one machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from implied_volatility.grid import Floats
from implied_volatility.models.base import Effort, Model
from implied_volatility.surfaces import Surfaces

_CHUNK = 16


def label(
    model: Model,
    parameters: Floats,
    effort: Effort,
    seed: int,
    *,
    first_row: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Surfaces:
    """Surfaces of parameters `(rows, P)`, `workers` (or as many as there are cores) groups of rows at a time.

    Rows are numbered from `first_row`. The result depends on the seed and these numbers, not on the number of
    workers. `progress(done, rows)` is called in order. ValueError without any row.
    """
    if not len(parameters):
        raise ValueError("no row of parameters to make a surface of")
    starts = range(0, len(parameters), _CHUNK)

    def one(start: int) -> Surfaces:
        part = parameters[start : start + _CHUNK]
        return model.surfaces(part, effort, seed, first_row + start + np.arange(len(part)))

    parts = []
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        for part in pool.map(one, starts):
            parts.append(part)
            if progress is not None:
                progress(min(len(parts) * _CHUNK, len(parameters)), len(parameters))
    return Surfaces(*(np.concatenate(column) for column in zip(*parts, strict=True)))
