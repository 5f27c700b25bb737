import time
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import NDArray
from sizes import DEPTH, ROWS, SMALL, TINY, WIDTH

from implied_volatility.grid import CELLS, Floats
from implied_volatility.labelling import label
from implied_volatility.learning import curve, paper, surrogate, training
from implied_volatility.learning.descent import Recipe, descend, split
from implied_volatility.learning.label_noise import label_noise
from implied_volatility.learning.network import Weights
from implied_volatility.learning.surrogate import Surrogate, log_volatility
from implied_volatility.learning.training import NetworkRecipe, Trained, train
from implied_volatility.models import ROUGH_BERGOMI, Model
from implied_volatility.scoring import score
from implied_volatility.surfaces import Sample, Surfaces

Data = tuple[Sample, Sample]
Chosen = tuple[NDArray[np.int64], NDArray[np.int64]]


@pytest.fixture(scope="module")
def data() -> Data:
    """Simulated rows to learn from and others to judge by."""
    parameters = np.concatenate([ROUGH_BERGOMI.draw(ROWS, seed=1), ROUGH_BERGOMI.draw(64, seed=2)])
    labels = label(ROUGH_BERGOMI, parameters, SMALL, seed=1)
    return (
        Sample(parameters[:ROWS], labels.rows(slice(ROWS))),
        Sample(parameters[ROWS:], labels.rows(slice(ROWS, None))),
    )


@pytest.fixture(scope="module")
def trained(data: Data) -> Trained:
    recipe = replace(training.SMALL, batch=32, epochs=120, width=WIDTH, depth=DEPTH)
    return train(ROUGH_BERGOMI, data[0], split(ROWS, 1), recipe, seed=1, members=2)


@pytest.fixture(scope="module")
def ours(trained: Trained) -> Surrogate:
    return trained.surrogate


def test_our_networks_beat_the_papers_recipe_on_the_same_rows(data: Data, ours: Surrogate) -> None:
    rows, test = data
    yardstick, _ = paper.train(ROUGH_BERGOMI, rows, split(ROWS, 1), seed=1)
    made, papers = (score(each.surface(test.parameters), test.surfaces) for each in (ours, yardstick))
    assert made.mean < 0.8 * papers.mean
    assert made.median < 0.7 * papers.median


def smooth(parameters: Floats) -> Floats:
    """A smile by formula, `(n, 88)`: a level of each row, bent by ρ and ν."""
    level = np.sqrt(parameters[:, :8].mean(1))[:, None]
    place = np.linspace(-1, 1, CELLS)
    return np.asarray(level * np.exp(0.2 * parameters[:, 9:10] * place + 0.05 * parameters[:, 8:9] * place**2))


def labelled(parameters: Floats, volatility: Floats, standard_error: Floats) -> Sample:
    shape = (len(parameters), 8, 11)
    return Sample(
        parameters, Surfaces(volatility.reshape(shape), standard_error.reshape(shape), np.ones(shape, np.bool_))
    )


@pytest.fixture(scope="module")
def exact() -> Sample:
    """Labels of a formula, without error."""
    parameters = ROUGH_BERGOMI.draw(ROWS, seed=3)
    volatility = smooth(parameters)
    return labelled(parameters, volatility, np.zeros_like(volatility))


def test_training_again_gives_the_same_bytes_and_another_seed_others(exact: Sample) -> None:
    one, two, other = (
        train(ROUGH_BERGOMI, exact, split(ROWS, 1), TINY, seed).surrogate.to_bytes() for seed in (3, 3, 4)
    )
    assert one == two
    assert one != other


def test_invalid_cells_have_no_part_in_training(exact: Sample) -> None:
    valid = np.random.default_rng(1).random(exact.surfaces.valid.shape) > 0.2
    one, two = (
        train(
            ROUGH_BERGOMI,
            Sample(exact.parameters, Surfaces(*(np.where(valid, a, strange) for a in exact.surfaces[:2]), valid)),
            split(ROWS, 1),
            TINY,
            seed=3,
        ).surrogate.to_bytes()
        for strange in (99.0, np.nan)
    )
    assert one == two


def test_a_cell_without_any_label_does_not_stop_training(exact: Sample) -> None:
    valid = exact.surfaces.valid.copy()
    valid[:, 0, 0] = False
    made, fits = train(
        ROUGH_BERGOMI, exact._replace(surfaces=exact.surfaces._replace(valid=valid)), split(ROWS, 1), TINY, seed=3
    )
    assert np.isfinite(made.surface(exact.parameters)).all()
    assert np.isfinite(made.error).all()
    assert np.isfinite(fits[0].validation_loss).all()


