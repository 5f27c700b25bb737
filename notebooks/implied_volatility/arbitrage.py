"""Static arbitrage in surfaces of implied volatility, on the grid's own points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from implied_volatility.black import otm_price
from implied_volatility.grid import MATURITIES, STRIKES, Floats


class Violations(NamedTuple):
    """Shares in percent of the places where the inequality could be checked."""

    butterfly: float
    """A call price that is not convex in the strike: a negative probability."""
    calendar: float
    """A call price that falls with maturity (rates are zero)."""


def violations(volatility: Floats, tolerance: float = 1e-6) -> Violations:
    """Counts on surfaces `(rows, 8, 11)`; NaN cells are not checked. `tolerance` is in price, of a spot of 1."""
    price = np.full(volatility.shape, np.nan)
    known = np.isfinite(volatility)
    total = volatility * np.sqrt(MATURITIES)[:, None]
    price[known] = otm_price(np.broadcast_to(STRIKES, volatility.shape)[known], total[known])
    call = price + np.maximum(1.0 - STRIKES, 0.0)
    convexity = call[..., :-2] - 2 * call[..., 1:-1] + call[..., 2:]
    growth = np.diff(call, axis=-2)
    return Violations(_share(convexity < -tolerance, convexity), _share(growth < -tolerance, growth))


def _share(broken: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], checked: Floats) -> float:
    places = int(np.isfinite(checked).sum())
    return 100.0 * float(broken.sum()) / places if places else 0.0
