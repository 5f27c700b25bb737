"""How a figure leaves: as text for people, or in its place in a Markdown file, with what it was made by."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from implied_volatility import __version__
from implied_volatility.figures.figure import Figure, Options

_END = "<!-- end of figure -->"
Made = dict[str, str | int | float]
"""When and with what a figure was made."""


def made(options: Options, seconds: float) -> Made:
    """Of a run that took so long; kept rows and networks cost it nothing."""
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "seed": options.seed,
        "cores": os.cpu_count() or 1,
        "package": __version__,
        "jax": version("jax"),
        "python": platform.python_version(),
        "seconds": round(seconds, 1),
    }


def text(figure: Figure, making: Made) -> str:
    """Table, notes, what it was made by, and the pictures' files."""
    return "\n".join([figure.table(), "", figure.command, _line(making), *map(str, figure.pictures)])


def into(file: Path, name: str, figure: Figure, making: Made) -> None:
    """Puts the figure between `<!-- figure: name -->` and the end's mark; ValueError if the file has no such place."""
    before, after = place(file, name)
    pictures = [
        f"![{each.stem.replace('-', ' ')}]({Path(os.path.relpath(each, file.parent)).as_posix()})"
        for each in figure.pictures
    ]
    parts = [f"{figure.title}: `{figure.command}`, {_line(making)}", figure.markdown(), *pictures]
    file.write_text("\n\n".join([before, *parts, after]), encoding="utf-8")


def place(file: Path, name: str) -> tuple[str, str]:
    """The page up to where the figure's text begins, and from where it ends; ValueError if it has no such place."""
    start = f"<!-- figure: {name} -->"
    before, found, rest = file.read_text(encoding="utf-8").partition(start)
    _, ended, after = rest.partition(_END)
    if not (found and ended):
        raise ValueError(f"{file} has no place for this figure: a line {start}, and {_END} below it")
    return before + start, _END + after


def _line(making: Made) -> str:
    return (
        f"{making['date']}, seed {making['seed']}, {making['cores']} cores, package {making['package']},"
        f" JAX {making['jax']}, Python {making['python']}, {making['seconds']:,} s"
    )
