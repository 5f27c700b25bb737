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
    page = file.read_text(encoding="utf-8")
    start = f"<!-- figure: {name} -->"
    before, found, rest = page.partition(start)
    _, ended, after = rest.partition(_END)
    if not (found and ended):
        raise ValueError(f"{file} has no place for this figure: a line {start}, and {_END} below it")
    pictures = [f"![{figure.title}]({Path(os.path.relpath(each, file.parent)).as_posix()})" for each in figure.pictures]
    parts = [f"{figure.title}: `{figure.command}`, {_line(making)}", figure.markdown(), *pictures]
    block = "\n\n".join(parts)
    file.write_text(f"{before}{start}\n\n{block}\n\n{_END}{after}", encoding="utf-8")


def _line(making: Made) -> str:
    return (
        f"{making['date']}, seed {making['seed']}, {making['cores']} cores, package {making['package']},"
        f" JAX {making['jax']}, Python {making['python']}, {making['seconds']:,} s"
    )
