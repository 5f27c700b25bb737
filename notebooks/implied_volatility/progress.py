"""Progress in lines of text, at most one every few seconds, and fewer the longer it takes."""

from __future__ import annotations

import time
from collections.abc import Callable


class Progress:
    """Prints `label: what` when asked to, and always for the last one.

    Not more often than every `seconds`, and than every tenth of the time that has passed, up to a minute: hours of work
    leave pages that can still be read.
    """

    def __init__(
        self, label: str, seconds: float = 3.0, clock: Callable[[], float] = time.monotonic, *, kept: int = 0
    ) -> None:
        self._label, self._seconds, self._clock, self._kept = label, seconds, clock, kept
        self._started = self._last = clock()

    def rows(self, done: int, rows: int) -> None:
        """For work on rows of a table, `kept` of which were there before; tells how long the rest will take."""
        self._say(done, rows, f"{done:,} of {rows:,} surfaces", done - self._kept)

    def part(self, before: int, rows: int) -> Callable[[int, int], None]:
        """What to call as `rows` for a part of them, when `before` are done."""
        return lambda done, _part: self.rows(before + done, rows)

    def waiting(self, what: str) -> None:
        """For what has to be there before work begins."""
        self._say(0, 1, what)

    def epochs(self, epoch: int, epochs: int, training: float, validation: float) -> None:
        """For training."""
        self._say(epoch, epochs, f"epoch {epoch} of {epochs}, loss {training:.4f}, in validation {validation:.4f}")

    def _say(self, done: int, all_: int, what: str, worked: int = 0) -> None:
        now = self._clock()
        passed = now - self._started
        if done < all_ and now - self._last < max(self._seconds, min(60.0, 0.1 * passed)):
            return
        self._last = now
        rest = f", {_span(passed / worked * (all_ - done))} left" if worked > 0 and done < all_ else ""
        print(f"{self._label}: {what}, {passed:.0f} s{rest}", flush=True)


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
