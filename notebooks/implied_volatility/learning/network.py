"""The network: a model's inputs in, the logarithm of volatility over its level out, for all 88 cells at once."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from implied_volatility.grid import CELLS
from implied_volatility.models.base import Model

WIDTH = 128
DEPTH = 4

Weights = Any
"""A pytree of float32 arrays."""


def initialise(model: Model, key: jax.Array) -> Weights:
    """Weights of a residual network: one layer in, `DEPTH` residual layers, one layer out."""
    keys = jax.random.split(key, DEPTH + 2)
    width_in = jax.eval_shape(model.inputs, jnp.asarray(model.lower, jnp.float32)).shape[0]

    def layer(at: int, rows: int, columns: int, gain: float) -> tuple[jax.Array, jax.Array]:
        size = gain / np.sqrt(rows)
        return jax.random.normal(keys[at], (rows, columns), jnp.float32) * size, jnp.zeros(columns, jnp.float32)

    return {
        "in": layer(0, width_in, WIDTH, 1.4),
        "hidden": [layer(1 + at, WIDTH, WIDTH, 0.7) for at in range(DEPTH)],
        "out": layer(DEPTH + 1, WIDTH, CELLS, 0.5),
    }


def forward(model: Model, weights: Weights, parameters: jax.Array) -> jax.Array:
    """Standardised log of volatility over its level, `(..., 88)`, for parameters `(..., P)`."""
    matrix, bias = weights["in"]
    x = jax.nn.silu(model.inputs(parameters) @ matrix + bias)
    for matrix, bias in weights["hidden"]:
        x = x + jax.nn.silu(x @ matrix + bias)
    matrix, bias = weights["out"]
    return jnp.asarray(x @ matrix + bias)
