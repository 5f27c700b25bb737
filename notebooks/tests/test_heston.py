"""The Heston model's surfaces against other formulas, other people's numbers and limits."""

from __future__ import annotations

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
        parts = (quad(density, a, b, epsabs=1e-11, epsrel=1e-11, limit=500)[0] for a, b in zip(ends, ends[1:]))
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


@pytest.mark.parametrize("parameters", [*HESTON.draw(3, 5), *CORNERS[::5]])
@pytest.mark.parametrize("strike", [0.5, 1.1, 1.5])
def test_prices_too_small_for_a_float_keep_nine_digits(parameters: Floats, strike: float) -> None:
    """Against an adaptive quadrature on a vertical line at any place where it converges: no bend, no saddle point."""
    maturity, k = 0.1, np.log(strike)

    def size(c: float) -> float:
        value = textbook_log_moment(parameters, maturity, c)
        return value.real - k * (c - 1) - np.log(c * (c - 1))

    (ours,) = log_otm_prices(parameters[None], np.array([maturity]), np.array([strike])).ravel()
    v0, rho, sigma, theta, kappa = (parameters[None, None, None].T)[:, None]
    del v0, rho, sigma, theta, kappa, size, ours


def test_prices_are_those_in_print() -> None:
    """Fang and Oosterlee (2008), section 5.3: spot and strike 100, T = 1 and 10; the first is known to be good to 2e-8.

    By 30 and more digits it is 5.785155434376.
    """
    prices = 100 * np.exp(log_otm_prices(FANG_OOSTERLEE, np.array([1.0, 10.0]), np.array([1.0]))).ravel()
    np.testing.assert_allclose(prices, [5.785155450, 22.318945791], atol=2e-8)
    np.testing.assert_allclose(prices, [5.785155434376, 22.318945791], atol=5e-10)
