"""Option prices of the rough Bergomi model (see `rough_bergomi`) by conditional Monte Carlo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import enable_x64
from jax.scipy.special import erfc
from numpy.typing import NDArray

from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.models.rough_paths import Paths, path_maker, sobol_points

_COARSER = 4
_GROUPS = 4
_BLOCK = 128
_Array = jax.Array


@dataclass(frozen=True)
class Scheme:
    """How finely to simulate: time steps up to each maturity, and Sobol points."""

    steps: int = 256
    points: int = 1024

    def __post_init__(self) -> None:
        if self.steps < 2 * _COARSER or self.steps % _COARSER:
            raise ValueError(f"steps must be a multiple of {_COARSER} and at least {2 * _COARSER}, not {self.steps}")
        if self.points < 2 * _GROUPS or self.points & (self.points - 1):
            raise ValueError(f"points must be a power of two and at least {2 * _GROUPS}, not {self.points}")

    @staticmethod
    def of_paths(paths: int, steps: int = 256) -> Scheme:
        """The scheme that simulates `paths` paths, a power of two; each Sobol point and its mirror image count."""
        if paths < 4 * _GROUPS or paths & (paths - 1):
            raise ValueError(f"paths must be a power of two and at least {4 * _GROUPS}, not {paths}")
        return Scheme(steps=steps, points=paths // 2)


class Prices(NamedTuple):
    """Out-of-the-money prices (put below the spot, call from it on), undiscounted."""

    price: Floats
    """Shape `(rows, 8, 11)`. May be ≤ 0 where the noise is larger than the price."""
    standard_error: Floats
    """Shape `(rows, 8, 11)`: from the spread of four quarters of the Sobol set, as if they were independent.

    They complement each other, so where quasi-random points work best the true error is smaller.
    """
    martingale: Floats
    """Shape `(rows, 8)`: mean of the path-dependent part of the spot, whose expectation is 1."""
    martingale_error: Floats
    """Shape `(rows, 8)`: its standard error, got in the same way."""


def simulate(given: Floats, scheme: Scheme, seed: int, numbers: NDArray[np.uint32]) -> Prices:
    """Prices for parameters of shape `(rows, 11)`; a row draws from the stream of the seed and its number."""
    run = _compiled(scheme)
    with enable_x64():
        # Row by row, so that a row's bytes do not depend on the rows beside it.
        rows = [run(row, np.uint32(seed), number) for row, number in zip(given, numbers, strict=True)]
        return Prices(*(np.stack([np.asarray(part) for part in column]) for column in zip(*rows, strict=True)))


class _Sums(NamedTuple):
    """What the estimate needs of a block of paths, in float64; fine and coarse steps first. C counts the controls."""

    price: _Array
    """`(2, 8, 11)`"""
    control: _Array
    """`(2, 8, C)`"""
    price_by_control: _Array
    """`(2, 8, 11, C)`"""
    control_by_control: _Array
    """`(2, 8, C, C)`"""


@lru_cache(maxsize=8)
def _compiled(scheme: Scheme) -> Callable[[Floats, np.uint32, np.uint32], tuple[_Array, ...]]:
    n, block = scheme.steps, min(_BLOCK, scheme.points // _GROUPS)
    with enable_x64():
        points = sobol_points(scheme.points, n).reshape(-1, block, 2 * n)
        make_paths = path_maker(n)
        payoffs = _Payoffs(n)

    def row(parameters: _Array, seed: _Array, number: _Array) -> tuple[_Array, ...]:
        shift = jax.random.bits(jax.random.fold_in(jax.random.key(seed), number), (2 * n,), jnp.uint32)
        paths, sums = make_paths(parameters[10], shift), payoffs.of(parameters)
        made = jax.lax.map(lambda some: sums(paths(some)), points)
        groups = _Sums(*(part.reshape(_GROUPS, -1, *part.shape[1:]).sum(1) for part in made))
        return _estimate(groups, parameters[10], scheme.points // _GROUPS)

    return jax.jit(row)


class _Market(NamedTuple):
    """What a maturity's payoffs need of the parameters, on its steps; all in float32."""

    size: _Array
    """ν·T^H"""
    drift: _Array
    """`(n + 1,)`: of the logarithm of (V/ξ)^¼."""
    variance: _Array
    """`(n,)`: forward variance of each step."""
    means: _Array
    """`(3,)`: averages over the steps of the expected (V/ξ)^¼, ^½ and ^¾."""


