"""Ends everything that a notebook has started, also what has left its process group or session."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
PATIENCE_SECONDS = 5.0


def adopt_orphans() -> None:
    """Makes this process the parent of whatever its descendants leave behind, where the system can (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants(child: int) -> None:
    """Kills the descendants of this process; on a system without /proc, the process group of its child."""
    if sys.platform != "linux":
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL) if hasattr(os, "killpg") else os.kill(child, signal.SIGTERM)
        return
    give_up = time.monotonic() + PATIENCE_SECONDS
    # Twice nothing, because a process that was started while the first list was read is not on it.
    for quiet in range(2):
        while (found := _descendants()) and time.monotonic() < give_up:
            for pid in found:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.002)
        if quiet == 0:
            time.sleep(0.002)


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
            # The name stands in brackets and may hold anything; the state and the parent follow the last bracket.
            state, parent = stat.read().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                children.setdefault(int(parent), []).append(int(entry))
    found: list[int] = []
    for pid in (queue := [os.getpid()]):
        below = children.get(pid, [])
        found.extend(below)
        queue.extend(below)
    return found
