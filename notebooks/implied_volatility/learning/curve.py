"""How the errors fall with the number of rows to learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from implied_volatility.learning import paper
from implied_volatility.learning.descent import Progress, Recipe, split
from implied_volatility.learning.training import NetworkRecipe, train
from implied_volatility.models import Model
from implied_volatility.scoring import Score, score
from implied_volatility.surfaces import Sample


class Point(NamedTuple):
    """Two trainings on the same rows, judged by the same surfaces."""

    rows: int
    """To learn from, those kept for validation included."""
    ours: Score
    paper: Score


def learning_curve(
    model: Model,
    sample: Sample,
    test: Sample,
    counts: Sequence[int],
    recipe: NetworkRecipe,
    seed: int,
    *,
    members: int = 1,
    papers: Recipe = paper.RECIPE,
    progress: Callable[[str], Progress] | None = None,
) -> list[Point]:
    """Trains both recipes on the first rows of the sample, for each of the `counts`, so that larger sets hold the
    smaller ones; judges by `test`, which no training sees. `progress(name)` gives what to call for its epochs.

    ValueError for a count that the sample has not.
    """
    parameters, surfaces = sample
    points = []
    for count in counts:
        if not 2 <= count <= len(parameters):
            raise ValueError(f"a learning curve from {count:,} rows, but the sample has {len(parameters):,}")
        part = Sample(parameters[:count], surfaces.rows(slice(count)))
        chosen = split(count, seed)

        def told(name: str, count: int = count) -> Progress | None:
            return progress and progress(f"{name} on {count:,} rows")

        ours, _ = train(
            model, part, chosen, recipe, seed, members=members, progress=lambda member: told(f"network {member + 1}")
        )
        yardstick, _ = paper.train(model, part, chosen, seed, papers, told("paper's recipe"))
        judged = (score(made.surface(test.parameters), test.surfaces) for made in (ours, yardstick))
        points.append(Point(count, *judged))
    return points
