from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import enable_x64
from scipy.special import hyp2f1
from sizes import FINE, SMALL

from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.labelling import label
from implied_volatility.models import ROUGH_BERGOMI
from implied_volatility.models.rough_bergomi_simulation import Prices, Scheme, _Payoffs
from implied_volatility.models.rough_bergomi_simulation import simulate as simulate_rows
from implied_volatility.models.rough_paths import Paths, path_maker, sobol_points
from implied_volatility.surfaces import Surfaces, invert

SCHEME = Scheme(steps=32, points=1024)
FINE_SCHEME = Scheme.of_paths(FINE.paths, FINE.steps)
POINTS = sobol_points(4096, 16)
SHIFT = jnp.arange(32, dtype=jnp.uint32) * 12_345_678


def simulate(given: Floats, scheme: Scheme, seed: int) -> Prices:
    return simulate_rows(given, scheme, seed, np.arange(len(given), dtype=np.uint32))


def surface_of(prices: Prices) -> Surfaces:
    return invert(prices.price, prices.standard_error)


def parameters(xi: float = 0.04, nu: float = 1.5, rho: float = -0.7, hurst: float = 0.2) -> Floats:
    return np.array([[xi] * 8 + [nu, rho, hurst]])


def test_without_volatility_of_volatility_the_surface_is_flat() -> None:
    surface = surface_of(simulate(parameters(nu=0.0, rho=-0.5), SCHEME, seed=1))
    near = np.abs(STRIKES - 1) < 0.25
    np.testing.assert_allclose(surface.volatility[0, 2:][:, near], 0.2, atol=1e-4)


def test_without_volatility_of_volatility_the_level_is_the_average_variance() -> None:
    given = parameters(nu=0.0, rho=-0.1)
    given[0, :8] = np.linspace(0.02, 0.12, 8)
    variance = np.cumsum(given[0, :8] * np.diff(MATURITIES, prepend=0)) / MATURITIES
    surface = surface_of(simulate(given, SCHEME, seed=1))
    np.testing.assert_allclose(surface.volatility[0, :, 5], np.sqrt(variance), atol=2e-4)


def test_the_spot_is_a_martingale_within_error_bars() -> None:
    prices = simulate(ROUGH_BERGOMI.draw(128, seed=3), SCHEME, seed=2)
    deviation = (prices.martingale - 1) / prices.martingale_error
    # Student's distribution with 3 degrees of freedom, at most as wide; the maturities of a row go together.
    assert abs(np.median(deviation)) < 0.2
    assert np.quantile(np.abs(deviation), 0.5) < 0.85
    assert np.quantile(np.abs(deviation), 0.95) < 3.5


def exact_prices(given: Floats, maturity: int, paths: int, steps: int) -> tuple[Floats, Floats]:
    """Prices and standard errors by an independent plain simulation.

    Y and W are drawn from their joint law by Cholesky's factor of their covariance; the spot has both its motions;
    no quasi-random numbers, no conditioning, no control variate, no extrapolation.
    """
    xi, nu, rho, hurst = given[0, 0], *given[0, 8:]
    t = MATURITIES[maturity] * np.arange(1, steps + 1) / steps
    low, high = np.minimum.outer(t, t), np.maximum.outer(t, t)
    power = hurst + 0.5
    yy = 2 * hurst / power * low**power * high ** (hurst - 0.5) * hyp2f1(0.5 - hurst, 1, power + 1, low / high)
    yw = np.sqrt(2 * hurst) / power * (t[:, None] ** power - (t[:, None] - low) ** power)
    covariance = np.block([[yy, yw], [yw.T, low]])
    factor = np.linalg.cholesky(covariance + 1e-13 * np.eye(2 * steps))
    rng = np.random.default_rng(5)
    joint = rng.standard_normal((paths, 2 * steps)) @ factor.T
    y, w = joint[:, :steps], joint[:, steps:]
    variance = xi * np.exp(nu * y - 0.5 * nu**2 * t ** (2 * hurst))
    variance = np.concatenate([np.full((paths, 1), xi), variance[:, :-1]], axis=1)
    dt = t[0]
    driver = rho * np.diff(w, prepend=0.0, axis=1) + np.sqrt((1 - rho**2) * dt) * rng.standard_normal(y.shape)
    spot = np.exp((np.sqrt(variance) * driver).sum(1) - 0.5 * variance.sum(1) * dt)
    payoff = np.where(STRIKES < 1, np.maximum(STRIKES - spot[:, None], 0), np.maximum(spot[:, None] - STRIKES, 0))
    return payoff.mean(0), payoff.std(0) / np.sqrt(paths)


