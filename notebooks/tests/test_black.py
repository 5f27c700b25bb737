import numpy as np
import pytest
from scipy.stats import norm

from implied_volatility.black import log_otm_price, otm_price, otm_vega, total_volatility, total_volatility_of_log
from implied_volatility.grid import STRIKES


def test_prices_are_those_of_blacks_formula() -> None:
    v = 0.3
    d1 = -np.log(STRIKES) / v + v / 2
    call = norm.cdf(d1) - STRIKES * norm.cdf(d1 - v)
    wanted = np.where(STRIKES < 1, call - (1 - STRIKES), call)  # put-call parity
    np.testing.assert_allclose(otm_price(STRIKES, v), wanted, rtol=1e-11)


def test_prices_are_quantlib_s() -> None:
    ql = pytest.importorskip("QuantLib")
    for v in (0.01, 0.1, 0.3, 1.0, 5.0):
        kinds = [ql.Option.Put if strike < 1 else ql.Option.Call for strike in STRIKES]
        wanted = [ql.blackFormula(kind, float(k), 1.0, v) for kind, k in zip(kinds, STRIKES, strict=True)]
        np.testing.assert_allclose(otm_price(STRIKES, v), wanted, rtol=1e-9, atol=1e-17)


@pytest.mark.parametrize("volatility", [0.001, 0.01, 0.1, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("maturity", [0.1, 2.0])
def test_volatility_comes_back_from_its_price(volatility: float, maturity: float) -> None:
    v = volatility * np.sqrt(maturity)
    seen = log_otm_price(STRIKES, v) > np.log(1e-300)
    back = total_volatility(STRIKES, otm_price(STRIKES, v))
    np.testing.assert_allclose(back[seen], v, rtol=1e-9)
    assert np.isnan(back[~seen]).all()


def test_vega_is_the_slope_of_the_price() -> None:
    up, down = otm_price(STRIKES, 0.2 + 1e-6), otm_price(STRIKES, 0.2 - 1e-6)
    np.testing.assert_allclose(otm_vega(STRIKES, 0.2), (up - down) / 2e-6, rtol=1e-6)


@pytest.mark.parametrize("price", [0.0, -0.1, 1.0, 1.2, np.nan])
def test_a_price_without_a_volatility_gives_nan(price: float) -> None:
    assert np.isnan(total_volatility(1.1, price))


def test_a_put_cannot_cost_more_than_its_strike() -> None:
    assert np.isnan(total_volatility(0.8, 0.8))
    assert np.isfinite(total_volatility(0.8, 0.79))


@pytest.mark.parametrize("exponent", [-2, -8, -16, -100, -300])
@pytest.mark.parametrize("strike", [0.5, 0.9, 1.0, 1.1, 1.5])
def test_tiny_prices_give_their_volatility(strike: float, exponent: int) -> None:
    price = 10.0**exponent
    v = total_volatility(strike, price)
    if strike == 1.0 and exponent < -5:
        assert np.isnan(v)  # At the money it would be of the price's size, below the smallest total volatility.
    else:
        assert otm_price(strike, v) == pytest.approx(price, rel=1e-10)


@pytest.mark.parametrize("v", [1e-4, 0.003, 0.1, 10.0])
def test_volatility_comes_back_from_the_logarithm_of_a_price_too_small_for_a_float(v: float) -> None:
    strikes = np.array([0.5, 0.7, 0.9, 1.1, 1.5])
    np.testing.assert_allclose(total_volatility_of_log(strikes, log_otm_price(strikes, v)), v, rtol=1e-9)
