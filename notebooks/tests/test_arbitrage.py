import numpy as np
import pytest

from implied_volatility.arbitrage import violations
from implied_volatility.black import otm_price, otm_vega, total_volatility
from implied_volatility.grid import MATURITIES, STRIKES, Floats

ROOT = np.sqrt(MATURITIES)[:, None]


def flat(volatility: float = 0.2) -> Floats:
    return np.full((1, 8, 11), volatility)


def moved(cell: tuple[int, int], price: float, level: float = 0.3) -> Floats:
    """A flat surface with one option dearer by `price`."""
    surface = flat(level)
    strike = STRIKES[cell[1]]
    dearer = otm_price(strike, level * np.sqrt(MATURITIES[cell[0]])) + price
    surface[(0, *cell)] = total_volatility(strike, dearer) / np.sqrt(MATURITIES[cell[0]])
    return surface


def test_a_flat_surface_has_no_arbitrage() -> None:
    found = violations(flat())
    assert (found.butterfly, found.calendar) == (0, 0)
    assert (found.butterflies.checked, found.calendars.checked) == (88, 77)
    assert (found.butterflies.largest, found.butterflies.mean_points) == (0, 0)


def test_a_kink_is_a_butterfly_and_a_falling_price_a_calendar() -> None:
    kinked = flat()
    kinked[0, 7, 5] = 0.3
    assert violations(kinked).butterfly == pytest.approx(100 / 88)
    falling = flat()
    falling[0, 7] = 0.1
    assert violations(falling).calendar == pytest.approx(100 * 11 / 77, rel=0.2)
    nothing = violations(np.full((1, 8, 11), np.nan))
    assert (nothing.butterfly, nothing.calendar, nothing.butterflies.checked) == (0, 0, 0)


def test_a_butterfly_is_as_large_as_the_price_is_above_the_chord_of_its_neighbours() -> None:
    plain = otm_price(STRIKES, 0.3 * np.sqrt(2.0)) + np.maximum(1 - STRIKES, 0)
    above = 0.01 - (0.5 * (plain[4] + plain[6]) - plain[5])
    found = violations(moved((7, 5), 0.01)).butterflies
    assert found.broken == 1
    assert found.largest == pytest.approx(above)
    assert found.largest == found.mean
    total = total_volatility(1.0, plain[5] + np.array([0.01, 0.01 - above]))
    assert found.largest_points == pytest.approx(100 * (total[0] - total[1]) / np.sqrt(2.0))


def test_a_calendar_spread_is_as_large_as_the_price_falls() -> None:
    early, late = otm_price(1.2, 0.3 * np.sqrt(1.8)), otm_price(1.2, 0.3 * np.sqrt(2.0))
    found = violations(moved((6, 7), 0.03)).calendars
    assert found.broken == 1
    assert found.largest == pytest.approx(early + 0.03 - late)
    total = total_volatility(1.2, np.array([early + 0.03, late])) / np.sqrt(2.0)
    assert found.largest_points == pytest.approx(100 * (total[0] - total[1]))


def test_strikes_may_be_uneven() -> None:
    strikes, total = np.array([0.6, 0.95, 1.0, 1.4]), 0.3
    surface = np.full((1, 1, 4), total)
    even = violations(surface, strikes=strikes, maturities=np.array([1.0]))
    assert even.butterflies.broken == 0
    call = otm_price(strikes, total) + np.maximum(1 - strikes, 0)
    chord = call[0] + (call[2] - call[0]) * 0.35 / 0.4
    surface[0, 0, 1] = total_volatility(0.95, chord + 0.001 - 0.05)
    found = violations(surface, strikes=strikes, maturities=np.array([1.0]))
    assert found.butterflies.largest == pytest.approx(0.001)


def test_invalid_cells_are_stepped_over() -> None:
    surface = flat(0.3)
    surface[0, :, 4] = surface[0, 3] = np.nan
    found = violations(surface)
    assert (found.butterflies.checked, found.butterflies.broken) == (70, 0)
    assert (found.calendars.checked, found.calendars.broken) == (60, 0)
    surface[0, 4] = 0.2
    assert violations(surface).calendars.broken == 10


def test_calls_dearer_than_the_spot_allows_are_seen_at_both_ends() -> None:
    rising = flat(0.2)
    rising[0, 0, 10] = 0.6
    assert violations(rising).butterflies.broken >= 1
    high = flat(0.2)
    high[0, 7, 0] = 2.5
    assert violations(high).butterflies.broken >= 1


def test_a_breach_beyond_noise_is_larger_than_two_standard_errors_of_its_prices() -> None:
    surface = moved((7, 5), 0.01)
    size = violations(surface).butterflies.largest
    vega = otm_vega(STRIKES, surface[0] * ROOT) * ROOT
    weights = np.sqrt(0.25 * vega[7, 4] ** 2 + vega[7, 5] ** 2 + 0.25 * vega[7, 6] ** 2)
    for share, beyond in ((0.49, 1), (0.51, 0)):
        found = violations(surface, standard_error=share * size / weights).butterflies
        assert (found.broken, found.beyond_noise) == (1, beyond)
    assert violations(surface).butterflies.beyond_noise == 1


def test_hardly_a_breach_of_a_noisy_but_honest_surface_is_beyond_its_noise() -> None:
    error = np.full((8, 11), 0.01)
    noisy = 0.3 + error * np.random.default_rng(1).standard_normal((400, 8, 11))
    found = violations(noisy, standard_error=error)
    assert found.butterflies.percent > 1
    assert found.calendars.percent > 1
    assert found.butterflies.percent_beyond_noise < 1
    assert found.calendars.percent_beyond_noise < 1


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(8, 11\)"):
        violations(flat()[0])
    with pytest.raises(ValueError, match="no standard error"):
        violations(flat(), standard_error=np.full((8, 11), np.nan))
