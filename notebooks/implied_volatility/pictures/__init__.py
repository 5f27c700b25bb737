"""The pictures of the notebooks and of the documents: Matplotlib figures of plain arrays, and their PNG bytes.

They read well in grey, every axis says its unit, and volatilities come as the other modules have them: per year,
0.2 for 20 %, NaN where a cell is invalid.
"""

from __future__ import annotations

from implied_volatility.pictures.heat import error_maps, heat_maps
from implied_volatility.pictures.losses import learning_curves
from implied_volatility.pictures.power_laws import (
    convergence,
    error_against_rows,
    noise_against_paths,
    skew_by_maturity,
)
from implied_volatility.pictures.recovery import recovery
from implied_volatility.pictures.relief import surface
from implied_volatility.pictures.smiles import calibration, one_surface, smiles
from implied_volatility.pictures.style import png

__all__ = [
    "calibration",
    "convergence",
    "error_against_rows",
    "error_maps",
    "heat_maps",
    "learning_curves",
    "noise_against_paths",
    "one_surface",
    "png",
    "recovery",
    "skew_by_maturity",
    "smiles",
    "surface",
]