@pytest.mark.parametrize(("hurst", "rho", "maturity"), [(0.3, -0.6, 2), (0.15, -0.8, 7)])
def test_prices_agree_with_an_independent_plain_simulation(hurst: float, rho: float, maturity: int) -> None:
    given = parameters(nu=1.2, rho=rho, hurst=hurst)
    plain, plain_error = exact_prices(given, maturity, paths=20_000, steps=128)
    prices = simulate(given, FINE_SCHEME, seed=4)
    difference = np.abs(prices.price[0, maturity] - plain)
    bars = np.hypot(plain_error, prices.standard_error[0, maturity])
    # The plain scheme has a time step too: about half a percent of a price at these H.
    assert (difference < 3.5 * bars + 0.005 * plain).all(), difference / bars


@pytest.mark.parametrize(
    ("hurst", "nu", "rho", "variance", "strike", "call"),
    [
        (0.07, 1.9, -0.9, 0.235**2, 1.0, 0.0791),
        (0.02, 0.4, -0.7, 0.1, 0.8, 0.2412),
        (0.02, 0.4, -0.7, 0.1, 1.0, 0.1246),
        (0.02, 0.4, -0.7, 0.1, 1.2, 0.0570),
    ],
)
def test_prices_are_those_in_print(
    hurst: float, nu: float, rho: float, variance: float, strike: float, call: float
) -> None:
    """Bayer, Ben Hammouda, Tempone (arXiv 1812.08533), reference solutions at one year, by 500 steps.

    Only ξ·T and ν·T^H decide, so a maturity of the grid stands for a year.
    """
    at, maturity = int(np.argmin(np.abs(STRIKES - strike))), 3
    year = MATURITIES[maturity]
    given = parameters(xi=variance / year, nu=nu * year**-hurst, rho=rho, hurst=hurst)
    prices = simulate(given, FINE_SCHEME, seed=4)
    made = prices.price[0, maturity, at] + max(1 - STRIKES[at], 0.0)
    assert abs(made - call) < 3 * prices.standard_error[0, maturity, at] + 2e-4


def test_the_controls_have_mean_zero() -> None:
    """On fine and on coarse steps, over independent shifts of the points."""
    points = POINTS[:1024]
    with enable_x64():
        given = jnp.asarray(parameters(nu=2.0, hurst=0.1)[0])
        sums, make = _Payoffs(16).of(given), path_maker(16)
        shifts = np.random.default_rng(1).integers(1 << 32, size=(16, 32), dtype=np.uint32)
        controls = jax.jit(lambda shift: sums(make(given[10], shift)(points)).control)
        mean = np.stack([controls(shift) for shift in shifts]) / len(points)
    error = mean.std(0, ddof=1) / np.sqrt(len(mean))
    assert mean.shape == (16, 2, 8, 11)
    assert (np.abs(mean.mean(0)) < 4.5 * error + 1e-6).all()
    assert error.max() < 0.005


def test_finer_steps_change_a_surface_by_less_than_a_percent() -> None:
    given = parameters(nu=1.5, rho=-0.6, hurst=0.15)
    coarse, fine = (surface_of(simulate(given, scheme, seed=6)) for scheme in (SCHEME, FINE_SCHEME))
    change = np.abs(coarse.volatility / fine.volatility - 1)
    assert np.nanmean(change) < 0.005


@pytest.mark.parametrize(("nu", "hurst"), [(3.0, 0.1), (1.5, 0.2)])
def test_standard_errors_are_not_too_small_and_at_most_twice_the_spread(nu: float, hurst: float) -> None:
    prices = simulate(np.repeat(parameters(nu=nu, hurst=hurst), 64, axis=0), SCHEME, seed=7)
    spread = prices.price.std(0, ddof=1)
    claimed = np.sqrt((prices.standard_error**2).mean(0))
    ratio = (claimed / spread)[2:, 3:8]
    assert ratio.min() > 0.7
    assert ratio.max() < 2


@pytest.fixture(scope="module")
def paths() -> Callable[[float], Paths]:
    """4096 paths of 16 steps for an H."""
    make = path_maker(16)
    compiled = jax.jit(lambda hurst, points: make(hurst, SHIFT)(points))
    return lambda hurst: Paths(*compiled(jnp.asarray(hurst), POINTS))


