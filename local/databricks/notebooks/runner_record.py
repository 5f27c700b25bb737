"""Keeps a run's cells as they go: `cells.jsonl` in its log folder, one record a line, only ever appended to.

What a cell prints stays in output.log. A record that has a `mark` says where in the log it belongs: the mark itself
goes down the same pipe as the text, and the supervisor, which takes it out again, appends the place that it had.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from runner_cells import Cell
from runner_marks import FILE, format_mark


class Record:
    def __init__(self, folder: Path, secret: str) -> None:
        self._file = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        # Its own copy, which a notebook that closes or replaces its output leaves alone.
        self._output = os.dup(1)
        self._process = os.getpid()
        self._secret = secret
        self._cells = itertools.count(1)
        self._marks = itertools.count(1)

    def begin(self, cell: Cell, notebook: str) -> int:
        """A cell starts; gives its number in this run."""
        number = next(self._cells)
        self._append("cell", cell=number, startMs=_now(), **_about(cell, notebook))
        return number

    def skip(self, cell: Cell, notebook: str) -> None:
        """A cell that is not run any more."""
        self._append("skipped", cell=next(self._cells), **_about(cell, notebook))

    def end(self, number: int, failure: dict[str, str] | None = None) -> None:
        self._append("end", cell=number, endMs=_now(), **dict[str, Any](failure or {}))

    def show(self, kind: str, file: Path) -> None:
        """The current cell shows what is in the file: `png`, `html` or a `table`."""
        self._append("show", shown_bytes=file.stat().st_size, kind=kind, file=file.name)

    def child(self, folder: Path, notebook: str) -> None:
        """The current cell runs another notebook, whose own record is in the folder."""
        self._append("child", folder=folder.name, notebook=notebook)

    def over(self) -> None:
        """What is printed from now on belongs to no cell."""
        self._append("over")

    def _append(self, record: str, *, shown_bytes: int = 0, **fields: Any) -> None:
        if os.getpid() != self._process:
            # A process that the notebook has forked counts the same marks, and is no part of its cells.
            return
        mark = next(self._marks)
        for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            with contextlib.suppress(Exception):
                stream.flush()  # type: ignore[union-attr]
        os.write(self._output, format_mark(self._secret, mark, shown_bytes))
        os.write(self._file, f"{json.dumps({'record': record, 'mark': mark, **fields})}\n".encode())


def _about(cell: Cell, notebook: str) -> dict[str, Any]:
    return {"notebook": notebook, "line": cell.line, "magic": cell.magic, "title": cell.title, "source": cell.shown}


def _now() -> int:
    return time.time_ns() // 1_000_000
