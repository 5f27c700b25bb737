"""`display` and `displayHTML`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from runner_record import Record
from runner_tables import Table, is_pandas, is_spark, pandas_table, table_of


class Display:
    """Keeps what a notebook shows as files in the run's log folder."""

    def __init__(self, folder: Path, record: Record) -> None:
        self._folder = folder
        self._record = record
        self._count = 0

    def show(self, *values: Any) -> None:
        for value in values:
            table = table_of(value)
            figure = _figure_of(value)
            if table is not None:
                self.table(table)
            elif figure is not None:
                self._figure(figure)
                _close_figure(figure)
            elif not self._rich(value):
                print(value)

    def last_value(self, value: Any) -> None:
        """The value of a cell's last expression."""
        if is_pandas(value):
            self.table(pandas_table(value, with_index=True))
        elif value is not None and (is_spark(value) or not self._rich(value)):
            print(repr(value))

    def html(self, html: str) -> None:
        self._keep("html", str(html).encode(errors="replace"))

    def table(self, table: Table) -> None:
        self._keep("table", json.dumps(table._asdict()).encode())

    def open_figures(self) -> None:
        """Saves and closes the figures that a cell has left open, which notebooks show below the cell."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None:
            return
        for number in pyplot.get_fignums():
            self._figure(pyplot.figure(number))
        pyplot.close("all")

    def _figure(self, figure: Any) -> None:
        file = self._next("png")
        figure.savefig(file, format="png")
        self._record.show("png", file)

    def _rich(self, value: Any) -> bool:
        """Shows a value that brings its own picture or markup."""
        if isinstance(value, type):
            return False
        for kind, method in (("png", "_repr_png_"), ("html", "_repr_html_")):
            given = getattr(value, method, None)
            content = given() if callable(given) else None
            if content is not None:
                self._keep(kind, content if isinstance(content, bytes) else str(content).encode(errors="replace"))
                return True
        return False

    def _keep(self, kind: str, content: bytes) -> None:
        file = self._next("json" if kind == "table" else kind)
        file.write_bytes(content)
        self._record.show(kind, file)

    def _next(self, extension: str) -> Path:
        self._count += 1
        return self._folder / f"display-{self._count}.{extension}"


def _figure_of(value: Any) -> Any:
    """A matplotlib figure, or the one that its axes are part of."""
    if hasattr(value, "savefig"):
        return value
    figure = getattr(value, "figure", None)
    return figure if hasattr(figure, "savefig") else None


def _close_figure(figure: Any) -> None:
    """So that a figure shown by hand is not shown again at the end of its cell."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None and figure in map(pyplot.figure, pyplot.get_fignums()):
        pyplot.close(figure)
