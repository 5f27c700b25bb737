"""Out-of-the-money prices of the Heston model by an integral along a bent contour: relative accuracy in any wing.

With M(s) = E[S_T^s], which exists for s in an interval around [0, 1] (Andersen and Piterbarg 2007), an option at
strike K costs

    1/(2πi)·∫ M(s)·K^(1−s)/(s·(s−1)) ds

up the complex plane: right of 1 it is the call, left of 0 the put. On the real axis the integrand has a minimum there,
its saddle point. The contour leaves the axis near it as a hyperbola that bends to where the integrand falls fastest,
so that nothing cancels and the trapezoidal rule converges exponentially (Boyarchenko and Levendorskiĭ 2019, "sinh
acceleration"). M has no singularities but on the real axis (Lucic 2007), so bending is allowed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from implied_volatility.grid import MATURITIES, STRIKES, Floats

_POINTS = 48
"""On half a contour, the other half being its mirror image."""

_HALF_ERROR = 1e-3
"""Relative error with half the points beyond which a price does not count as resolved."""

_FALL = 38.0
"""The contour ends where the integrand has fallen by about exp(−38) < 1e-16."""

_STEEPEST = 0.7
"""Largest bend of the contour against the vertical, in radians: it keeps off the singularities on the real axis."""

_BISECTIONS, _HALVINGS, _SECANTS = 28, 6, 5
"""Steps towards the singularity and the saddle point; 0.1 widths off it cost nothing."""

_Complexes = NDArray[np.complex128]


def log_otm_prices(parameters: Floats, maturities: Floats = MATURITIES, strikes: Floats = STRIKES) -> Floats:
    """Logarithms of out-of-the-money prices, undiscounted, spot 1, shape `(n, maturities, strikes)`.

    `parameters` `(n, 5)` are v₀, ρ, σ, θ, κ. Puts below strike 1, calls from there on. NaN where the integral cannot
    be resolved. On the grid and up to 64 rows, a row's bytes do not depend on the rows beside it: that is why arrays
    are filled out to whole rows of 88 before anything else, so that numpy's loops find every row alike.
    """
    shape = (len(parameters), len(maturities), len(strikes))
    columns = (*(column[:, None, None] for column in parameters.T), maturities[:, None], np.log(strikes))
    v0, rho, sigma, theta, kappa, maturity, k = (np.array(np.broadcast_to(c, shape), order="C") for c in columns)
    model = (v0, rho, sigma, theta, kappa, maturity)
    with np.errstate(all="ignore"):
        start, width, curvature = _saddle(model, k)
        # Far out, log M(s) is about s·V·(i·√(1−ρ²) − ρ)/σ in the upper half plane, with V = v₀ + κθT. Where M is
        # gone before that, like a normal density's transform, a bend would only turn its phase.
        fall = (v0 + kappa * theta * maturity) / sigma
        along, across = k + rho * fall, np.sqrt(1 - rho**2) * fall
        bend = np.clip(np.arctan2(along, across), -_STEEPEST, _STEEPEST) / (1 + across**2 / (10 * curvature))
        rate = across * np.cos(bend) + along * np.sin(bend)
        end = np.arcsinh(np.sqrt(2 * _FALL / curvature + (_FALL / rate) ** 2) / width)
        logs = np.empty(shape)
        for row in range(len(parameters)):
            contour = tuple(array[row, ..., None] for array in (start, width * np.sin(bend), width * np.cos(bend), end))
            logs[row] = _integral(tuple(array[row, ..., None] for array in model), k[row, ..., None], contour)
    return logs


def _integral(model: tuple[Floats, ...], k: Floats, contour: tuple[Floats, ...]) -> Floats:
    """Logarithm of the integral along s(t) = start + right·(cosh t − 1) + i·up·sinh t, t from 0 to `end`."""
    start, right, up, end = contour
    step = end / _POINTS
    t = step * np.arange(_POINTS)
    sinh, cosh = np.sinh(t), np.cosh(t)
    s = (start + right * (cosh - 1)) + 1j * (up * sinh)
    slope = right * sinh + 1j * (up * cosh)
    exponent = log_moment(model, s) - k * (s - 1)
    peak = exponent.real[..., :1].copy()
    height = (np.exp(exponent - peak) * slope / (s * (s - 1))).imag
    height[..., 0] *= 0.5
    total, coarse = height.sum(axis=-1), 2 * height[..., ::2].sum(axis=-1)
    # The error is about the square of that of half the points.
    resolved = np.abs(coarse - total) < _HALF_ERROR * total
    return np.where(resolved, peak[..., 0] + np.log(total * step[..., 0] / np.pi), np.nan)


def log_moment(model: tuple[Floats, ...], s: _Complexes) -> _Complexes:
    """log E[S_T^s] for complex `s` in the strip where the moment exists; `model` is v₀, ρ, σ, θ, κ, T.

    The "little trap" of Albrecher, Mayer, Schoutens and Tistaert (2007), written without a division by σ² of what
    goes to 0 with σ.
    """
    v0, rho, sigma, theta, kappa, maturity = (value.astype(np.complex128) for value in model)
    q = s * (s - 1)
    b = kappa - (rho * sigma) * s
    d = np.sqrt(b * b - (sigma * sigma) * q)
    r = q / (b + d)
    m = (q / (2 * d)) * (1 - np.exp(-maturity * d))
    z = (sigma * sigma) * m / (b + d)
    x, y = z.real, z.imag
    # numpy's complex log1p has no digits of small numbers.
    log = 0.5 * np.log1p(x * (2 + x) + y * y) + 1j * np.arctan2(y, 1 + x)
    return np.asarray((kappa * theta) * (maturity * r - (2 / (sigma * sigma)) * log) + v0 * (m / (1 + z)))


def _room(model: tuple[Floats, ...], side: Floats) -> Floats:
    """How far right of 1 (side 1) or left of 0 (side −1) moments exist: where the explosion time comes down to T."""
    _, rho, sigma, _, kappa, maturity = model
    low, high = np.full(side.shape, -30.0), np.full(side.shape, 45.0)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        x = np.exp(middle)
        b = kappa - rho * sigma * np.where(side > 0, 1 + x, -x)
        square = b * b - (sigma * sigma) * x * (1 + x)
        root = np.sqrt(np.abs(square))
        waves = 2 * np.arctan2(root, -b) / root
        grows = np.where(b < 0, 2 * np.arctanh(root / -b) / root, np.inf)
        exists = np.where(square < 0, waves, grows) > maturity
        low, high = np.where(exists, middle, low), np.where(exists, high, middle)
    return np.asarray(np.exp(low))


def _saddle(model: tuple[Floats, ...], k: Floats) -> tuple[Floats, Floats, Floats]:
    """Where the contour crosses the real axis, the width of the integrand there, and the curvature of log M.

    It minimises log of M(s)·K^(1−s)/(s·(s−1)) plus a barrier −log(distance to the singularity), which keeps the
    contour away from a singularity too weak to make a saddle point of its own.
    """
    side, edge = np.where(k >= 0, 1.0, -1.0), np.where(k >= 0, 1.0, 0.0)
    ends = np.stack([np.full(k.shape[:2], -1.0), np.full(k.shape[:2], 1.0)], axis=-1)
    left, right_of_one = np.moveaxis(_room(tuple(np.stack([v[..., 0]] * 2, axis=-1) for v in model), ends), -1, 0)
    room: Floats = np.where(k >= 0, right_of_one[..., None], left[..., None])

    def tilt(x: Floats) -> Floats:
        tiny = 1e-6 * np.minimum(x, room - x)
        return np.asarray(side * (log_moment(model, (edge + side * x) + 1j * tiny).imag / tiny - k))

    def at(u: Floats) -> tuple[Floats, Floats]:
        share, rest = 1 / (1 + np.exp(-u)), 1 / (1 + np.exp(u))
        x = room * share
        value = room * share * rest * tilt(x) - rest - x * rest / (x + 1) + share
        return x, value / (1 + np.abs(value))

    low, high = np.full(room.shape, -40.0), np.full(room.shape, 15.0)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        right = at(middle)[1] > 0
        low, high = np.where(right, low, middle), np.where(right, middle, high)
    below, above = at(low)[1], at(high)[1]
    # "Illinois": the secant, with an end that stays put pulled towards the other.
    for _ in range(_SECANTS):
        middle = np.clip((low * above - high * below) / (above - below), low, high)
        x, value = at(middle)
        right = value > 0
        low, high = np.where(right, low, middle), np.where(right, middle, high)
        below, above = np.where(right, 0.5 * below, value), np.where(right, value, 0.5 * above)
    near = 1e-4 * np.minimum(x, room - x)
    curvature = (tilt(x + near) - tilt(x - near)) / (2 * near)
    width = 1 / np.sqrt(curvature + x**-2.0 + (1 + x) ** -2.0 + (room - x) ** -2.0)
    return edge + side * x, width, curvature
