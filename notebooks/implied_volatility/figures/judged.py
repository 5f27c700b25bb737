"""The table that judges trainings: errors of ours, of the paper's recipe, their ratio, and the noise of the test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from implied_volatility.figures.figure import Cell
from implied_volatility.figures.trained import Trained
from implied_volatility.scoring import Score, noise, score

COLUMNS = (
    "relative error of the implied volatility",
    "mean %",
    "median %",
    "p99 %",
    "worst cell's mean %",
    "rmse, vol points",
    "training s",
)
_ERRORS = ("mean", "median", "p99", "worst_cell_mean", "rmse_points")
_UNITS = {name: f"{name}_percent" for name in _ERRORS} | {"rmse_points": "rmse_vol_points"}


class Judged(NamedTuple):
    """Trainings and their scores, in the same order."""

    trainings: Sequence[Trained]
    ours: Sequence[Score]
    papers: Sequence[Score]
    noise: tuple[float, float]
    """Mean and median of the error in percent that a perfect network would show."""

    def ratios(self, name: str) -> list[float]:
        """The paper's error by ours, per training."""
        return [
            float(getattr(papers, name) / getattr(ours, name))
            for ours, papers in zip(self.ours, self.papers, strict=True)
        ]

    def worst(self, name: str) -> float:
        """The largest error of ours over the trainings."""
        return max(float(getattr(made, name)) for made in self.ours)


def judge(trainings: Sequence[Trained]) -> Judged:
    """Scores on the test surfaces, which are looked at here for the first time, after all trainings."""
    test = trainings[0].test
    ours = [score(each.surrogate.surface(test.parameters), test.surfaces) for each in trainings]
    papers = [score(each.paper.surface(test.parameters), test.surfaces) for each in trainings]
    mean, median, *_ = noise(test.surfaces)
    return Judged(trainings, ours, papers, (mean, median))


def table(judged: Judged) -> list[list[Cell]]:
    """A line per training and recipe, the ratios, and the noise."""
    rows: list[list[Cell]] = []
    for at, (each, ours, papers) in enumerate(zip(judged.trainings, judged.ours, judged.papers, strict=True), 1):
        ratios = [judged.ratios(name)[at - 1] for name in _ERRORS]
        rows += [
            [f"our network, training {at}", *_errors(ours), each.seconds],
            [f"paper's recipe, training {at}", *_errors(papers), each.paper_fit.seconds],
            ["its error / ours", *(f"{ratio:.2f} ×" for ratio in ratios), None],
        ]
    rows.append(["noise of the test surfaces", *judged.noise, None, None, None, None])
    return rows


def values(judged: Judged) -> dict[str, float]:
    """Each error of each training, by name."""
    made = {"noise_mean_percent": judged.noise[0], "noise_median_percent": judged.noise[1]}
    for at, (each, ours, papers) in enumerate(zip(judged.trainings, judged.ours, judged.papers, strict=True), 1):
        for name in _ERRORS:
            made[f"network_{at}_{_UNITS[name]}"] = float(getattr(ours, name))
            made[f"paper_{at}_{_UNITS[name]}"] = float(getattr(papers, name))
        made[f"network_{at}_training_seconds"] = each.seconds
        made[f"paper_{at}_training_seconds"] = each.paper_fit.seconds
    return made


def facts(judged: Judged) -> str:
    """What was learnt from and judged by, as a sentence."""
    first = judged.trainings[0]
    valid = 100 * (1 - float(np.mean(first.test.surfaces.valid)))
    return (
        f"{first.rows:,} surfaces to learn from (simulated in {first.simulation_seconds:,.0f} s), 15 % of them for"
        f" validation; {len(first.test.parameters):,} to judge by, of whose cells {valid:.2f} % have no volatility and"
        " do not count"
    )


def _errors(made: Score) -> list[float]:
    return [float(getattr(made, name)) for name in _ERRORS]
