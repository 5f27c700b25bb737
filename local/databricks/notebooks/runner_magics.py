"""The magic commands of Databricks notebooks that are run here; the others are refused by name."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner_cells import Cell
from runner_pip import pip
from runner_python import run_python
from runner_sql import run_sql
from runner_tables import tuples_table

if TYPE_CHECKING:
    from runner import Runner

REFUSED = {"scala", "r", "conda", "skip", "tensorboard", "uv"}
IGNORED = {"matplotlib", "load_ext", "autoreload", "config", "reload_ext"}
FS_COMMANDS = {"ls", "mkdirs", "put", "head", "cp", "mv", "rm", "help"}


def run_magic(runner: Runner, cell: Cell, file: Path) -> None:
    magic = cell.magic or ""
    where = f"{file.name}, line {cell.line}"
    if magic.startswith("md"):
        return
    if magic in REFUSED:
        raise NotImplementedError(f"%{magic} is not available in the local notebook runner ({where})")
    if magic == "sh":
        _shell(cell.source.removeprefix("%sh"))
    elif magic == "python":
        _python(runner, cell.source.replace("%python", "", 1), cell.line, file)
    elif magic == "run":
        _run(runner, cell, file)
    elif magic == "sql":
        run_sql(runner, cell, where)
    elif magic == "fs":
        _fs(runner, cell.source.removeprefix("%fs"))
    else:
        _lines(runner, cell, file)


def _python(runner: Runner, source: str, line: int, file: Path) -> None:
    run_python(source, line, file, runner.namespace, runner.display.last_value)


def _lines(runner: Runner, cell: Cell, file: Path) -> None:
    """A cell of line magics such as %pip, with Python between them."""
    python: list[str] = []
    start = cell.line
    for number, line in enumerate(cell.source.split("\n"), start=cell.line):
        found = re.match(r"([%!])([\w-]*)\s*(.*)", line)
        if not found:
            python.append(line)
            continue
        _python(runner, "\n".join(python), start, file)
        python, start = [], number + 1
        _line_magic(runner, found.group(2), found.group(3), found.group(1) == "!")
    _python(runner, "\n".join(python), start, file)


def _line_magic(runner: Runner, name: str, rest: str, shell: bool) -> None:
    if shell:
        _shell(f"{name} {rest}")
    elif name == "pip":
        pip(shlex.split(rest, comments=True), Path(runner.request["logFolder"]) / "site-packages")
    elif name == "fs":
        _fs(runner, rest)
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


def _fs(runner: Runner, line: str) -> None:
    """`%fs ls /` is `dbutils.fs.ls("/")`, and `-r` is its `recurse`."""
    name, *words = shlex.split(line, comments=True) or ["help"]
    if name not in FS_COMMANDS:
        raise NotImplementedError(f"%fs {name} is not available in the local notebook runner")
    flags = {"recurse": True} if {"-r", "--recurse"} & {*words} else {}
    result: Any = getattr(runner.dbutils.fs, name)(*(word for word in words if not word.startswith("-")), **flags)
    if isinstance(result, list):
        runner.display.table(tuples_table(result))
    elif result is not None:
        print(result)


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
