"""How much to simulate and to train: what the widgets of the notebooks mean. Imports nothing but Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class Plan:
    """Sizes of one run."""

    profile: str
    model: str
    """Name of the model of the volatility."""
    rows: int
    """Surfaces to learn from."""
    paths: int
    """Volatility paths per surface."""
    steps: int
    """Time steps up to each maturity."""
    test_rows: int
    """Surfaces that training never sees."""
    test_paths: int
    """Paths per such surface: many more, so that their noise is small beside the network's error."""
    members: int
    """Networks whose surfaces are averaged."""
    seed: int

    def as_dict(self) -> dict[str, str | int]:
        """Every size by name."""
        return asdict(self)


MODELS = ("rough_bergomi", "heston")
"""Names of the models, the usual one first; `implied_volatility.models` has them, but needs JAX."""
_BY_FORMULA = ("heston",)
_SMALL = Plan("small", MODELS[0], rows=4096, paths=1024, steps=128, test_rows=96, test_paths=8192, members=1, seed=0)
_FULL = Plan(
    "full", MODELS[0], rows=131_072, paths=4096, steps=256, test_rows=512, test_paths=65_536, members=3, seed=0
)
_PLANS = {plan.profile: plan for plan in (_SMALL, _FULL)}
PROFILES = tuple(_PLANS)
WIDGETS = ("profile", "model", "rows", "paths", "seed")
"""What a plan is made of."""
LEAST_ROWS, MOST_ROWS = 128, 10_000_000
LEAST_PATHS, MOST_PATHS = 64, 1 << 20


def plan(widgets: Mapping[str, str]) -> Plan:
    """The plan that the widgets `WIDGETS` ask for.

    Empty rows or paths leave the profile's, a missing model is the usual one. ValueError names the widget that is
    wrong.
    """
    chosen = replace(
        _PLANS[one_of(widgets, "profile", PROFILES)],
        model=one_of({"model": MODELS[0], **widgets}, "model", MODELS),
        seed=whole(widgets, "seed", 0, 2**31 - 1),
    )
    if widgets["rows"].strip():
        chosen = replace(chosen, rows=whole(widgets, "rows", LEAST_ROWS, MOST_ROWS))
    if widgets["paths"].strip():
        paths = whole(widgets, "paths", LEAST_PATHS, MOST_PATHS)
        if paths & (paths - 1):
            raise ValueError(f"Widget paths: {paths} is no power of two, as Sobol points have to be.")
        chosen = replace(chosen, paths=paths)
    return chosen


def in_words(plan: Plan) -> str:
    """The sizes for a person, in two lines."""
    by_formula = plan.model in _BY_FORMULA
    effort = " by a formula" if by_formula else f" × {plan.paths:,} paths × {plan.steps} steps"
    test_effort = "" if by_formula else f" × {plan.test_paths:,}"
    return (
        f"Profile {plan.profile}, model {plan.model}, seed {plan.seed}\n"
        f"{plan.rows:,} surfaces{effort} to learn from, {plan.test_rows:,}{test_effort} to judge by;"
        f" networks: {plan.members}"
    )


def one_of(widgets: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """The widget's text, which has to be one of the choices; ValueError otherwise."""
    value = widgets[name].strip()
    if value not in choices:
        raise ValueError(f"Widget {name}: {value!r} is none of {', '.join(choices)}.")
    return value


def whole(widgets: Mapping[str, str], name: str, least: int, most: int) -> int:
    """The widget's text as a whole number from `least` to `most`; ValueError otherwise."""
    text = widgets[name].strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and least <= int(text) <= most):
        raise ValueError(f"Widget {name}: {text!r} is no whole number from {least} to {most}.")
    return int(text)
