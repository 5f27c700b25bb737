"""A plain simulator of rough Bergomi, as the yardstick of speed: nothing is done that makes its noise less.

The same hybrid scheme for the paths, pseudo-random numbers, both motions of the spot, payoffs averaged.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import enable_x64

from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.models.rough_bergomi_simulation import interval_shares
from implied_volatility.models.rough_paths import volterra

_BLOCK = 512


def plain_prices(parameters: Floats, paths: int, steps: int, seed: int) -> tuple[Floats, Floats]:
    """Out-of-the-money prices of one set of parameters `(11,)` and their standard errors, both `(8, 11)`.

    `paths` is a multiple of 512.
    """
    run = _compiled(paths, steps)
    with enable_x64():
        total, squares = (np.asarray(part) for part in run(parameters, np.uint32(seed)))
    mean = total / paths
    return mean, np.sqrt(np.maximum(squares / paths - mean**2, 0.0) / paths)


@lru_cache(maxsize=4)
def _compiled(paths: int, steps: int) -> Callable[[Floats, np.uint32], tuple[jax.Array, jax.Array]]:
    with enable_x64():
        kernel = volterra(steps)
        shares = jnp.asarray(interval_shares(steps))
    times = np.arange(steps + 1) / steps

    def run(parameters: jax.Array, seed: jax.Array) -> tuple[jax.Array, jax.Array]:
        rho = parameters[9].astype(jnp.float32)
        matrix, diagonal = kernel(parameters[10])
        size = (parameters[8] * MATURITIES ** parameters[10])[:, None]
        drift = (0.5 * (size * times[:-1] ** parameters[10]) ** 2).astype(jnp.float32)
        forward = ((shares @ parameters[:8]) * (MATURITIES / steps)[:, None]).astype(jnp.float32)

        def block(key: jax.Array) -> tuple[jax.Array, jax.Array]:
            w, own, other = jax.random.normal(key, (3, _BLOCK, steps), jnp.float32)
            y = w @ matrix.T + own * diagonal
            y = jnp.concatenate([jnp.zeros_like(y[:, :1]), y[:, :-1]], axis=1)
            spot_normals = rho * w + jnp.sqrt(1 - rho**2) * other

            def maturity(of: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
                size, drift, forward = of
                variance = forward * jnp.exp(size * y - drift)
                spot = jnp.exp((jnp.sqrt(variance) * spot_normals).sum(1) - 0.5 * variance.sum(1))[:, None]
                strike = jnp.asarray(STRIKES, jnp.float32)
                payoff = jnp.maximum(jnp.where(strike < 1, strike - spot, spot - strike), 0.0).astype(jnp.float64)
                return payoff.sum(0), (payoff**2).sum(0)

            total, squares = jax.lax.map(maturity, (size[:, 0].astype(jnp.float32), drift, forward))
            return total, squares

        total, squares = jax.lax.map(block, jax.random.split(jax.random.key(seed), paths // _BLOCK))
        return total.sum(0), squares.sum(0)

    return jax.jit(run)
