"""Training of a surrogate on a table's rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from implied_volatility.grid import CELLS, STRIKES, Floats
from implied_volatility.learning.descent import Fit, Progress, Recipe, descend
from implied_volatility.learning.network import Weights, forward, initialise
from implied_volatility.learning.surrogate import Surrogate
from implied_volatility.models import Model
from implied_volatility.surfaces import Sample

_HUBER = 1.0

SMALL = Recipe(epochs=100, batch=128, rate=2e-3, decay=0.5, warm_up=0.05)
FULL = Recipe(epochs=300, batch=512, rate=2e-3, decay=0.1, warm_up=0.02)


class Trained(NamedTuple):
    """A surrogate and how each of its networks was fitted."""

    surrogate: Surrogate
    fits: tuple[Fit, ...]


def train(
    model: Model,
    sample: Sample,
    chosen: tuple[NDArray[np.int64], NDArray[np.int64]],
    recipe: Recipe,
    seed: int,
    *,
    members: int = 1,
    progress: Callable[[int], Progress] | None = None,
) -> Trained:
    """Learns log(volatility / level), so that volatilities are positive and the level is exact.

    `chosen` holds the row numbers for training and validation. Invalid cells have no part in the loss.
    `progress(member)` gives what to call for each network's epochs.
    """
    target, valid = log_ratio(model, sample)
    rows, held = chosen
    count = np.maximum(valid[rows].sum(0), 1)
    centre = (target * valid)[rows].sum(0) / count
    scale = np.sqrt((((target - centre) * valid)[rows] ** 2).sum(0) / count) + 1e-3

    def columns(at: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
        return tuple(a[at].astype(np.float32) for a in (sample.parameters, (target - centre) / scale, valid))

    def loss(weights: Weights, batch: tuple[jax.Array, ...]) -> jax.Array:
        given, wanted, present = batch
        error = jnp.abs(forward(model, weights, given) - wanted)
        huber = jnp.where(error < _HUBER, 0.5 * error**2, _HUBER * (error - 0.5 * _HUBER))
        return (present * huber).sum() / present.sum()

    fits = tuple(
        descend(
            loss,
            initialise(model, jax.random.key(seed + member)),
            columns(rows),
            columns(held),
            recipe,
            seed + member,
            progress=progress and progress(member),
        )
        for member in range(members)
    )
    surrogate = Surrogate(model, tuple(fit.weights for fit in fits), centre, scale)
    return Trained(surrogate, fits)


def log_ratio(model: Model, sample: Sample) -> tuple[Floats, NDArray[np.bool_]]:
    """log(volatility / level), 0 where invalid, and which cells are valid, both `(rows, 88)`."""
    level = np.repeat(np.asarray(model.level(jnp.asarray(sample.parameters, jnp.float32))), len(STRIKES), axis=-1)
    valid = sample.surfaces.valid.reshape(-1, CELLS)
    volatility = np.where(valid, sample.surfaces.volatility.reshape(-1, CELLS), level)
    return np.log(volatility / level), valid
