"""The network: a model's inputs in, the logarithm of volatility over its level out, for all 88 cells at once."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from implied_volatility.grid import CELLS
from implied_volatility.models.base import Model

Weights = list[tuple[jax.Array, jax.Array]]
"""Matrix and bias of each layer from the inputs to the cells, in float32."""


def initialise(model: Model, key: jax.Array, width: int, depth: int) -> Weights:
    """Weights of a residual network: one layer in, `depth` residual layers of `width`, one layer out."""
    keys = jax.random.split(key, depth + 2)
    inputs = jax.eval_shape(model.inputs, jnp.asarray(model.lower, jnp.float32)).shape[0]

    def layer(at: int, rows: int, columns: int, gain: float) -> tuple[jax.Array, jax.Array]:
        size = gain / np.sqrt(rows)
        return jax.random.normal(keys[at], (rows, columns), jnp.float32) * size, jnp.zeros(columns, jnp.float32)

    return [
        layer(0, inputs, width, 1.4),
        *(layer(1 + at, width, width, 0.7) for at in range(depth)),
        layer(depth + 1, width, CELLS, 0.5),
    ]


def forward(model: Model, weights: Weights, parameters: jax.Array) -> jax.Array:
    """Standardised log of volatility over its level, `(..., 88)`, for parameters `(..., P)`.

    The layers work in the weights' precision, whatever that of the parameters.
    """
    (matrix, bias), *hidden, (last_matrix, last_bias) = weights
    x = jax.nn.silu(model.inputs(parameters).astype(matrix.dtype) @ matrix + bias)
    for matrix, bias in hidden:
        x = x + jax.nn.silu(x @ matrix + bias)
    return jnp.asarray(x @ last_matrix + last_bias)
