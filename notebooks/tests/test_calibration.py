from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental import enable_x64

from implied_volatility.calibration import calibrate, close, levenberg, recovery
from implied_volatility.calibration.recovery import text
from implied_volatility.grid import CELLS, Floats
from implied_volatility.learning.network import initialise
from implied_volatility.learning.surrogate import Surrogate
from implied_volatility.models import ROUGH_BERGOMI, Effort
from implied_volatility.surfaces import Surfaces

MODEL = ROUGH_BERGOMI
WIDTH = MODEL.upper - MODEL.lower
ERROR = 0.004
ROWS = 200


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    """Networks nobody trained: smooth surfaces of their own, which depend on every parameter."""
    members = tuple(initialise(MODEL, jax.random.key(at)) for at in (1,))
    return Surrogate(MODEL, members, np.zeros(CELLS), np.full(CELLS, 0.3), np.full((8, 11), ERROR))


@pytest.fixture(scope="module")
def truth() -> Floats:
    return MODEL.lower + WIDTH * (0.1 + 0.8 * np.random.default_rng(1).random((ROWS, len(MODEL.parameters))))


def test_parameters_are_found_again_where_there_is_no_noise(surrogate: Surrogate, truth: Floats) -> None:
    fits = calibrate(surrogate, surrogate.surface(truth))
    assert fits.converged.all()
    print(np.sort(np.abs((fits.parameters - truth) / WIDTH).max(1))[-20:], fits.iterations.mean(), fits.iterations.max())
    assert (np.abs(fits.parameters - truth) < 1e-3 * WIDTH).all()