class _Payoffs:
    """Black prices of each path, given the path, and the controls, whose means are known."""

    def __init__(self, steps: int) -> None:
        self.strides = (1, _COARSER)
        self.shares = [jnp.asarray(interval_shares(steps // stride)) for stride in self.strides]
        self.times = jnp.asarray(np.arange(steps + 1) / steps)

    def of(self, parameters: _Array) -> Callable[[Paths], _Sums]:
        """A function that sums over paths and their mirror images, for parameters `(11,)`."""
        rho = parameters[9].astype(jnp.float32)
        markets = [
            self._markets(parameters, shares, stride) for shares, stride in zip(self.shares, self.strides, strict=True)
        ]

        def sums(paths: Paths) -> _Sums:
            w = [_sums_of(paths.w, stride) for stride in self.strides]
            y = [paths.y[:, stride - 1 :: stride] for stride in self.strides]
            weight = paths.weight[:, None].astype(jnp.float64)

            def level(at: int, market: _Market) -> _Sums:
                both_y, both_w = (jnp.concatenate([part[at], -part[at]]) for part in (y, w))
                made = _payoff(both_y, both_w, market, rho)
                # A path and its mirror image are one draw.
                price, control = (
                    weight * part.astype(jnp.float64).reshape(2, len(weight), -1).mean(0) for part in made
                )
                control = jnp.concatenate([control, weight - 1.0], axis=1)
                return _Sums(price.sum(0), control.sum(0), price.T @ control, control.T @ control)

            made = jax.lax.map(lambda both: _stack([level(at, market) for at, market in enumerate(both)]), markets)
            return _Sums(*(jnp.moveaxis(part, 0, 1) for part in made))

        return sums

    def _markets(self, parameters: _Array, shares: _Array, stride: int) -> _Market:
        """The maturities' markets, stacked: `(8, …)`."""
        steps = shares.shape[1]
        size = parameters[8] * MATURITIES ** parameters[10]
        spread = (size[:, None] * self.times[::stride] ** parameters[10]) ** 2  # variance of log V, (8, n + 1)
        means = jnp.stack([jnp.exp(0.5 * (p * p - p) * spread[:, :-1]).mean(1) for p in (0.25, 0.5, 0.75)], axis=1)
        variance = (shares @ parameters[:8]) * (MATURITIES / steps)[:, None]
        return _Market(*(part.astype(jnp.float32) for part in (size, 0.125 * spread, variance, means)))


def _stack(parts: list[_Sums]) -> _Sums:
    return _Sums(*(jnp.stack(part) for part in zip(*parts, strict=True)))


def _sums_of(w: _Array, stride: int) -> _Array:
    """Standard normals of W on coarser steps."""
    return w.reshape(len(w), -1, stride).sum(-1) / np.float32(np.sqrt(stride))


def _payoff(y: _Array, w: _Array, market: _Market, rho: _Array) -> tuple[_Array, _Array]:
    """Prices `(paths, 11)` given the paths of Y and the normals of W, and controls `(paths, 10)` of mean 0.

    With X = ∫√V dW, exp(λX − ½λ²∫V dt) has mean 1 for any λ, and so has the like of ∫V^¼ dW; averages of powers of V
    have means by formula. Together they tell much of what a price owes to the path. Left ends of the steps keep the
    means exact, whatever the step. Larger or positive λ have such fat tails that they do harm.
    """
    fourth = jnp.exp(0.25 * market.size * y - market.drift[1:])
    fourth = jnp.concatenate([jnp.ones_like(fourth[:, :1]), fourth], axis=1)
    root = fourth * fourth
    full = root * root
    left, right = full[:, :-1] @ market.variance, full[:, 1:] @ market.variance
    fourth, root = fourth[:, :-1], root[:, :-1]
    n = w.shape[1]
    x = (root * w) @ jnp.sqrt(market.variance)
    # Products with a vector, for they are twice as fast as sums over an axis.
    mean = jnp.full(n, 1 / n, jnp.float32)
    x4, total = ((part @ mean) * np.float32(np.sqrt(n)) for part in (fourth * w, w))
    means = [part @ mean for part in (fourth, root, fourth * root)]
    log_spot = rho * x - 0.5 * rho**2 * left
    control = [
        jnp.expm1(log_spot),
        jnp.expm1(-2 * x - 2 * left),
        x / jnp.sqrt(market.variance.sum()),
        *(made - expected for made, expected in zip(means, market.means, strict=True)),
        x4,
        total * x4 - means[0],
        jnp.expm1(-0.5 * x4 - 0.125 * means[1]),
        jnp.expm1(-x4 - 0.5 * means[1]),
    ]
    price = _black(log_spot, (1 - rho**2) * 0.5 * (left + right))
    return price, jnp.stack(control, axis=1)


def interval_shares(n: int) -> Floats:
    """Which share of step i towards maturity j lies in the interval k of the forward variance: `(8, n, 8)`."""
    edges = np.concatenate([[0.0], MATURITIES])
    grid = MATURITIES[:, None] * np.arange(n + 1) / n
    overlap = np.minimum(grid[:, 1:, None], edges[1:]) - np.maximum(grid[:, :-1, None], edges[:-1])
    return np.asarray(np.maximum(overlap, 0.0) / (MATURITIES / n)[:, None, None])


def _black(log_spot: _Array, variance: _Array) -> _Array:
    """Out-of-the-money Black prices `(paths, 11)`; float32 is enough: what it rounds averages out over paths."""
    strike, log_strike = STRIKES.astype(np.float32), np.log(STRIKES).astype(np.float32)
    sign = np.where(STRIKES >= 1.0, np.float32(1), np.float32(-1))
    deviation = jnp.sqrt(variance)[:, None]
    d1 = (log_spot[:, None] - log_strike) / deviation + 0.5 * deviation
    half = np.float32(np.sqrt(0.5))
    upper, lower = erfc(-sign * half * d1), erfc(-sign * half * (d1 - deviation))
    return jnp.asarray(0.5 * sign * (jnp.exp(log_spot)[:, None] * upper - strike * lower))


def _estimate(groups: _Sums, hurst: _Array, points: int) -> tuple[_Array, ...]:
    """Prices without the leading error of the step, and their standard errors over the groups.

    Each part of `groups` has the groups first, of `points` points each. The controls are taken out by regression over
    all points. Richardson's extrapolation is taken of the logarithm: far from the money the error is a factor, not a
    term. With exact values of Y the weak error falls like step^min(3H + ½, 1) (Gassiat, arXiv 2203.09298; Friz,
    Salkeld, Wagenhofer, arXiv 2212.01591); fine and coarse steps take the same Y, so the error of the paths stays.
    """
    total = _Sums(*(part.sum(0) for part in groups))
    count = len(groups.price) * points
    centred = total.control_by_control - total.control[..., :, None] * total.control[..., None, :] / count
    product = total.price_by_control - total.price[..., None] * total.control[..., None, :] / count
    # Where volatility hardly moves the controls are all alike: the little that is added keeps them apart.
    size = jnp.sqrt(jnp.diagonal(centred, axis1=-2, axis2=-1)) + 1e-30
    alike = centred / size[..., :, None] / size[..., None, :] + 1e-8 * jnp.eye(size.shape[-1])
    slope = jnp.linalg.solve(alike, jnp.swapaxes(product / size[..., None, :], -1, -2)) / size[..., None]
    repeated = (groups.price - jnp.einsum("gajc,ajck->gajk", groups.control, slope)) / points
    means = repeated.mean(0)
    positive = (means > 0).all(0)
    gain = _COARSER ** jnp.minimum(3 * hurst + 0.5, 1.0)
    logs = jnp.log(jnp.where(positive, means, 1.0))
    combined = jnp.exp(logs[0] + (logs[0] - logs[1]) / (gain - 1))
    relative = repeated / jnp.where(positive, means, 1.0)
    spread = (gain * relative[:, 0] - relative[:, 1]).std(0, ddof=1) / (gain - 1)
    root = np.sqrt(len(groups.price))
    spots = groups.control[:, 0, :, 0] / points
    return (
        jnp.where(positive, combined, means[0]),
        jnp.where(positive, combined * spread, repeated[:, 0].std(0, ddof=1)) / root,
        1.0 + spots.mean(0),
        spots.std(0, ddof=1) / root,
    )
