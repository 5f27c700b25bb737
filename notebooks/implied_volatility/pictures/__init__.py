"""The pictures of the notebooks: Matplotlib figures that read well in grey, and their PNG bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.learning.descent import Fit
from implied_volatility.surfaces import Surfaces

_STYLE = {
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.9",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}
_DARK, _LIGHT = "#0b3d66", "#e07b00"


def png(figure: Figure) -> bytes:
    """The figure as a PNG of 150 dots per inch."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=150, metadata={"Software": None})
    return file.getvalue()


def one_surface(simulated: Surfaces, row: int = 0) -> Figure:
    """Smiles of one simulated surface, a line per maturity, with bars of two standard errors."""
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(figsize=(7.5, 4.2))
        shades = np.linspace(0.0, 0.72, len(MATURITIES))
        markers = "osD^v<>P"
        for index, maturity in enumerate(MATURITIES):
            axes.errorbar(
                STRIKES,
                100 * simulated.volatility[row, index],
                yerr=200 * simulated.standard_error[row, index],
                color=str(shades[index]),
                marker=markers[index],
                markersize=4,
                linewidth=1.2,
                elinewidth=0.8,
                label=f"{maturity:g} years",
            )
        axes.set(
            xlabel="strike / spot", ylabel="implied volatility (%)", title="One surface of rough Bergomi, simulated"
        )
        axes.set_xticks(STRIKES)
        axes.legend(title="maturity", fontsize=8)
    return figure


def smiles(
    simulated: Surfaces,
    ours: Floats,
    paper: Floats,
    rows: Sequence[int],
    titles: Sequence[str],
    shown: Sequence[int] = (0, 2, 7),
) -> Figure:
    """Networks against simulation: a line of panels per row of the table, a panel per shown maturity."""
    with plt.rc_context(_STYLE):
        figure, grid = plt.subplots(
            len(rows), len(shown), figsize=(9.5, 2.9 * len(rows)), sharex=True, squeeze=False, sharey="row"
        )
        for line, row in enumerate(rows):
            for column, maturity in enumerate(shown):
                _smile(grid[line][column], simulated, ours, paper, row, maturity)
            grid[line][0].set_ylabel(f"{titles[line]}\nimplied volatility (%)")
        for axes in grid[-1]:
            axes.set_xlabel("strike / spot")
        grid[0][-1].legend(fontsize=8)
        figure.suptitle("Surfaces that training never saw")
    return figure


def _smile(axes: Axes, simulated: Surfaces, ours: Floats, paper: Floats, row: int, maturity: int) -> None:
    axes.plot(STRIKES, 100 * paper[row, maturity], color=_LIGHT, linestyle="--", linewidth=1.4, label="paper's recipe")
    axes.plot(STRIKES, 100 * ours[row, maturity], color=_DARK, linewidth=1.4, label="our network")
    axes.errorbar(
        STRIKES,
        100 * simulated.volatility[row, maturity],
        yerr=200 * simulated.standard_error[row, maturity],
        color="black",
        fmt="o",
        markersize=3.5,
        markerfacecolor="white",
        elinewidth=0.8,
        capsize=2,
        label="simulation ± 2 standard errors",
    )
    axes.set_title(f"maturity {MATURITIES[maturity]:g} years", fontsize=9)


def heat_maps(panels: Sequence[tuple[str, Floats]], unit: str = "%", common_scale: bool = True) -> Figure:
    """One grid of numbers `(8, 11)` per panel, from white (0) to dark; NaN cells are empty."""
    with plt.rc_context({**_STYLE, "axes.grid": False}):
        figure, grid = plt.subplots(1, len(panels), figsize=(5.4 * len(panels), 3.8), squeeze=False, sharey=True)
        maxima = [max(float(np.nanmax(values)), 1e-12) for _, values in panels]
        for axes, (title, values), own in zip(grid[0], panels, maxima, strict=True):
            largest = max(maxima) if common_scale else own
            # The root keeps the small numbers of the middle apart from each other.
            axes.imshow(np.sqrt(values), cmap="Greys", vmin=0, vmax=1.5 * np.sqrt(largest), aspect="auto")
            for (i, j), value in np.ndenumerate(values):
                if np.isfinite(value):
                    dark = np.sqrt(value / largest) > 0.85
                    axes.text(
                        j,
                        i,
                        _short(float(value)),
                        ha="center",
                        va="center",
                        fontsize=7,
                        color="white" if dark else "black",
                    )
            axes.set_xticks(range(len(STRIKES)), [f"{strike:g}" for strike in STRIKES])
            axes.set_yticks(range(len(MATURITIES)), [f"{maturity:g}" for maturity in MATURITIES])
            axes.set(xlabel="strike / spot", title=f"{title} ({unit})")
        grid[0][0].set_ylabel("maturity (years)")
    return figure


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.0f}"


def learning_curves(fits: Sequence[tuple[str, Fit]]) -> Figure:
    """Loss by epoch in training and validation, a panel per fit, for each has a loss of its own."""
    with plt.rc_context(_STYLE):
        figure, grid = plt.subplots(1, len(fits), figsize=(4.8 * len(fits), 3.4), squeeze=False)
        for axes, (title, fit) in zip(grid[0], fits, strict=True):
            epochs = np.arange(1, len(fit.training_loss) + 1)
            axes.semilogy(epochs, fit.training_loss, color=_LIGHT, linestyle="--", linewidth=1.2, label="training")
            axes.semilogy(epochs, fit.validation_loss, color=_DARK, linewidth=1.2, label="validation")
            axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_locator(NullLocator())
            axes.set(xlabel="epoch", title=f"{title}, {fit.seconds:.1f} s")
            axes.legend(fontsize=8)
        grid[0][0].set_ylabel("loss per cell (standardised)")
    return figure
