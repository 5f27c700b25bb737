"""The small profile as the notebooks run it: what simulation and training take, and how good the result is."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import NamedTuple

from implied_volatility.accelerator import profiles
from implied_volatility.accelerator.profiles import Plan
from implied_volatility.figures.figure import Cell, Figure, Options, goal
from implied_volatility.labelling import label
from implied_volatility.learning import paper, training
from implied_volatility.learning.descent import split
from implied_volatility.models import Effort, model_named
from implied_volatility.progress import Progress
from implied_volatility.sampling import stream
from implied_volatility.scoring import Score, noise, score
from implied_volatility.surfaces import Sample

_COLUMNS = ("", "simulation s", "training s", "together s", "mean %", "median %", "p99 %", "worst cell's mean %")


class _Run(NamedTuple):
    simulation_seconds: float
    training_seconds: float
    ours: Score
    paper_seconds: float
    papers: Score
    noise: tuple[float, ...]

    @property
    def together(self) -> float:
        return self.simulation_seconds + self.training_seconds


def measure(options: Options) -> Figure:
    """Nothing is kept: simulation is timed each time, on all cores unless told otherwise."""
    plan = _plan(options)
    runs = [_run(plan, options, number) for number in range(options.seeds or (1 if options.quick else 3))]
    rows: list[list[Cell]] = []
    for at, run in enumerate(runs, 1):
        simulated = run.simulation_seconds
        rows += [
            [f"our network, seed {at}", simulated, run.training_seconds, run.together, *_errors(run.ours)],
            [
                f"paper's recipe, seed {at}",
                simulated,
                run.paper_seconds,
                simulated + run.paper_seconds,
                *_errors(run.papers),
            ],
            [f"noise of the test surfaces, seed {at}", None, None, None, *run.noise[:2], None, None],
        ]
    worst = max(run.together for run in runs)
    ratio = min(run.papers.mean / run.ours.mean for run in runs)
    notes = [
        f"{plan.rows:,} surfaces × {plan.paths:,} paths × {plan.steps} steps on {options.cores} threads;"
        f" judged by {plan.test_rows} × {plan.test_paths:,}, simulated after the training and not timed"
    ]
    if not options.quick:
        notes += [
            goal("simulation and training, slowest", worst, " s", at_most=75),
            goal("paper's mean / ours, worst", ratio, " ×", at_least=1),
        ]
    values = {"together_seconds": worst, "paper_by_ours_mean": ratio}
    for at, run in enumerate(runs, 1):
        values |= {f"network_{at}_mean_percent": run.ours.mean, f"network_{at}_median_percent": run.ours.median}
        values |= {f"paper_{at}_mean_percent": run.papers.mean, f"paper_{at}_median_percent": run.papers.median}
    return Figure("The small profile", "npm run figures -- small", _COLUMNS, rows, notes, values=values)


def _plan(options: Options) -> Plan:
    widgets = {"profile": "small", "rows": "", "paths": "", "seed": str(options.seed), "model": "rough_bergomi"}
    plan = profiles.plan(widgets)
    if options.quick:
        plan = replace(plan, rows=64, paths=64, steps=16, test_rows=16, test_paths=64)
    return replace(
        plan, rows=options.rows or plan.rows, paths=options.paths or plan.paths, steps=options.steps or plan.steps
    )


def _run(plan: Plan, options: Options, number: int) -> _Run:
    model = model_named(plan.model)
    seed = plan.seed + number

    def simulated(purpose: str, rows: int, paths: int) -> Sample:
        parameters = model.draw(rows, stream(seed, f"{purpose} parameters"))
        progress = Progress(f"{purpose}, seed {number + 1}").rows
        effort = Effort(paths, plan.steps)
        made = label(
            model, parameters, effort, stream(seed, f"{purpose} paths"), workers=options.workers, progress=progress
        )
        return Sample(parameters, made)

    started = time.perf_counter()
    sample = simulated("training", plan.rows, plan.paths)
    simulation = time.perf_counter() - started
    recipe = replace(training.SMALL, epochs=2) if options.quick else training.SMALL
    papers = replace(paper.RECIPE, epochs=1) if options.quick else paper.RECIPE
    from_ = stream(seed, "training")
    chosen = split(plan.rows, from_)
    started = time.perf_counter()
    surrogate = training.train(
        model,
        sample,
        chosen,
        recipe,
        from_,
        members=plan.members,
        progress=lambda _member: Progress("our network").epochs,
    ).surrogate
    seconds = time.perf_counter() - started
    yardstick, fit = paper.train(model, sample, chosen, from_, papers, Progress("the paper's recipe").epochs)
    test = simulated("test", plan.test_rows, plan.test_paths)
    ours, theirs = (score(made.surface(test.parameters), test.surfaces) for made in (surrogate, yardstick))
    return _Run(simulation, seconds, ours, fit.seconds, theirs, noise(test.surfaces))


def _errors(made: Score) -> list[float]:
    return [made.mean, made.median, made.p99, made.worst_cell_mean]
