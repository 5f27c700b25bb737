"""Calibrated parameters against those that made the surfaces."""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from implied_volatility.grid import Floats
from implied_volatility.models.base import Model
from implied_volatility.pictures.style import OURS, panels, styled

_COLUMNS = 4


@styled
def recovery(true: Floats, fitted: Floats, standard_errors: Floats, model: Model) -> Figure:
    """Recovered against true parameters, arrays `(n, P)`, with bars of two standard errors, a panel per parameter.

    Axes span the model's box; the diagonal is a perfect recovery. A fit without an error (NaN) has no bar.
    """
    count = len(model.parameters)
    columns = min(_COLUMNS, count) if count != 5 else 3
    rows = math.ceil(count / columns)
    figure, grid = panels(rows, columns, (2.45 * columns, 2.45 * rows + 0.3))
    flat = [axes for line in grid for axes in line]
    for index, (axes, parameter) in enumerate(zip(flat, model.parameters, strict=False)):
        # A standard error beyond the box says no more than one of the box's size.
        bars = (2 * standard_errors[:, index]).clip(max=parameter.upper - parameter.lower)
        axes.errorbar(
            true[:, index],
            fitted[:, index],
            yerr=bars,
            fmt="o",
            color=OURS.color,
            ecolor="0.7",
            markersize=2.5,
            markeredgewidth=0.0,
            elinewidth=0.7,
            capsize=0,
        )
        axes.axline((parameter.lower, parameter.lower), slope=1.0, color="black", linewidth=0.8, zorder=3)
        room = 0.05 * (parameter.upper - parameter.lower)
        axes.set_xlim(parameter.lower - room, parameter.upper + room)
        axes.set_ylim(parameter.lower - room, parameter.upper + room)
        axes.set_aspect("equal")
        axes.locator_params(nbins=4)
        axes.set_title(parameter.symbol)
    for axes in flat[count:]:
        axes.remove()
    figure.supxlabel("true parameter (time in years)", fontsize=9)
    figure.supylabel("recovered ± 2 standard errors (time in years)", fontsize=9)
    return figure
