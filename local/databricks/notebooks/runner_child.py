"""`dbutils.notebook.run`: another notebook in a process of its own, with a record of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from runner_request import Request

PATIENCE_SECONDS = 15


class WorkflowException(Exception):  # noqa: N818
    """The other notebook failed or took too long."""

    # Wording: databricks-industry-solutions/security-analysis-tool #127.

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(f"com.databricks.NotebookExecutionException: {state}: {reason}")


def run_child(request: Request, path: str, folder: Path, timeout_seconds: float, arguments: dict[str, Any]) -> str:
    """What the notebook exits with; everything that it has started ends with it, also when its time is up."""
    parameters = {name: str(value) for name, value in arguments.items()}
    wanted = {**request, "notebookPath": path, "parameters": parameters, "logFolder": str(folder)}
    runner = Path(__file__).with_name("runner_supervisor.py")
    with (folder / "output.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-S", str(runner)], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, text=True
        )
    assert child.stdin is not None
    try:
        # Kept open until the child has ended: it takes the end of its input for an order to end.
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(json.dumps(wanted) + "\n")
            child.stdin.flush()
        child.wait(timeout_seconds or None)
    except subprocess.TimeoutExpired:
        message = f"notebook {path} exceeded its timeout of {timeout_seconds} seconds"
        raise WorkflowException("TIMEDOUT", message) from None
    finally:
        _end(child)
    return _result(folder / "outcome.json", path)


def _end(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(OSError):
        child.stdin.close()  # type: ignore[union-attr]
    try:
        child.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def _result(file: Path, path: str) -> str:
    outcome = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"error": "its process was killed"}
    if "error" in outcome:
        reason = f"Workload failed, see run output for details (notebook {path}: {outcome['error']})"
        raise WorkflowException("FAILED", reason)
    return str(outcome.get("result", ""))
