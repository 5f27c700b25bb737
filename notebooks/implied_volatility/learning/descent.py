"""Stochastic gradient descent on the rows of a table: AdamW, one compiled call per epoch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from implied_volatility.grid import Floats
from implied_volatility.learning.network import Weights

Loss = Callable[[Weights, tuple[jax.Array, ...]], jax.Array]
"""Mean loss of a batch: one array per column of the table, rows first."""

Progress = Callable[[int, int, float, float], None]
"""Called as `progress(epoch, epochs, training loss, validation loss)`."""


@dataclass(frozen=True)
class Recipe:
    """How to descend. The learning rate rises over `warm_up` (a share of the steps), then falls as a cosine."""

    epochs: int
    batch: int
    rate: float
    decay: float = 0.0
    """Of the weights per step, times the rate (AdamW)."""
    warm_up: float = 0.0
    cosine: bool = True
    """Without it the rate is constant after the warm-up."""
    patience: int = 0
    """Ends after so many epochs that brought no better validation loss, and keeps the best; 0: all epochs, the last."""


class Fit(NamedTuple):
    """What training gives."""

    weights: Weights
    """Of the last epoch, or of the best one by validation loss where the recipe has patience."""
    training_loss: Floats
    """Shape `(epochs,)`, of those that were run: mean over the steps of the epoch."""
    validation_loss: Floats
    """Shape `(epochs,)`: after the epoch."""
    seconds: float
    """Wall time, compilation included."""


class _State(NamedTuple):
    weights: Weights
    mean: Weights
    square: Weights
    step: jax.Array


def split(rows: int, seed: int, validation_share: float = 0.15) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers for training and validation, in random order; at least one row each."""
    if rows < 2:
        raise ValueError(f"{rows} rows cannot be split into training and validation")
    order = np.random.default_rng(seed).permutation(rows)
    held = min(max(1, round(rows * validation_share)), rows - 1)
    return order[held:], order[:held]


def descend(
    loss: Loss,
    weights: Weights,
    training: tuple[NDArray[np.float32], ...],
    validation: tuple[NDArray[np.float32], ...],
    recipe: Recipe,
    seed: int,
    *,
    progress: Progress | None = None,
) -> Fit:
    """Minimises `loss` from `weights` over shuffled batches; rows that fill no whole batch sit out an epoch.

    The same loss, recipe and sizes are compiled once. Raises FloatingPointError when the loss stops being a number.
    """
    started = time.perf_counter()
    rows = len(training[0])
    batch = min(recipe.batch, rows)
    batches = rows // batch
    columns = tuple(jnp.asarray(column) for column in training)
    held = tuple(jnp.asarray(column) for column in validation)
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = _State(weights, zeros, zeros, jnp.zeros((), jnp.int32))
    shuffle = np.random.default_rng(seed)
    curves = np.empty((2, recipe.epochs))
    best, best_loss, best_epoch = weights, np.inf, -1
    for number in range(recipe.epochs):
        order = shuffle.permutation(rows)[: batches * batch].reshape(batches, batch)
        state, *losses = _epoch(loss, recipe, state, jnp.asarray(order), columns, held)
        curves[:, number] = [float(value) for value in losses]
        if not np.isfinite(curves[:, number]).all():
            raise FloatingPointError(f"the loss is not finite after epoch {number + 1}")
        if curves[1, number] < best_loss:
            best, best_loss, best_epoch = state.weights, curves[1, number], number
        if progress is not None:
            progress(number + 1, recipe.epochs, curves[0, number], curves[1, number])
        if recipe.patience and number - best_epoch >= recipe.patience:
            break
    training_loss, validation_loss = curves[:, : number + 1]
    kept = best if recipe.patience else state.weights
    return Fit(kept, training_loss, validation_loss, time.perf_counter() - started)


@partial(jax.jit, static_argnums=(0, 1))
def _epoch(
    loss: Loss,
    recipe: Recipe,
    state: _State,
    order: jax.Array,
    columns: tuple[jax.Array, ...],
    held: tuple[jax.Array, ...],
) -> tuple[_State, jax.Array, jax.Array]:
    rate = _schedule(recipe, recipe.epochs * len(order))

    def step(state: _State, chosen: jax.Array) -> tuple[_State, jax.Array]:
        value, slope = jax.value_and_grad(loss)(state.weights, tuple(column[chosen] for column in columns))
        return _adamw(state, slope, rate(state.step), recipe.decay), value

    state, values = jax.lax.scan(step, state, order)
    return state, values.mean(), loss(state.weights, held)


def _schedule(recipe: Recipe, steps: int) -> Callable[[jax.Array], jax.Array]:
    warm = max(1.0, recipe.warm_up * steps)

    def rate(step: jax.Array) -> jax.Array:
        rising = jnp.minimum(1.0, (step + 1) / warm)
        falling = 0.5 * (1 + jnp.cos(jnp.pi * jnp.clip((step - warm) / max(1.0, steps - warm), 0.0, 1.0)))
        return recipe.rate * rising * (falling if recipe.cosine else 1.0)

    return rate


def _adamw(state: _State, slope: Weights, rate: jax.Array, decay: float) -> _State:
    """One step of Loshchilov and Hutter (arXiv 1711.05101); matrices decay, biases do not."""
    count = state.step + 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state.mean, slope)
    square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, state.square, slope)

    def move(weight: jax.Array, m: jax.Array, s: jax.Array) -> jax.Array:
        direction = (m / (1 - 0.9**count)) / (jnp.sqrt(s / (1 - 0.999**count)) + 1e-8)
        return weight - rate * (direction + (decay * weight if weight.ndim > 1 else 0.0))

    return _State(jax.tree.map(move, state.weights, mean, square), mean, square, count)
