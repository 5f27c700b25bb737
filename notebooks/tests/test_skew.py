import numpy as np
import pytest
from sizes import FINE

from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.models import ROUGH_BERGOMI
from implied_volatility.skew import atm_skew, atm_skew_error, first_order_skew, power_law

K = np.log(STRIKES)


def quadratic(slope: Floats) -> Floats:
    return 0.2 + slope[:, None] * K + 0.3 * K**2


def test_the_skew_of_a_parabola_is_its_slope_at_the_money() -> None:
    slopes = -0.1 * MATURITIES**-0.4
    surfaces = np.stack([quadratic(slopes), quadratic(-2 * slopes)])
    np.testing.assert_allclose(atm_skew(surfaces), np.stack([-slopes, -2 * slopes]), rtol=1e-12)


def test_an_invalid_cell_beside_the_money_leaves_no_skew_and_one_further_out_does() -> None:
    surfaces = np.repeat(quadratic(np.full(8, -0.1))[None], 2, axis=0)
    surfaces[0, 3, 4] = surfaces[1, 3, 3] = np.nan
    assert np.isnan(atm_skew(surfaces)[0, 3])
    assert np.isfinite(atm_skew(surfaces)[1]).all()


def test_the_error_of_a_skew_is_that_of_independent_volatilities() -> None:
    errors = np.random.default_rng(1).uniform(0.001, 0.003, (8, 11))
    noisy = quadratic(np.full(8, -0.5)) + errors * np.random.default_rng(2).standard_normal((4000, 8, 11))
    np.testing.assert_allclose(atm_skew(noisy).std(0), atm_skew_error(errors), rtol=0.05)


def test_a_power_law_is_found_with_gaps_and_on_short_maturities_alone() -> None:
    skews = np.stack([0.3 * MATURITIES**-0.4, 0.1 * MATURITIES**-0.05])
    skews[0, 2] = np.nan
    for law in (power_law(skews), power_law(skews, up_to=0.9)):
        np.testing.assert_allclose(law.exponent, [-0.4, -0.05])
        np.testing.assert_allclose(law.factor, [0.3, 0.1])
    with pytest.raises(ValueError, match="two positive skews"):
        power_law(skews, up_to=0.2)


def test_the_skew_of_rough_bergomi_at_small_nu_follows_theory_in_size_and_in_slope() -> None:
    hursts = (0.1, 0.3)
    rows = np.array([[0.04] * 8 + [0.3, -0.7, hurst] for hurst in hursts])
    surfaces = ROUGH_BERGOMI.surfaces(rows, FINE, 7)
    skews, errors = atm_skew(surfaces.volatility), atm_skew_error(surfaces.standard_error)
    for hurst, skew, error in zip(hursts, skews, errors, strict=True):
        theory = first_order_skew(0.3, -0.7, hurst)
        # The parabola over ±0.1 is wide at 0.1 years, and ν is not 0: both leave a few percent.
        assert (np.abs(skew - theory) < 0.04 * theory + 3 * error).all()
        assert 3 * error.mean() < 0.2 * theory.mean()
    np.testing.assert_allclose(power_law(skews).exponent, np.array(hursts) - 0.5, atol=0.03)
