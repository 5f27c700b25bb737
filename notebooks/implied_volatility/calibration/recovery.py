"""How well calibration finds parameters that are known, because the surfaces were made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from implied_volatility.calibration.result import Calibration
from implied_volatility.grid import Floats
from implied_volatility.models import Model


class Recovery(NamedTuple):
    """Errors of one parameter, fitted − true, over all surfaces; in its units where nothing else is said."""

    name: str
    symbol: str
    bias: float
    bias_error: float
    """Standard error of the bias."""
    rmse: float
    mean_absolute: float
    of_box: float
    """The mean absolute error relative to the parameter's range in the box."""
    stated: float
    """Mean standard error that the calibrations state; NaN if every fit ended at the box's edge."""
    within_two: float
    """Share of fits with |error| ≤ 2 stated standard errors, 0.954 if all was normal; of those that state one."""
    at_bound: float
    """Share of fits that ended at the box's edge, which state none."""


COLUMNS = ("parameter", "bias", "±", "rmse", "mean |error|", "of the box", "stated error", "within 2", "at the edge")


def recoveries(model: Model, truth: Floats, fits: Calibration) -> list[Recovery]:
    """One entry per parameter; ValueError unless `truth` `(n, P)` has a row for each fit."""
    true = model.check(truth, inside_box=False)
    if true.shape != fits.parameters.shape:
        raise ValueError(f"true parameters of shape {true.shape} for fits of shape {fits.parameters.shape}")
    error = fits.parameters - true
    width = model.upper - model.lower
    table = []
    for at, parameter in enumerate(model.parameters):
        wrong, stated = error[:, at], fits.standard_errors[:, at]
        states = np.isfinite(stated)
        table.append(
            Recovery(
                name=parameter.name,
                symbol=parameter.symbol,
                bias=float(wrong.mean()),
                bias_error=float(wrong.std(ddof=1) / np.sqrt(len(wrong))) if len(wrong) > 1 else float("nan"),
                rmse=float(np.sqrt((wrong**2).mean())),
                mean_absolute=float(np.abs(wrong).mean()),
                of_box=float(np.abs(wrong).mean() / width[at]),
                stated=float(stated[states].mean()) if states.any() else float("nan"),
                within_two=float((np.abs(wrong) <= 2 * stated)[states].mean()) if states.any() else float("nan"),
                at_bound=float(fits.at_bound[:, at].mean()),
            )
        )
    return table


def cells(entry: Recovery) -> list[str]:
    """The entry as text, under `COLUMNS`."""
    return [
        entry.symbol,
        *(f"{value:.5f}" for value in (entry.bias, entry.bias_error, entry.rmse, entry.mean_absolute)),
        f"{100 * entry.of_box:.2f} %",
        f"{entry.stated:.5f}",
        *(f"{100 * share:.1f} %" for share in (entry.within_two, entry.at_bound)),
    ]


def text(table: Sequence[Recovery]) -> str:
    """The table as lines with aligned columns."""
    lines = [list(COLUMNS), *map(cells, table)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.rjust, line, widths)) for line in lines)
