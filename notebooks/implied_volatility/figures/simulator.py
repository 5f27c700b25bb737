"""The simulator's noise over the box, and its bias against finer time steps."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from implied_volatility import pictures
from implied_volatility.figures.figure import Cell, Figure, Options, goal
from implied_volatility.grid import Floats
from implied_volatility.labelling import label
from implied_volatility.models import ROUGH_BERGOMI, Effort
from implied_volatility.progress import Progress
from implied_volatility.sampling import stream

_HURSTS = (0.05, 0.1, 0.3)
_RHO, _VARIANCE = -0.7, 0.06
_NUS = (1.0, 2.0)


def measure(options: Options) -> Figure:
    """About ten minutes on two cores."""
    steps = options.steps or (16 if options.quick else 512)
    counts = (256, 512) if options.quick else (2048, 8192, 32_768)
    rows = options.rows or (8 if options.quick else 128)
    noises = {paths: noise(options, Effort(paths, steps), rows) for paths in counts}
    repeats = 2 if options.quick else 8
    biases = [_bias(options, nu, hurst, steps, counts[-1], repeats) for nu in _NUS for hurst in _HURSTS]
    table: list[list[Cell]] = [
        [f"noise, {paths:,} paths", mean, median, worst, None] for paths, (mean, median, worst, _) in noises.items()
    ]
    table += [
        [f"bias, H = {made.hurst:g}, ν = {made.nu:g}", made.mean, made.median, None, made.mean / made.noise]
        for made in biases
    ]
    mean, median, _, invalid = noises[counts[-1]]
    notes = [
        f"noise: difference of two simulations by √2, {rows} surfaces of the box, cells with a volatility in both"
        f" ({invalid:.2f} % have none at {counts[-1]:,} paths)",
        f"bias: mean of {repeats} simulations of {counts[-1]:,} paths × {steps} steps against the same with"
        f" {4 * steps:,} steps, ρ = {_RHO:g}, flat forward variance of {_VARIANCE:g}; noise: of one;"
        " the noise of both means is part of it, the bias that the finer steps have themselves is not; the picture has"
        " for comparison the rates of raw prices, those without extrapolation",
    ]
    if not options.quick:
        notes += [
            goal(f"mean noise at {counts[-1]:,} paths", mean, " %", at_most=0.11),
            goal(f"median noise at {counts[-1]:,} paths", median, " %", at_most=0.025),
            *(
                goal(f"bias by noise at H = {made.hurst:g}, ν = {made.nu:g}", made.mean / made.noise, "", at_most=1)
                for made in biases
            ),
        ]
    return Figure(
        title="Relative error of the simulated implied volatility",
        command="npm run figures -- simulator",
        columns=("", "mean %", "median %", "worst cell's mean %", "bias / noise"),
        rows=table,
        notes=notes,
        pictures=[_noise_picture(options, noises), _bias_picture(options, steps, counts[-1], repeats)],
        values={
            **{f"noise_mean_{paths}_paths_percent": made[0] for paths, made in noises.items()},
            **{f"noise_median_{paths}_paths_percent": made[1] for paths, made in noises.items()},
            **{f"bias_mean_hurst_{made.hurst:g}_nu_{made.nu:g}_percent": made.mean for made in biases},
        },
    )


def noise(options: Options, effort: Effort, rows: int) -> tuple[float, float, float, float]:
    """Mean, median and worst cell's mean of the relative error that noise alone makes, and the share of invalid cells.

    All in percent.
    """
    parameters = ROUGH_BERGOMI.draw(rows, stream(options.seed, "simulator parameters"))
    one, two = (_volatility(options, parameters, effort, f"noise {at}") for at in range(2))
    error = relative_noise(one, two)
    seen = error[np.isfinite(error)]
    cells = np.isfinite(error).mean(0) > 0.5
    invalid = 100 * (1 - len(seen) / error.size)
    return float(seen.mean()), float(np.median(seen)), float(np.nanmean(error[:, cells], axis=0).max()), invalid


def relative_noise(one: Floats, two: Floats) -> Floats:
    """Relative error in percent that noise makes, from two independent simulations; NaN where one has no volatility.

    Their difference is √2 times as large as the error of one.
    """
    return np.asarray(100 * np.abs(one - two) / np.sqrt(2) / (0.5 * (one + two)))


class _Bias:
    """Bias at one set of parameters, in percent, and the error that the noise of one simulation makes there."""

    def __init__(self, nu: float, hurst: float, error: Floats, noise: Floats) -> None:
        self.nu, self.hurst = nu, hurst
        seen = np.isfinite(error)
        self.mean, self.median = float(np.abs(error[seen]).mean()), float(np.median(np.abs(error[seen])))
        self.noise = float(noise[seen].mean())


def _bias(
    options: Options, nu: float, hurst: float, steps: int, paths: int, repeats: int, reference: int | None = None
) -> _Bias:
    """Against `reference` steps, four times as many unless given."""
    made = _repeated(options, "bias", nu, hurst, Effort(paths, steps), repeats)
    finer = _repeated(options, "reference", nu, hurst, Effort(paths, reference or 4 * steps), repeats)
    error = 100 * (made.mean(0) / finer.mean(0) - 1)
    return _Bias(nu, hurst, error, 100 * np.sqrt(2 / np.pi) * made.std(0, ddof=1) / finer.mean(0))


@lru_cache
def _repeated(options: Options, name: str, nu: float, hurst: float, effort: Effort, repeats: int) -> Floats:
    """Independent simulations at one set of parameters, kept because table and picture share some."""
    given = np.array([[_VARIANCE] * 8 + [nu, _RHO, hurst]] * repeats)
    return _volatility(options, given, effort, f"{name}, ν {nu:g}, H {hurst:g}")


def _volatility(options: Options, parameters: Floats, effort: Effort, name: str) -> Floats:
    progress = Progress(f"{name}, {effort.paths:,} paths × {effort.steps} steps").rows
    seed = stream(options.seed, f"simulator {name}")
    return label(ROUGH_BERGOMI, parameters, effort, seed, workers=options.workers, progress=progress).volatility


def _noise_picture(options: Options, noises: dict[int, tuple[float, float, float, float]]) -> Path:
    values = np.array([[made[at] for made in noises.values()] for at in range(2)])
    drawing = pictures.noise_against_paths(list(noises), values, ["mean", "median"], "noise: relative error (%)")
    return options.draw("simulator-noise", drawing)


def _bias_picture(options: Options, most: int, paths: int, repeats: int) -> Path:
    """Of the extrapolated volatilities, beside the rates that they would have without extrapolation."""
    steps = [most // 4, most // 2, most] if not options.quick else [most // 2, most]
    made = [[_bias(options, _NUS[0], hurst, count, paths, repeats, 4 * most) for count in steps] for hurst in _HURSTS]
    errors = np.array([[each.mean for each in line] for line in made])
    spread = np.array([[each.noise for each in line] for line in made]) / np.sqrt(repeats)
    rates = [min(3 * hurst + 0.5, 1.0) for hurst in _HURSTS]
    drawing = pictures.convergence(steps, _HURSTS, errors, rates, spread, rate="raw prices")
    return options.draw("simulator-bias", drawing)
