"""Option prices of the rough Bergomi model by conditional Monte Carlo.

The model (Bayer, Friz, Gatheral 2016), spot 1, zero rates:

    dS/S = √V·(ρ·dW + √(1−ρ²)·dW⊥),   V_t = ξ(t)·exp(ν·Y_t − ½·ν²·t^2H),   Y_t = √(2H)·∫₀ᵗ (t−s)^(H−½) dW_s

One set of paths of Y on [0, 1] serves every maturity T, for Y on [0, T] is T^H times Y on [0, 1] in law.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import enable_x64
from jax.scipy.special import erfc, ndtri
from numpy.typing import NDArray
from scipy.stats import qmc

from implied_volatility.grid import MATURITIES, STRIKES, Floats

_COARSER = 4
_SOBOL = threading.Lock()  # SciPy fills a table of its module on first use, and not safely so.
_Array = jax.Array


@dataclass(frozen=True)
class Scheme:
    """How finely to simulate: time steps up to each maturity, Sobol points, independent repetitions."""

    steps: int = 64
    points: int = 64
    repetitions: int = 4

    def __post_init__(self) -> None:
        if self.steps < 2 * _COARSER or self.steps % _COARSER:
            raise ValueError(f"steps must be a multiple of {_COARSER} and at least {2 * _COARSER}, not {self.steps}")
        if self.points < 2 or self.points & (self.points - 1):
            raise ValueError(f"points must be a power of two, not {self.points}")
        if self.repetitions < 2:
            raise ValueError("repetitions must be at least 2: their spread is the standard error")

    @property
    def paths(self) -> int:
        """Simulated volatility paths, each Sobol point and its mirror image counted."""
        return 2 * self.points * self.repetitions

    @staticmethod
    def of_paths(paths: int, steps: int = 64) -> Scheme:
        """The scheme with four repetitions that simulates `paths` paths, a power of two."""
        if paths < 16 or paths & (paths - 1):
            raise ValueError(f"paths must be a power of two and at least 16, not {paths}")
        return Scheme(steps=steps, points=paths // 8, repetitions=4)


class Prices(NamedTuple):
    """Out-of-the-money prices (put below the spot, call from it on), undiscounted."""

    price: Floats
    """Shape `(rows, 8, 11)`. May be ≤ 0 where the noise is larger than the price."""
    standard_error: Floats
    """Shape `(rows, 8, 11)`: of the mean over the repetitions."""
    martingale: Floats
    """Shape `(rows, 8)`: mean of the path-dependent part of the spot, whose expectation is 1."""
    martingale_error: Floats
    """Shape `(rows, 8)`: its standard error."""

    def pooled(self) -> Prices:
        """One row from rows of the same parameters, which are independent estimates."""
        mean = [values.mean(0, keepdims=True) for values in (self.price, self.martingale)]
        error = [
            np.sqrt((values**2).sum(0, keepdims=True)) / len(values)
            for values in (self.standard_error, self.martingale_error)
        ]
        return Prices(mean[0], error[0], mean[1], error[1])


def simulate(given: Floats, scheme: Scheme, seed: int, numbers: NDArray[np.uint32]) -> Prices:
    """Prices for parameters of shape `(rows, 11)`; a row draws from the stream of the seed and its number."""
    run = _compiled(scheme)
    with enable_x64():
        # Row by row, so that a row's bytes do not depend on the rows beside it.
        rows = [run(row, np.uint32(seed), number) for row, number in zip(given, numbers, strict=True)]
        return Prices(*(np.stack([np.asarray(part) for part in column]) for column in zip(*rows, strict=True)))


@lru_cache(maxsize=8)
def _compiled(scheme: Scheme) -> Callable[[Floats, np.uint32, np.uint32], tuple[_Array, ...]]:
    with enable_x64():
        simulate_row = _row_simulator(scheme)

    def keyed(parameters: _Array, seed: _Array, row: _Array) -> tuple[_Array, ...]:
        return simulate_row(parameters, jax.random.fold_in(jax.random.key(seed), row))

    return jax.jit(keyed)


def _row_simulator(scheme: Scheme) -> Callable[[_Array, _Array], tuple[_Array, ...]]:
    n = scheme.steps
    normals = _normals(scheme)
    volterra = _volterra(n)
    fine, coarse = _Integrals(n), _Integrals(n // _COARSER)
    maturities = jnp.asarray(MATURITIES, jnp.float32)
    times = np.arange(1, n + 1) / n

    def simulate_row(parameters: _Array, key: _Array) -> tuple[_Array, ...]:
        xi = parameters[:8].astype(jnp.float32)
        nu, rho = parameters[8].astype(jnp.float32), parameters[9].astype(jnp.float32)
        hurst = parameters[10]
        dw, orthogonal = normals(key)
        matrix, first_cell = volterra(hurst)
        y = dw @ matrix.T + orthogonal * first_cell
        size = (nu * maturities ** hurst.astype(jnp.float32))[:, None, None]
        half_variance = 0.5 * size**2 * jnp.asarray(times ** (2 * hurst), jnp.float32)

        def payoffs(sign: float) -> tuple[_Array, _Array]:
            level = jnp.exp(size * (sign * y) - half_variance)
            level = jnp.concatenate([jnp.ones_like(level[..., :1]), level], axis=-1)
            steps = sign * dw
            spot, variance = fine(xi, rho, level, steps)
            sums = steps.reshape(len(steps), n // _COARSER, _COARSER).sum(-1) / np.sqrt(_COARSER)
            rough_spot, rough_variance = coarse(xi, rho, level[..., ::_COARSER], sums.astype(jnp.float32))
            price, rough_price = _black(spot, variance), _black(rough_spot, rough_variance)
            return jnp.stack([price, rough_price]), jnp.stack([spot, rough_spot]) - 1.0

        price, control = (0.5 * (up + down) for up, down in zip(payoffs(1.0), payoffs(-1.0), strict=True))
        return _estimate(price, control, _COARSER ** (hurst + 0.5), scheme)

    return simulate_row


def _normals(scheme: Scheme) -> Callable[[_Array], tuple[_Array, _Array]]:
    """Standard normals `(paths/2, steps)` twice: the steps of W, and what the first cell adds to them.

    One scrambled Sobol set, shifted digitally by random bits per row and repetition, so that errors of
    different rows are independent and a network averages over them. The first dimensions, the most even
    ones, carry the principal components of W.
    """
    n = scheme.steps
    with _SOBOL:
        sobol = qmc.Sobol(2 * n, scramble=True, bits=32, seed=20190129).random(scheme.points)
    points = jnp.asarray((sobol * 2.0**32).astype(np.uint32))
    _, _, components = np.linalg.svd(np.tril(np.ones((n, n))))
    rotation = jnp.asarray(components, jnp.float32)

    def draw(key: _Array) -> tuple[_Array, _Array]:
        shift = jax.random.bits(key, (scheme.repetitions, 1, 2 * n), jnp.uint32)
        # 23 bits and a half: float32 would round more bits up to 1, whose normal is infinite.
        uniform = ((points ^ shift) >> 9).astype(jnp.float32) * np.float32(2.0**-23) + np.float32(2.0**-24)
        normal = ndtri(uniform).reshape(-1, 2 * n)
        return normal[:, :n] @ rotation, normal[:, n:]

    return draw


def _volterra(n: int) -> Callable[[_Array], tuple[_Array, _Array]]:
    """The hybrid scheme (Bennedsen, Lunde, Pakkanen 2017, κ = 1) as a matrix, for Y at 1/n, 2/n, … 1.

    Each row is scaled so that the variance of Y is t^2H exactly: averaging the kernel over a cell loses a little.
    """
    lag = np.subtract.outer(np.arange(n), np.arange(n))
    cells = np.arange(1, n + 1)
    times = cells / n

    def build(hurst: _Array) -> tuple[_Array, _Array]:
        power = hurst + 0.5
        kernel = (cells**power - (cells - 1.0) ** power) / power * n**-hurst * jnp.sqrt(2 * hurst)
        matrix = jnp.where(lag >= 0, kernel[jnp.clip(lag, 0)], 0.0)
        first = jnp.sqrt(jnp.maximum(1.0 - 2 * hurst / power**2, 0.0)) * n**-hurst
        scale = times**hurst / jnp.sqrt((matrix**2).sum(1) + first**2)
        return (matrix * scale[:, None]).astype(jnp.float32), (first * scale).astype(jnp.float32)

    return build


class _Integrals:
    """Spot given W, and the variance left to the orthogonal motion, on a grid of n steps per maturity."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.shares = jnp.asarray(_bucket_shares(n), jnp.float32)
        self.step = jnp.asarray(MATURITIES / n, jnp.float32)[:, None]

    def __call__(self, xi: _Array, rho: _Array, level: _Array, dw: _Array) -> tuple[_Array, _Array]:
        forward = (self.shares @ xi)[:, None, :]
        variance = forward * level[..., :-1]
        # Left ends here: then the mean of the spot is 1 exactly, whatever the step.
        integral = jnp.einsum("jpi,pi->jp", jnp.sqrt(variance), dw) * jnp.sqrt(self.step)
        left = variance.sum(-1) * self.step
        right = (forward * level[..., 1:]).sum(-1) * self.step
        spot = jnp.exp(rho * integral - 0.5 * rho**2 * left)
        return spot.astype(jnp.float64), ((1 - rho**2) * 0.5 * (left + right)).astype(jnp.float64)


