"""How a notebook ended, as the parent reads it."""

from __future__ import annotations

import json
import os
from typing import Any


def write_outcome(folder: str, outcome: dict[str, Any]) -> None:
    """Leaves how a notebook ended, whole or not at all."""
    part = os.path.join(folder, "outcome.part")
    with open(part, "w", encoding="utf-8") as file:
        json.dump(outcome, file)
    os.replace(part, os.path.join(folder, "outcome.json"))
