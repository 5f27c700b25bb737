"""Numbers per cell of the grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.pictures.style import luminance, panels, styled

_MAP = "Blues"
_WIDTH, _HEIGHT = 4.3, 3.1


@styled
def heat_maps(panels_: Sequence[tuple[str, Floats]], unit: str = "%", common_scale: bool = True) -> Figure:
    """One grid of numbers `(8, 11)` per panel, from white (0) to dark; NaN cells are hatched and without a number."""
    figure, [line] = panels(1, len(panels_), (_WIDTH * len(panels_) + 0.3, _HEIGHT), share_y=True)
    largest = [_largest(values) for _, values in panels_]
    for axes, (title, values), own in zip(line, panels_, largest, strict=True):
        _heat(axes, f"{title} ({unit})", values, max(largest) if common_scale else own)
    line[0].set_ylabel("maturity (years)")
    return figure


@styled
def error_maps(ours: Floats, paper: Floats, noise: Floats, ratio: bool = True) -> Figure:
    """Mean relative errors per cell in percent, `(8, 11)` each, on one scale: our network, the paper's recipe and the
    noise of what they are judged by, if any; with `ratio` also how many times ours the paper's is."""
    maps = [("our network (%)", ours), ("paper's recipe (%)", paper), ("noise of the test surfaces (%)", noise)]
    maps = maps if np.nanmax(noise, initial=0.0) > 0 else maps[:2]
    count = len(maps) + ratio
    rows = 2 if count == 4 else 1
    columns = count // rows
    figure, grid = panels(rows, columns, (_WIDTH * columns + 0.8, _HEIGHT * rows), share_x=True, share_y=True)
    flat = [axes for line in grid for axes in line]
    largest = max(map(_largest, (ours, paper, noise)))
    for axes, (title, values) in zip(flat, maps, strict=False):
        shades = _heat(axes, title, values, largest)
    figure.colorbar(shades, ax=flat, label="mean relative error of the volatility (%)", aspect=35, pad=0.01)
    if ratio:
        times = np.divide(paper, ours, out=np.full(ours.shape, np.nan), where=ours > 0)
        # Its own scale: a factor is no percentage.
        _heat(flat[-1], "paper's / ours (times)", times, 1.6 * _largest(times))
    for line in grid:
        line[0].set_ylabel("maturity (years)")
    for axes in (axes for line in grid[:-1] for axes in line):
        axes.set_xlabel("")
    return figure


def _largest(values: Floats) -> float:
    return max(float(np.nanmax(values, initial=0.0)), 1e-12)


def _heat(axes: Axes, title: str, values: Floats, largest: float) -> ScalarMappable:
    # The root keeps the small numbers of the middle apart from each other.
    norm = PowerNorm(0.5, vmin=0.0, vmax=largest)
    axes.patch.set(hatch="////", edgecolor="0.75", facecolor="white")
    image = axes.imshow(values, cmap=_MAP, norm=norm, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        if np.isfinite(value):
            color = "white" if luminance(image.cmap(norm(float(value)))[:3]) < 0.5 else "black"
            axes.text(j, i, _short(float(value)), ha="center", va="center", fontsize=7, color=color)
    axes.grid(visible=False)
    axes.set_xticks(range(len(STRIKES)), [f"{strike:g}" for strike in STRIKES])
    axes.set_yticks(range(len(MATURITIES)), [f"{maturity:g}" for maturity in MATURITIES])
    axes.set(xlabel="strike / spot", title=title)
    return image


def _short(value: float) -> str:
    if value == 0:
        return "0"
    return f"{value:.2f}" if value < 9.995 else f"{value:.0f}"
