"""Progress in lines of text, at most one every few seconds, and fewer the longer it takes."""

from __future__ import annotations

import time
from collections.abc import Callable


class Progress:
    """Prints `label: what` when asked to, and always for the last one.

    Not more often than every `seconds`, and than every tenth of the time that has passed, up to a minute: hours of work
    leave pages that can still be read.
    """

    def __init__(self, label: str, seconds: float = 3.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._label, self._seconds, self._clock = label, seconds, clock
        self._started = self._last = clock()

    def rows(self, done: int, rows: int) -> None:
        """For work on rows of a table."""
        self._say(done, rows, f"{done:,} of {rows:,} surfaces")

    def waiting(self, what: str) -> None:
        """For what has to be there before work begins."""
        self._say(0, 1, what)

    def epochs(self, epoch: int, epochs: int, training: float, validation: float) -> None:
        """For training."""
        self._say(epoch, epochs, f"epoch {epoch} of {epochs}, loss {training:.4f}, in validation {validation:.4f}")

    def _say(self, done: int, all_: int, what: str) -> None:
        now = self._clock()
        pause = max(self._seconds, min(60.0, 0.1 * (now - self._started)))
        if done < all_ and now - self._last < pause:
            return
        self._last = now
        print(f"{self._label}: {what}, {now - self._started:.0f} s", flush=True)
