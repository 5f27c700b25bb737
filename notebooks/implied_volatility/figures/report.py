"""The report on how well a model is learnt: several trainings, fewer rows, pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from implied_volatility import pictures
from implied_volatility.figures import judged
from implied_volatility.figures.figure import Cell, Figure, Options
from implied_volatility.figures.judged import Judged
from implied_volatility.figures.trained import Trained, sizes, trained
from implied_volatility.models import Model
from implied_volatility.scoring import cell_errors, cell_noise, score, typical_and_bad

_TRAININGS = 3
_SHARES = (16, 4)
_LEAST_ROWS = 256


class _Curve(NamedTuple):
    """Mean and median errors in percent against the number of rows to learn from."""

    rows: list[int]
    ours: list[tuple[float, float]]
    papers: list[tuple[float, float]]


def report(options: Options, model: Model, name: str, goals: Callable[[Judged], Sequence[str]]) -> Figure:
    """Trains on all rows as often as the options say (three times), once on each smaller share, then judges all."""
    count = options.seeds or (1 if options.quick else _TRAININGS)
    trainings = [trained(options, model, number) for number in range(count)]
    rows = sizes(options).rows
    shares = [] if options.quick else [rows // share for share in _SHARES if rows // share >= _LEAST_ROWS]
    fewer = [trained(options, model, rows=share) for share in shares]
    # Only here, after the last training, are the test surfaces looked at.
    made = judged.judge(trainings)
    curve = _curve([*fewer, trainings[0]])
    *scores, noise = judged.table(made)
    return Figure(
        title=f"The network on {model.title}, {trainings[0].rows:,} surfaces",
        command=f"npm run figures -- {name}",
        columns=judged.COLUMNS,
        rows=[*scores, *_lines(curve), noise],
        notes=[judged.facts(made), *([] if options.quick else goals(made))],
        pictures=_draw(options, name, made, curve),
        values={**judged.values(made), **_values(curve)},
    )


def _curve(trainings: Sequence[Trained]) -> _Curve:
    test = trainings[-1].test
    ours, papers = (
        [score(surface, test.surfaces) for surface in surfaces]
        for surfaces in (
            [each.surrogate.surface(test.parameters) for each in trainings],
            [each.paper.surface(test.parameters) for each in trainings],
        )
    )
    return _Curve(
        [each.rows for each in trainings],
        [(made.mean, made.median) for made in ours],
        [(made.mean, made.median) for made in papers],
    )


def _lines(curve: _Curve) -> list[list[Cell]]:
    """Those of fewer rows; the last point is a training that the table has."""
    return [
        [f"{name}, {rows:,} surfaces", mean, median, None, None, None, None]
        for name, errors in (("our network", curve.ours), ("paper's recipe", curve.papers))
        for rows, (mean, median) in zip(curve.rows[:-1], errors[:-1], strict=True)
    ]


def _values(curve: _Curve) -> dict[str, float]:
    return {
        f"{name}_{rows}_rows_{statistic}_percent": value
        for name, errors in (("network", curve.ours), ("paper", curve.papers))
        for rows, pair in zip(curve.rows[:-1], errors[:-1], strict=True)
        for statistic, value in zip(("mean", "median"), pair, strict=True)
    }


def _draw(options: Options, name: str, made: Judged, curve: _Curve) -> list[Path]:
    """Of the first training: smiles of a typical and a bad surface, errors by cell, losses by epoch; errors by rows."""
    first = made.trainings[0]
    test = first.test
    ours, papers = first.surrogate.surface(test.parameters), first.paper.surface(test.parameters)
    rows = typical_and_bad(ours, test.surfaces)
    titles = ["typical surface", "one of the 5 % worst"]
    maps = (cell_errors(ours, test.surfaces), cell_errors(papers, test.surfaces), cell_noise(test.surfaces))
    fits = [("Our network", first.fits[0]), ("Paper's recipe", first.paper_fit)]
    drawn = [
        options.draw(f"{name}-smiles", pictures.smiles(test.surfaces, ours, papers, rows, titles)),
        options.draw(f"{name}-errors", pictures.error_maps(*maps)),
        options.draw(f"{name}-learning-curves", pictures.learning_curves(fits)),
    ]
    if len(curve.rows) > 1:
        means = [np.array([mean for mean, _ in each]) for each in (curve.ours, curve.papers)]
        drawing = pictures.error_against_rows(curve.rows, means[0], means[1], made.noise[0])
        drawn.append(options.draw(f"{name}-rows", drawing))
    return drawn
