"""How long a surface takes: from the networks, alone and in a batch, and from the simulator in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import numpy as np

from implied_volatility.figures.figure import Cell, Figure, Options, goal
from implied_volatility.figures.trained import MEMBERS, trained
from implied_volatility.grid import Floats
from implied_volatility.labelling import label
from implied_volatility.models import ROUGH_BERGOMI, Effort
from implied_volatility.sampling import stream

_BATCH = 10_000
_OURS, _PAPERS = f"our network, mean of {MEMBERS}", "paper's recipe"


def measure(options: Options) -> Figure:
    """Medians of many calls. The networks are small trainings: the numbers in a network do not change its speed."""
    made = trained(replace(options, quick=True, rows=None, paths=None, steps=None), members=MEMBERS)
    parameters = ROUGH_BERGOMI.draw(_BATCH, stream(options.seed, "latency parameters"))
    repeats = 20 if options.quick else 2000
    times = {
        name: (_alone(surface, parameters, repeats), _together(surface, parameters, max(3, repeats // 100)))
        for name, surface in {_OURS: made.surrogate.surface, _PAPERS: made.paper.surface}.items()
    }
    effort = Effort(64, 16) if options.quick else Effort(options.paths or 2048, options.steps or 256)
    simulator = _simulator(options, effort, parameters[: 4 if options.quick else 64])
    rows: list[list[Cell]] = [
        [name, 1e6 * alone, 1e6 * each, f"{simulator / each:,.0f} ×"] for name, (alone, each) in times.items()
    ]
    rows.append([f"simulator, {effort.paths:,} paths × {effort.steps} steps", None, 1e6 * simulator, "1 ×"])
    alone, each = times[_OURS]
    notes = [f"the simulator on {options.cores} threads, networks as JAX runs them; medians of up to {repeats:,} calls"]
    if not options.quick:
        notes += [
            goal("one surface", 1e6 * alone, " µs", at_most=100),
            goal(f"one of {_BATCH:,} in a batch", 1e6 * each, " µs", at_most=5),
        ]
    return Figure(
        title="Time of a surface",
        command="npm run figures -- latency",
        columns=("", "alone µs", f"each in a batch of {_BATCH:,} µs", "simulator / batch"),
        rows=rows,
        notes=notes,
        values={
            "network_alone_microseconds": 1e6 * alone,
            "network_batch_microseconds": 1e6 * each,
            "paper_alone_microseconds": 1e6 * times[_PAPERS][0],
            "paper_batch_microseconds": 1e6 * times[_PAPERS][1],
            "simulator_microseconds": 1e6 * simulator,
            "simulator_by_network_batch": simulator / each,
            "simulator_by_network_alone": simulator / alone,
        },
    )


def _alone(surface: Callable[[Floats], object], parameters: Floats, repeats: int) -> float:
    """Seconds for one surface, at other parameters each time."""
    return _median(partial(surface, parameters[at : at + 1]) for at in range(repeats))


def _together(surface: Callable[[Floats], object], parameters: Floats, repeats: int) -> float:
    """Seconds per surface of all parameters at once."""
    return _median(partial(surface, parameters) for _ in range(repeats)) / len(parameters)


def _median(calls: Iterable[Callable[[], object]]) -> float:
    """Seconds of a call, without the first, which compiles."""
    taken = []
    for call in calls:
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return float(np.median(taken[1:]))


def _simulator(options: Options, effort: Effort, parameters: Floats) -> float:
    """Seconds per surface on all threads, compiled before."""
    seed = stream(options.seed, "latency paths")
    label(ROUGH_BERGOMI, parameters[:1], effort, seed, workers=options.workers)
    started = time.perf_counter()
    label(ROUGH_BERGOMI, parameters, effort, seed, workers=options.workers)
    return (time.perf_counter() - started) / len(parameters)
