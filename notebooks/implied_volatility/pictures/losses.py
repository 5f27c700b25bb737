"""What training did, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from implied_volatility.learning.descent import Fit
from implied_volatility.pictures.style import OURS, PAPER, legend, panels, styled


@styled
def learning_curves(fits: Sequence[tuple[str, Fit]]) -> Figure:
    """Losses `(epochs,)` in training and validation, a panel per fit, for each has a loss of its own."""
    figure, [line] = panels(1, len(fits), (4.6 * len(fits), 3.4))
    for axes, (title, fit) in zip(line, fits, strict=True):
        epochs = np.arange(1, len(fit.training_loss) + 1)
        for label, losses, look in (
            ("training", fit.training_loss, PAPER),
            ("validation", fit.validation_loss, OURS),
        ):
            axes.semilogy(epochs, losses, color=look.color, linestyle=look.linestyle, linewidth=1.2, label=label)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set(xlabel="epoch", title=f"{title}, trained in {fit.seconds:.1f} s")
        legend(axes)
    line[0].set_ylabel("loss per cell (no unit)")
    return figure