def test_a_network_too_small_for_all_cells_learns_those_with_little_noise() -> None:
    """One unit for two sorts of cells: one in four bends by ρ, the others by ν. Noise in the others leaves it to ρ."""
    parameters = ROUGH_BERGOMI.draw(ROWS, seed=5)
    few = np.arange(CELLS) % 4 == 0
    level = np.sqrt(parameters[:, :1])
    bend = np.where(few, parameters[:, 9:10], 0.25 * parameters[:, 8:9])
    truth = level * np.exp(0.3 * bend)
    parameters[:, :8] = parameters[:, :1]
    recipe = NetworkRecipe(epochs=60, batch=64, rate=3e-2, width=1, depth=0)

    def wrong(standard_error: Floats) -> float:
        sample = labelled(parameters, truth, standard_error)
        made = train(ROUGH_BERGOMI, sample, split(ROWS, 1), recipe, seed=3).surrogate.surface(parameters)
        return float(np.abs(made.reshape(-1, CELLS) / truth - 1)[:, few].mean())

    assert wrong(np.where(few, 0.0, 0.5 * truth)) < 0.3 * wrong(np.where(few, 0.0, 0.0 * truth))


def test_the_noise_of_labels_is_found_again_from_standard_errors_of_few_repetitions() -> None:
    parameters = ROUGH_BERGOMI.draw(2048, seed=4)
    law = 0.02 * np.exp(parameters[:, 8:9] - 2) * np.ones(CELLS)
    seen = law * np.sqrt(np.random.default_rng(1).chisquare(3, law.shape) / 3)
    made = label_noise(ROUGH_BERGOMI, labelled(parameters, np.full(law.shape, 1.0), seen), np.arange(2048))
    expected = np.sqrt(law * np.exp(np.log(law).mean(0)))
    # A standard error is too low by 15 % in the mean of its logarithm.
    assert np.abs(np.log(made / expected) + 0.17).max() < 0.3
    exact = label_noise(ROUGH_BERGOMI, labelled(parameters, np.full(law.shape, 1.0), 0 * seen), np.arange(2048))
    assert np.ptp(exact) < 1e-9


def test_the_error_of_a_cell_is_that_of_the_rows_kept_for_validation_without_the_noise_of_labels(exact: Sample) -> None:
    chosen = split(ROWS, 1)
    clean = train(ROUGH_BERGOMI, exact, chosen, TINY, seed=3).surrogate
    held = exact.surfaces.volatility[chosen[1]]
    square = np.mean(np.log(clean.surface(exact.parameters[chosen[1]]) / held) ** 2, axis=0)
    np.testing.assert_allclose(clean.error, np.sqrt(square))
    # The same networks, for training does not see these rows: half, then all of the square is noise.
    noise = np.zeros_like(exact.surfaces.volatility)
    for share, left in ((0.5, 0.5), (1.0, 0.04)):
        noise[chosen[1]] = held * np.sqrt(share * square)
        noisy = exact._replace(surfaces=exact.surfaces._replace(standard_error=noise))
        made = train(ROUGH_BERGOMI, noisy, chosen, TINY, seed=3).surrogate
        np.testing.assert_allclose(made.error, np.sqrt(left * square))


def test_an_ensemble_is_the_geometric_mean_of_its_members(data: Data, ours: Surrogate) -> None:
    given = data[1].parameters
    members = [replace(ours, members=(member,)).surface(given) for member in ours.members]
    assert len(members) == 2
    assert np.abs(members[0] - members[1]).max() > 1e-4
    mean = np.exp(np.log(members).mean(0))
    np.testing.assert_allclose(ours.surface(given), mean, rtol=1e-5)
    arrays = (np.asarray(a, np.float32) for a in (ours.centre, ours.scale, given))
    logs = jax.jit(log_volatility, static_argnums=0)(ROUGH_BERGOMI, ours.members, *arrays)
    np.testing.assert_allclose(np.exp(logs).reshape(mean.shape), mean, rtol=1e-5)


def test_networks_read_back_give_the_same_surfaces(data: Data, ours: Surrogate) -> None:
    back = Surrogate.from_bytes(ours.to_bytes())
    assert (back.surface(data[1].parameters) == ours.surface(data[1].parameters)).all()
    assert (back.error == ours.error).all()
    assert back.to_bytes() == ours.to_bytes()


def test_surfaces_have_the_shape_of_the_parameters_and_are_positive(data: Data, ours: Surrogate) -> None:
    surface = ours.surface(data[1].parameters)
    assert surface.shape == (64, 8, 11)
    assert (surface > 0).all()
    assert ours.surface(data[1].parameters[0]).shape == (8, 11)


