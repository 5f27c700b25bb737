import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from implied_volatility import pictures
from implied_volatility.learning.descent import Fit
from implied_volatility.progress import Progress
from implied_volatility.surfaces import Surfaces

mpl.use("Agg")

VOLATILITY = np.random.default_rng(1).uniform(0.1, 0.5, (3, 8, 11))
VOLATILITY[:, 0, 0] = np.nan
SURFACES = Surfaces(VOLATILITY, VOLATILITY / 50, np.isfinite(VOLATILITY))
FIT = Fit(None, np.geomspace(1, 0.01, 9), np.geomspace(1, 0.02, 9), 1.5)
FIGURES = {
    "one surface": lambda: pictures.one_surface(SURFACES),
    "smiles": lambda: pictures.smiles(SURFACES, VOLATILITY * 1.01, VOLATILITY, [0, 2], ["a", "b"]),
    "heat maps": lambda: pictures.heat_maps([("a", VOLATILITY[0]), ("b", np.zeros((8, 11)))], common_scale=False),
    "curves": lambda: pictures.learning_curves([("a", FIT), ("b", FIT)]),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_picture_is_a_png_of_some_size_with_labelled_axes(name: str) -> None:
    figure: Figure = FIGURES[name]()
    content = pictures.png(figure)
    assert content.startswith(b"\x89PNG")
    assert len(content) > 10_000
    labels = [axes.get_xlabel() + axes.get_ylabel() for axes in figure.axes]
    assert any(labels)


def test_progress_speaks_every_few_seconds_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 1.0, 4.0, 5.0, 5.5])
    progress = Progress("work", seconds=3, clock=lambda: next(times))
    for done in (10, 20, 30, 40):
        progress.rows(done, 40)
    assert capsys.readouterr().out.splitlines() == [
        "work: 20 of 40 surfaces, 4 s",
        "work: 40 of 40 surfaces, 6 s",
    ]
