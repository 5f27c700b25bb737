import re
from pathlib import Path

import pytest

from implied_volatility import models
from implied_volatility.accelerator import profiles

WIDGETS = {"profile": "small", "model": "heston", "rows": "", "paths": "", "seed": "7"}
NOTEBOOKS = sorted(Path(__file__).resolve().parent.parent.glob("[0R]*.py"))


def test_a_plan_is_what_the_widgets_ask_for_and_otherwise_the_profiles() -> None:
    plan = profiles.plan({**WIDGETS, "rows": " 256 ", "paths": "128"})
    usual = profiles.plan(WIDGETS)
    assert (plan.model, plan.seed, plan.rows, plan.paths) == ("heston", 7, 256, 128)
    assert (plan.steps, plan.test_rows, plan.test_paths) == (usual.steps, usual.test_rows, usual.test_paths)
    assert profiles.plan({name: text for name, text in WIDGETS.items() if name != "model"}).model == "rough_bergomi"


def test_the_full_profile_is_larger_than_the_small_one_in_everything() -> None:
    small, full = (profiles.plan({**WIDGETS, "profile": name}).as_dict() for name in ("small", "full"))
    sizes = {name for name in small if name not in ("profile", "model", "seed")}
    assert {"members", "rows", "paths", "steps", "test_rows", "test_paths"} == sizes
    assert [name for name in sizes if int(full[name]) < int(small[name])] == []


def test_a_plan_can_be_told_to_a_person() -> None:
    by_formula = profiles.in_words(profiles.plan({**WIDGETS, "rows": "1024"}))
    assert "Profile small, model heston, seed 7" in by_formula
    assert "1,024 surfaces by a formula" in by_formula
    simulated = profiles.in_words(profiles.plan({**WIDGETS, "model": "rough_bergomi", "paths": "512"}))
    assert " × 512 paths" in simulated


@pytest.mark.parametrize("profile", profiles.PROFILES)
def test_a_profile_asks_for_what_a_widget_could_ask_for(profile: str) -> None:
    plan = profiles.plan({**WIDGETS, "profile": profile})
    assert profiles.plan({**WIDGETS, "profile": profile, "rows": str(plan.rows), "paths": str(plan.paths)}) == plan


@pytest.mark.parametrize(
    ("widget", "value"), [("model", "sabr"), ("profile", ""), ("rows", "12"), ("paths", "1000"), ("seed", "-1")]
)
def test_a_wrong_wish_is_refused_by_the_widgets_name(widget: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"Widget {widget}: '?{value}'? is no"):
        profiles.plan({**WIDGETS, widget: value})


def test_the_models_of_the_widget_are_those_of_the_package() -> None:
    assert tuple(models.MODELS) == profiles.MODELS


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_the_dropdowns_offer_what_a_plan_takes(file: Path) -> None:
    offered = dict(re.findall(r'dropdown\("(model|profile)", "\w+", (\[.*?\])', file.read_text()))
    assert offered["profile"] == repr(list(profiles.PROFILES)).replace("'", '"')
    if "model" in offered:
        assert offered["model"] == repr(list(profiles.MODELS)).replace("'", '"')


def test_the_readme_tells_the_sizes_of_each_profile() -> None:
    readme = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
    for profile in profiles.PROFILES:
        plan = profiles.plan({**WIDGETS, "profile": profile})
        line = next(line for line in readme.splitlines() if line.startswith(f"| `{profile}` | {plan.rows:,}"))
        numbers = [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", line)]
        assert numbers == [plan.rows, plan.paths, plan.test_rows, plan.test_paths, plan.steps, plan.members]
