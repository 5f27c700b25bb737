"""The Heston model's surfaces against other formulas, other people's numbers and limits."""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from implied_volatility.black import log_otm_price, otm_price
from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.labelling import label
from implied_volatility.models import HESTON, Effort, model_named
from implied_volatility.models.heston_formula import log_moment, log_otm_prices
from implied_volatility.surfaces import Surfaces

# v0, rho, sigma, theta, kappa
FANG_OOSTERLEE = np.array([[0.0175, -0.5711, 0.5751, 0.0398, 1.5768]])
CORNERS = np.stack(np.meshgrid(*zip(HESTON.lower, HESTON.upper, strict=True)), axis=-1).reshape(-1, 5)


def surfaces(parameters: Floats) -> Surfaces:
    return HESTON.surfaces(parameters, Effort(), 0)


def textbook_log_moment(parameters: Floats, maturity: float, s: complex) -> complex:
    """Albrecher, Mayer, Schoutens, Tistaert: the formula as printed, not as the package writes it."""
    v0, rho, sigma, theta, kappa = parameters
    b = kappa - rho * sigma * s
    d = np.sqrt(b * b + sigma**2 * (s - s * s) + 0j)
    g = (b - d) / (b + d)
    e = np.exp(-d * maturity)
    log = np.log((1 - g * e) / (1 - g))
    return complex(
        kappa * theta / sigma**2 * ((b - d) * maturity - 2 * log) + v0 / sigma**2 * (b - d) * (1 - e) / (1 - g * e)
    )


def direct_call(parameters: Floats, maturity: float, strike: float) -> float:
    """Heston's two probabilities, each an adaptive quadrature."""
    k = np.log(strike)

    def chance(share: float) -> float:
        def density(u: float) -> float:
            value = np.exp(textbook_log_moment(parameters, maturity, share + 1j * u) - 1j * u * k) / (1j * u)
            return float(value.real)

        ends = [0.0, 10.0, 100.0, 1000.0, 20000.0]
        parts = (quad(density, a, b, epsabs=1e-11, epsrel=1e-11, limit=500)[0] for a, b in pairwise(ends))
        return 0.5 + sum(parts) / np.pi

    return chance(1.0) - strike * chance(0.0)


def test_prices_are_those_of_heston_s_two_integrals() -> None:
    """With put-call parity, since those give calls and below the forward ours are puts."""
    maturities, strikes = np.array([0.3, 2.0]), np.array([0.6, 0.9, 1.0, 1.2, 1.5])
    for parameters in HESTON.draw(4, 3):
        ours = np.exp(log_otm_prices(parameters[None], maturities, strikes))[0]
        for at, maturity in enumerate(maturities):
            calls = np.array([direct_call(parameters, maturity, strike) for strike in strikes])
            wanted = calls - np.where(strikes < 1, 1 - strikes, 0)
            np.testing.assert_allclose(ours[at], wanted, atol=1e-8)


@pytest.mark.parametrize(
    "parameters", [*HESTON.draw(2, 5), [1e-4, -0.95, 0.01, 0.01, 1.0], [1e-3, -0.1, 0.05, 0.1, 10.0]]
)
@pytest.mark.parametrize("strike", [0.5, 1.5])
def test_prices_down_to_1e_2000_keep_eight_digits(parameters: Floats, strike: float) -> None:
    """Against adaptive quadrature up a vertical line, without the bend, the rule and the search for the crossing."""
    maturity, k = 0.1, np.log(strike)

    def log_integrand(s: complex) -> complex:
        return textbook_log_moment(np.asarray(parameters), maturity, s) - k * (s - 1) - np.log(s * (s - 1) + 0j)

    away = np.geomspace(1.0, 30_000.0, 400)
    line = 1 + away if k > 0 else -away
    with np.errstate(all="ignore"):
        heights = np.array([log_integrand(c).real for c in line])
    first = int(np.argmax(np.diff(heights) > 0))  # Past it moments may not exist.
    c, peak = line[first], heights[first]
    ends = np.abs(away[first]) * np.array([0.0, 0.1, 0.3, 1, 3, 10, 30, 100])
    total = sum(
        quad(lambda y: np.exp(log_integrand(c + 1j * y) - peak).real, a, b, epsabs=1e-14, epsrel=1e-11, limit=400)[0]
        for a, b in pairwise(ends)
    )
    (ours,) = log_otm_prices(np.array([parameters]), np.array([maturity]), np.array([strike])).ravel()
    assert ours == pytest.approx(peak + np.log(total / np.pi), abs=1e-8)


def test_prices_are_those_in_print() -> None:
    """Fang and Oosterlee (2008), section 5.3: spot and strike 100, T = 1 and 10; the first is known to be good to 2e-8.

    By 30 and more digits it is 5.785155434376.
    """
    prices = 100 * np.exp(log_otm_prices(FANG_OOSTERLEE, np.array([1.0, 10.0]), np.array([1.0]))).ravel()
    np.testing.assert_allclose(prices, [5.785155450, 22.318945791], atol=2e-8)
    np.testing.assert_allclose(prices, [5.785155434376, 22.318945791], atol=5e-10)


