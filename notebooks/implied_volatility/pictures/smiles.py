"""Smiles: implied volatility by strike, a panel per maturity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.pictures.style import OURS, PAPER, POINTS, Look, ordered, panels, styled
from implied_volatility.surfaces import Surfaces

_STRIKE = "strike / spot"
_VOLATILITY = "implied volatility (%)"
_MISFIT = "difference\n(vol. points)"
_SHOWN = (0, 2, 7)


@styled
def one_surface(simulated: Surfaces, row: int = 0, title: str = "One surface") -> Figure:
    """Smiles of one surface of arrays `(rows, 8, 11)`, a line per maturity, with bars of two standard errors."""
    figure, [[axes]] = panels(size=(7.5, 4.2))
    for index, look in enumerate(ordered(len(MATURITIES))):
        axes.errorbar(
            STRIKES,
            100 * simulated.volatility[row, index],
            yerr=_bars(simulated, (row, index)),
            elinewidth=0.9,
            label=f"{MATURITIES[index]:g}",
            **look.line(),
        )
    bars = ", bars of 2 standard errors" if _has_errors(simulated) else ""
    axes.set(xlabel=_STRIKE, ylabel=_VOLATILITY, title=title + bars)
    axes.set_xticks(STRIKES)
    figure.legend(*axes.get_legend_handles_labels(), title="maturity (years)", loc="outside right upper")
    return figure


@styled
def smiles(
    simulated: Surfaces,
    ours: Floats,
    paper: Floats,
    rows: Sequence[int],
    titles: Sequence[str],
    shown: Sequence[int] = _SHOWN,
) -> Figure:
    """Networks against the model on surfaces that training never saw.

    All surfaces are `(n, 8, 11)`; `rows` names those that are drawn, one line of panels each, with `titles` beside
    them; `shown` are the numbers of the maturities. The narrow panels show prediction − model.
    """
    curves = [
        ("paper's recipe", paper, Look(PAPER.color, PAPER.linestyle)),
        ("our network", ours, Look(OURS.color, OURS.linestyle)),
    ]
    name = "simulation" if _has_errors(simulated) else "formula"
    figure = _compare(simulated, name, curves, rows, titles, shown)
    figure.suptitle("Surfaces that training never saw")
    return figure


@styled
def calibration(
    given: Surfaces,
    start: Floats,
    fitted: Floats,
    rows: Sequence[int],
    titles: Sequence[str],
    shown: Sequence[int] = _SHOWN,
) -> Figure:
    """The market, the first guess and the fit: surfaces `(n, 8, 11)`; `rows`, `titles`, `shown` as in `smiles`."""
    curves = [
        ("first guess", start, Look(PAPER.color, PAPER.linestyle)),
        ("fit", fitted, Look(OURS.color, OURS.linestyle)),
    ]
    figure = _compare(given, "market", curves, rows, titles, shown, judged=1)
    figure.suptitle("Calibration: before and after")
    return figure


def _compare(
    points: Surfaces,
    name: str,
    curves: Sequence[tuple[str, Floats, Look]],
    rows: Sequence[int],
    titles: Sequence[str],
    shown: Sequence[int],
    judged: int = 2,
) -> Figure:
    """Per row a line of smiles and, below it, what the last `judged` curves miss the points by."""
    if len(titles) != len(rows):
        raise ValueError(f"{len(rows)} rows to draw, but {len(titles)} titles")
    count = len(rows)
    figure, grid = panels(
        2 * count,
        len(shown),
        (3.2 * len(shown), 3.5 * count + 0.4),
        heights=[2.6, 1.0] * count,
        share_x=True,
        share_y="row",
    )
    for line, row in enumerate(rows):
        for column, maturity in enumerate(shown):
            at = (row, maturity)
            _smile(grid[2 * line][column], points, name, curves, at)
            _misfit(grid[2 * line + 1][column], points, curves[-judged:], at)
        grid[2 * line][0].set_ylabel(f"{titles[line]}\n{_VOLATILITY}")
        grid[2 * line + 1][0].set_ylabel(_MISFIT)
    for axes in grid[-1]:
        axes.set_xlabel(_STRIKE)
        axes.set_xticks(STRIKES[::2])
    figure.align_ylabels()
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), handlelength=2.6)
    return figure


def _smile(
    axes: Axes, points: Surfaces, name: str, curves: Sequence[tuple[str, Floats, Look]], at: tuple[int, int]
) -> None:
    for label, values, look in curves:
        axes.plot(STRIKES, 100 * values[at], label=label, **look.line())
    bars = " ± 2 standard errors" if _has_errors(points) else ""
    axes.errorbar(STRIKES, 100 * points.volatility[at], yerr=_bars(points, at), label=name + bars, **POINTS)
    axes.set_title(f"maturity {MATURITIES[at[1]]:g} years")


def _misfit(axes: Axes, points: Surfaces, curves: Sequence[tuple[str, Floats, Look]], at: tuple[int, int]) -> None:
    for _, values, look in curves:
        axes.plot(STRIKES, 100 * (values[at] - points.volatility[at]), marker=".", color=look.color, ls=look.linestyle)
    axes.errorbar(STRIKES, np.where(points.valid[at], 0.0, np.nan), yerr=_bars(points, at), **{**POINTS, "fmt": "none"})
    axes.axhline(0.0, color="black", linewidth=0.6)


def _bars(points: Surfaces, at: tuple[int, int]) -> Any:
    return 200 * points.standard_error[at] if _has_errors(points) else None


def _has_errors(surfaces: Surfaces) -> bool:
    return bool((surfaces.standard_error[surfaces.valid] > 0).any())
