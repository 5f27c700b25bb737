"""The Heston model (1993), spot 1, zero rates:

    dS/S = √v·dW,   dv = κ·(θ − v)·dt + σ·√v·dZ,   d⟨W, Z⟩ = ρ·dt

The box is that of Horvath, Muguruza and Tomas.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from implied_volatility.black import total_volatility_of_log
from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.models.base import Effort, Model, Parameter, row_numbers
from implied_volatility.models.heston_formula import log_otm_prices
from implied_volatility.surfaces import Surfaces

# Of arrays above 256 KiB numpy reuses intermediate ones, and then multiplies complex numbers with another last digit.
_ROWS_AT_ONCE = 16


class Heston(Model):
    """Surfaces by a formula: a truth without noise."""

    name = "heston"
    title = "Heston"
    parameters = (
        Parameter("v0", "v₀", 1e-4, 0.04, 1e-12, np.inf, "Variance today, per year"),
        Parameter("rho", "ρ", -0.95, -0.1, -0.999999, 0.999999, "Correlation of spot and variance, ρ"),
        Parameter("sigma", "σ", 0.01, 1.0, 1e-6, np.inf, "Volatility of the variance, σ"),
        Parameter("theta", "θ", 0.01, 0.2, 1e-12, np.inf, "Variance in the long run, per year, θ"),
        Parameter("kappa", "κ", 1.0, 10.0, 1e-6, np.inf, "Speed of the variance's return, per year, κ"),
    )

    def surfaces(self, parameters: ArrayLike, effort: Effort, seed: int, rows: ArrayLike | None = None) -> Surfaces:
        """Surfaces without noise: the effort, the seed and the rows' numbers do not matter.

        Every price in the box keeps its digits, even one of 1e-2000, and every cell is valid. Outside, cells are
        invalid where the integral is not resolved or no volatility gives the price.
        """
        given = self.check(parameters, inside_box=False)
        row_numbers(rows, given)
        total = np.empty((len(given), len(MATURITIES), len(STRIKES)))
        for at in range(0, len(given), _ROWS_AT_ONCE):
            part = slice(at, at + _ROWS_AT_ONCE)
            total[part] = total_volatility_of_log(STRIKES, log_otm_prices(given[part]))
        valid = np.isfinite(total)
        return Surfaces(total / np.sqrt(MATURITIES)[:, None], np.where(valid, 0.0, np.nan), valid)

    def level(self, parameters: jax.Array) -> jax.Array:
        return jnp.sqrt(_average_variance(parameters))

    def inputs(self, parameters: jax.Array) -> jax.Array:
        """Levels, the parameters and their logarithms, and what bends the smile.

        At the money that is the spread of the average variance (its standard deviation over its mean), times ρ for
        the skew. Far out it is the last moment that exists, for short maturities 2·arccos(±ρ)/(√(1−ρ²)·σT).
        """
        rho = parameters[..., 1:2]
        middle, half = (self.lower + self.upper) / 2, (self.upper - self.lower) / 2
        v0, sigma, theta, kappa = (jnp.log(parameters[..., at : at + 1]) for at in (0, 2, 3, 4))
        across = jnp.log1p(-(rho**2)) / 2
        average, spread = _average_variance(parameters), _spread(parameters)
        short = jnp.exp(sigma) * jax.lax.rsqrt(average[..., :1])
        return jnp.concatenate(
            [
                jnp.log(average) / 2 + 1.6,
                (parameters - middle) / half,
                jnp.log(spread) / 1.5 + 0.7,
                v0 + 4.5,
                sigma + 1.2,
                theta + 2.5,
                kappa - 1.5,
                (kappa + theta - 2 * sigma) / 2 - 0.4,
                rho * spread,
                rho * short / 4,
                rho * jnp.log(spread) / 1.5,
                jnp.sqrt(1 - rho**2),
                jnp.log(jnp.arccos(rho)) - across - 1,
                jnp.log(jnp.arccos(-rho)) - across,
            ],
            axis=-1,
        )

    def guess(self, at_the_money: Floats) -> Floats:
        """Variance today and in the long run as at the money at the two ends, the rest mid-box."""
        middle = np.broadcast_to((self.lower + self.upper) / 2, (len(at_the_money), 5)).copy()
        middle[:, 0], middle[:, 3] = at_the_money[:, 0] ** 2, at_the_money[:, -1] ** 2
        return np.asarray(np.clip(middle, self.lower, self.upper))


def _average_variance(parameters: jax.Array) -> jax.Array:
    """θ + (v₀ − θ)·(1 − e^(−κT))/(κT), shape `(..., 8)`."""
    v0, theta, kappa = parameters[..., 0:1], parameters[..., 3:4], parameters[..., 4:5]
    decay = kappa * np.asarray(MATURITIES, parameters.dtype)
    return theta - (v0 - theta) * jnp.expm1(-decay) / decay


def _spread(parameters: jax.Array) -> jax.Array:
    """Standard deviation of the average variance up to each maturity over its mean, shape `(..., 8)`.

    The variance of ∫v is (σ/κ)²·∫ (1 − e^(−κ(T−t)))²·E[v_t] dt.
    """
    v0, sigma, theta, kappa = (parameters[..., at : at + 1] for at in (0, 2, 3, 4))
    maturities = np.asarray(MATURITIES, parameters.dtype)
    once, twice = jnp.expm1(-kappa * maturities), jnp.expm1(-2 * kappa * maturities)
    long_run: jax.Array = maturities + 2 * once / kappa - twice / (2 * kappa)
    today = -twice / kappa - 2 * maturities * (once + 1)
    variance = (sigma / kappa / maturities) ** 2 * (theta * long_run + (v0 - theta) * today)
    return jnp.sqrt(jnp.maximum(variance, 1e-20)) / _average_variance(parameters)


HESTON = Heston()
