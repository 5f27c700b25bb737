"""Pictures in log-log, where a power law is a straight line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike

from implied_volatility.grid import MATURITIES, Floats
from implied_volatility.pictures.style import NOISE, OURS, PAPER, REFERENCE, legend, ordered, panels, styled

_NOISE = "noise of the test surfaces"


@styled
def skew_by_maturity(
    skews: Floats,
    labels: Sequence[str],
    fitted: ArrayLike | None = None,
    expected: ArrayLike | None = None,
    standard_errors: Floats | None = None,
) -> Figure:
    """At-the-money skews |∂σ/∂k| `(n, 8)`, one labelled series each, with bars of two standard errors.

    `fitted` `(n,)` are the exponents of fitted power laws, which the legend gives; `expected` `(n,)` those of theory,
    H − ½, drawn as dotted lines through the geometric middle of the series.
    """
    figure, [[axes]] = panels(size=(6.4, 4.2))
    fits, theory = (None if given is None else np.asarray(given, np.float64) for given in (fitted, expected))
    for index, (label, look) in enumerate(zip(labels, ordered(len(labels)), strict=True)):
        named = label if fits is None else f"{label}: slope {_signed(fits[index])}"
        if theory is not None:
            named += f", theory {_signed(theory[index])}"
            _slope(axes, MATURITIES, skews[index], theory[index], "H − ½" if index == 0 else None)
        bars = None if standard_errors is None else 2 * standard_errors[index]
        axes.errorbar(MATURITIES, skews[index], yerr=bars, elinewidth=0.9, label=named, **look.line())
    _log_log(axes, MATURITIES)
    axes.set(xlabel="maturity (years)", ylabel="|∂σ/∂k| (volatility per unit of log-strike)")
    axes.set_title("Skew at the money against maturity")
    legend(axes)
    return figure


@styled
def error_against_rows(
    rows: ArrayLike, ours: Floats, paper: Floats, noise: float, measure: str = "mean relative error (%)"
) -> Figure:
    """Errors by the number of surfaces learnt from, `(R,)`, or `(R, seeds)`: a point per seed, a line through the
    geometric means. `noise` is the error of a perfect network, in the same unit, which `measure` names; 0 is not
    drawn, for it is nowhere on a logarithmic axis."""
    figure, [[axes]] = panels(size=(5.6, 4.0))
    count = np.asarray(rows, np.float64)
    for label, values, look in (("paper's recipe", paper, PAPER), ("our network", ours, OURS)):
        seeds = np.asarray(values, np.float64).reshape(len(count), -1)
        axes.plot(count, np.exp(np.log(seeds).mean(1)), label=label, color=look.color, linestyle=look.linestyle)
        x = np.repeat(count, seeds.shape[1])
        axes.plot(x, seeds.ravel(), look.marker, color=look.color, markeredgecolor="white", markeredgewidth=0.5)
    if noise > 0:
        axes.axhline(noise, color=NOISE.color, linestyle=NOISE.linestyle, linewidth=2.0, label=_NOISE)
    _log_log(axes, count)
    axes.set(xlabel="surfaces learnt from", ylabel=measure, title="What more rows bring")
    axes.set_ylim(top=3 * float(np.max(paper)))  # Room for the legend: it would lie on the line of the noise.
    legend(axes, loc="upper right")
    return figure


@styled
def convergence(
    steps: ArrayLike,
    hursts: ArrayLike,
    errors: Floats,
    expected: ArrayLike,
    standard_errors: Floats | None = None,
    measure: str = "bias: mean relative error of the volatility (%)",
    rate: str = "theory",
) -> Figure:
    """Errors of the simulator `(H, S)` by the number of steps `(S,)`, a line per Hurst exponent `(H,)`.

    `expected` `(H,)` are the rates of what `rate` names: dotted lines through the first point fall like steps^−rate.
    Bars are two standard errors, of the errors' shape and unit, which `measure` names.
    """
    figure, [[axes]] = panels(size=(5.6, 4.0))
    count, hurst, rates = (np.asarray(values, np.float64) for values in (steps, hursts, expected))
    for index, look in enumerate(ordered(len(hurst))):
        _slope(axes, count, errors[index], -rates[index], f"rate of {rate}" if index == len(hurst) - 1 else None, 0)
        bars = None if standard_errors is None else 2 * standard_errors[index]
        label = f"H = {hurst[index]:g}, {rate} {rates[index]:g}"
        axes.errorbar(count, errors[index], yerr=bars, elinewidth=0.9, label=label, **look.line())
    _log_log(axes, count)
    axes.set(xlabel="time steps", ylabel=measure, title="Convergence in time steps")
    legend(axes)
    return figure


@styled
def noise_against_paths(
    paths: ArrayLike,
    noise: Floats,
    labels: Sequence[str],
    measure: str = "noise: mean relative standard error (%)",
) -> Figure:
    """Noise `(n, N)` by the number of paths `(N,)`, a labelled line each; the two dotted lines are those of
    independent draws (slope −½) and of ideal quasi-random points (slope −1)."""
    figure, [[axes]] = panels(size=(5.6, 4.0))
    count = np.asarray(paths, np.float64)
    for label, values, look in zip(labels, noise, ordered(len(labels)), strict=True):
        axes.plot(count, values, label=label, **look.line())
    for exponent, name in ((-0.5, "−½"), (-1.0, "−1")):
        line = _slope(axes, count, noise[-1], exponent, "slopes −½ and −1" if exponent == -0.5 else None, 0)
        axes.annotate(name, (count[-1], line[-1]), (4, -3), textcoords="offset points", fontsize=8, color="0.35")
    _log_log(axes, count)
    axes.set(xlabel="paths", ylabel=measure, title="Noise against paths")
    legend(axes)
    return figure


def _slope(
    axes: Axes, x: Floats, values: Floats, exponent: float, label: str | None, through: int | None = None
) -> Floats:
    """Draws a power law through point number `through`, or through the geometric middle of the known points."""
    known = np.isfinite(values) & (values > 0)
    if not known.any():
        raise ValueError("a series has no positive number, so it has no place on a logarithmic axis")
    chosen = np.flatnonzero(known) if through is None else np.flatnonzero(known)[through : through + 1]
    line = np.exp(np.log(values[chosen]).mean() + exponent * (np.log(x) - np.log(x[chosen]).mean()))
    axes.plot(x, line, label=label, zorder=1.5, **REFERENCE)
    return np.asarray(line)


def _signed(number: float) -> str:
    return f"{number:.2f}".replace("-", "−")


def _log_log(axes: Axes, x: Floats) -> None:
    """Logarithmic axes with plain numbers; ticks at the points themselves, without those that would touch."""
    axes.set(xscale="log", yscale="log")
    far = [x[0]]
    for value in x[1:]:
        if value / far[-1] > (x[-1] / x[0]) ** 0.09:
            far.append(value)
    axes.xaxis.set_major_locator(FixedLocator(far))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:,.6g}" if max(x) >= 1000 else "{x:g}")
    low, high = axes.get_ylim()
    digits = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0) if high / low < 8 else (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=digits, numticks=20))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
