"""Words an exception as `jobs/runs/get-output` does."""

from __future__ import annotations

import errno
import traceback
from types import TracebackType

from runner_limits import ERROR_LENGTH, TRACE_LENGTH, shortened, size
from runner_request import Request, limits_of


def describe(error: BaseException, request: Request, runner_folder: str) -> dict[str, str]:
    """`error` is `Name: message`; `errorTrace` is the traceback from the notebook's own first frame on."""
    _hide_runner(error, runner_folder)
    name = type(error).__name__
    message = _message(error) + _reason(error, request)
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    trace = trace.replace(request["workspaceRoot"], "/Workspace").replace(runner_folder, "/databricks").rstrip()
    return {
        "error": shortened(f"{name}: {message}" if message else name, ERROR_LENGTH),
        "errorTrace": shortened(trace, TRACE_LENGTH),
    }


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:
        return f"<its message cannot be read: {type(broken).__name__}>"


def _reason(error: BaseException, request: Request) -> str:
    if not isinstance(error, OSError) or error.errno != errno.EFBIG:
        return ""
    return f" (a notebook here may write files of at most {size(limits_of(request)['scratchBytes'])})"


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
