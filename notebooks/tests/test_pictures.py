from collections.abc import Callable
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D

from implied_volatility import pictures
from implied_volatility.grid import MATURITIES, STRIKES
from implied_volatility.learning.descent import Fit
from implied_volatility.models import ROUGH_BERGOMI
from implied_volatility.pictures.style import NOISE, OURS, PAPER, POINTS, luminance, ordered
from implied_volatility.surfaces import Surfaces

mpl.use("Agg")

RANDOM = np.random.default_rng(1)
VOLATILITY = RANDOM.uniform(0.1, 0.5, (3, 8, 11))
VOLATILITY[:, 0, 0] = np.nan
SURFACES = Surfaces(VOLATILITY, VOLATILITY / 50, np.isfinite(VOLATILITY))
EXACT = SURFACES._replace(standard_error=VOLATILITY * 0)
FIT = Fit(None, np.geomspace(1, 0.01, 9), np.geomspace(1, 0.02, 9), 1.5)
CELLS = VOLATILITY[0]
SKEWS = np.array([[0.3], [0.4]]) * MATURITIES**-0.4
PARAMETERS = ROUGH_BERGOMI.draw(20, 1)
STEPS = np.array([16, 64, 256])
ERRORS = np.array([[2.0, 1.0, 0.5], [1.0, 0.3, 0.1]])
FIGURES: dict[str, Callable[[], Figure]] = {
    "one surface": lambda: pictures.one_surface(SURFACES),
    "surface": lambda: pictures.surface(CELLS),
    "smiles": lambda: pictures.smiles(SURFACES, VOLATILITY * 1.01, VOLATILITY, [0, 2], ["a", "b"]),
    "calibration": lambda: pictures.calibration(SURFACES, VOLATILITY * 1.1, VOLATILITY, [1], ["a"]),
    "heat maps": lambda: pictures.heat_maps([("a", CELLS), ("b", np.zeros((8, 11)))], common_scale=False),
    "error maps": lambda: pictures.error_maps(CELLS, 3 * CELLS, CELLS / 4),
    "error maps of exact labels": lambda: pictures.error_maps(CELLS, 3 * CELLS, 0 * CELLS),
    "error maps without ratio": lambda: pictures.error_maps(CELLS, 3 * CELLS, CELLS / 4, ratio=False),
    "skew": lambda: pictures.skew_by_maturity(SKEWS, ["a", "b"], [-0.4, -0.4], [-0.4, -0.3], SKEWS / 30),
    "recovery": lambda: pictures.recovery(PARAMETERS, PARAMETERS, PARAMETERS**2 / 9, ROUGH_BERGOMI),
    "error against rows": lambda: pictures.error_against_rows([100, 1000], ERRORS.T[:2], np.array([3.0, 2.0]), 0.1),
    "convergence": lambda: pictures.convergence(STEPS, [0.1, 0.3], ERRORS, [0.6, 0.8], ERRORS / 9),
    "noise": lambda: pictures.noise_against_paths(STEPS, ERRORS, ["plain", "Sobol"]),
    "curves": lambda: pictures.learning_curves([("a", FIT), ("b", FIT)]),
}
UNITLESS = ("strike / spot", "log-moneyness ln(K/S)", "epoch", "surfaces learnt from", "time steps", "paths")


@pytest.fixture(scope="module")
def made() -> dict[str, Figure]:
    """Every picture once, not drawn yet."""
    return {name: make() for name, make in FIGURES.items()}


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_has_a_label_with_a_unit(made: dict[str, Figure], name: str) -> None:
    figure = made[name]
    whole = {figure.get_supxlabel(), figure.get_supylabel()} - {""}
    labels = {label for axes in figure.axes for label in (axes.get_xlabel(), axes.get_ylabel()) if label} | whole
    if any(isinstance(axes, Axes3D) for axes in figure.axes):
        labels |= {axes.get_zlabel() for axes in figure.axes if isinstance(axes, Axes3D)}
    assert len(labels) >= 2
    assert all("(" in label or label in UNITLESS for label in labels), labels


def bars(axes: Axes) -> list[ErrorbarContainer]:
    return [one for one in axes.containers if isinstance(one, ErrorbarContainer)]


def lines(axes: Axes) -> set[str]:
    """Labels of what the legend has."""
    return set(axes.get_legend_handles_labels()[1])


