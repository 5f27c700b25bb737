"""Quasi-random paths of the rough motion Y_t = √(2H)·∫₀ᵗ (t−s)^(H−½) dW_s on [0, 1], and of W itself.

Y on [0, T] is T^H times Y on [0, 1] in law, so one set of paths serves every maturity.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
import scipy.sparse.linalg
from jax.experimental import enable_x64
from jax.scipy.special import ndtri
from scipy.stats import qmc

from implied_volatility.grid import Floats

STRETCH = 1.5
"""Standard deviation of the first direction's normal, for it is sampled more widely than it is: see `Paths.weight`."""

_DIRECTIONS = 16
_HURSTS = np.geomspace(0.025, 0.5, 8)
_SOBOL = threading.Lock()  # SciPy fills a table of its module on first use, and not safely so.


class Paths(NamedTuple):
    """Paths in float32 on steps of 1/n."""

    w: jax.Array
    """Shape `(paths, n)`: increments of W, each divided by √(1/n)."""
    y: jax.Array
    """Shape `(paths, n)`: Y at 1/n, 2/n, … 1."""
    weight: jax.Array
    """Shape `(paths,)`: the likelihood ratio, whose mean is 1, that undoes the wider sampling.

    Far options are decided by paths on which the first direction is large. They come more often this way, and count
    less.
    """


def sobol_points(points: int, steps: int) -> jax.Array:
    """A scrambled Sobol set as 32-bit integers, shape `(points, 2·steps)`."""
    with _SOBOL:
        sobol = qmc.Sobol(2 * steps, scramble=True, bits=32, seed=20190129).random(points)
    return jnp.asarray((sobol * 2.0**32).astype(np.uint32))


def path_maker(steps: int) -> Callable[[jax.Array, jax.Array], Callable[[jax.Array], Paths]]:
    """A function of H and of a digital shift `(2n,)` that gives a function of Sobol integers `(paths, 2n)`.

    The shift makes another randomisation of the points; errors of rows with shifts of their own are independent, so
    that a network averages over them.
    """
    kernel = volterra(steps)
    reflectors = _leading_directions(steps)

    def of(hurst: jax.Array, shift: jax.Array) -> Callable[[jax.Array], Paths]:
        matrix, diagonal = kernel(hurst)
        nearest = jnp.argmin(jnp.abs(jnp.log(hurst / _HURSTS)))
        basis, triangle = (table[nearest] for table in reflectors)

        def paths(points: jax.Array) -> Paths:
            # 23 bits and a half: float32 would round more bits up to 1, whose normal is infinite.
            uniform = ((points ^ shift) >> 9).astype(jnp.float32) * np.float32(2.0**-23) + np.float32(2.0**-24)
            normal = ndtri(uniform)
            weight = STRETCH * jnp.exp(-0.5 * (STRETCH**2 - 1) * normal[:, 0] ** 2)
            normal = normal.at[:, 0].multiply(STRETCH)
            normal = normal - ((normal @ basis) @ triangle) @ basis.T
            w, own = normal[:, :steps], normal[:, steps:]
            return Paths(w, w @ matrix.T + own * diagonal, weight)

        return paths

    return of


def volterra(n: int) -> Callable[[jax.Array], tuple[jax.Array, jax.Array]]:
    """The hybrid scheme (Bennedsen, Lunde, Pakkanen 2017, κ = 1): Y is the first result times the steps of W, plus
    the second times normals of their own.

    Each row is scaled so that the variance of Y is t^2H exactly: averaging the kernel over a cell loses a little.
    """
    lag = np.subtract.outer(np.arange(n), np.arange(n))
    cells = np.arange(1, n + 1)
    times = cells / n

    def build(hurst: jax.Array) -> tuple[jax.Array, jax.Array]:
        power = hurst + 0.5
        kernel = (cells**power - (cells - 1.0) ** power) / power * n**-hurst * jnp.sqrt(2 * hurst)
        matrix = jnp.where(lag >= 0, kernel[jnp.clip(lag, 0)], 0.0)
        first = jnp.sqrt(jnp.maximum(1.0 - 2 * hurst / power**2, 0.0)) * n**-hurst
        scale = times**hurst / jnp.sqrt((matrix**2).sum(1) + first**2)
        return (matrix * scale[:, None]).astype(jnp.float32), (first * scale).astype(jnp.float32)

    return build


@lru_cache
def _leading_directions(n: int) -> tuple[jax.Array, jax.Array]:
    """For some H the orthogonal map I − B·T·Bᵀ that turns the first axes, the most even ones of a Sobol set, into
    the directions that move the paths of Y and W most: B `(8, 2n, 16)` and Tᵀ `(8, 16, 16)`.

    It is the compact form of a QR decomposition by Householder's reflections, so it costs a sixteenth of a rotation.
    """
    kernel = volterra(n)
    sum_of_w = np.hstack([np.tril(np.ones((n, n))) / np.sqrt(n), np.zeros((n, n))])
    parts = []
    for hurst in _HURSTS:
        with enable_x64():
            matrix, diagonal = (np.asarray(part, np.float64) for part in kernel(jnp.asarray(hurst)))
        y = np.hstack([matrix, np.diag(diagonal)])
        square = y.T @ y + sum_of_w.T @ sum_of_w
        directions = min(_DIRECTIONS, n)
        _, leading = scipy.sparse.linalg.eigsh(square, directions, v0=np.ones(2 * n))  # The same in every process.
        parts.append(_reflectors(leading[:, ::-1]))
    basis, triangle = (np.stack(part) for part in zip(*parts, strict=True))
    return jnp.asarray(basis, jnp.float32), jnp.asarray(triangle, jnp.float32)


def _reflectors(columns: Floats) -> tuple[Floats, Floats]:
    """B and Tᵀ such that the first columns of I − B·T·Bᵀ are the given orthonormal ones, but for their signs."""
    (packed, tau), _ = scipy.linalg.qr(columns, mode="raw")
    basis = np.tril(np.asarray(packed), -1) + np.eye(len(columns), columns.shape[1])
    triangle = np.zeros((len(tau), len(tau)))
    for at, factor in enumerate(tau):
        triangle[:at, at] = -factor * triangle[:at, :at] @ (basis[:, :at].T @ basis[:, at])
        triangle[at, at] = factor
    return basis, triangle.T
