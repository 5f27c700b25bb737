"""Training of a surrogate on a table's rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from implied_volatility.grid import CELLS, STRIKES, Floats
from implied_volatility.learning.descent import Fit, Loss, Progress, Recipe, descend
from implied_volatility.learning.label_noise import label_noise
from implied_volatility.learning.network import Weights, forward, initialise
from implied_volatility.learning.surrogate import Surrogate
from implied_volatility.models import Model
from implied_volatility.surfaces import Sample

_HUBER = 1.0
_LEAST_SHARE = 0.2


@dataclass(frozen=True)
class NetworkRecipe(Recipe):
    """How to descend, and with what: a residual network of `depth` layers of `width`."""

    width: int = 128
    depth: int = 4


SMALL = NetworkRecipe(epochs=100, batch=64, rate=4e-3, decay=0.1, warm_up=0.05)
FULL = NetworkRecipe(epochs=200, batch=256, rate=5e-3, decay=0.1, warm_up=0.03)


class Trained(NamedTuple):
    """A surrogate and how each of its networks was fitted."""

    surrogate: Surrogate
    fits: tuple[Fit, ...]


def train(
    model: Model,
    sample: Sample,
    chosen: tuple[NDArray[np.int64], NDArray[np.int64]],
    recipe: NetworkRecipe,
    seed: int,
    *,
    members: int = 1,
    progress: Callable[[int], Progress | None] | None = None,
) -> Trained:
    """Learns log(volatility / level), so that volatilities are positive and the level is exact.

    `chosen` holds the row numbers for training and validation. The loss is Huber's, of the error in units of the
    label's noise; invalid cells have no part in it. The surrogate averages `members` networks, which differ by their
    seeds. `progress(member)` gives what to call for each network's epochs. ValueError for a sample without a surface
    for each row, or without a valid cell to learn from.
    """
    if len(sample.parameters) != len(sample.surfaces.valid):
        raise ValueError(f"{len(sample.parameters)} rows of parameters, but {len(sample.surfaces.valid)} surfaces")
    if not sample.surfaces.valid[chosen[0]].any():
        raise ValueError("no surface to learn from has a valid cell")
    target, valid = log_ratio(model, sample)
    rows, held = chosen
    count = np.maximum(valid[rows].sum(0), 1)
    centre = (target * valid)[rows].sum(0) / count
    scale = np.sqrt((((target - centre) * valid)[rows] ** 2).sum(0) / count) + 1e-3
    precision = valid * scale / label_noise(model, sample, rows)

    def columns(at: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
        return tuple(a[at].astype(np.float32) for a in (sample.parameters, (target - centre) / scale, precision))

    fits = tuple(
        descend(
            _loss(model),
            initialise(model, jax.random.key(seed + member), recipe.width, recipe.depth),
            columns(rows),
            columns(held),
            recipe,
            seed + member,
            progress=progress and progress(member),
        )
        for member in range(members)
    )
    made = Surrogate(model, tuple(fit.weights for fit in fits), centre, scale)
    return Trained(replace(made, error=_error(made, sample, held)), fits)


@cache
def _loss(model: Model) -> Loss:
    """Huber's loss of the error in units of the label's noise, a mean over the valid cells."""

    def loss(weights: Weights, batch: tuple[jax.Array, ...]) -> jax.Array:
        given, wanted, precision = batch
        error = precision * jnp.abs(forward(model, weights, given) - wanted)
        huber = jnp.where(error < _HUBER, 0.5 * error**2, _HUBER * (error - 0.5 * _HUBER))
        return jnp.asarray(huber.sum() / (precision > 0).sum())

    return loss


def _error(made: Surrogate, sample: Sample, rows: NDArray[np.int64]) -> Floats:
    """Root mean square of log(volatility / label) by cell, without what the labels' standard errors explain.

    At least a fifth of it is left to the networks, for a difference of two large numbers may be anything. The largest
    of all goes to a cell without a valid label.
    """
    _, standard_error, valid = sample.surfaces.rows(rows)
    label = np.where(valid, sample.surfaces.volatility[rows], 1.0)
    square = np.where(valid, np.log(made.surface(sample.parameters[rows]) / label) ** 2, 0.0).sum(0)
    noise = np.where(valid, (standard_error / label) ** 2, 0.0).sum(0)
    seen = valid.sum(0)
    own = np.maximum(square - noise, _LEAST_SHARE**2 * square) / np.maximum(seen, 1)
    return np.asarray(np.sqrt(np.where(seen > 0, own, own.max())))


def log_ratio(model: Model, sample: Sample) -> tuple[Floats, NDArray[np.bool_]]:
    """log(volatility / level), 0 where invalid, and which cells are valid, both `(rows, 88)`."""
    level = np.repeat(np.asarray(model.level(jnp.asarray(sample.parameters, jnp.float32))), len(STRIKES), axis=-1)
    valid = sample.surfaces.valid.reshape(-1, CELLS)
    volatility = np.where(valid, sample.surfaces.volatility.reshape(-1, CELLS), level)
    return np.log(volatility / level), valid