def slopes_of(axes: Axes) -> list[float]:
    """Slopes in log-log of the lines that have no markers."""
    chosen = [line for line in axes.lines if line.get_marker() in ("None", "") and len(line.get_xdata()) > 2]
    return [float(np.polyfit(np.log(line.get_xdata()), np.log(line.get_ydata()), 1)[0]) for line in chosen]


def test_a_surface_is_a_line_with_error_bars_per_maturity(made: dict[str, Figure]) -> None:
    [axes] = made["one surface"].axes
    assert [bar.get_label() for bar in bars(axes)] == [f"{maturity:g}" for maturity in MATURITIES]
    [segments] = [one.get_segments() for one in bars(axes)[1].lines[2]]
    half = [(top - bottom) / 2 for (_, bottom), (_, top) in segments]
    np.testing.assert_allclose(half, 200 * SURFACES.standard_error[0, 1])
    assert "2 standard errors" in axes.get_title()


def test_a_surface_by_formula_does_not_speak_of_errors() -> None:
    [axes] = pictures.one_surface(EXACT).axes
    assert "standard errors" not in axes.get_title()
    assert not any(bar.has_yerr for bar in bars(axes))
    figure = pictures.smiles(EXACT, VOLATILITY, VOLATILITY, [0], ["a"])
    assert lines(figure.axes[0]) == {"our network", "paper's recipe", "formula"}


def test_smiles_show_simulation_both_networks_and_what_they_miss_it_by(made: dict[str, Figure]) -> None:
    figure = made["smiles"]
    assert len(figure.axes) == 2 * 2 * 3
    assert lines(figure.axes[0]) == {"our network", "paper's recipe", "simulation ± 2 standard errors"}
    assert len(bars(figure.axes[0])) == len(bars(figure.axes[3])) == 1
    ours = figure.axes[4].lines[1].get_ydata()
    np.testing.assert_allclose(ours, VOLATILITY[0, 2])
    with pytest.raises(ValueError, match="2 rows to draw, but 1 titles"):
        pictures.smiles(SURFACES, VOLATILITY, VOLATILITY, [0, 2], ["a"])


def test_a_calibration_shows_the_market_with_its_errors_the_guess_dashed_and_the_fit_solid(
    made: dict[str, Figure],
) -> None:
    axes = made["calibration"].axes[0]
    styles = {line.get_label(): line.get_linestyle() for line in axes.lines}
    assert (styles["first guess"], styles["fit"]) == ("--", "-")
    assert [bar.get_label() for bar in bars(axes)] == ["market ± 2 standard errors"]


@pytest.mark.parametrize("name", ["heat maps", "error maps"])
def test_an_invalid_cell_is_hatched_and_without_a_number(made: dict[str, Figure], name: str) -> None:
    axes = made[name].axes[0]
    assert len(axes.texts) == 87
    assert not any(text.get_position() == (0, 0) for text in axes.texts)
    assert axes.patch.get_hatch()
    assert np.ma.getmaskarray(np.ma.masked_invalid(axes.images[0].get_array()))[0, 0]


def test_errors_of_both_networks_and_the_noise_are_on_one_scale(made: dict[str, Figure]) -> None:
    ours, paper, noise, ratio = made["error maps"].axes[:4]
    limits = {axes.images[0].get_clim() for axes in (ours, paper, noise)}
    assert limits == {(0.0, 3 * np.nanmax(CELLS))}
    assert {text.get_text() for text in ratio.texts} == {"3.00"}
    assert len(made["error maps without ratio"].axes) == 4


def test_numbers_can_be_read_on_their_cells(made: dict[str, Figure]) -> None:
    for axes in made["error maps"].axes[:4]:
        image = axes.images[0]
        for text in axes.texts:
            column, row = (int(i) for i in text.get_position())
            ground = luminance(image.to_rgba(image.get_array()[row, column : column + 1])[0, :3])
            assert abs(ground - luminance(text.get_color())) > 0.4


def test_no_face_of_a_surface_touches_an_invalid_cell(made: dict[str, Figure]) -> None:
    relief, flat = made["surface"].axes
    assert len(relief.collections[0].get_facecolor()) == 7 * 10 - 1
    [points, crosses] = flat.lines
    assert len(points.get_xdata()) == 87
    assert (crosses.get_xdata()[0], crosses.get_ydata()[0]) == (np.log(STRIKES[0]), np.sqrt(MATURITIES[0]))
    with pytest.raises(ValueError, match="nothing to draw"):
        pictures.surface(np.full((8, 11), np.nan))


