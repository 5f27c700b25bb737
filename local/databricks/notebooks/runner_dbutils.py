"""`dbutils`."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path
from typing import Any, NoReturn

from runner_child import run_child
from runner_context import Context
from runner_files import FileSystem
from runner_help import Helpful
from runner_jobs import Jobs
from runner_record import Record
from runner_request import Request
from runner_widgets import Widgets

# What to do instead of what is not here.
INSTEAD = {
    "secrets": "give the value to the task as a parameter and read it with dbutils.widgets.get",
    "credentials": "the notebook already has a token of its job's identity in DATABRICKS_TOKEN",
    "data": "use display(frame.describe())",
}


class NotebookExit(BaseException):
    """`dbutils.notebook.exit`; no Exception, so that a notebook's own handlers let it pass."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class PythonRestart(BaseException):
    """`dbutils.library.restartPython`: the rest of the cell is lost, and so are all variables."""


class DbUtils:
    def __init__(self, request: Request, record: Record) -> None:
        self._root = Path(request["workspaceRoot"])
        self.widgets = Widgets(request["parameters"])
        self.notebook = Notebook(self, request, record)
        self.fs = FileSystem(request)
        self.library = Library()
        self.jobs = Jobs(request)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        instead = f": {INSTEAD[name]}" if name in INSTEAD else ""
        raise NotImplementedError(f"dbutils.{name} is not available in the local notebook runner{instead}")

    def help(self) -> None:
        print("This local notebook runner has dbutils.fs, .jobs.taskValues, .library, .notebook and .widgets;")
        print("each has a help() of its own.")

    def absolute(self, path: str, beside: Path) -> str:
        """The workspace path that a notebook in the file `beside` means."""
        if path.startswith("/"):
            return re.sub(r"^/Workspace/", "/", path)
        found = Path(os.path.normpath(beside.parent / path))
        if self._root not in found.parents:
            raise FileNotFoundError(f"Notebook not found: {path} lies outside the workspace")
        return f"/{found.relative_to(self._root).as_posix()}"

    def source_of(self, path: str) -> Path:
        file = self._root / f"{path.lstrip('/')}.py"
        if not file.is_file():
            raise FileNotFoundError(f"Notebook not found: {path}")
        return file

    def path_of(self, file: Path) -> str:
        """The workspace path of a notebook's file."""
        return f"/{file.relative_to(self._root).with_suffix('').as_posix()}"


class Notebook(Helpful):
    def __init__(self, dbutils: DbUtils, request: Request, record: Record) -> None:
        self._dbutils = dbutils
        self._request = request
        self._record = record
        self._children = itertools.count(1)
        self.entry_point = EntryPoint(self)

    def exit(self, value: object = "") -> NoReturn:
        """Ends the notebook with a value."""
        raise NotebookExit(str(value))

    def getContext(self) -> Context:  # noqa: N802
        """What is known of this run."""
        return Context(self._request)

    def run(self, path: str, timeout_seconds: float = 0, arguments: dict[str, Any] | None = None) -> str:
        """Runs another notebook and gives what it exits with; raises WorkflowException when it fails."""
        here = self._dbutils.source_of(self._request["notebookPath"])
        absolute = self._dbutils.absolute(path, here)
        self._dbutils.source_of(absolute)
        folder = Path(self._request["logFolder"]) / f"run-{next(self._children)}"
        folder.mkdir()
        self._record.child(folder, absolute)
        return run_child(self._request, absolute, folder, timeout_seconds, arguments or {})


class EntryPoint:
    """`dbutils.notebook.entry_point.getDbutils().notebook().getContext()`, the older way to the context."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def getDbutils(self) -> EntryPoint:  # noqa: N802
        return self

    def notebook(self) -> Notebook:
        return self._notebook


class Library(Helpful):
    def restartPython(self) -> NoReturn:  # noqa: N802
        """Forgets all variables."""
        raise PythonRestart
