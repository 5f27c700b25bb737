import pytest

from implied_volatility.progress import Progress


def test_progress_speaks_every_few_seconds_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 1.0, 4.0, 5.0, 5.5])
    progress = Progress("work", seconds=3, clock=lambda: next(times))
    for done in (10, 20, 30, 40):
        progress.rows(done, 40)
    assert capsys.readouterr().out.splitlines() == [
        "work: 20 of 40 surfaces, 4 s",
        "work: 40 of 40 surfaces, 6 s",
    ]