def test_the_likelihood_ratio_of_the_wider_sampling_has_mean_one(paths: Callable[[float], Paths]) -> None:
    made = paths(0.1)
    assert float(made.weight.mean()) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("hurst", [0.03, 0.2, 0.5])
def test_paths_have_the_covariance_of_the_model(paths: Callable[[float], Paths], hurst: float) -> None:
    """Of W, of Y, and of both; by the weight of each path."""
    n = 16
    w, y, weight = (np.asarray(part, np.float64) for part in paths(hurst))
    t = np.arange(1, n + 1) / n
    motion = np.cumsum(w, axis=1) / np.sqrt(n)
    np.testing.assert_allclose((motion * weight[:, None]).T @ motion / len(w), np.minimum.outer(t, t), atol=0.03)
    np.testing.assert_allclose((y**2 * weight[:, None]).mean(0), t ** (2 * hurst), atol=0.03)
    low, power = np.minimum.outer(t, t), hurst + 0.5
    both = np.sqrt(2 * hurst) / power * (t[:, None] ** power - (t[:, None] - low) ** power)
    np.testing.assert_allclose((y * weight[:, None]).T @ motion / len(w), both, atol=0.03)


def test_the_same_seed_gives_the_same_bytes_whatever_the_number_of_workers() -> None:
    given, effort = ROUGH_BERGOMI.draw(48, seed=1), SMALL
    one, four = (label(ROUGH_BERGOMI, given, effort, 9, workers=workers) for workers in (1, 4))
    part = label(ROUGH_BERGOMI, given[:20], effort, 9)
    other = label(ROUGH_BERGOMI, given, effort, 10)
    for a, b, c, d in zip(one, four, part, other, strict=True):
        assert a.tobytes() == b.tobytes()
        assert a[:20].tobytes() == c.tobytes()
        assert a.dtype == bool or a.tobytes() != d.tobytes()


def test_simulators_made_in_threads_are_the_same_as_one_made_alone() -> None:
    given = parameters()
    schemes = [SCHEME, Scheme.of_paths(SMALL.paths, SMALL.steps)]
    alone = [simulate(given, scheme, 1).price for scheme in schemes]
    simulate_rows.__globals__["_compiled"].cache_clear()
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda scheme: simulate(given, scheme, 1).price, schemes))
    assert [price.tobytes() for price in together] == [price.tobytes() for price in alone]


def test_a_price_within_its_noise_is_invalid_and_has_no_number() -> None:
    shape = (1, 8, 11)
    price = np.full(shape, 1e-3)
    price[0, 0, 0], price[0, 0, 1], price[0, 0, 2] = 1.5e-4, -1e-4, np.nan
    surface = invert(price, np.full(shape, 1e-4))
    assert not surface.valid[0, 0, :3].any()
    assert np.isnan(surface.volatility[0, 0, :3]).all()
    assert np.isnan(surface.standard_error[0, 0, :3]).all()
    assert surface.valid.sum() == 85


@pytest.mark.parametrize(
    ("index", "value", "name"), [(0, 0.0, "xi_1"), (8, -1.0, "nu"), (9, -1.0, "rho"), (10, 0.6, "hurst")]
)
def test_parameters_without_a_model_are_refused_by_name(index: int, value: float, name: str) -> None:
    given = parameters()
    given[0, index] = value
    with pytest.raises(ValueError, match=name):
        ROUGH_BERGOMI.surfaces(given, SMALL, seed=1)


@pytest.mark.parametrize("wrong", [{"steps": 30}, {"points": 48}, {"points": 4}])
def test_schemes_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Scheme(**wrong)


def test_parameters_fill_the_box_and_fewer_are_a_prefix_of_more() -> None:
    drawn = ROUGH_BERGOMI.draw(100, seed=1)
    assert ((drawn >= ROUGH_BERGOMI.lower) & (drawn <= ROUGH_BERGOMI.upper)).all()
    assert (ROUGH_BERGOMI.draw(33, seed=1) == drawn[:33]).all()
    centre = (drawn.mean(0) - ROUGH_BERGOMI.lower) / (ROUGH_BERGOMI.upper - ROUGH_BERGOMI.lower)
    np.testing.assert_allclose(centre, 0.5, atol=0.03)
