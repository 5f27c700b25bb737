"""The magic commands of Databricks notebooks that are run here; the others are refused by name."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runner_cells import Cell
from runner_pip import pip
from runner_python import run_python

if TYPE_CHECKING:
    from runner import Runner

REFUSED = {"sql", "scala", "r", "fs", "conda", "skip", "tensorboard", "uv"}
IGNORED = {"matplotlib", "load_ext", "autoreload", "config", "reload_ext"}


def run_magic(runner: Runner, cell: Cell, file: Path) -> None:
    magic = cell.magic or ""
    if magic.startswith("md"):
        return
    if magic in REFUSED:
        raise NotImplementedError(f"%{magic} is not available in the local notebook runner ({file.name}, line {cell.line})")
    if magic == "sh":
        _shell(cell.source.removeprefix("%sh"))
    elif magic == "python":
        run_python(cell.source.replace("%python", "", 1), cell.line, file, runner.namespace)
    elif magic == "run":
        _run(runner, cell, file)
    else:
        _lines(runner, cell, file)


def _lines(runner: Runner, cell: Cell, file: Path) -> None:
    """A cell of line magics such as %pip, with Python between them."""
    python: list[str] = []
    start = cell.line
    for number, line in enumerate(cell.source.splitlines(), start=cell.line):
        found = re.match(r"([%!])([\w-]*)\s*(.*)", line)
        if not found:
            python.append(line)
            continue
        run_python("\n".join(python), start, file, runner.namespace)
        python, start = [], number + 1
        _line_magic(runner, found.group(2), found.group(3), found.group(1) == "!")
    run_python("\n".join(python), start, file, runner.namespace)


def _line_magic(runner: Runner, name: str, rest: str, shell: bool) -> None:
    if shell:
        _shell(f"{name} {rest}")
    elif name == "pip":
        pip(shlex.split(rest, comments=True), Path(runner.request["logFolder"]) / "site-packages")
    elif name not in IGNORED:
        raise NotImplementedError(f"%{name} is not available in the local notebook runner")


def _shell(command: str) -> None:
    """As in Databricks, only `%sh -e` fails the cell when the command fails."""
    options = re.match(r"\s*-e\b", command)
    script = command[options.end() :] if options else command
    sys.stdout.flush()
    done = subprocess.run(["bash", *(["-e"] if options else []), "-c", script], stdin=subprocess.DEVNULL, check=False)
    if options and done.returncode != 0:
        raise subprocess.CalledProcessError(done.returncode, f"%sh -e{script}")


def _run(runner: Runner, cell: Cell, file: Path) -> None:
    """`%run ./other $name="value"`: the other notebook's cells, in this notebook's namespace."""
    words = shlex.split(cell.source.removeprefix("%run"), comments=True)
    if not words:
        raise ValueError(f"%run needs the path of a notebook ({file.name}, line {cell.line})")
    path, *arguments = words
    for argument in arguments:
        name, _, value = argument.removeprefix("$").partition("=")
        runner.dbutils.widgets.set_argument(name, value)
    runner.run_notebook(runner.dbutils.absolute(path, file))