def test_skews_come_with_their_slope_and_that_of_theory(made: dict[str, Figure]) -> None:
    [axes] = made["skew"].axes
    assert lines(axes) == {"H − ½", "a: slope −0.40, theory −0.40", "b: slope −0.40, theory −0.30"}
    assert len(bars(axes)) == 2
    assert slopes_of(axes) == pytest.approx([-0.4, -0.3])
    plain = pictures.skew_by_maturity(SKEWS, ["a", "b"])
    assert lines(plain.axes[0]) == {"a", "b"}


def test_convergence_is_compared_with_its_expected_rates(made: dict[str, Figure]) -> None:
    assert slopes_of(made["convergence"].axes[0]) == pytest.approx([-0.6, -0.8])
    assert slopes_of(made["noise"].axes[0]) == pytest.approx([-0.5, -1.0])
    assert lines(made["convergence"].axes[0]) == {"H = 0.1, theory 0.6", "H = 0.3, theory 0.8", "rate of theory"}
    other = pictures.convergence(STEPS, [0.1], ERRORS[:1], [0.6], rate="Euler")
    assert lines(other.axes[0]) == {"H = 0.1, Euler 0.6", "rate of Euler"}


def test_every_seed_of_a_learning_curve_is_a_point(made: dict[str, Figure]) -> None:
    [axes] = made["error against rows"].axes
    assert lines(axes) == {"our network", "paper's recipe", "noise of the test surfaces"}
    points = [line for line in axes.lines if line.get_marker() == OURS.marker]
    assert [len(line.get_xdata()) for line in points] == [4]


def test_every_parameter_has_a_panel_that_spans_its_box(made: dict[str, Figure]) -> None:
    figure = made["recovery"]
    assert [axes.get_title() for axes in figure.axes] == [one.symbol for one in ROUGH_BERGOMI.parameters]
    for axes, one in zip(figure.axes, ROUGH_BERGOMI.parameters, strict=True):
        assert axes.get_xlim()[0] < one.lower < one.upper < axes.get_xlim()[1]
        assert len(bars(axes)) == 1
        assert isinstance(bars(axes)[0].lines[2][0], LineCollection)


def test_series_can_be_told_apart_in_grey() -> None:
    named = sorted(luminance(color) for color in (OURS.color, PAPER.color, NOISE.color, POINTS["color"], "white"))
    assert np.diff(named).min() > 0.15
    assert len({look.linestyle for look in (OURS, PAPER, NOISE)}) == 3
    for count in range(1, 9):
        looks = ordered(count)
        shades = np.array([luminance(look.color) for look in looks])
        assert (np.diff(shades) > 0.5 / 8).all()
        assert shades[-1] < 0.8
        assert len({look.marker for look in looks}) == count
        assert all(a.linestyle != b.linestyle for a, b in pairwise(looks))
    with pytest.raises(ValueError, match="9 series"):
        ordered(9)


def test_a_series_without_a_positive_number_has_no_place_on_a_logarithmic_axis() -> None:
    with pytest.raises(ValueError, match="no positive number"):
        pictures.convergence(STEPS, [0.1], np.zeros((1, 3)), [0.6])


def test_a_picture_is_a_png_in_its_own_style_whatever_that_of_the_caller(made: dict[str, Figure]) -> None:
    with mpl.rc_context({"grid.color": "red", "axes.edgecolor": "red"}):
        content = pictures.png(pictures.skew_by_maturity(SKEWS, ["a", "b"]))
    assert content.startswith(b"\x89PNG")
    assert content == pictures.png(pictures.skew_by_maturity(SKEWS, ["a", "b"]))


def test_exact_labels_have_no_noise_in_a_picture() -> None:
    by_rows = pictures.error_against_rows([100, 1000], ERRORS.T[:2], np.array([3.0, 2.0]), 0.0)
    assert "noise" not in str([text.get_text() for text in by_rows.axes[0].get_legend().get_texts()])
    assert by_rows.axes[0].get_ylim()[0] > 0.01
    maps = pictures.error_maps(CELLS, 3 * CELLS, 0 * CELLS)
    assert [axes.get_title() for axes in maps.axes[:3]] == [
        "our network (%)",
        "paper's recipe (%)",
        "paper's / ours (times)",
    ]
