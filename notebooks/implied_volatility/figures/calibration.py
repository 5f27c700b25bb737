"""Calibration of surfaces that training never saw: time, parameters found again, and the loop closed on the model."""

from __future__ import annotations

import time

import numpy as np

from implied_volatility import pictures
from implied_volatility.calibration import Calibration, Closure, calibrate, close_loop, fittable, recoveries
from implied_volatility.figures.figure import Figure, Options, goal
from implied_volatility.figures.trained import Trained, sizes, trained
from implied_volatility.progress import Progress
from implied_volatility.sampling import stream
from implied_volatility.surfaces import Sample, Surfaces

_SURFACES = 500
_BATCH = 1000
_CLOSED = 16
_COLUMNS = (
    "parameter",
    "bias",
    "± of the bias",
    "rmse",
    "mean |error|",
    "of the box %",
    "stated error",
    "within 2 stated %",
    "at the edge %",
)


def measure(options: Options) -> Figure:
    """Times are medians; surfaces are simulated test rows, which repeat in the batch that is timed if there are few."""
    made = trained(options)
    # The noise of the quick version leaves some surfaces with hardly a valid cell.
    chosen = fittable(made.model, made.test.surfaces)[:_SURFACES]
    count = len(chosen)
    test = Sample(made.test.parameters[chosen], made.test.surfaces.rows(chosen))
    fits = calibrate(made.surrogate, test.surfaces)
    alone, together = _times(made, test.surfaces, 3 if options.quick else 200, 64 if options.quick else _BATCH)
    few = slice(0, 2 if options.quick else _CLOSED)
    loop, truth_loop = _closed(made, test, fits, few, options)
    table = recoveries(made.model, test.parameters, fits)
    shown = np.argsort(fits.rmse_points)[[count // 2, int(0.95 * count)]]
    drawing = pictures.calibration(
        test.surfaces, fits.start, fits.fitted, [int(row) for row in shown], ["typical fit", "one of the 5 % worst"]
    )
    values = {
        "alone_milliseconds": 1e3 * alone,
        "batch_seconds_per_1000": together,
        "iterations_mean": float(fits.iterations.mean()),
        "iterations_p99": float(np.percentile(fits.iterations, 99)),
        "converged_percent": 100 * float(fits.converged.mean()),
        "rmse_median_points": float(np.median(fits.rmse_points)),
        "chi2_median": float(np.nanmedian(fits.chi2)),
        "edge_percent": 100 * float(fits.at_bound.any(axis=1).mean()),
        "closed_rmse_median_points": float(np.median(loop.rmse_points)),
        "closed_rmse_median_noise": float(np.nanmedian(loop.rmse_noise)),
        "closed_truth_rmse_median_points": float(np.median(truth_loop.rmse_points)),
        **{f"{entry.name}_of_box_percent": 100 * entry.of_box for entry in table},
        **{f"{entry.name}_within_two_percent": 100 * entry.within_two for entry in table},
    }
    return Figure(
        title=f"Calibration of {made.model.title} on {count} unseen surfaces",
        command="npm run figures -- calibration",
        columns=_COLUMNS,
        rows=[
            [
                entry.symbol,
                entry.bias,
                entry.bias_error,
                entry.rmse,
                entry.mean_absolute,
                100 * entry.of_box,
                entry.stated,
                100 * entry.within_two,
                100 * entry.at_bound,
            ]
            for entry in table
        ],
        notes=_notes(options, values, len(loop.rmse_points)),
        pictures=[options.draw("calibration", drawing)],
        values=values,
    )


def _times(made: Trained, surfaces: Surfaces, calls: int, batch: int) -> tuple[float, float]:
    """Seconds of one surface alone, another one each time, and of 1,000 in a batch; both compiled before."""
    rows = len(surfaces.volatility)

    def seconds(given: Surfaces) -> float:
        started = time.perf_counter()
        calibrate(made.surrogate, given)
        return time.perf_counter() - started

    singles = [surfaces.rows(slice(at % rows, at % rows + 1)) for at in range(calls + 1)]
    many = surfaces.rows(np.arange(batch) % rows)
    alone = [seconds(given) for given in singles][1:]
    together = [seconds(many) for _ in range(4)][1:]
    return float(np.median(alone)), float(np.median(together)) * 1000 / batch


def _closed(made: Trained, test: Sample, fits: Calibration, few: slice, options: Options) -> tuple[Closure, Closure]:
    """The model at the fitted parameters against the surfaces, and, for comparison, at the true ones."""
    effort = sizes(options).test_effort
    at_truth = fits.rows(few)._replace(parameters=test.parameters[few])
    loops = [
        close_loop(
            made.model,
            chosen,
            test.surfaces.rows(few),
            effort,
            stream(options.seed, f"closure {name}"),
            progress=Progress(f"simulating at the {name} parameters").rows,
        )
        for name, chosen in (("fitted", fits.rows(few)), ("true", at_truth))
    ]
    return loops[0], loops[1]


def _notes(options: Options, values: dict[str, float], closed: int) -> list[str]:
    notes = [
        f"{values['converged_percent']:.1f} % converged, in {values['iterations_mean']:.1f} steps in the mean and"
        f" {values['iterations_p99']:.0f} at the 99th percentile; median fit RMSE {values['rmse_median_points']:.3f}"
        f" volatility points; {values['edge_percent']:.1f} % of the fits have a parameter at the box's edge",
        f"simulated again at the fitted parameters of {closed} surfaces: median RMSE"
        f" {values['closed_rmse_median_points']:.3f} volatility points, {values['closed_rmse_median_noise']:.2f} times"
        f" the noise of both simulations; at the true parameters {values['closed_truth_rmse_median_points']:.3f}",
        "an error of a parameter comes from the noise of the surface and from the network; a stated one counts cells as"
        " independent, which neither is",
    ]
    if not options.quick:
        notes += [
            goal("one surface", values["alone_milliseconds"], " ms", at_most=20),
            goal("1,000 in a batch", values["batch_seconds_per_1000"], " s", at_most=2),
        ]
    return notes
