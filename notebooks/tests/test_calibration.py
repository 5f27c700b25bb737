from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from jax.experimental import enable_x64
from networks import untrained
from sizes import SMALL

from implied_volatility.calibration import Calibration, calibrate, close_loop, levenberg, recoveries
from implied_volatility.calibration.recovery import text
from implied_volatility.grid import CELLS, Floats
from implied_volatility.learning.surrogate import Surrogate
from implied_volatility.models import HESTON, ROUGH_BERGOMI
from implied_volatility.surfaces import Surfaces

MODEL = ROUGH_BERGOMI
BOX = MODEL.upper - MODEL.lower
ERROR = 0.004
ROWS = 200


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    return untrained(MODEL, error=ERROR)


@pytest.fixture(scope="module")
def truth() -> Floats:
    return MODEL.lower + BOX * (0.1 + 0.8 * np.random.default_rng(1).random((ROWS, len(MODEL.parameters))))


@pytest.fixture(scope="module")
def noisy(surrogate: Surrogate, truth: Floats) -> Surfaces:
    """Surfaces whose noise is what their standard errors and the networks' own error say."""
    exact = surrogate.surface(truth)
    random = np.random.default_rng(2)
    bars = exact * random.uniform(0.001, 0.01, exact.shape)
    volatility = exact + np.hypot(bars, ERROR * exact) * random.standard_normal(exact.shape)
    valid = random.random(exact.shape) > 0.05
    return Surfaces(np.where(valid, volatility, np.nan), np.where(valid, bars, np.nan), valid)


@pytest.fixture(scope="module")
def fits(surrogate: Surrogate, noisy: Surfaces) -> Calibration:
    return calibrate(surrogate, noisy)


def test_parameters_are_found_again_where_there_is_no_noise(surrogate: Surrogate, truth: Floats) -> None:
    fits = calibrate(surrogate, surrogate.surface(truth))
    assert fits.converged.all()
    assert not fits.at_bound.any()
    assert (np.abs(fits.parameters - truth) < 1e-3 * BOX).all()
    assert (fits.rmse_points < 1e-3).all()


def test_errors_of_the_parameters_are_as_large_as_stated(truth: Floats, fits: Calibration) -> None:
    assert fits.converged.all()
    z = (fits.parameters - truth) / fits.standard_errors
    assert 0.8 < np.sqrt(np.nanmean(z**2)) < 1.25
    assert 0.9 < fits.chi2.mean() < 1.1
    np.testing.assert_allclose(np.diagonal(fits.covariance, axis1=1, axis2=2), fits.standard_errors**2)


def test_the_jacobian_is_that_of_the_networks(surrogate: Surrogate) -> None:
    # A row per cell, whose residual is 1: then the slope is the cell's row of the Jacobian.
    point = np.tile(np.linspace(0.2, 0.8, len(MODEL.parameters)), (128, 1))
    volatility = surrogate.surface(MODEL.lower + BOX * point[0]).reshape(CELLS)
    target = levenberg.Target(np.tile(volatility - 1.0, (128, 1)), np.eye(128, CELLS))
    networks = levenberg.Networks(surrogate.members, surrogate.centre, surrogate.scale)

    def looked_at(at: Floats) -> levenberg.Fits:
        with enable_x64():
            return levenberg.advance(MODEL, networks, target, levenberg.fresh(at), 1.0, 0, 0)

    slope = np.asarray(looked_at(point).slope)[:CELLS]
    for column, axis in enumerate(1e-4 * np.eye(point.shape[1])):
        above, below = (np.sqrt(looked_at(point + side * axis).chi2)[:CELLS] for side in (1, -1))
        np.testing.assert_allclose(slope[:, column], (above - below) / 2e-4, rtol=1e-4, atol=1e-6)


def test_a_surface_is_fitted_as_if_it_were_alone(surrogate: Surrogate, noisy: Surfaces, fits: Calibration) -> None:
    for row in (0, 7):
        alone = calibrate(surrogate, noisy.rows(slice(row, row + 1)))
        far = np.abs(alone.parameters - fits.parameters[row]) / fits.standard_errors[row]
        assert np.nanmax(far) < 1e-2
        np.testing.assert_allclose(alone.standard_errors[0], fits.standard_errors[row], rtol=1e-2)