def test_prices_are_quantlib_s() -> None:
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(1, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    days = ql.Actual365Fixed()
    zero = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, days))
    spot = ql.QuoteHandle(ql.SimpleQuote(1.0))
    maturities = np.array([73.0, 365.0, 730.0]) / 365
    drawn = HESTON.draw(20, 11)
    for (v0, rho, sigma, theta, kappa), ours in zip(drawn, np.exp(log_otm_prices(drawn, maturities)), strict=True):
        model = ql.HestonModel(ql.HestonProcess(zero, zero, spot, v0, kappa, theta, sigma, rho))
        engine = ql.AnalyticHestonEngine(model, 1e-12, 100_000)
        for at, maturity in enumerate(maturities):
            for k, strike in enumerate(STRIKES):
                kind = ql.Option.Call if strike >= 1 else ql.Option.Put
                date = today + round(maturity * 365)
                option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, float(strike)), ql.EuropeanExercise(date))
                option.setPricingEngine(engine)
                assert option.NPV() == pytest.approx(ours[at, k], abs=1e-8)


@pytest.mark.parametrize(("sigma", "within"), [(0.01, 0.1), (1e-3, 0.01), (1e-5, 1e-4), (1e-6, 1e-5)])
def test_without_volatility_of_variance_volatility_is_that_of_the_average_variance(sigma: float, within: float) -> None:
    """The difference goes to 0 like σ: what a division by σ² loses would show."""
    some = HESTON.draw(20, 2)
    some[:, 2] = sigma
    v0, _, _, theta, kappa = (column[:, None] for column in some.T)
    flat = np.sqrt(theta - (v0 - theta) * np.expm1(-kappa * MATURITIES) / (kappa * MATURITIES))[..., None]
    np.testing.assert_allclose(surfaces(some).volatility / flat, 1, atol=within)


def test_the_spot_is_a_martingale_and_its_logarithm_falls_by_half_the_variance() -> None:
    some = HESTON.draw(50, 4)
    model = (*(column[:, None] for column in some.T), MATURITIES)
    assert np.abs(log_moment(model, np.asarray(1 + 0j))).max() < 1e-14
    slope = log_moment(model, np.asarray(1e-8j)).imag / 1e-8
    level = np.asarray(jax.jit(HESTON.level)(jnp.asarray(some, jnp.float32)))
    np.testing.assert_allclose(slope, -0.5 * level**2 * MATURITIES, rtol=1e-4)


@pytest.fixture(scope="module")
def drawn() -> Floats:
    return np.concatenate([HESTON.draw(600, 6), CORNERS])


@pytest.fixture(scope="module")
def many(drawn: Floats) -> Surfaces:
    return label(HESTON, drawn, Effort(), 0)


def test_every_cell_of_the_box_has_a_volatility_and_no_noise(many: Surfaces) -> None:
    assert many.valid.all()
    assert (many.standard_error == 0).all()


def test_volatility_gives_the_price_back(drawn: Floats, many: Surfaces) -> None:
    total = many.volatility[:50] * np.sqrt(MATURITIES)[:, None]
    np.testing.assert_allclose(log_otm_price(STRIKES, total), log_otm_prices(drawn[:50]), rtol=1e-12, atol=1e-12)


def test_surfaces_have_no_arbitrage(many: Surfaces) -> None:
    total = many.volatility * np.sqrt(MATURITIES)[:, None]
    assert (np.diff(total, axis=1) > 0).all()
    call = otm_price(STRIKES, total) + np.maximum(1 - STRIKES, 0)
    assert (np.diff(call, 2, axis=2) > -1e-12).all()


def test_a_row_s_bytes_do_not_depend_on_the_rows_beside_it(drawn: Floats, many: Surfaces) -> None:
    for chosen in ([5], [7, 3], [100, 5, 630, 2, 17, 8, 3]):
        assert surfaces(drawn[chosen]).volatility.tobytes() == many.volatility[chosen].tobytes()


def test_parameters_outside_the_box_have_surfaces_too() -> None:
    outside = np.array([[0.09, 0.6, 2.0, 0.3, 0.5], [0.04, 0.0, 0.3, 0.04, 0.1], [0.25, -0.99, 3.0, 0.01, 15.0]])
    assert surfaces(outside).valid.all()


def test_a_price_that_the_integral_does_not_resolve_has_no_volatility() -> None:
    made = surfaces(np.array([[6.4e-7, 0.52, 5.7e-5, 3.7e-5, 1e-3]]))  # Far outside the box: volatility below 0.1 %.
    assert not made.valid.all()
    assert np.isnan(made.volatility[~made.valid]).all()
    assert np.isnan(made.standard_error[~made.valid]).all()


def test_inputs_are_numbers_of_order_one_with_slopes_in_the_whole_box() -> None:
    points = jnp.asarray(np.concatenate([CORNERS, HESTON.draw(64, 8)]), jnp.float32)
    told, slopes = jax.jit(jax.vmap(lambda point: (HESTON.inputs(point), jax.jacfwd(HESTON.inputs)(point))))(points)
    assert np.abs(np.asarray(told)).max() < 11
    assert (np.abs(np.asarray(told)).mean(0) < 3).all()
    assert np.isfinite(np.asarray(slopes)).all()


def test_the_guess_is_in_the_box() -> None:
    guess = HESTON.guess(np.linspace(0.01, 0.9, 24).reshape(3, 8))
    np.testing.assert_array_equal(HESTON.check(guess), guess)


def test_the_model_is_found_by_its_name() -> None:
    assert model_named("heston") is HESTON
