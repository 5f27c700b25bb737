"""The models, by the name that the widget `model` has for them. A third is a file beside these and a line here."""

from __future__ import annotations

from implied_volatility.models.base import Effort, Model, Parameter
from implied_volatility.models.heston import HESTON
from implied_volatility.models.rough_bergomi import ROUGH_BERGOMI

__all__ = ["HESTON", "MODELS", "ROUGH_BERGOMI", "Effort", "Model", "Parameter", "model_named"]

MODELS: dict[str, Model] = {model.name: model for model in (ROUGH_BERGOMI, HESTON)}


def model_named(name: str) -> Model:
    """The model of that name; ValueError names those that there are."""
    if name not in MODELS:
        raise ValueError(f"{name!r} is none of the models {', '.join(MODELS)}")
    return MODELS[name]
