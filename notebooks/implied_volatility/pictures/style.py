"""How every picture looks: in colour, and in grey, where luminance, line style and marker tell series apart."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, ParamSpec

import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.legend import Legend

_STYLE = {
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "figure.titlesize": 10.5,
    "legend.fontsize": 8.0,
    "legend.title_fontsize": 8.0,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.0,
    "errorbar.capsize": 2.0,
    "mathtext.fontset": "dejavusans",
    "figure.constrained_layout.use": True,
}
DOTS_PER_INCH = 150


class Look(NamedTuple):
    """How one series is drawn; its names are those of Matplotlib's `plot`."""

    color: str
    linestyle: str | tuple[float, tuple[float, ...]] = "-"
    marker: str = ""

    def line(self) -> dict[str, Any]:
        """Arguments of `plot`, with markers that stay apart from their line in grey."""
        return {**self._asdict(), "markeredgecolor": "white", "markeredgewidth": 0.5}


OURS = Look("#0b3d66", "-", "o")
PAPER = Look("#e07b00", "--", "s")
NOISE = Look("#b5b5b5", ":", "^")
REFERENCE: dict[str, Any] = {"color": "0.45", "linestyle": (0, (1, 1.5)), "linewidth": 1.0}
"""Lines to compare a slope with; they are no data."""
POINTS: dict[str, Any] = {
    "color": "black",
    "fmt": "o",
    "markersize": 3.5,
    "markerfacecolor": "white",
    "markeredgewidth": 0.9,
    "elinewidth": 0.8,
}
"""Points with error bars: what a curve has to meet."""

_MARKERS = "osD^v<>P"
_LINES: tuple[str | tuple[float, tuple[float, ...]], ...] = ("-", "--", "-.", (0, (4, 1, 1, 1, 1, 1)))


def ordered(count: int) -> list[Look]:
    """`count` series in order, from dark to light; at most eight can be told apart in grey."""
    if not 1 <= count <= len(_MARKERS):
        raise ValueError(f"{count} series in one panel: from 1 to {len(_MARKERS)} can be told apart")
    colors = mpl.colormaps["cividis"](np.linspace(0.0, 0.86, count) if count > 1 else [0.0])
    return [Look(to_hex(c), _LINES[i % len(_LINES)], _MARKERS[i]) for i, c in enumerate(colors)]


def luminance(color: Any) -> float:
    """From 0 (black) to 1 (white), as a grey printer sees it (ITU-R BT.601)."""
    return float(np.dot(to_rgb(color), (0.299, 0.587, 0.114)))


def _style() -> AbstractContextManager[None]:
    return mpl.style.context(_STYLE, after_reset=True)


_P = ParamSpec("_P")


def styled(make: Callable[_P, Figure]) -> Callable[_P, Figure]:
    """Makes the picture in this style, whatever the caller's own is."""

    @functools.wraps(make)
    def made(*args: _P.args, **kwargs: _P.kwargs) -> Figure:
        with _style():
            return make(*args, **kwargs)

    return made


def panels(
    rows: int = 1,
    columns: int = 1,
    size: tuple[float, float] = (5.4, 3.8),
    *,
    heights: Sequence[float] | None = None,
    share_x: bool = False,
    share_y: bool | Literal["row"] = False,
) -> tuple[Figure, list[list[Axes]]]:
    """An empty figure and its panels by row and column; `size` is that of the whole in inches.

    It belongs to the caller alone: pyplot does not know it, so nothing has to be closed.
    """
    figure = Figure(figsize=size)
    grid = figure.subplots(
        rows, columns, squeeze=False, sharex=share_x, sharey=share_y, gridspec_kw={"height_ratios": heights}
    )
    for axes in grid.flat:
        # Ticks that are made when the figure is drawn would take the caller's style.
        axes.tick_params(which="both", labelsize=8.5, colors="black", grid_color="0.9", grid_linewidth=0.7)
    return figure, [list(line) for line in grid]


def legend(axes: Axes, **options: Any) -> Legend:
    """A legend whose line samples are long enough to show the line style."""
    return axes.legend(**{"handlelength": 2.6, **options})


def png(figure: Figure) -> bytes:
    """The figure as a PNG of 150 dots per inch."""
    file = io.BytesIO()
    with _style():
        figure.savefig(file, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return file.getvalue()