def test_invalid_cells_have_no_influence(surrogate: Surrogate, noisy: Surfaces) -> None:
    given = noisy.rows(slice(0, 1))
    strange = Surfaces(*(np.where(given.valid, values, -99.0) for values in given[:2]), given.valid)
    one, two = (calibrate(surrogate, made) for made in (given, strange))
    assert one.parameters.tobytes() == two.parameters.tobytes()
    assert one.rmse_points == two.rmse_points


def test_parameters_stay_in_the_box_and_say_when_they_would_leave_it(surrogate: Surrogate) -> None:
    high = calibrate(surrogate, 1.6 * surrogate.surface(np.tile(MODEL.upper, (3, 1))))
    assert ((high.parameters >= MODEL.lower) & (high.parameters <= MODEL.upper)).all()
    assert high.at_bound[:, :8].any(axis=1).all()
    assert np.isnan(high.standard_errors[high.at_bound]).all()
    assert np.isfinite(high.standard_errors[~high.at_bound]).all()
    assert ((high.parameters == MODEL.lower) | (high.parameters == MODEL.upper))[high.at_bound].all()


def test_quotes_without_error_bars_are_enough(surrogate: Surrogate, truth: Floats) -> None:
    quotes = surrogate.surface(truth[0])
    quotes[0, :3] = quotes[4] = quotes[2, 5] = np.nan
    unsure = replace(surrogate, error=np.zeros((8, 11)))
    fit = calibrate(unsure, quotes)
    assert fit.fitted.shape == fit.start.shape == (1, 8, 11)
    assert (np.abs(fit.parameters - truth[0]) < 1e-3 * BOX).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v[:, :7], r"expected shape \(n, 8, 11\)"),
        (lambda v: v[:0], "no surface"),
        (lambda v: np.where(np.arange(11) == 5, 0.0, v), "surface 0, maturity 0.1, strike 1: 0, .* positive"),
        (lambda v: np.where(np.arange(11) == 5, -np.inf, v), "positive"),
        (lambda v: 100 * v, "0.2 for 20 %"),
        (lambda v: np.where(np.arange(11) == 5, np.nan, np.nan * v), "surface 0 has 0 valid cells"),
        (lambda v: np.where(np.arange(8)[:, None] == 5, np.where(np.arange(11) < 10, v, np.nan), np.nan), "10 valid"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    surrogate: Surrogate, truth: Floats, change: Callable[[Floats], Floats], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        calibrate(surrogate, change(surrogate.surface(truth[:1])))


def test_a_valid_cell_without_a_standard_error_is_refused(surrogate: Surrogate, noisy: Surfaces) -> None:
    with pytest.raises(ValueError, match="standard error"):
        calibrate(surrogate, noisy._replace(standard_error=np.where(noisy.valid, np.nan, 0.0)))


def test_recovery_tables_the_errors_of_each_parameter(truth: Floats, fits: Calibration) -> None:
    table = recoveries(MODEL, truth, fits)
    assert [entry.name for entry in table] == list(MODEL.columns)
    error = fits.parameters - truth
    np.testing.assert_allclose([entry.bias for entry in table], error.mean(0))
    np.testing.assert_allclose([entry.of_box for entry in table], np.abs(error / BOX).mean(0))
    assert all(0.85 < entry.within_two < 1 for entry in table)
    assert all(entry.at_bound < 0.1 for entry in table)
    assert len({len(line) for line in text(table).splitlines()}) == 1
    with pytest.raises(ValueError, match="shape"):
        recoveries(MODEL, truth[:5], fits)


def test_the_loop_closes_on_the_model(fits: Calibration) -> None:
    few = fits.rows(slice(0, 2))
    given = MODEL.surfaces(few.parameters, SMALL, seed=5)
    loop = close_loop(MODEL, few, given, SMALL, seed=6)
    assert loop.simulated.volatility.shape == (2, 8, 11)
    assert (loop.rmse_noise < 4).all()
    away = close_loop(MODEL, few, given._replace(volatility=1.2 * given.volatility), SMALL, seed=6)
    assert (away.rmse_noise > 2 * loop.rmse_noise).all()
    assert (away.rmse_points > loop.rmse_points).all()
    with pytest.raises(ValueError, match="2 surfaces for 200 fits"):
        close_loop(MODEL, fits, given, SMALL, seed=6)


def test_any_model_can_be_calibrated() -> None:
    surrogate = untrained(HESTON)
    truth = (0.6 * HESTON.lower + 0.4 * HESTON.upper)[None]
    fit = calibrate(surrogate, surrogate.surface(truth))
    assert (np.abs(fit.parameters - truth) < 1e-3 * (HESTON.upper - HESTON.lower)).all()
