"""A network that knows the model's scales: parameters in, whole surfaces of implied volatility out."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from implied_volatility.grid import (
    CELLS,
    LOWER,
    MATURITIES,
    STRIKES,
    UPPER,
    Floats,
    average_variance,
    check_parameters,
)
from implied_volatility.surfaces import Surfaces
from implied_volatility.training import Fit, Progress, Recipe, descend

WIDTH = 128
DEPTH = 4
_HUBER = 1.0
_FORMAT = 1

SMALL = Recipe(epochs=100, batch=128, rate=2e-3, decay=0.5, warm_up=0.05)
FULL = Recipe(epochs=300, batch=512, rate=2e-3, decay=0.1, warm_up=0.02)


def inputs(parameters: jax.Array) -> jax.Array:
    """The 24 inputs of order 1 for parameters `(..., 11)`: volatility levels, and what bends the smile.

    ν·T^H is the size of the noise in log-variance at T, ν·√(2H) that of the short-time skew, ρν its sign.
    """
    xi, nu, rho, hurst = parameters[..., :8], parameters[..., 8:9], parameters[..., 9:10], parameters[..., 10:11]
    lengths = jnp.asarray(np.diff(MATURITIES, prepend=0.0), jnp.float32)
    average = jnp.cumsum(xi * lengths, axis=-1) / jnp.asarray(MATURITIES, jnp.float32)
    middle = jnp.asarray((LOWER + UPPER)[8:] / 2, jnp.float32)
    half = jnp.asarray((UPPER - LOWER)[8:] / 2, jnp.float32)
    return jnp.concatenate(
        [
            0.5 * jnp.log(average) + 1.3,
            0.5 * jnp.log(xi) + 1.3,
            (parameters[..., 8:] - middle) / half,
            jnp.log(hurst) + 1.7,
            nu * jnp.sqrt(2 * hurst) / 2,
            nu * MATURITIES[0] ** hurst / 4,
            nu * MATURITIES[-1] ** hurst / 4,
            rho * nu / 4,
        ],
        axis=-1,
    )


def initialise(key: jax.Array) -> dict[str, Any]:
    """Weights of a residual network: one layer in, `DEPTH` residual layers, one layer out."""
    keys = jax.random.split(key, DEPTH + 2)
    width_in = 24

    def layer(at: int, rows: int, columns: int, gain: float) -> tuple[jax.Array, jax.Array]:
        size = gain / np.sqrt(rows)
        return jax.random.normal(keys[at], (rows, columns), jnp.float32) * size, jnp.zeros(columns, jnp.float32)

    return {
        "in": layer(0, width_in, WIDTH, 1.4),
        "hidden": [layer(1 + at, WIDTH, WIDTH, 0.7) for at in range(DEPTH)],
        "out": layer(DEPTH + 1, WIDTH, CELLS, 0.5),
    }


def forward(weights: dict[str, Any], parameters: jax.Array) -> jax.Array:
    """Standardised log of volatility over its level, `(..., 88)`, for parameters `(..., 11)` in float32."""
    matrix, bias = weights["in"]
    x = jax.nn.silu(inputs(parameters) @ matrix + bias)
    for matrix, bias in weights["hidden"]:
        x = x + jax.nn.silu(x @ matrix + bias)
    matrix, bias = weights["out"]
    return jnp.asarray(x @ matrix + bias)


@dataclass(frozen=True)
class Network:
    """A trained surrogate of the simulator, for parameters in the box."""

    weights: dict[str, Any]
    centre: Floats
    """Mean of log(volatility / level) per cell in training, shape `(88,)`."""
    scale: Floats
    """Its standard deviation, shape `(88,)`."""

    def surface(self, parameters: ArrayLike) -> Floats:
        """Implied volatilities `(..., 8, 11)` for parameters `(..., 11)`; ValueError outside the box."""
        given = check_parameters(parameters)
        shape = (*given.shape[:-1], len(MATURITIES), len(STRIKES))
        standard = np.asarray(_FORWARD(self.weights, jnp.asarray(given, jnp.float32)), np.float64)
        ratio = np.exp(self.centre + self.scale * standard).reshape(shape)
        return np.asarray(ratio * np.sqrt(average_variance(given))[..., None])

    def to_bytes(self) -> bytes:
        """The network as a NumPy archive, without pickles."""
        arrays = {f"{at:02d}": np.asarray(leaf) for at, leaf in enumerate(jax.tree.leaves(self.weights))}
        file = io.BytesIO()
        np.savez(file, format=_FORMAT, centre=self.centre, scale=self.scale, **arrays)
        return file.getvalue()

    @staticmethod
    def from_bytes(data: bytes) -> Network:
        """The network that `to_bytes` wrote; ValueError if it was written in another format."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            if int(file["format"]) != _FORMAT:
                raise ValueError(f"network of format {file['format']}, expected {_FORMAT}")
            like, structure = jax.tree.flatten(initialise(jax.random.key(0)))
            leaves = [jnp.asarray(file[f"{at:02d}"]) for at in range(len(like))]
            return Network(jax.tree.unflatten(structure, leaves), file["centre"], file["scale"])


_FORWARD = jax.jit(forward)


def train(
    parameters: Floats,
    surfaces: Surfaces,
    chosen: tuple[NDArray[np.int64], NDArray[np.int64]],
    recipe: Recipe,
    seed: int,
    progress: Progress | None = None,
) -> tuple[Network, Fit]:
    """Learns log(volatility / √average variance), so that volatilities are positive and the level is exact.

    `chosen` holds the row numbers for training and validation. Invalid cells have no part in the loss.
    """
    level = np.sqrt(average_variance(parameters))[:, :, None]
    target = np.log(np.where(surfaces.valid, surfaces.volatility, level) / level).reshape(-1, CELLS)
    valid = surfaces.valid.reshape(-1, CELLS)
    rows = chosen[0]
    count = np.maximum(valid[rows].sum(0), 1)
    centre = (target * valid)[rows].sum(0) / count
    scale = np.sqrt((((target - centre) * valid)[rows] ** 2).sum(0) / count) + 1e-3

    def columns(at: NDArray[np.int64]) -> tuple[NDArray[np.float32], ...]:
        return tuple(a[at].astype(np.float32) for a in (parameters, (target - centre) / scale, valid))

    def loss(weights: dict[str, Any], batch: tuple[jax.Array, ...]) -> jax.Array:
        given, wanted, present = batch
        error = jnp.abs(forward(weights, given) - wanted)
        huber = jnp.where(error < _HUBER, 0.5 * error**2, _HUBER * (error - 0.5 * _HUBER))
        return (present * huber).sum() / present.sum()

    fit = descend(
        loss, initialise(jax.random.key(seed)), columns(chosen[0]), columns(chosen[1]), recipe, seed, progress=progress
    )
    return Network(fit.weights, centre, scale), fit
