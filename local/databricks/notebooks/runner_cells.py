"""Splits the source of a Databricks notebook into its cells."""

from __future__ import annotations

import re
from typing import NamedTuple

SEPARATOR = re.compile(r"^# COMMAND -+\s*$")
MAGIC = re.compile(r"^# MAGIC ?")
TITLE = re.compile(r"^# DBTITLE \d+,(.*)$")
HEADER = "# Databricks notebook source"


class Cell(NamedTuple):
    """A cell's text without `# MAGIC`, the number of its first line in the file, its magic such as `md`, its title."""

    source: str
    line: int
    magic: str | None
    title: str | None = None

    @property
    def shown(self) -> str:
        """The text as a person reads it."""
        return "\n".join(line for line in self.source.split("\n") if not TITLE.match(line)).strip("\n")


def read_cells(text: str) -> list[Cell]:
    # Not splitlines(): that knows more ends of lines than Python and Databricks do, such as U+2028 in a text.
    cells: list[Cell] = []
    lines: list[str] = []
    first = 1
    for number, line in enumerate([*text.split("\n"), "# COMMAND ----------"], start=1):
        if SEPARATOR.match(line):
            cells.extend(_cell(lines, first))
            lines, first = [], number + 1
        elif not (number == 1 and line.strip() == HEADER):
            lines.append(line)
        else:
            lines.append("")
    return cells


def _cell(lines: list[str], first: int) -> list[Cell]:
    shown = [line for line in lines if line.strip() and not TITLE.match(line)]
    if not shown:
        return []
    title = next((found.group(1) for line in lines if (found := TITLE.match(line))), None)
    if not MAGIC.match(shown[0]):
        return [Cell("\n".join(lines), first, None, title)]
    # Each line keeps its place, so that line numbers stay right.
    source = [MAGIC.sub("", line) if MAGIC.match(line) else "" for line in lines]
    start = next(index for index, line in enumerate(source) if line.strip())
    found = re.match(r"%([\w-]+)", source[start])
    return [Cell("\n".join(source[start:]), first + start, found.group(1) if found else "", title)]
