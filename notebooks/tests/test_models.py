import numpy as np
import pytest

from implied_volatility.labelling import label
from implied_volatility.models import MODELS, Effort, Model, model_named


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_parameters_of_a_wrong_number_outside_the_box_or_unknown_are_refused_by_name(model: Model) -> None:
    inside = model.draw(3, seed=1)
    last = model.parameters[-1]
    with pytest.raises(
        ValueError, match=rf"has {len(model.columns)} parameters \({model.columns[0]}, .*shape \(3, 2\)"
    ):
        model.check(inside[:, :2])
    for wrong in (last.upper + 0.1, np.nan):
        changed = inside.copy()
        changed[2, -1] = wrong
        with pytest.raises(ValueError, match=rf"{last.name} = \S+ lies outside \[{last.lower:g}, {last.upper:g}\]"):
            model.check(changed)
    assert model.check(inside) is not None


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_surfaces_are_made_of_rows_of_parameters_and_of_nothing_else(model: Model) -> None:
    one = model.draw(1, seed=1)
    for wrong in (one[0], one[:0]):
        with pytest.raises(ValueError, match=r"a row per surface and the shape \(n, "):
            model.surfaces(wrong, Effort(64, 16), seed=1)
    with pytest.raises(ValueError, match="no row of parameters"):
        label(model, one[:0], Effort(64, 16), seed=1)
    with pytest.raises(ValueError, match="rows must be at least 1, not 0"):
        model.draw(0, seed=1)


def test_an_unknown_model_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(ValueError, match="'sabr' is none of the models rough_bergomi, heston"):
        model_named("sabr")
