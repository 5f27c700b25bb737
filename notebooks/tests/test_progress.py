import re

import numpy as np
import pytest

from implied_volatility.progress import Progress


def test_progress_speaks_less_often_the_longer_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    seconds = iter(range(3601))
    progress = Progress("work", clock=lambda: float(next(seconds)))
    for done in range(1, 3601):
        progress.rows(done, 3600)
    said = [int(number) for number in re.findall(r"surfaces, (\d+) s", capsys.readouterr().out)]
    assert said[:3] == [3, 6, 9]
    assert len(said) < 100
    assert max(np.diff(said)) <= 60


def test_progress_speaks_every_few_seconds_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 0.5, 1.0, 4.0, 5.0, 5.5, 8.9])
    progress = Progress("work", seconds=3, clock=lambda: next(times))
    progress.waiting("a worker starts")
    for done in (10, 20, 30, 40):
        progress.rows(done, 40)
    progress.waiting("another one starts")
    assert capsys.readouterr().out.splitlines() == [
        "work: 20 of 40 surfaces, 4 s, 4 s left",
        "work: 40 of 40 surfaces, 6 s",
        "work: another one starts, 9 s",
    ]


def test_progress_tells_the_rest_by_the_rows_that_were_made_now(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 60.0, 120.0])
    progress = Progress("work", clock=lambda: next(times), kept=1000)
    progress.part(1000, 1100)(10, 50)
    progress.rows(1100, 1100)
    assert capsys.readouterr().out.splitlines() == [
        "work: 1,010 of 1,100 surfaces, 60 s, 9 min left",
        "work: 1,100 of 1,100 surfaces, 120 s",
    ]
