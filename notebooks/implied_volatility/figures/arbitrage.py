"""Static arbitrage in surfaces from the networks, at parameters that training never saw."""

from __future__ import annotations

from implied_volatility.arbitrage import violations
from implied_volatility.figures.figure import Cell, Figure, Options, goal
from implied_volatility.figures.trained import trained
from implied_volatility.models import ROUGH_BERGOMI
from implied_volatility.sampling import stream

_SURFACES = 1000


def measure(options: Options) -> Figure:
    """Needs the rows and the first training of the figure `network`, and makes what is missing."""
    made = trained(options)
    parameters = ROUGH_BERGOMI.draw(_SURFACES, stream(options.seed, "arbitrage parameters"))
    rows: list[list[Cell]] = []
    values: dict[str, float] = {}
    surfaces = {
        "network": ("our network", made.surrogate.surface(parameters)),
        "paper": ("paper's recipe", made.paper.surface(parameters)),
        "simulation": ("test surfaces, simulated", made.test.surfaces.volatility),
    }
    for name, (title, volatility) in surfaces.items():
        found = violations(volatility)
        rows.append([f"{title}, {len(volatility):,} surfaces", found.butterfly, found.calendar])
        values |= {f"{name}_butterfly_percent": found.butterfly, f"{name}_calendar_percent": found.calendar}
    notes = ["share of the places where the inequality can be checked and is broken by more than 1e-6 of the spot"]
    if not options.quick:
        notes += [goal("butterfly", values["network_butterfly_percent"], " %", at_most=0.1)]
        notes += [goal("calendar", values["network_calendar_percent"], " %", at_most=0.1)]
    return Figure(
        title="Arbitrage in predicted surfaces",
        command="npm run figures -- arbitrage",
        columns=("", "butterfly % of places", "calendar % of places"),
        rows=rows,
        notes=notes,
        values=values,
    )
