from dataclasses import replace

import numpy as np
import pytest

from implied_volatility.labelling import label
from implied_volatility.learning import paper, surrogate, training
from implied_volatility.learning.descent import split
from implied_volatility.learning.surrogate import Surrogate
from implied_volatility.models import ROUGH_BERGOMI, Effort
from implied_volatility.scoring import score
from implied_volatility.surfaces import Sample

ROWS = 512
Data = tuple[Sample, Sample]


def sample(rows: int, paths: int, seed: int) -> Sample:
    parameters = ROUGH_BERGOMI.draw(rows, seed)
    return Sample(parameters, label(ROUGH_BERGOMI, parameters, Effort(paths, steps=16), seed))


@pytest.fixture(scope="module")
def data() -> Data:
    return sample(ROWS, 512, seed=1), sample(32, 4096, seed=2)


def trained_on(given: Sample, epochs: int, seed: int) -> Surrogate:
    recipe = replace(training.SMALL, epochs=epochs)
    return training.train(ROUGH_BERGOMI, given, split(len(given.parameters), 1), recipe, seed).surrogate


@pytest.fixture(scope="module")
def trained(data: Data) -> Surrogate:
    return trained_on(data[0], 60, seed=1)


def test_our_network_beats_the_papers_recipe_on_the_same_rows(data: Data, trained: Surrogate) -> None:
    rows, test = data
    yardstick, _ = paper.train(ROUGH_BERGOMI, rows, split(ROWS, 1), seed=1)
    ours, papers = (score(made.surface(test.parameters), test.surfaces) for made in (trained, yardstick))
    assert ours.mean < papers.mean
    assert ours.median < papers.median
    assert ours.median < 2.5
    assert ours.r2 > 0.97


def test_training_again_gives_the_same_network(data: Data) -> None:
    one, two = (trained_on(data[0], 2, seed=3) for _ in range(2))
    assert one.to_bytes() == two.to_bytes()


def test_invalid_cells_have_no_part_in_training(data: Data) -> None:
    parameters, labels = data[0]
    assert not labels.valid.all()
    strange = labels._replace(volatility=np.where(labels.valid, labels.volatility, 99.0))
    one, two = (trained_on(Sample(parameters, made), 2, seed=3) for made in (labels, strange))
    assert one.to_bytes() == two.to_bytes()


def test_a_network_read_back_gives_the_same_surfaces(data: Data, trained: Surrogate) -> None:
    back = Surrogate.from_bytes(trained.to_bytes())
    assert (back.surface(data[1].parameters) == trained.surface(data[1].parameters)).all()


def test_volatilities_scale_with_the_level(data: Data, trained: Surrogate) -> None:
    surface = trained.surface(data[1].parameters)
    assert surface.shape == (32, 8, 11)
    assert (surface > 0).all()
    assert trained.surface(data[1].parameters[0]).shape == (8, 11)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 5.0, -3.0])
def test_parameters_outside_the_box_are_refused(trained: Surrogate, data: Data, wrong: float) -> None:
    given = data[1].parameters.copy()
    given[3, 8] = wrong
    with pytest.raises(ValueError, match="nu"):
        trained.surface(given)
    with pytest.raises(ValueError, match="11 parameters"):
        trained.surface(given[:, :10])


def test_another_format_of_network_is_refused(trained: Surrogate, monkeypatch: pytest.MonkeyPatch) -> None:
    written = trained.to_bytes()
    monkeypatch.setattr(surrogate, "_FORMAT", 0)
    with pytest.raises(ValueError, match="format"):
        Surrogate.from_bytes(written)


def test_a_split_holds_each_row_once() -> None:
    training, validation = split(100, seed=1)
    assert len(validation) == 15
    assert sorted([*training, *validation]) == list(range(100))
    with pytest.raises(ValueError, match="1 rows"):
        split(1, seed=1)
