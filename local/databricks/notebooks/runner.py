"""Executes one Databricks source notebook in this process; runner_supervisor.py starts and watches it.

Reads one line of JSON (a NotebookRequest of notebookRequest.ts) from standard input, which the parent then keeps
open: when it closes, the parent is gone and this process ends with everything it started. How the notebook ended is
left as outcome.json in the request's log folder, its cells as cells.jsonl.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

HERE = str(Path(__file__).resolve().parent)

from runner_cells import Cell, read_cells  # noqa: E402
from runner_dbutils import DbUtils, NotebookExit, PythonRestart  # noqa: E402
from runner_display import Display  # noqa: E402
from runner_failure import describe  # noqa: E402
from runner_limits import limit_file_size, limited_result  # noqa: E402
from runner_magics import run_magic  # noqa: E402
from runner_outcome import write_outcome  # noqa: E402
from runner_python import run_python  # noqa: E402
from runner_record import Record  # noqa: E402
from runner_request import Request, limits_of  # noqa: E402
from runner_spark import attach, has_cluster  # noqa: E402
from runner_spark_absent import absent_spark  # noqa: E402


class Runner:
    """One notebook's namespace, and the cells that are run in it."""

    def __init__(self, request: Request, imports: list[str]) -> None:
        self.request = request
        absent = {name: absent_spark(name) for name in ("spark", "sc")}
        self.spark = attach(request, imports) if has_cluster() else absent
        self.record = Record(Path(request["logFolder"]), request["mark"])
        self.display = Display(Path(request["logFolder"]), self.record)
        self.dbutils = DbUtils(request, self.record)
        self.main = type(sys)("__main__")
        sys.modules["__main__"] = self.main
        self.namespace = self.main.__dict__
        self.running: list[Path] = []
        self.reported: BaseException | None = None
        self.process = os.getpid()
        self.reset()

    def reset(self) -> None:
        """Forgets every variable, as a new Python process would."""
        self.namespace.clear()
        self.namespace.update(
            __name__="__main__",
            __builtins__=__builtins__,
            dbutils=self.dbutils,
            display=self.display.show,
            displayHTML=self.display.html,
            **self.spark,
        )

    def run_notebook(self, path: str) -> None:
        """Runs a notebook's cells here; `%run` comes back to this for other notebooks."""
        file = self.dbutils.source_of(path)
        if file in self.running:
            raise RecursionError(f"%run of {path}, which is already running")
        self.running.append(file)
        cells = read_cells(file.read_text(encoding="utf-8-sig"))
        try:
            while cells:
                self.run_cell(cells.pop(0), file)
        finally:
            for cell in cells:
                self.record.skip(cell, self.dbutils.path_of(file))
            self.running.pop()

    def run_cell(self, cell: Cell, file: Path) -> None:
        number = self.record.begin(cell, self.dbutils.path_of(file))
        failure: dict[str, str] | None = None
        try:
            try:
                self.execute_cell(cell, file)
            except PythonRestart:
                self.reset()
            finally:
                self.leave_if_forked()
                self.display.open_figures()
        except NotebookExit:
            raise
        except BaseException as error:
            failure = self.report(error)
            raise
        finally:
            self.record.end(number, failure)

    def execute_cell(self, cell: Cell, file: Path) -> None:
        if cell.magic is None:
            run_python(cell.source, cell.line, file, self.namespace, self.display.last_value)
        else:
            run_magic(self, cell, file)

    def report(self, error: BaseException) -> dict[str, str]:
        """What the cell's record says of its failure: the trace only where it happened, not once more for each %run."""
        known = self.reported is error
        self.reported = error
        return {"failed": "below"} if known else {"failed": "here", **describe(error, self.request, HERE)}

    def leave_if_forked(self) -> None:
        """A process that the cell has forked, and that comes out of it, must not run the rest of the notebook too."""
        if os.getpid() == self.process:
            return
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, SystemExit):
            traceback.print_exception(error)
        sys.stdout.flush()
        os._exit(0 if error is None or (isinstance(error, SystemExit) and not error.code) else 1)


def end_with_parent() -> str:
    """Takes the request from standard input and leaves a watch on the rest of it; the notebook reads nothing there."""
    private = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    line = private.readline()

    def watch() -> None:
        private.read()
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    return line


def prepare(request: Request) -> list[str]:
    """Gives the notebook its folder as working directory; it imports from there, its Git folder and what %pip installs."""
    root = Path(request["workspaceRoot"])
    folder = root / request["notebookPath"].lstrip("/").rpartition("/")[0]
    os.chdir(folder)
    git_folders = [
        parent for parent in [folder, *folder.parents] if (parent / ".git").exists() and root in parent.parents
    ]
    # There from the start, or Python would not look again.
    installed = Path(request["logFolder"]) / "site-packages"
    installed.mkdir(exist_ok=True)
    imports = [str(entry) for entry in (installed, folder, *git_folders[:1])]
    sys.path[:] = [*imports, *(entry for entry in sys.path if entry != HERE)]
    sys.argv = [request["notebookPath"]]
    return imports


def execute(request: Request) -> dict[str, Any]:
    try:
        imports = prepare(request)
        runner = Runner(request, imports)
        try:
            runner.run_notebook(request["notebookPath"])
        finally:
            runner.record.over()
    except NotebookExit as end:
        return limited_result(end.value)
    except BaseException as error:  # a notebook may also end by sys.exit or an interrupt
        return describe(error, request, HERE)
    return {}


def main() -> None:
    request: Request = json.loads(end_with_parent())
    limit_file_size(limits_of(request)["scratchBytes"])
    outcome = execute(request)
    if "errorTrace" in outcome:
        print(outcome["errorTrace"], file=sys.stderr)
    write_outcome(request["logFolder"], outcome)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that the notebook has left running must not keep the task open.
    os._exit(0)


if __name__ == "__main__":
    main()
