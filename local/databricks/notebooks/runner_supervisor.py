"""Runs a notebook in a process of its own (runner.py) and watches over it.

Reads one line of JSON (a NotebookRequest of notebookRequest.ts) from standard input. When that closes, the parent is
gone or wants an end, and the notebook ends with all that it has started. What the notebook prints goes to standard
output, up to a limit; how it ended is left as outcome.json in the request's log folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, NoReturn

from runner_limits import size
from runner_marks import FILE, MARK_START, format_mark
from runner_outcome import write_outcome
from runner_processes import adopt_orphans, end_descendants
from runner_request import Request, limits_of

# Databricks shows as much of a Python process that died ("The last 10 KB of the process's stderr and stdout").
TAIL_BYTES = 10 * 1024
# As Databricks words it (MicrosoftDocs/azure-docs #72830).
TOO_LARGE = "The output of the notebook is too large. Cause: rpc response (of {} bytes) exceeds limit of {} bytes"


class Supervisor:
    """One notebook's process, from its start until nothing of it is left."""

    def __init__(self, request: Request) -> None:
        self._log = request["logFolder"]
        self._limits = limits_of(request)
        self._scratch = tempfile.mkdtemp(prefix="notebook-")
        secret = os.urandom(8).hex()
        self._mark = re.compile(re.escape(MARK_START) + secret.encode() + rb"(\d{8})(\d{12})\n")
        self._mark_length = len(format_mark(secret, 0, 0))
        self._places = os.open(os.path.join(self._log, FILE), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._held = self._tail = b""
        self._written = self._shown = 0
        self._verdict: dict[str, Any] | None = None
        self._exit_code = 0
        self._told_to_end = False
        self._start({**request, "mark": secret, "limits": self._limits})

    def _start(self, request: dict[str, Any]) -> None:
        adopt_orphans()
        temporary = dict.fromkeys(["TMPDIR", "TEMP", "TMP"], self._scratch)
        self._child = subprocess.Popen(
            [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "runner.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **temporary},
            start_new_session=True,
        )
        assert self._child.stdin is not None
        # Left open: its end tells the notebook's process that this one is gone.
        with contextlib.suppress(OSError):
            self._child.stdin.write(json.dumps(request).encode() + b"\n")
            self._child.stdin.flush()

    def watch(self) -> NoReturn:
        """Returns never: ends this process when the notebook has ended and left its outcome."""
        waiter = threading.Thread(target=self._wait)
        waiter.start()
        threading.Thread(target=self._watch_parent, daemon=True).start()
        threading.Thread(target=self._watch_disk, daemon=True).start()
        assert self._child.stdout is not None
        while chunk := os.read(self._child.stdout.fileno(), 1 << 16):
            self._take(chunk)
        self._write(self._held)
        waiter.join()
        if self._told_to_end:
            self._vanish()
        self._leave_outcome()
        shutil.rmtree(self._scratch, ignore_errors=True)
        os._exit(0)

    def _wait(self) -> None:
        if hasattr(os, "waitstatus_to_exitcode") and hasattr(os, "wait"):
            # Orphans that end are this process's to bury, so it waits for any.
            pid, status = os.wait()
            while pid != self._child.pid:
                pid, status = os.wait()
            self._exit_code = os.waitstatus_to_exitcode(status)
        else:
            self._exit_code = self._child.wait()
        end_descendants(self._child.pid)

    def _watch_parent(self) -> None:
        """The end of standard input is the order to end, and comes by itself when the parent dies."""
        while os.read(0, 1 << 16):
            pass
        self._told_to_end = True
        end_descendants(self._child.pid)
        self._vanish()

    def _vanish(self) -> None:
        """Ends without an outcome, as a killed process does."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    def _watch_disk(self) -> None:
        most = self._limits["scratchBytes"]
        pause = 0.0
        while self._verdict is None:
            time.sleep(pause)
            began = time.monotonic()
            if _bytes_below(self._log, self._scratch) > most:
                message = f"the notebook has filled the {size(most)} that it may have in temporary files and packages"
                self._stop({"error": f"OSError: [Errno 28] No space left on device: {message}"})
            # At most a twentieth of a processor, however many files there are.
            pause = max(0.25, 20 * (time.monotonic() - began))

    def _stop(self, verdict: dict[str, Any]) -> None:
        self._verdict = self._verdict or verdict
        end_descendants(self._child.pid)

    def _take(self, chunk: bytes) -> None:
        text = self._held + chunk
        done = 0
        for found in self._mark.finditer(text):
            self._write(text[done : found.start()])
            done = found.end()
            self._shown += int(found.group(2))
            os.write(self._places, b'{"record":"place","mark":%d,"at":%d}\n' % (int(found.group(1)), self._written))
        rest = text[done:]
        # The beginning of a mark may wait for its end.
        start = rest.rfind(MARK_START, max(0, len(rest) - self._mark_length + 1))
        self._held = rest[start:] if start >= 0 else b""
        self._write(rest[:start] if start >= 0 else rest)
        self._check_output()

    def _write(self, text: bytes) -> None:
        if self._verdict is not None or not text:
            return
        kept = text[: max(0, self._limits["outputBytes"] - self._written)]
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.buffer.write(kept)
            sys.stdout.buffer.flush()
        self._tail = (self._tail + kept)[-TAIL_BYTES:]
        self._written += len(text)

    def _check_output(self) -> None:
        total, most = self._written + self._shown, self._limits["outputBytes"]
        if total > most and self._verdict is None:
            self._stop({"error": TOO_LARGE.format(total, most), "outputTooLarge": True})

    def _leave_outcome(self) -> None:
        if self._verdict is None and os.path.exists(os.path.join(self._log, "outcome.json")):
            return
        write_outcome(self._log, self._verdict or _died(self._exit_code, self._tail))


def _died(exit_code: int, tail: bytes) -> dict[str, Any]:
    # As a shell counts, and as Databricks words it: "exited with exit code 137 (SIGKILL: Killed)".
    code = 128 - exit_code if exit_code < 0 else exit_code
    reason = ""
    with contextlib.suppress(ValueError):
        ended_by = signal.Signals(code - 128)
        reason = f" ({ended_by.name}: {signal.strsignal(ended_by)})"
        if ended_by.name == "SIGKILL":
            reason += ". This may have been caused by an OOM error. Check your command's memory usage"
    message = (
        f"Fatal error: The Python kernel is unresponsive. The Python process exited with exit code {code}{reason}."
    )
    return {"driverLost": True, "error": message, "errorTrace": tail.decode(errors="replace")}


def _bytes_below(*folders: str) -> int:
    total = 0
    waiting = list(folders)
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        # What it takes up, not how long it says it is.
                        stat = entry.stat(follow_symlinks=False)
                        total += getattr(stat, "st_blocks", stat.st_size // 512) * 512
    return total


if __name__ == "__main__":
    Supervisor(json.loads(sys.stdin.buffer.readline())).watch()
