"""The rough Bergomi model (Bayer, Friz, Gatheral 2016), spot 1, zero rates:

    dS/S = √V·(ρ·dW + √(1−ρ²)·dW⊥),   V_t = ξ(t)·exp(ν·Y_t − ½·ν²·t^2H),   Y_t = √(2H)·∫₀ᵗ (t−s)^(H−½) dW_s

The forward variance ξ is flat between the maturities of the grid. The box is that of Horvath, Muguruza and Tomas.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from implied_volatility.grid import MATURITIES, Floats
from implied_volatility.models.base import Effort, Model, Parameter, row_numbers
from implied_volatility.models.rough_bergomi_simulation import Scheme, simulate
from implied_volatility.surfaces import Surfaces, invert

_LENGTHS = np.diff(MATURITIES, prepend=0.0)
_FORWARD_VARIANCES = tuple(
    Parameter(
        f"xi_{at + 1}",
        f"ξ({maturity:g})",
        0.01,
        0.16,
        1e-12,
        np.inf,
        f"Forward variance per year from {maturity - length:g} to {maturity:g} years",
    )
    for at, (maturity, length) in enumerate(zip(MATURITIES, _LENGTHS, strict=True))
)


class RoughBergomi(Model):
    """Surfaces by simulation, with standard errors."""

    name = "rough_bergomi"
    title = "rough Bergomi"
    parameters = (
        *_FORWARD_VARIANCES,
        Parameter("nu", "ν", 0.5, 4.0, 0.0, np.inf, "Volatility of volatility, ν"),
        Parameter("rho", "ρ", -0.95, -0.1, -0.999999, 0.999999, "Correlation of spot and volatility, ρ"),
        Parameter("hurst", "H", 0.025, 0.5, 1e-6, 0.5, "Hurst exponent, H: below 0.5 volatility is rough"),
    )

    def surfaces(self, parameters: ArrayLike, effort: Effort, seed: int, rows: ArrayLike | None = None) -> Surfaces:
        given = self.check(parameters, inside_box=False)
        prices = simulate(given, Scheme.of_paths(effort.paths, effort.steps), seed, row_numbers(rows, given))
        return invert(prices.price, prices.standard_error)

    def level(self, parameters: jax.Array) -> jax.Array:
        return jnp.sqrt(_average_variance(parameters))

    def inputs(self, parameters: jax.Array) -> jax.Array:
        """Levels, and what bends the smile: ν·T^H is the size of the noise in log-variance at T, ν·√(2H) that of the
        short-time skew, ρν its sign."""
        nu, rho, hurst = parameters[..., 8:9], parameters[..., 9:10], parameters[..., 10:11]
        middle, half = (self.lower + self.upper)[8:] / 2, (self.upper - self.lower)[8:] / 2
        return jnp.concatenate(
            [
                0.5 * jnp.log(_average_variance(parameters)) + 1.3,
                0.5 * jnp.log(parameters[..., :8]) + 1.3,
                (parameters[..., 8:] - middle) / half,
                jnp.log(hurst) + 1.7,
                nu * jnp.sqrt(2 * hurst) / 2,
                nu * MATURITIES[0] ** hurst / 4,
                nu * MATURITIES[-1] ** hurst / 4,
                rho * nu / 4,
            ],
            axis=-1,
        )

    def guess(self, at_the_money: Floats) -> Floats:
        """The forward variances that the at-the-money term structure would have without a smile, the rest mid-box."""
        total = at_the_money**2 * MATURITIES
        forward = np.diff(total, prepend=0.0, axis=-1) / _LENGTHS
        rest = np.broadcast_to((self.lower + self.upper)[8:] / 2, (len(forward), 3))
        return np.asarray(np.clip(np.concatenate([forward, rest], axis=-1), self.lower, self.upper))


def _average_variance(parameters: jax.Array) -> jax.Array:
    lengths, maturities = (np.asarray(values, parameters.dtype) for values in (_LENGTHS, MATURITIES))
    return jnp.cumsum(parameters[..., :8] * lengths, axis=-1) / maturities


ROUGH_BERGOMI = RoughBergomi()
