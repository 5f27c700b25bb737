"""`display` and `displayHTML`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


class Display:
    """Keeps what a notebook shows as files in the run's log folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def show(self, *values: Any) -> None:
        for value in values:
            if hasattr(value, "savefig"):
                value.savefig(self._next("png"))
                _close_figure(value)
            elif hasattr(value, "to_string"):
                print(value.to_string())
            elif hasattr(value, "_repr_html_"):
                self.html(value._repr_html_())
            else:
                print(value)

    def html(self, html: str) -> None:
        self._next("html").write_text(html, encoding="utf-8")

    def open_figures(self) -> None:
        """Saves and closes the figures that a cell has left open, which notebooks show below the cell."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None:
            return
        for number in pyplot.get_fignums():
            pyplot.figure(number).savefig(self._next("png"))
        pyplot.close("all")

    def _next(self, kind: str) -> Path:
        self._count += 1
        file = self._folder / f"display-{self._count}.{kind}"
        print(f"[shown in {file.name}]")
        return file


def _close_figure(figure: Any) -> None:
    """So that a figure shown by hand is not shown again at the end of its cell."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None and figure in map(pyplot.figure, pyplot.get_fignums()):
        pyplot.close(figure)
