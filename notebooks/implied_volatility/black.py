"""Black's formula for out-of-the-money options on a forward of 1, and its inverse.

Everything is undiscounted, in float64, and broadcasts. `k` is a strike divided by the forward;
`v = σ·√T` is the total volatility. Below the forward the option is a put, from it on a call.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcx

Floats = NDArray[np.float64]

SMALLEST_V = 1e-5
LARGEST_V = 30.0
_MAX_ITERATIONS = 100


def _log_call(x: Floats, v: Floats) -> tuple[Floats, Floats]:
    """Log of the call price at log-strike `x ≥ 0`, and its derivative by `v`.

    `N(d1) − e^x·N(d2) = φ(d1)·√(π/2)·(erfcx(−d1/√2) − erfcx(−d2/√2))`, because `e^x·φ(d2) = φ(d1)`:
    no factor underflows, so a price of 1e-300 keeps its digits.
    """
    d1 = -x / v + 0.5 * v
    d2 = d1 - v
    bracket = np.sqrt(np.pi / 2) * (erfcx(-d1 / np.sqrt(2)) - erfcx(-d2 / np.sqrt(2)))
    return -0.5 * d1**2 - 0.5 * np.log(2 * np.pi) + np.log(bracket), 1.0 / bracket


def log_otm_price(k: ArrayLike, v: ArrayLike) -> Floats:
    """Natural logarithm of the out-of-the-money price at strike `k > 0`, total volatility `v > 0`."""
    strike, total = np.broadcast_arrays(np.asarray(k, np.float64), np.asarray(v, np.float64))
    # A put at K is K calls at 1/K: put-call symmetry around a forward of 1.
    return np.asarray(_log_call(np.abs(np.log(strike)), total)[0] + np.minimum(np.log(strike), 0.0))


def otm_price(k: ArrayLike, v: ArrayLike) -> Floats:
    """Out-of-the-money price at strike `k > 0`, total volatility `v > 0`."""
    return np.asarray(np.exp(log_otm_price(k, v)))


def otm_vega(k: ArrayLike, v: ArrayLike) -> Floats:
    """Derivative of the out-of-the-money price by `v`: the normal density at d1."""
    strike, total = np.broadcast_arrays(np.asarray(k, np.float64), np.asarray(v, np.float64))
    d1 = -np.log(strike) / total + 0.5 * total
    return np.asarray(np.exp(-0.5 * d1**2) / np.sqrt(2 * np.pi))


def total_volatility(k: ArrayLike, price: ArrayLike) -> Floats:
    """The `v` at which `otm_price(k, v)` is `price`; NaN where no such `v` lies in [1e-5, 30]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return total_volatility_of_log(k, np.log(np.asarray(price, np.float64)))


def total_volatility_of_log(k: ArrayLike, log_price: ArrayLike) -> Floats:
    """The `v` at which `log_otm_price(k, v)` is `log_price`, however small the price; NaN where none is in [1e-5, 30].

    Newton's method on the logarithm of the price inside a shrinking bracket, so that it cannot
    leave it: far from the money the price falls like exp(−x²/2v²), and only its logarithm is tame.
    """
    strike, given = np.broadcast_arrays(np.asarray(k, np.float64), np.asarray(log_price, np.float64))
    x = np.abs(np.log(strike))
    goal = given - np.minimum(np.log(strike), 0.0)
    low, high = np.full(x.shape, SMALLEST_V), np.full(x.shape, LARGEST_V)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        solvable = (goal >= _log_call(x, low)[0]) & (goal < 0.0)
    v = np.clip(np.sqrt(2.0 * x) + 0.1, SMALLEST_V, LARGEST_V)
    done = ~solvable
    for _ in range(_MAX_ITERATIONS):
        value, slope = _log_call(x, v)
        above = value > goal
        high, low = np.where(above, v, high), np.where(above, low, v)
        step = v - (value - goal) / slope
        following = np.where((step > low) & (step < high), step, np.sqrt(low * high))
        # What is done stays, so that a cell's bytes do not depend on how long others take.
        following = np.where(done, v, following)
        done |= np.abs(following - v) <= 4e-16 * v
        v = following
        if bool(np.all(done)):
            break
    return np.where(solvable, v, np.nan)
