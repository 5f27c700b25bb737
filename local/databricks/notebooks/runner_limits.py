"""The limits that the notebook's own process keeps; runner_supervisor.py keeps the others."""

from __future__ import annotations

from typing import Any

# The Jobs API gives the first 5 MB of what dbutils.notebook.exit was called with (jobs/runs/get-output).
RESULT_BYTES = 5 * 1024 * 1024
ERROR_LENGTH = 10_000
TRACE_LENGTH = 20_000


def limit_file_size(most: int) -> None:
    """No file may grow beyond this many bytes, here and in all that is started from here (not on Windows)."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (wanted, wanted))


def limited_result(value: str) -> dict[str, Any]:
    data = value.encode(errors="replace")
    if len(data) <= RESULT_BYTES:
        return {"result": value}
    return {"result": data[:RESULT_BYTES].decode(errors="ignore"), "truncated": True}


def shortened(text: str, length: int) -> str:
    """The beginning and the end of a text that is too long."""
    if len(text) <= length:
        return text
    half = length // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"


def size(number: int) -> str:
    """A number of bytes as people read it."""
    for unit in ("GiB", "MiB", "KiB"):
        one = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10}[unit]
        if number >= one:
            return f"{number / one:.4g} {unit}"
    return f"{number} bytes"
