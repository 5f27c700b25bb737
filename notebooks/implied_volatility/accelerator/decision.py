"""What of a training is good and what is not, by the numbers of its run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from implied_volatility.calibration.recovery import Recovery
from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.learning.curve import Point

_LEAST_GAIN = 0.1


class Line(NamedTuple):
    """A question to a training."""

    question: str
    found: str
    asked: str
    good: bool


def decide(metrics: Mapping[str, float], cells: Floats, points: Sequence[Point]) -> list[Line]:
    """The questions that decide whether a network may take its model's place, answered.

    Of the metrics of `evaluation.flat`, our mean errors by cell `(8, 11)` in percent, and a learning curve in rising
    order of rows.
    """
    mean, median = metrics["relative_error_mean_percent"], metrics["relative_error_median_percent"]
    noise = metrics["noise_mean_percent"]
    # Of exact labels more is asked.
    most = 0.27 if noise > 0 else 0.05
    maturity, strike = np.unravel_index(int(np.nanargmax(cells)), cells.shape)
    worst = f"{np.nanmax(cells):.2f} % at T {MATURITIES[maturity]:g}, K {STRIKES[strike]:g}"
    quiet = float(100 * np.mean(cells[np.isfinite(cells)] <= 0.5))
    paper = metrics["paper_relative_error_mean_percent"] / mean
    paper_median = metrics["paper_relative_error_median_percent"] / median
    arbitrage = [metrics[f"{kind}_violations_beyond_noise_percent"] for kind in ("butterfly", "calendar")]
    speed = metrics["simulation_microseconds_per_surface"] / metrics["microseconds_alone"]
    gain = 1 - points[-1].ours.mean / points[-2].ours.mean
    # Exact labels have no noise to compare with.
    over = "mean error over the noise of the test"
    beside_noise = Line(over, f"{mean:.3f} / {noise:.3f} %", "≤ 3 times", mean <= 3 * noise)
    return [
        Line("mean error", f"{mean:.3f} %", f"≤ {most:g} %", mean <= most),
        Line("median error", f"{median:.3f} %", "≤ 0.09 %", median <= 0.09),
        _at_most("99th percentile of the errors", metrics["relative_error_p99_percent"], 3.3, "%"),
        Line("worst cell", worst, "≤ 3 %", bool(np.nanmax(cells) <= 3)),
        Line("cells whose mean error is at most 0.5 %", f"{quiet:.0f} %", "≥ 90 %", quiet >= 90),
        *([beside_noise] if noise > 0 else []),
        Line("mean error, paper's over ours", f"{paper:.2f} times", "≥ 2.5 times", paper >= 2.5),
        Line("median error, paper's over ours", f"{paper_median:.2f} times", "≥ 4.5 times", paper_median >= 4.5),
        Line("gain of the last doubling of rows", f"{100 * gain:.0f} %", "< 10 %, or take more", gain < _LEAST_GAIN),
        Line(
            "butterfly, calendar violations beyond noise",
            "{:.3f}, {:.3f} %".format(*arbitrage),
            "≤ 0.1 %",
            max(arbitrage) <= 0.1,
        ),
        _at_most("a surface alone", metrics["microseconds_alone"], 100, "µs"),
        _at_most("a surface in a batch of 10,000", metrics["microseconds_per_surface"], 5, "µs"),
        Line("one surface, the model's time over the network's", f"{speed:,.0f} times", "≥ 100 times", speed >= 100),
    ]


def decide_calibration(recovered: Sequence[Recovery], noises: float, milliseconds: float) -> list[Line]:
    """The same for calibration on the network.

    Of the errors of each parameter, of how far a typical fit is from its surface when the model makes it again, in
    standard errors of both (NaN for a model without noise), and of the time that one surface takes.
    """
    told = [entry for entry in recovered if np.isfinite(entry.within_two)]
    least = min(told, key=lambda entry: entry.within_two, default=None)
    honest = "parameters within two stated errors, the worst of them"
    return [
        *([Line(honest, _share(least), "≥ 90 %", least.within_two >= 0.9)] if least else []),
        *([_at_most("a typical fit made again by the model", noises, 3, "noises")] if np.isfinite(noises) else []),
        _at_most("a calibration alone", milliseconds, 20, "ms"),
    ]


def _share(entry: Recovery) -> str:
    return f"{entry.symbol}: {100 * entry.within_two:.0f} %"


def _at_most(question: str, value: float, most: float, unit: str) -> Line:
    return Line(question, f"{value:.3g} {unit}", f"≤ {most:g} {unit}", value <= most)
