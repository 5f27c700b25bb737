"""What a worker of the cluster does for the table `labels`: parameters in, surfaces out.

Loads nothing of the package before it is called: what JAX may take of a worker has to be settled before JAX is loaded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from implied_volatility.surfaces import Surfaces

# A worker per core: threads of their own would fight over the cores, and processes over a GPU's memory. NPROC is what
# XLA takes for the number of cores; its flag against threads takes products of matrices that round otherwise.
_ONE_CORE = {
    "JAX_PLATFORMS": "cpu",
    "NPROC": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Work:
    """What the surfaces depend on beside their parameters, and whose rows they are."""

    model: str
    """Name of the model."""
    paths: Mapping[str, int]
    """Paths per surface, by split."""
    seeds: Mapping[str, int]
    """Seed of the paths, by split."""
    steps: int
    features_version: int
    deployment: str
    attempt: str


class Counter(Protocol):
    """As much of an accumulator of Spark as is used."""

    def add(self, term: int) -> None: ...


def label_rows(frames: Iterator[pd.DataFrame], work: Work, counter: Counter | None) -> Iterator[pd.DataFrame]:
    """Rows of `labels` for rows of `features` (`split`, `surface` and the model's parameters), for `mapInPandas`.

    A row's random numbers come from the seed of its split and its number: it does not matter who computes it, beside
    which others, or how often. `counter` is told how many rows are done.
    """
    if "jax" not in sys.modules:
        os.environ.update(_ONE_CORE)
    from implied_volatility.models import Effort, model_named

    model = model_named(work.model)
    for frame in frames:
        for split, rows in frame.sort_values(["split", "surface"]).groupby("split"):
            parameters = rows[list(model.columns)].to_numpy(np.float64)
            effort = Effort(work.paths[split], work.steps)
            numbers = rows["surface"].to_numpy()
            yield rows_of(split, numbers, model.surfaces(parameters, effort, work.seeds[split], numbers), work)
            if counter is not None:
                counter.add(len(rows))


def rows_of(
    split: str, numbers: np.ndarray[tuple[int, ...], np.dtype[np.int32]], surfaces: Surfaces, work: Work
) -> pd.DataFrame:
    """Surfaces as rows of `labels`, with NaN where the table has null."""
    cells = {field: list(values.reshape(len(numbers), -1)) for field, values in surfaces._asdict().items()}
    return pd.DataFrame({"split": split, "surface": numbers.astype(np.int32), **cells}).assign(
        paths=np.int32(work.paths[split]),
        steps=np.int32(work.steps),
        features_version=work.features_version,
        deployment=work.deployment,
        attempt=work.attempt,
    )
