"""How much a label's noise should count in training."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from implied_volatility.grid import CELLS, Floats
from implied_volatility.models import Model
from implied_volatility.surfaces import Sample

_FLOOR = 0.003
_ENOUGH_ROWS = 4096
_RIDGE = 1e-3


def label_noise(model: Model, sample: Sample, rows: NDArray[np.int64]) -> Floats:
    """Relative noise of every label `(n, 88)`, half-way on a log scale between what is typical of its cell and what is
    expected at its parameters; learnt from the standard errors of `rows`.

    A standard error of four repetitions is itself off by 40 %, and small by chance where the label is wrong by chance:
    weights made of it would trust the wrong rows. So its logarithm is fitted by squares of the model's inputs, cell by
    cell. Half-way, because in the far cells noise differs a hundredfold between rows, and a network that minds only the
    quiet ones is wrong by much more on the others. No noise is less than 0.3 %, which is also that of a formula's
    labels: nothing is gained by minding more where the network is the worse of the two.
    """
    inputs = np.asarray(jax.jit(model.inputs)(jnp.asarray(sample.parameters, jnp.float32)), np.float64)
    terms = np.concatenate([np.ones((len(inputs), 1)), inputs, inputs**2], axis=1)
    valid = sample.surfaces.valid.reshape(-1, CELLS)
    volatility = np.where(valid, sample.surfaces.volatility.reshape(-1, CELLS), 1.0)
    error = np.where(valid, sample.surfaces.standard_error.reshape(-1, CELLS) / volatility, 0.0)
    log_noise = 0.5 * np.log(error**2 + _FLOOR**2)
    used = rows[:_ENOUGH_ROWS]
    made = np.empty_like(error)
    for cell in range(CELLS):
        at = used[valid[used, cell]]
        known, wanted = terms[at], log_noise[at, cell]
        typical = wanted.mean() if len(at) else 0.0
        square = known.T @ known + _RIDGE * max(len(at), 1) * np.eye(terms.shape[1])
        expected = typical + terms @ np.linalg.solve(square, known.T @ (wanted - typical))
        made[:, cell] = 0.5 * (typical + np.clip(expected, np.log(_FLOOR), 0.0))
    return np.asarray(np.exp(made))
