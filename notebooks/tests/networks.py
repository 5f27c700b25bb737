"""Networks nobody trained."""

import jax
import numpy as np
from sizes import DEPTH, WIDTH

from implied_volatility.grid import CELLS, MATURITIES, STRIKES
from implied_volatility.learning.network import initialise
from implied_volatility.learning.surrogate import Surrogate
from implied_volatility.models import Model


def untrained(model: Model, *, members: int = 1, error: float = 0.0) -> Surrogate:
    """Smooth surfaces of their own, which depend on every parameter; `error` is what they state of every cell."""
    return Surrogate(
        model,
        tuple(initialise(model, jax.random.key(1 + member), WIDTH, DEPTH) for member in range(members)),
        np.zeros(CELLS),
        np.full(CELLS, 0.3),
        np.full((len(MATURITIES), len(STRIKES)), error),
    )
