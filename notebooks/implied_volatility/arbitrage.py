"""Static arbitrage in surfaces of implied volatility, on the grid's own points: where, how large, and beyond noise.

Call prices at one maturity, with 1 at strike 0 and 0 at strike ∞, must be convex in the strike, and at one strike
they must not fall with maturity. The two together exclude static arbitrage in finitely many quotes (Carr, Madan 2005;
Davis, Hobson 2007). Rates are zero: a fixed strike is a fixed log-moneyness, and a call that does not fall is total
variance that does not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from implied_volatility.black import otm_price, otm_vega, total_volatility
from implied_volatility.grid import MATURITIES, STRIKES, Floats

_Indices = NDArray[np.int64]
_Cells = NDArray[np.bool_]


class Breaches(NamedTuple):
    """How often an inequality between prices is broken, and by how much; sizes are 0 where it never is.

    Its size in volatility points (0.01) is what one volatility would have to move: that of the middle option of a
    butterfly, that of the later one of a calendar spread.
    """

    checked: int
    broken: int
    beyond_noise: int
    """Of the broken, those larger than the noise of the prices in them."""
    largest: float
    """In price, of a spot of 1."""
    mean: float
    """In price, over the broken."""
    largest_points: float
    mean_points: float

    @property
    def percent(self) -> float:
        """Share of the checked places that are broken."""
        return 100.0 * self.broken / self.checked if self.checked else 0.0

    @property
    def percent_beyond_noise(self) -> float:
        """Share of the checked places that are broken beyond noise."""
        return 100.0 * self.beyond_noise / self.checked if self.checked else 0.0


class Violations(NamedTuple):
    """Shares in percent of the places where the inequality could be checked, and what is behind them."""

    butterfly: float
    """A call price that is not convex in the strike: a negative probability."""
    calendar: float
    """A call price that falls with maturity (rates are zero)."""
    butterflies: Breaches
    calendars: Breaches


def violations(
    volatility: Floats,
    tolerance: float = 1e-6,
    *,
    standard_error: ArrayLike | None = None,
    errors: float = 2.0,
    strikes: Floats = STRIKES,
    maturities: Floats = MATURITIES,
) -> Violations:
    """Counts on surfaces `(rows, maturities, strikes)`, in price of a spot of 1 and beyond `tolerance`.

    A butterfly spans the nearest valid strikes on both sides, a calendar spread goes to the nearest valid earlier
    maturity: NaN cells are stepped over. `standard_error`, of the volatilities and broadcast to their shape, says
    what is noise: a breach of more than `errors` standard errors of its inequality, taken to the prices by their vega
    and added as if cells were independent, is beyond it. Errors of one simulation rise and fall together, so their
    inequalities are better known than that. Without it every breach is beyond noise.

    ValueError for arrays that do not fit each other, and for a volatility without a standard error.
    """
    if volatility.ndim != 3 or volatility.shape[1:] != (len(maturities), len(strikes)):
        wanted = f"(rows, {len(maturities)}, {len(strikes)})"
        raise ValueError(f"surfaces of shape {volatility.shape}, but maturities and strikes make {wanted}")
    known = np.isfinite(volatility)
    given = np.broadcast_to(0.0 if standard_error is None else np.asarray(standard_error), volatility.shape)
    if not (given[known] >= 0).all():
        raise ValueError("a volatility has no standard error, or a negative one")
    root = np.sqrt(maturities)[:, None]
    k = np.broadcast_to(strikes, volatility.shape)
    total = np.where(known, volatility, 1.0) * root
    otm = otm_price(k, total)
    call = np.where(known, otm + np.maximum(1.0 - k, 0.0), 0.0)
    noise = np.where(known, otm_vega(k, total) * root * np.where(known, given, 0.0), 0.0)

    def breaches(gap: Floats, spread: Floats, checked: _Cells, mend: float) -> Breaches:
        broken = checked & (gap < -tolerance)
        size = -gap[broken]
        mended = total_volatility(k[broken], otm[broken] + mend * size)
        # The price that mends a butterfly may be 0, and the volatility with it.
        moved = np.abs(np.nan_to_num(mended) - total[broken])
        points = 100 * moved / np.broadcast_to(root, broken.shape)[broken]
        return Breaches(
            checked=int(checked.sum()),
            broken=len(size),
            beyond_noise=int((size > errors * spread[broken]).sum()),
            largest=float(size.max(initial=0.0)),
            mean=float(size.mean()) if len(size) else 0.0,
            largest_points=float(points.max(initial=0.0)),
            mean_points=float(points.mean()) if len(size) else 0.0,
        )

    butterflies = breaches(*_butterfly(call, noise, known, k), mend=-1.0)
    calendars = breaches(*_calendar(call, noise, known), mend=1.0)
    return Violations(butterflies.percent, calendars.percent, butterflies, calendars)


def _butterfly(call: Floats, noise: Floats, known: _Cells, k: Floats) -> tuple[Floats, Floats, _Cells]:
    """How far the chord between a strike's neighbours lies above its price, and the standard error of that."""
    last = call.shape[2] - 1
    before, after = _previous(known), last - _previous(known[..., ::-1])[..., ::-1]
    first, final = before < 0, after > last
    lower = np.where(first, 0.0, _take(k, before))
    upper = _take(k, after)
    # At infinity the call is worth nothing and the chord is flat.
    share = np.where(final, 0.0, (k - lower) / np.where(final, 1.0, upper - lower))
    left = np.where(first, 1.0, _take(call, before))
    left_noise, right_noise = np.where(first, 0.0, _take(noise, before)), _take(noise, after)
    gap = (1 - share) * left + share * _take(call, after) - call
    return gap, np.sqrt(((1 - share) * left_noise) ** 2 + (share * right_noise) ** 2 + noise**2), known


def _calendar(call: Floats, noise: Floats, known: _Cells) -> tuple[Floats, Floats, _Cells]:
    """How much a call is worth more than the one that ends before it, and the standard error of that."""
    before = np.swapaxes(_previous(np.swapaxes(known, 1, 2)), 1, 2)
    earlier, earlier_noise = (np.take_along_axis(values, np.maximum(before, 0), axis=1) for values in (call, noise))
    return call - earlier, np.hypot(noise, earlier_noise), known & (before >= 0)


def _previous(known: _Cells) -> _Indices:
    """Index on the last axis of the nearest known cell before each cell, −1 where there is none."""
    marked = np.where(known, np.arange(known.shape[-1]), -1)
    until = np.maximum.accumulate(marked, axis=-1)
    return np.concatenate([np.full_like(until[..., :1], -1), until[..., :-1]], axis=-1)


def _take(values: Floats, index: _Indices) -> Floats:
    return np.take_along_axis(values, np.clip(index, 0, values.shape[-1] - 1), axis=-1)
