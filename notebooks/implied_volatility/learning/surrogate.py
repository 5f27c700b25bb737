"""What is left of a training: networks that stand in for a model, and give whole surfaces in microseconds."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.learning.network import Weights, forward, initialise
from implied_volatility.models import Model, model_named

_FORMAT = 2
_SHAPE = (len(MATURITIES), len(STRIKES))


@dataclass(frozen=True, eq=False)
class Surrogate:
    """Trained networks of one model, whose mean answers; for parameters in the model's box."""

    model: Model
    members: tuple[Weights, ...]
    centre: Floats
    """Mean of log(volatility / level) per cell in training, shape `(88,)`."""
    scale: Floats
    """Its standard deviation, shape `(88,)`."""
    error: Floats = field(default_factory=lambda: np.zeros(_SHAPE))
    """Root mean square of log(volatility / label) per cell on rows kept for validation, shape `(8, 11)`."""

    def surface(self, parameters: ArrayLike) -> Floats:
        """Implied volatilities `(..., 8, 11)` for parameters `(..., P)`; ValueError outside the box."""
        given = self.model.check(parameters)
        made = _volatility(self.model, self.members, self.centre, self.scale, given.astype(np.float32))
        return np.asarray(made, np.float64).reshape(*given.shape[:-1], *_SHAPE)

    def to_bytes(self) -> bytes:
        """The networks as a NumPy archive, without pickles."""
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(self.members)]
        arrays = {f"{at:03d}": leaf for at, leaf in enumerate(leaves)}
        file = io.BytesIO()
        np.savez(
            file,
            format=_FORMAT,
            model=self.model.name,
            members=len(self.members),
            centre=self.centre,
            scale=self.scale,
            error=self.error,
            **arrays,
        )
        return file.getvalue()

    @staticmethod
    def from_bytes(data: bytes) -> Surrogate:
        """The surrogate that `to_bytes` wrote; ValueError if it was written in another format."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            if int(file["format"]) != _FORMAT:
                raise ValueError(f"networks of format {file['format']}, expected {_FORMAT}")
            model = model_named(str(file["model"]))
            like = (initialise(model, jax.random.key(0)),) * int(file["members"])
            old, structure = jax.tree.flatten(like)
            leaves = [jnp.asarray(file[f"{at:03d}"]) for at in range(len(old))]
            members = jax.tree.unflatten(structure, leaves)
            return Surrogate(model, members, file["centre"], file["scale"], file["error"])

    def save(self, file: Path) -> None:
        """Writes the networks to a file."""
        file.write_bytes(self.to_bytes())

    @staticmethod
    def load(file: Path) -> Surrogate:
        """The networks that `save` wrote."""
        return Surrogate.from_bytes(file.read_bytes())


def log_volatility(
    model: Model, members: tuple[Weights, ...], centre: jax.Array, scale: jax.Array, parameters: jax.Array
) -> jax.Array:
    """Logarithms of the volatilities of all cells, `(..., 88)`, for parameters `(..., P)`; differentiable."""
    standard = sum(forward(model, weights, parameters) for weights in members) / len(members)
    level = jnp.repeat(jnp.log(model.level(parameters)), len(STRIKES), axis=-1)
    return jnp.asarray(level + centre + scale * standard)


@partial(jax.jit, static_argnums=0)
def _volatility(
    model: Model, members: tuple[Weights, ...], centre: jax.Array, scale: jax.Array, parameters: jax.Array
) -> jax.Array:
    return jnp.exp(log_volatility(model, members, centre, scale, parameters))