def _bucket_shares(n: int) -> Floats:
    """Which share of step i towards maturity j lies in the interval k of the forward variance: `(8, n, 8)`."""
    edges = np.concatenate([[0.0], MATURITIES])
    grid = MATURITIES[:, None] * np.arange(n + 1) / n
    overlap = np.minimum(grid[:, 1:, None], edges[1:]) - np.maximum(grid[:, :-1, None], edges[:-1])
    return np.asarray(np.maximum(overlap, 0.0) / (MATURITIES / n)[:, None, None])


def _black(spot: _Array, variance: _Array) -> _Array:
    """Out-of-the-money Black prices `(8, 11, paths)` for spots and total variances of shape `(8, paths)`."""
    strike = jnp.asarray(STRIKES)[None, :, None]
    sign = jnp.where(strike >= 1.0, 1.0, -1.0)
    deviation = jnp.sqrt(variance)[:, None, :]
    d1 = (jnp.log(spot)[:, None, :] - jnp.log(strike)) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    upper = 0.5 * erfc(-sign * d1 * np.sqrt(0.5))
    return sign * (spot[:, None, :] * upper - strike * 0.5 * erfc(-sign * d2 * np.sqrt(0.5)))


def _estimate(price: _Array, control: _Array, gain: _Array, scheme: Scheme) -> tuple[_Array, ...]:
    """Prices without the leading error of the step, and their standard errors over the repetitions.

    `price` has shape `(2, 8, 11, paths)`, `control` `(2, 8, paths)`: fine and coarse steps. The spot, whose
    mean is known, is the control variate. Richardson's extrapolation (the weak error falls like
    step^(H + 1/2)) is taken of the logarithm: far from the money the error is a factor, not a term.
    """
    prices = price.reshape(*price.shape[:3], scheme.repetitions, scheme.points)
    controls = control.reshape(*control.shape[:2], scheme.repetitions, scheme.points)
    centred = controls - control.mean(-1)[..., None, None]
    product = jnp.einsum("ajkrp,ajrp->ajkr", prices, centred)
    square = (centred**2).sum(-1)[:, :, None, :]
    # The slope of one repetition comes from the others: on its own points it would bias the mean.
    slope = (product.sum(-1, keepdims=True) - product) / (square.sum(-1, keepdims=True) - square)
    repeated = prices.mean(-1) - slope * controls.mean(-1)[:, :, None, :]
    means = repeated.mean(-1)
    positive = (means > 0).all(0)
    logs = jnp.log(jnp.where(positive, means, 1.0))
    combined = jnp.exp(logs[0] + (logs[0] - logs[1]) / (gain - 1))
    relative = repeated / jnp.where(positive, means, 1.0)[..., None]
    spread = (gain * relative[0] - relative[1]).std(-1, ddof=1) / (gain - 1)
    root = np.sqrt(scheme.repetitions)
    spots = controls[0].mean(-1)
    return (
        jnp.where(positive, combined, means[0]),
        jnp.where(positive, combined * spread, repeated[0].std(-1, ddof=1)) / root,
        1.0 + spots.mean(-1),
        spots.std(-1, ddof=1) / root,
    )
