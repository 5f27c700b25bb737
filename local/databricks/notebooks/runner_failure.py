"""Words an exception as `jobs/runs/get-output` does."""

from __future__ import annotations

import traceback
from types import TracebackType


def describe(error: BaseException, workspace_root: str, runner_folder: str) -> dict[str, str]:
    """`error` is `Name: message`; `errorTrace` is the traceback from the notebook's own first frame on."""
    _hide_runner(error, runner_folder)
    name = type(error).__name__
    message = str(error)
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return {
        "error": f"{name}: {message}" if message else name,
        "errorTrace": trace.replace(workspace_root, "/Workspace").replace(runner_folder, "/databricks").rstrip(),
    }


def _hide_runner(error: BaseException | None, runner_folder: str) -> None:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = _notebook_part(error.__traceback__, runner_folder)
        error = error.__cause__ or error.__context__


def _notebook_part(trace: TracebackType | None, runner_folder: str) -> TracebackType | None:
    start = trace
    while start is not None and _hidden(start, runner_folder):
        start = start.tb_next
    return start if start is not None else None


def _hidden(trace: TracebackType, runner_folder: str) -> bool:
    name = trace.tb_frame.f_code.co_filename
    return name.startswith(runner_folder) or name.endswith("/ast.py") or name.startswith("<frozen")
