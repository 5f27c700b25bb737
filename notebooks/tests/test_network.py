from dataclasses import replace

import numpy as np
import pytest

from implied_volatility import network, paper
from implied_volatility.grid import Floats
from implied_volatility.rough_bergomi import Scheme
from implied_volatility.sampling import draw_parameters
from implied_volatility.scoring import score
from implied_volatility.surfaces import Surfaces, label
from implied_volatility.training import split

ROWS = 512
Data = tuple[Floats, Surfaces, Floats, Surfaces]


@pytest.fixture(scope="module")
def data() -> Data:
    training, test = draw_parameters(ROWS, seed=1), draw_parameters(32, seed=2)
    return (
        training,
        label(training, Scheme(steps=16, points=64), seed=1),
        test,
        label(test, Scheme(steps=16, points=512), seed=2),
    )


@pytest.fixture(scope="module")
def trained(data: Data) -> network.Network:
    return network.train(data[0], data[1], split(ROWS, 1), replace(network.SMALL, epochs=60), seed=1)[0]


def test_our_network_beats_the_papers_recipe_on_the_same_rows(data: Data, trained: network.Network) -> None:
    training, labels, test, truth = data
    yardstick, _ = paper.train(training, labels, split(ROWS, 1), seed=1)
    ours, papers = score(trained.surface(test), truth), score(yardstick.surface(test), truth)
    assert ours.mean < papers.mean
    assert ours.median < papers.median
    assert ours.median < 2.5
    assert ours.r2 > 0.97


def test_training_again_gives_the_same_network(data: Data) -> None:
    short = replace(network.SMALL, epochs=2)
    one, two = (network.train(data[0], data[1], split(ROWS, 1), short, seed=3)[0] for _ in range(2))
    assert one.to_bytes() == two.to_bytes()


def test_invalid_cells_have_no_part_in_training(data: Data) -> None:
    training, labels, _, _ = data
    assert not labels.valid.all()
    strange = labels._replace(volatility=np.where(labels.valid, labels.volatility, 99.0))
    short = replace(network.SMALL, epochs=2)
    one, two = (network.train(training, made, split(ROWS, 1), short, seed=3)[0] for made in (labels, strange))
    assert one.to_bytes() == two.to_bytes()


def test_a_network_read_back_gives_the_same_surfaces(data: Data, trained: network.Network) -> None:
    back = network.Network.from_bytes(trained.to_bytes())
    assert (back.surface(data[2]) == trained.surface(data[2])).all()


def test_volatilities_scale_with_the_level(data: Data, trained: network.Network) -> None:
    surface = trained.surface(data[2])
    assert surface.shape == (32, 8, 11)
    assert (surface > 0).all()
    assert trained.surface(data[2][0]).shape == (8, 11)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 5.0, -3.0])
def test_parameters_outside_the_box_are_refused(trained: network.Network, data: Data, wrong: float) -> None:
    given = data[2].copy()
    given[3, 8] = wrong
    with pytest.raises(ValueError, match="nu"):
        trained.surface(given)
    with pytest.raises(ValueError, match="11 parameters"):
        trained.surface(given[:, :10])


def test_another_format_of_network_is_refused(trained: network.Network, monkeypatch: pytest.MonkeyPatch) -> None:
    written = trained.to_bytes()
    monkeypatch.setattr(network, "_FORMAT", 2)
    with pytest.raises(ValueError, match="format"):
        network.Network.from_bytes(written)


def test_a_split_holds_each_row_once() -> None:
    training, validation = split(100, seed=1)
    assert len(validation) == 15
    assert sorted([*training, *validation]) == list(range(100))
    with pytest.raises(ValueError, match="1 rows"):
        split(1, seed=1)
