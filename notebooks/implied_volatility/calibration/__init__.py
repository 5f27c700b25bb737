"""From surfaces to parameters: calibration on the networks, how well it works, and whether the model agrees."""

from __future__ import annotations

from implied_volatility.calibration.closure import Closure, close_loop
from implied_volatility.calibration.fitting import calibrate
from implied_volatility.calibration.market import fittable
from implied_volatility.calibration.recovery import Recovery, recoveries
from implied_volatility.calibration.result import Calibration

__all__ = ["Calibration", "Closure", "Recovery", "calibrate", "close_loop", "fittable", "recoveries"]
