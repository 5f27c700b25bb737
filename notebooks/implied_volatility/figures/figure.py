"""What a figure is asked for, and what it is: a table with its notes, numbers by name, and pictures."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure as Drawing

from implied_volatility import pictures

SEED = 20240117
"""The seed unless another one is given: that of the notebooks."""

Cell = str | float | int | None


@dataclass(frozen=True)
class Options:
    """How to make a figure; what is None, each figure decides."""

    seed: int = SEED
    folder: Path = Path(".local/figures")
    """Where simulated rows and trained networks are kept between runs."""
    quick: bool = False
    """A version of seconds, for tests: every step is taken, the numbers say nothing."""
    rows: int | None = None
    """Surfaces to learn from."""
    paths: int | None = None
    """Simulated paths per surface to learn from, a power of two."""
    steps: int | None = None
    """Time steps of the simulation."""
    seeds: int | None = None
    """How many trainings that differ in their seed alone."""
    workers: int | None = None
    """Threads that simulate; as many as there are cores unless given."""
    pictures: Path | None = None
    """Where pictures go; below `folder` unless given."""

    @property
    def cores(self) -> int:
        """Threads that simulate."""
        return self.workers or os.cpu_count() or 1

    def draw(self, name: str, drawing: Drawing) -> Path:
        """Writes a picture as `<name>.png`, closes it and gives the file."""
        folder = self.pictures or self.folder / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.png"
        file.write_bytes(pictures.png(drawing))
        plt.close(drawing)
        return file


@dataclass(frozen=True)
class Figure:
    """A measured table."""

    title: str
    command: str
    """What was called, to make it again."""
    columns: Sequence[str]
    """Headings, units included."""
    rows: Sequence[Sequence[Cell]]
    """Texts as they are; numbers are shown to three digits, None as a dash."""
    notes: Sequence[str] = ()
    """Sentences below the table: conditions, goals and whether they are reached."""
    pictures: Sequence[Path] = ()
    values: dict[str, float] = field(default_factory=dict)
    """The numbers by name, the unit last in the name, at full precision."""

    def table(self) -> str:
        """The table and its notes as aligned text."""
        lines = [list(self.columns), *self._cells()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        body = ["  ".join(map(_aligned, line, widths, range(len(line)))).rstrip() for line in lines]
        return "\n".join([self.title, "", *body, *([""] if self.notes else []), *self.notes])

    def markdown(self) -> str:
        """Table and notes as Markdown."""
        rule = ["---", *["--:"] * (len(self.columns) - 1)]
        body = [f"| {' | '.join(line)} |" for line in (list(self.columns), rule, *self._cells())]
        return "\n".join([*body, *(["", *(f"- {note}" for note in self.notes)] if self.notes else [])])

    def json(self) -> dict[str, object]:
        """Everything, for `json.dumps`; a value that is no finite number is None."""
        return {
            "title": self.title,
            "command": self.command,
            "columns": list(self.columns),
            "rows": [[None if _is_unknown(cell) else cell for cell in row] for row in self.rows],
            "notes": list(self.notes),
            "pictures": [str(picture) for picture in self.pictures],
            "values": {name: None if _is_unknown(value) else value for name, value in self.values.items()},
        }

    def _cells(self) -> list[list[str]]:
        return [[shown(cell) for cell in row] for row in self.rows]


def shown(cell: Cell) -> str:
    """A cell of a table as people read it."""
    if cell is None or _is_unknown(cell):
        return "–"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 1000:
        return f"{cell:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(cell)))) if cell else 0
    return f"{cell:.{digits}f}" if digits < 7 else f"{cell:.1e}"


def goal(what: str, value: float, unit: str, *, at_most: float | None = None, at_least: float | None = None) -> str:
    """A note that says whether a value is as good as it has to be."""
    limit, sign = (at_most, "≤") if at_most is not None else (at_least, "≥")
    if limit is None:
        raise ValueError("a goal needs at_most or at_least")
    reached = value <= limit if at_most is not None else value >= limit
    return f"{what}: {shown(value)}{unit}, goal {sign} {limit:g}{unit}, {'reached' if reached else 'NOT reached'}"


def _is_unknown(cell: Cell) -> bool:
    return (isinstance(cell, float) and not math.isfinite(cell)) or cell is None


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)
