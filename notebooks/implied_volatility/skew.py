"""The skew at the money, and the power law that it follows in rough models."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from implied_volatility.grid import MATURITIES, STRIKES, Floats

_MIDDLE = int(np.flatnonzero(STRIKES == 1.0)[0])
_NEAR = slice(_MIDDLE - 1, _MIDDLE + 2)


def _weights() -> Floats:
    """Of the volatilities at k₋, 0, k₊ in the slope at 0 of the parabola through the three."""
    below, _, above = np.log(STRIKES[_NEAR])
    width = above - below
    left, right = -above / (-below * width), -below / (above * width)
    return np.array([left, -left - right, right])


_SLOPE = _weights()


def atm_skew(volatility: Floats) -> Floats:
    """|∂σ/∂k| at k = ln(K/S) = 0 of surfaces `(n, 8, 11)`: shape `(n, 8)`, in volatility per unit of log-strike.

    Slope of the parabola through the strikes 0.9, 1 and 1.1, off by about σ'''(0)·0.01/6. NaN where one of
    the three cells is invalid.
    """
    return np.asarray(np.abs(volatility[..., _NEAR] @ _SLOPE))


def atm_skew_error(standard_error: Floats) -> Floats:
    """Standard errors of `atm_skew`, `(n, 8)`, of standard errors of volatilities `(n, 8, 11)`.

    As if errors of neighbouring strikes were independent. Those of a simulation rise and fall together, so that its
    skew is better known than this says.
    """
    return np.asarray(np.sqrt(standard_error[..., _NEAR] ** 2 @ _SLOPE**2))


class PowerLaw(NamedTuple):
    """factor·T^exponent, one per row."""

    exponent: Floats
    """Shape `(n,)`."""
    factor: Floats
    """Shape `(n,)`: the value at one year."""


def power_law(skew: Floats, up_to: float = np.inf) -> PowerLaw:
    """Least-squares lines in log-log through skews `(n, 8)` of maturities up to `up_to` years; NaN cells do not count.

    ValueError where fewer than two positive skews are left.
    """
    known = (skew > 0) & (up_to >= MATURITIES)
    if (known.sum(-1) < 2).any():
        raise ValueError("a power law needs at least two positive skews per row")
    x = np.where(known, np.log(MATURITIES), 0.0)
    y = np.where(known, np.log(np.where(known, skew, 1.0)), 0.0)
    count = known.sum(-1, keepdims=True)
    centred = np.where(known, x - x.sum(-1, keepdims=True) / count, 0.0)
    exponent = (centred * y).sum(-1) / (centred**2).sum(-1)
    factor = np.exp((y.sum(-1) - exponent * x.sum(-1)) / count[..., 0])
    return PowerLaw(exponent, factor)


def first_order_skew(nu: float, rho: float, hurst: float) -> Floats:
    """|∂σ/∂k| of rough Bergomi with flat forward variance to first order in ν, shape `(8,)`.

    |ρ|·ν·√(2H)·T^(H−½) / (2·(H+½)·(H+3/2)): the expansion of Bergomi and Guyon (2012), whose covariance of spot and
    variance is ρ·ν·√(2H)·ξ^(3/2)·T^(H+3/2) / ((H+½)·(H+3/2)); its exponent is that of Fukasawa (2011).
    """
    return np.asarray(
        abs(rho) * nu * np.sqrt(2 * hurst) * MATURITIES ** (hurst - 0.5) / (2 * (hurst + 0.5) * (hurst + 1.5))
    )
