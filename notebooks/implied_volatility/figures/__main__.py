"""The command that makes a figure anew: `python -m implied_volatility.figures <name>`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import FrameType

from implied_volatility.figures import FIGURES

_INTERRUPTED = 130
_MEND = 2
_COMMAND = "npm run figures --"


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the figure that the arguments name and prints it; gives the exit code, 2 for what the caller can mend."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.name is None:
        parser.print_help()
        return 0
    if given.paths is not None and given.paths & (given.paths - 1):
        parser.error(f"argument --paths: {given.paths} is no power of two, as Sobol points have to be")
    # JAX is loaded only here, so that help and the errors above come at once.
    from implied_volatility.figures.figure import SEED, Options
    from implied_volatility.figures.output import into, made, text

    names = ("quick", "rows", "paths", "steps", "seeds", "workers", "folder", "pictures")
    options = Options(seed=SEED if given.seed is None else given.seed, **{name: getattr(given, name) for name in names})
    started = time.perf_counter()
    try:
        # What is printed on the way is progress: to stdout goes the figure alone.
        with redirect_stdout(sys.stderr):
            figure = import_module(f"implied_volatility.figures.{given.name}").measure(options)
        figure = replace(figure, command=_command(given))
        making = made(options, time.perf_counter() - started)
        if given.into is not None:
            into(given.into, given.name, figure, making)
    except (ValueError, OSError) as error:
        print(f"figures: {error}", file=sys.stderr)
        return _MEND
    if given.json:
        print(json.dumps({**figure.json(), "made": making}, allow_nan=False, ensure_ascii=False))
    else:
        print(text(figure, making))
    return 0


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, FIGURES))
    listed = "\n".join(f"  {name:{width}}  {line}" for name, line in FIGURES.items())
    parser = argparse.ArgumentParser(
        prog=_COMMAND,
        usage=f"{_COMMAND} <figure> [options]",
        description=f"Makes a figure of docs/science.md anew.\n\nfigures:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("name", nargs="?", choices=tuple(FIGURES), metavar="figure", help=argparse.SUPPRESS)
    add("--rows", type=_whole(32, 10_000_000), help="surfaces to learn from")
    add("--paths", type=_whole(64, 1 << 20), help="simulated paths per surface, a power of two")
    add("--steps", type=_whole(8, 1 << 14), help="time steps of the simulation")
    add("--seed", type=_whole(0, 2**31 - 1), help="another seed than that of the notebooks")
    add("--seeds", type=_whole(1, 20), help="trainings that differ in their seed alone (3)")
    add("--workers", type=_whole(1, 256), help="threads that simulate (all cores)")
    add("--folder", type=Path, default=Path(".local/figures"), help="where rows and networks are kept (%(default)s)")
    add("--pictures", type=Path, help="where pictures go (below the folder)")
    add("--into", type=Path, metavar="FILE", help="put the figure in its place in a Markdown file, too")
    add("--json", action="store_true", help="print one JSON object instead of a table")
    add("--quick", action="store_true", help="take every step in seconds; the numbers say nothing")
    return parser


def _whole(least: int, most: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 12 and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")
        return int(text)

    return whole


def _command(given: argparse.Namespace) -> str:
    """What was called, without what does not change the numbers."""
    changed = [
        f"--{name} {getattr(given, name)}"
        for name in ("rows", "paths", "steps", "seed", "seeds")
        if getattr(given, name) is not None
    ]
    return " ".join([_COMMAND, given.name, *changed, *(["--quick"] if given.quick else [])])


def _stop(_signal: int, _frame: FrameType | None) -> None:
    """Ends at once: threads that simulate would finish their rows first, and what is written is whole."""
    os.write(2, b"\nfigures: stopped. What is finished is kept: the same command goes on from there.\n")
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _stop)
    sys.exit(main())
