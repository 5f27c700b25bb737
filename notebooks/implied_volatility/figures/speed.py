"""Speed of the simulator, and of a plain one that takes as many paths as it needs for the same error."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from implied_volatility.figures.figure import Cell, Figure, Options
from implied_volatility.figures.plain import plain_prices
from implied_volatility.figures.simulator import noise, relative_noise
from implied_volatility.grid import Floats
from implied_volatility.labelling import label
from implied_volatility.models import ROUGH_BERGOMI, Effort
from implied_volatility.progress import Progress
from implied_volatility.sampling import stream
from implied_volatility.surfaces import invert


def measure(options: Options) -> Figure:
    """Less than a minute on two cores."""
    effort = Effort(options.paths or (256 if options.quick else 2048), options.steps or (16 if options.quick else 256))
    rows = options.rows or (4 if options.quick else 64)
    plain_paths = 1024 if options.quick else 32_768
    parameters = ROUGH_BERGOMI.draw(rows, stream(options.seed, "simulator parameters"))
    ours = _seconds(options, parameters, effort)
    mean, median, _, _ = noise(options, effort, rows)
    plain, plain_mean, plain_median = _plain(options, parameters, plain_paths, effort.steps)
    rows_of: list[list[Cell]] = [
        ["ours", effort.paths, mean, median, 1 / ours, "1 ×"],
        ["plain", plain_paths, plain_mean, plain_median, 1 / plain, f"{plain / ours:.3g} ×"],
    ]
    ratios = {}
    for name, error, plains in (("mean", mean, plain_mean), ("median", median, plain_median)):
        more = (plains / error) ** 2
        ratios[name] = more * plain / ours
        cells: list[Cell] = [plain_mean / more**0.5, plain_median / more**0.5]
        paths = round(plain_paths * more)
        rows_of.append([f"plain, equal {name}", paths, *cells, 1 / (plain * more), f"{ratios[name]:,.3g} ×"])
    return Figure(
        title=f"Speed of the simulator, {effort.steps} steps × 8 maturities",
        command="npm run figures -- speed",
        columns=("", "paths", "noise, mean %", "median %", "surfaces per second", "time by ours"),
        rows=rows_of,
        notes=[
            f"{rows} surfaces of the box on {options.cores} threads; noise as in `simulator`, of the cells that have a"
            " volatility; for the plain one only those that it resolves, which flatters it",
            "the lines of equal error follow from the measured one: noise falls like 1/√paths, time rises like paths;"
            " the plain one's bias in the time step, which is larger for want of extrapolation, is not counted",
        ],
        values={
            "surfaces_per_second": 1 / ours,
            "plain_surfaces_per_second": 1 / plain,
            "plain_by_ours_at_equal_mean": ratios["mean"],
            "plain_by_ours_at_equal_median": ratios["median"],
        },
    )


def _seconds(options: Options, parameters: Floats, effort: Effort) -> float:
    """Per surface on all threads, compiled before; the median of five."""
    label(ROUGH_BERGOMI, parameters[:1], effort, 1, workers=options.workers)
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        label(ROUGH_BERGOMI, parameters, effort, 1, workers=options.workers)
        taken.append((time.perf_counter() - started) / len(parameters))
    return float(np.median(taken))


def _plain(options: Options, parameters: Floats, paths: int, steps: int) -> tuple[float, float, float]:
    """Seconds per surface on the same number of threads, mean and median noise in percent."""
    plain_prices(parameters[0], paths, steps, 0)
    progress = Progress(f"plain simulator, {paths:,} paths × {steps} steps")
    started = time.perf_counter()
    made: list[Floats] = []
    with ThreadPoolExecutor(options.cores) as pool:
        jobs = [
            (row, stream(options.seed, f"plain {at} {number}"))
            for at in range(2)
            for number, row in enumerate(parameters)
        ]
        for price, error in pool.map(lambda job: plain_prices(job[0], paths, steps, job[1]), jobs):
            made.append(invert(price[None], error[None]).volatility[0])
            progress.rows(len(made), len(jobs))
    seconds = (time.perf_counter() - started) / len(jobs)
    one, two = np.stack(made).reshape(2, len(parameters), *made[0].shape)
    error = relative_noise(one, two)
    seen = error[np.isfinite(error)]
    return seconds, float(seen.mean()), float(np.median(seen))