def test_a_surface_alone_is_computed_in_the_thread_that_asks_for_it(ours: Surrogate) -> None:
    parameters = ROUGH_BERGOMI.draw(500, seed=3)
    ours.surface(parameters[:1])
    here, anywhere = time.thread_time(), time.process_time()
    for row in parameters:
        ours.surface(row)
    assert time.thread_time() - here > 0.9 * (time.process_time() - anywhere)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 5.0, -3.0])
def test_parameters_outside_the_box_are_refused(ours: Surrogate, data: Data, wrong: float) -> None:
    given = data[1].parameters.copy()
    given[3, 8] = wrong
    with pytest.raises(ValueError, match="nu"):
        ours.surface(given)
    with pytest.raises(ValueError, match="11 parameters"):
        ours.surface(given[:, :10])


def test_another_format_of_network_is_refused(ours: Surrogate, monkeypatch: pytest.MonkeyPatch) -> None:
    written = ours.to_bytes()
    monkeypatch.setattr(surrogate, "_FORMAT", 0)
    with pytest.raises(ValueError, match="format"):
        Surrogate.from_bytes(written)


def test_a_learning_curve_trains_both_recipes_on_the_first_rows_and_judges_by_the_others(
    data: Data, ours: Surrogate, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int, int]] = []

    def ours_on(_model: Model, part: Sample, chosen: Chosen, *_: object, members: int, **__: object) -> Trained:
        assert (part.parameters == data[0].parameters[: len(part.parameters)]).all()
        told.append((f"{members} networks", len(part.parameters), len(chosen[0])))
        return Trained(ours, ())

    def papers_on(_model: Model, part: Sample, chosen: Chosen, *_: object) -> tuple[Surrogate, None]:
        told.append(("paper", len(part.surfaces.valid), len(chosen[0])))
        return replace(ours, centre=ours.centre + 0.1), None

    monkeypatch.setattr(curve, "train", ours_on)
    monkeypatch.setattr(paper, "train", papers_on)
    points = curve.learning_curve(ROUGH_BERGOMI, *data, [100, 200], TINY, seed=1, members=3)
    assert told == [("3 networks", 100, 85), ("paper", 100, 85), ("3 networks", 200, 170), ("paper", 200, 170)]
    assert [point.rows for point in points] == [100, 200]
    assert points[1].ours == score(ours.surface(data[1].parameters), data[1].surfaces)
    assert points[1].paper.mean > points[1].ours.mean
    with pytest.raises(ValueError, match="1,024 rows, but the sample has 256"):
        curve.learning_curve(ROUGH_BERGOMI, *data, [1024], TINY, seed=1)


def test_a_loss_that_is_no_number_ends_training(exact: Sample) -> None:
    volatility = exact.surfaces.volatility.copy()
    volatility[split(ROWS, 1)[0][0], 3, 5] = np.inf
    wrong = exact._replace(surfaces=exact.surfaces._replace(volatility=volatility))
    with np.errstate(invalid="ignore"), pytest.raises(FloatingPointError, match="epoch 1"):
        train(ROUGH_BERGOMI, wrong, split(ROWS, 1), TINY, seed=1)


def test_a_split_holds_each_row_once() -> None:
    training, validation = split(100, seed=1)
    assert len(validation) == 15
    assert sorted([*training, *validation]) == list(range(100))
    with pytest.raises(ValueError, match="1 rows"):
        split(1, seed=1)


def test_a_recipe_with_patience_ends_when_nothing_gets_better_and_keeps_the_best() -> None:
    """Of rows without any pattern, only their mean can be learnt."""
    rng = np.random.default_rng(1)
    given, wanted = rng.standard_normal((64, 3), np.float32), rng.standard_normal((64, 1), np.float32)

    def loss(weights: Weights, batch: tuple[jax.Array, ...]) -> jax.Array:
        return ((batch[0] @ weights - batch[1]) ** 2).mean()

    recipe = Recipe(epochs=500, batch=16, rate=0.05, cosine=False, patience=5)
    fit = descend(loss, jnp.zeros((3, 1)), (given[:32], wanted[:32]), (given[32:], wanted[32:]), recipe, seed=1)
    best = int(fit.validation_loss.argmin())
    assert len(fit.validation_loss) == len(fit.training_loss) == best + 1 + 5 < 500
    assert float(loss(fit.weights, (given[32:], wanted[32:]))) == pytest.approx(fit.validation_loss[best])
