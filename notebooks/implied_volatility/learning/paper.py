"""The recipe of Horvath, Muguruza and Tomas (arXiv 1901.09647), as the yardstick.

Four hidden layers of 30 ELU; parameters scaled to [−1, 1] by the box, volatilities standardised per cell;
squared error, Adam at 0.001, batches of 32, up to 500 epochs until 25 have brought nothing (as in the authors' notebook
`NNPiecewisexi0rBergomi`), the best by validation kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from implied_volatility.grid import CELLS, MATURITIES, STRIKES, Floats
from implied_volatility.learning.descent import Fit, Progress, Recipe, descend
from implied_volatility.models import Model
from implied_volatility.surfaces import Sample

RECIPE = Recipe(epochs=500, batch=32, rate=1e-3, cosine=False, patience=25)

_HIDDEN = (30, 30, 30, 30)
_Layers = list[tuple[jax.Array, jax.Array]]


def _initialise(parameters: int, key: jax.Array) -> _Layers:
    """Glorot's uniform weights, the default of the library that the paper used."""
    layers = []
    sizes = (parameters, *_HIDDEN, CELLS)
    for rows, columns, at in zip(sizes, sizes[1:], jax.random.split(key, len(sizes) - 1), strict=False):
        limit = float(np.sqrt(6 / (rows + columns)))
        matrix = jax.random.uniform(at, (rows, columns), jnp.float32, -limit, limit)
        layers.append((matrix, jnp.zeros(columns, jnp.float32)))
    return layers


@jax.jit
def _forward(layers: _Layers, scaled: jax.Array) -> jax.Array:
    x = scaled
    for matrix, bias in layers[:-1]:
        x = jax.nn.elu(x @ matrix + bias)
    matrix, bias = layers[-1]
    return jnp.asarray(x @ matrix + bias)


@dataclass(frozen=True, eq=False)
class PaperNetwork:
    """A network trained by the paper's recipe."""

    model: Model
    layers: _Layers
    mean: Floats
    deviation: Floats

    def surface(self, parameters: ArrayLike) -> Floats:
        """Implied volatilities `(..., 8, 11)` for parameters `(..., P)`; ValueError outside the box."""
        given = self.model.check(parameters)
        standard = np.asarray(_forward(self.layers, jnp.asarray(_scaled(self.model, given), jnp.float32)), np.float64)
        return (self.mean + self.deviation * standard).reshape(*given.shape[:-1], len(MATURITIES), len(STRIKES))


def train(
    model: Model,
    sample: Sample,
    chosen: tuple[NDArray[np.int64], NDArray[np.int64]],
    seed: int,
    recipe: Recipe = RECIPE,
    progress: Progress | None = None,
) -> tuple[PaperNetwork, Fit]:
    """Trains on the rows `chosen[0]` and keeps the best epoch on `chosen[1]`; invalid cells have no part."""
    parameters, surfaces = sample
    valid = surfaces.valid.reshape(len(parameters), -1)
    target = np.where(surfaces.valid, surfaces.volatility, 0.0).reshape(valid.shape)
    rows = chosen[0]
    count = np.maximum(valid[rows].sum(0), 1)
    mean = target[rows].sum(0) / count
    deviation = np.sqrt((((target - mean) * valid)[rows] ** 2).sum(0) / count) + 1e-6

    def columns(at: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
        return tuple(a[at].astype(np.float32) for a in (_scaled(model, parameters), (target - mean) / deviation, valid))

    start = _initialise(len(model.parameters), jax.random.key(seed))
    fit = descend(_loss, start, columns(chosen[0]), columns(chosen[1]), recipe, seed, progress=progress)
    return PaperNetwork(model, fit.weights, mean, deviation), fit


def _loss(layers: _Layers, batch: tuple[jax.Array, ...]) -> jax.Array:
    scaled, wanted, present = batch
    squares = present * (_forward(layers, scaled) - wanted) ** 2
    return jnp.asarray(squares.sum() / present.sum())


def _scaled(model: Model, parameters: Floats) -> Floats:
    return np.asarray((parameters - (model.lower + model.upper) / 2) / ((model.upper - model.lower) / 2))
