"""Static arbitrage in surfaces from the networks, at parameters that training never saw."""

from __future__ import annotations

import numpy as np

from implied_volatility.arbitrage import violations
from implied_volatility.figures.figure import Cell, Figure, Options, goal
from implied_volatility.figures.trained import trained
from implied_volatility.models import ROUGH_BERGOMI
from implied_volatility.sampling import stream

_SURFACES = 1000
_OURS, _PAPERS, _SIMULATION = "our network", "paper's recipe", "simulation"
_NAMES = {_OURS: "network", _PAPERS: "paper", _SIMULATION: "simulation"}


def measure(options: Options) -> Figure:
    """Needs the rows and the first training of the figure `network`, and makes what is missing."""
    made = trained(options)
    parameters = ROUGH_BERGOMI.draw(_SURFACES, stream(options.seed, "arbitrage parameters"))
    ours, papers, simulated = made.surrogate.surface(parameters), made.paper.surface(parameters), made.test.surfaces
    # Where they agree with the labels to such an error, the networks cannot be told from surfaces without arbitrage.
    error = made.surrogate.error
    found = {
        _OURS: violations(ours, standard_error=error * ours),
        _PAPERS: violations(papers, standard_error=error * papers),
        _SIMULATION: violations(simulated.volatility, standard_error=np.nan_to_num(simulated.standard_error)),
    }
    rows: list[list[Cell]] = []
    values: dict[str, float] = {}
    for name, each in found.items():
        for kind, breaches in (("butterfly", each.butterflies), ("calendar", each.calendars)):
            rows.append(
                [
                    f"{name}, {kind}",
                    breaches.checked,
                    breaches.broken,
                    breaches.percent,
                    breaches.beyond_noise,
                    breaches.percent_beyond_noise,
                    breaches.mean_points,
                    breaches.largest_points,
                ]
            )
            title = f"{_NAMES[name]}_{kind}"
            values |= {
                f"{title}_percent": breaches.percent,
                f"{title}_beyond_noise_percent": breaches.percent_beyond_noise,
                f"{title}_largest_vol_points": breaches.largest_points,
            }
    notes = [
        f"{_SURFACES:,} surfaces of each network at parameters that training never saw,"
        f" {len(simulated.volatility):,} simulated ones (the test's); broken by more than 1e-6 of the spot",
        "noise of both networks is twice our network's error per cell on its validation rows, that of the simulation"
        " twice its standard errors; the size is what one volatility would have to move by to mend it",
    ]
    if not options.quick:
        for kind in ("butterfly", "calendar"):
            share = values[f"network_{kind}_beyond_noise_percent"]
            notes.append(goal(f"our network, {kind}, beyond noise", share, " %", at_most=0.1))
    return Figure(
        title="Arbitrage in predicted surfaces",
        command="npm run figures -- arbitrage",
        columns=(
            "",
            "places",
            "broken",
            "broken %",
            "beyond noise",
            "beyond noise %",
            "mean size, vol points",
            "largest, vol points",
        ),
        rows=rows,
        notes=notes,
        values=values,
    )
