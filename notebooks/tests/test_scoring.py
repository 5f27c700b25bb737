import numpy as np
import pytest

from implied_volatility.scoring import cell_errors, cell_noise, noise, score, typical_and_bad
from implied_volatility.surfaces import Surfaces


def surfaces(rows: int = 200) -> Surfaces:
    level = np.random.default_rng(1).uniform(0.1, 0.5, (rows, 8, 11))
    return Surfaces(level, 0.01 * level, np.ones(level.shape, bool))


def test_a_perfect_prediction_has_no_error() -> None:
    made = score(surfaces().volatility, surfaces())
    assert made.mean == made.p99 == made.rmse_points == 0
    assert made.r2 == 1


def test_errors_are_relative_and_in_percent() -> None:
    made = score(surfaces().volatility * 1.02, surfaces())
    assert made.mean == pytest.approx(2)
    assert made.median == pytest.approx(2)
    assert made.worst_cell_mean == pytest.approx(2)


def test_invalid_cells_do_not_count() -> None:
    truth = surfaces()
    hidden = truth.valid.copy()
    hidden[:, 0, 0] = False
    masked = Surfaces(
        np.where(hidden, truth.volatility, np.nan), np.where(hidden, truth.standard_error, np.nan), hidden
    )
    predicted = truth.volatility.copy()
    predicted[:, 0, 0] = 7
    assert score(predicted, masked).p99 == 0


def test_the_noise_is_the_error_of_a_perfect_model() -> None:
    truth = surfaces(2000)
    simulated = truth.volatility + truth.standard_error * np.random.default_rng(2).standard_normal(truth.valid.shape)
    made = score(truth.volatility, truth._replace(volatility=simulated))
    mean, median = noise(truth)
    assert made.mean == pytest.approx(mean, rel=0.02)
    assert made.median == pytest.approx(median, rel=0.02)


def test_errors_and_noise_have_a_number_for_each_cell_that_was_ever_seen() -> None:
    truth = surfaces()
    hidden = truth.valid.copy()
    hidden[:, 0, 0] = False
    seen = Surfaces(np.where(hidden, truth.volatility, np.nan), truth.standard_error, hidden)
    predicted = truth.volatility * 0.97
    predicted[:, 2, 3] *= 1.01 / 0.97
    errors, floor = cell_errors(predicted, seen), cell_noise(seen)
    assert np.isnan(errors[0, 0])
    assert np.isnan(floor[0, 0])
    assert errors[2, 3] == pytest.approx(1)
    assert errors[7, 10] == pytest.approx(3)
    assert floor[7, 10] == pytest.approx(np.sqrt(2 / np.pi))


def test_a_prediction_that_is_no_number_is_refused() -> None:
    predicted = surfaces().volatility
    predicted[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        score(predicted, surfaces())
    with pytest.raises(ValueError, match="no cell"):
        score(surfaces().volatility, surfaces()._replace(valid=np.zeros((200, 8, 11), bool)))


def test_the_typical_and_the_bad_surface_are_told_by_their_mean_error() -> None:
    truth = surfaces(100)
    worse = np.random.default_rng(3).permutation(100)
    predicted = truth.volatility * (1 + worse / 1000)[:, None, None]
    assert [worse[row] for row in typical_and_bad(predicted, truth)] == [50, 95]
