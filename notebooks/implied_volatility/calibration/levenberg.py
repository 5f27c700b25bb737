"""Levenberg–Marquardt in the model's box, for many surfaces in one compiled loop.

Damping and its metric are Marquardt's (1963), its update Nielsen's (1999, "Damping parameter in Marquardt's
method", IMM-REP-1999-05). Bounds are kept by projection and an active set: a parameter at its bound that χ² pushes
outwards has no part in the step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from implied_volatility.grid import Floats
from implied_volatility.learning.network import Weights
from implied_volatility.learning.surrogate import log_volatility
from implied_volatility.models import Model

FIRST_DAMPING = 1e-2
_CLOSE_DAMPING = 1e2  # A step damped more than this is short for no good reason.
_MOST_DAMPING = 1e10
_LEAST_CURVATURE = 1e-12
_LEAST_GAIN = 1e-12

Array = Any
"""Of JAX inside the loop, of NumPy outside."""


class Networks(NamedTuple):
    """The arrays of a surrogate, as `log_volatility` takes them."""

    members: tuple[Weights, ...]
    centre: Array
    scale: Array


class Target(NamedTuple):
    """What n fits aim at."""

    volatility: Array
    """Shape `(n, 88)`; finite everywhere."""
    precision: Array
    """Shape `(n, 88)`: one over the standard deviation of each cell, 0 for a cell without a part in the fit."""


class Fits(NamedTuple):
    """Where n fits stand."""

    point: Array
    """Shape `(n, P)`: the best parameters so far, in units of the box, 0 to 1."""
    chi2: Array
    """Shape `(n,)`: sum of squared residuals in standard deviations; infinite before the first look."""
    slope: Array
    """Shape `(n, P)`: Jᵀr, half the gradient of χ²."""
    curvature: Array
    """Shape `(n, P, P)`: JᵀJ."""
    damping: Array
    growth: Array
    """Shape `(n,)`: what a step that fails multiplies the damping by."""
    iterations: Array
    """Shape `(n,)`: steps tried."""
    done: Array
    converged: Array


@partial(jax.jit, static_argnums=0)
def advance(
    model: Model, networks: Networks, target: Target, fits: Fits, close: Array, limit: Array, unfinished: Array
) -> Fits:
    """Goes on with the fits until no more than `unfinished` of them are to be done; in float64 but for the Jacobian.

    A fit has converged when the step it takes next should lower χ² by no more than `close`: the root of that is
    the step's length in standard errors. None tries more than `limit` steps.
    """
    evaluate = _evaluator(model, networks, target)

    def step(fits: Fits) -> Fits:
        fresh = jnp.isinf(fits.chi2)
        trial, predicted = _step(fits)
        last = ~fresh & (predicted >= 0) & (predicted <= close) & (fits.damping <= _CLOSE_DAMPING)
        chi2, slope, curvature = evaluate(trial)
        better = (chi2 < fits.chi2) & (fresh | (predicted >= 0)) & ~fits.done
        gain = jnp.where(fresh, 0.5, jnp.minimum((fits.chi2 - chi2) / jnp.maximum(predicted, _LEAST_GAIN), 1.0))
        factor = jnp.where(better, jnp.maximum(1 / 3, 1 - (2 * gain - 1) ** 3), fits.growth)
        damping = fits.damping * jnp.where(fits.done, 1.0, factor)
        iterations = fits.iterations + ~(fresh | fits.done)
        over = last | (damping > _MOST_DAMPING) | (iterations >= limit)

        def kept(new: jax.Array, old: jax.Array) -> jax.Array:
            return jnp.where(better.reshape(-1, *(1,) * (new.ndim - 1)), new, old)

        return Fits(
            kept(trial, fits.point),
            kept(chi2, fits.chi2),
            kept(slope, fits.slope),
            kept(curvature, fits.curvature),
            damping,
            jnp.where(better | fits.done, 2.0, 2 * fits.growth),
            iterations,
            fits.done | over,
            fits.converged | (last & ~fits.done),
        )

    return jax.lax.while_loop(lambda fits: (~fits.done).sum() > unfinished, step, fits)


def fresh(start: Floats) -> Fits:
    """Fits that start at points `(n, P)` of the unit box."""
    rows, columns = start.shape
    return Fits(
        start,
        np.full(rows, np.inf),
        np.zeros_like(start),
        np.zeros((rows, columns, columns)),
        np.full(rows, FIRST_DAMPING),
        np.full(rows, 2.0),
        np.zeros(rows, np.int64),
        np.zeros(rows, bool),
        np.zeros(rows, bool),
    )


def held(point: Array, slope: Array) -> Array:
    """Which parameters `(n, P)` stand at a bound that χ² pushes them against."""
    return ((point <= 0) & (slope > 0)) | ((point >= 1) & (slope < 0))


def _evaluator(
    model: Model, networks: Networks, target: Target
) -> Callable[[jax.Array], tuple[jax.Array, jax.Array, jax.Array]]:
    """χ², its slope and its curvature at points `(n, P)`."""
    lower, width = model.lower, model.upper - model.lower
    exact = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), networks)

    def logarithms(networks: Networks, point: jax.Array) -> jax.Array:
        return log_volatility(model, *networks, jnp.asarray(lower + width * point))

    def evaluate(point: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        # Residuals in float64, so that χ² tells good steps from bad ones to the end; the Jacobian, which is most of
        # the work, in the networks' own float32.
        volatility = jnp.exp(logarithms(exact, point))
        residual = (volatility - target.volatility) * target.precision
        _, push = jax.linearize(partial(logarithms, networks), point)
        columns = point.shape[-1]
        axes = jnp.broadcast_to(jnp.eye(columns)[:, None, :], (columns, *point.shape))
        jacobian = jax.vmap(push)(axes) * (volatility * target.precision)
        return (
            (residual**2).sum(-1),
            jnp.einsum("pnc,nc->np", jacobian, residual),
            jnp.einsum("pnc,qnc->npq", jacobian, jacobian),
        )

    return evaluate


def _step(fits: Fits) -> tuple[jax.Array, jax.Array]:
    """Where the damped step leads, kept in the box, and by how much it should lower χ²."""
    size = jnp.diagonal(fits.curvature, axis1=-2, axis2=-1)
    # Parameters that no cell depends on stay where they are.
    metric = size + _LEAST_CURVATURE * (1.0 + size.max(-1, keepdims=True))
    one = jnp.eye(size.shape[-1])
    free = ~held(fits.point, fits.slope)
    damped = fits.curvature + one * (fits.damping[:, None] * metric)[:, None, :]
    matrix = jnp.where(free[:, :, None] & free[:, None, :], damped, one)
    downhill = jnp.where(free, -fits.slope, 0.0)
    step = jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(matrix), downhill[..., None])[..., 0]
    trial = jnp.clip(fits.point + step, 0.0, 1.0)
    moved = trial - fits.point
    return trial, -jnp.einsum("np,np->n", moved, 2 * fits.slope + jnp.einsum("npq,nq->np", fits.curvature, moved))
