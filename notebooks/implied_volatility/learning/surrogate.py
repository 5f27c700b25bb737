"""What is left of a training: networks that stand in for a model, and give whole surfaces in microseconds."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray

from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.learning.network import Weights, forward
from implied_volatility.models import Model, model_named

# A surface alone takes less time than to wake the thread that JAX would hand it to. It must be said before JAX computes
# anything in this process.
jax.config.update("jax_cpu_enable_async_dispatch", False)  # type: ignore[no-untyped-call]

_FORMAT = 3
_PIECE = 2500
_SHAPE = (len(MATURITIES), len(STRIKES))


@dataclass(frozen=True, eq=False)
class Surrogate:
    """Trained networks of one model, whose mean answers; for parameters in the model's box."""

    model: Model
    members: tuple[Weights, ...]
    """Of the same width and depth."""
    centre: Floats
    """Mean of log(volatility / level) per cell in training, shape `(88,)`."""
    scale: Floats
    """Its standard deviation, shape `(88,)`."""
    error: Floats = field(default_factory=lambda: np.zeros(_SHAPE))
    """Root mean square of log(volatility / label) per cell on rows kept for validation, less the labels' own noise;
    shape `(8, 11)`."""

    def surface(self, parameters: ArrayLike) -> Floats:
        """Implied volatilities `(..., 8, 11)` for parameters `(..., P)`; ValueError outside the box.

        Many rows are cut into pieces that fit into a core's cache, and these are shared among the cores.
        """
        given = self.model.check(parameters)
        rows = given.reshape(-1, given.shape[-1]).astype(np.float32)
        if len(rows) == 1:
            made = np.asarray(self._alone(rows[0]))
        elif len(rows) <= _PIECE:
            made = self._together(rows)
        else:
            pieces = np.array_split(rows, -(-len(rows) // _PIECE))
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                made = np.concatenate(list(pool.map(self._together, pieces)))
        return made.astype(np.float64).reshape(*given.shape[:-1], *_SHAPE)

    def _together(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(_volatility(self.model, *self._arrays, rows))

    @cached_property
    def _alone(self) -> Callable[[NDArray[np.float32]], jax.Array]:
        # Compiled for these networks, whose weights are constants then: to pass them costs a third more.
        return jax.jit(partial(_volatility, self.model, *self._arrays))

    @cached_property
    def _arrays(self) -> tuple[Weights, jax.Array, jax.Array]:
        # One above the other, so that one operation serves all networks: a surface alone is all dispatch.
        stacked: Weights = jax.tree.map(lambda *layers: jnp.stack(layers), *self.members)
        return stacked, jnp.asarray(self.centre, jnp.float32), jnp.asarray(self.scale, jnp.float32)

    def to_bytes(self) -> bytes:
        """The networks as a NumPy archive, without pickles."""
        layers: dict[str, NDArray[np.float32]] = {}
        for at, (matrix, bias) in enumerate(self._arrays[0]):
            layers |= {f"matrix_{at}": np.asarray(matrix), f"bias_{at}": np.asarray(bias)}
        file = io.BytesIO()
        np.savez(
            file,
            format=_FORMAT,
            model=self.model.name,
            layers=len(self.members[0]),
            centre=self.centre,
            scale=self.scale,
            error=self.error,
            **layers,
        )
        return file.getvalue()

    @staticmethod
    def from_bytes(data: bytes) -> Surrogate:
        """The surrogate that `to_bytes` wrote; ValueError if it was written in another format."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            if int(file["format"]) != _FORMAT:
                raise ValueError(f"networks of format {file['format']}, expected {_FORMAT}")
            layers = [(file[f"matrix_{at}"], file[f"bias_{at}"]) for at in range(int(file["layers"]))]
            members = tuple(
                [(jnp.asarray(matrix[member]), jnp.asarray(bias[member])) for matrix, bias in layers]
                for member in range(len(layers[0][0]))
            )
            return Surrogate(
                model_named(str(file["model"])), members, file["centre"], file["scale"], error=file["error"]
            )

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
    return _log_volatility(model, jnp.asarray(standard), centre, scale, parameters)


def _log_volatility(
    model: Model, standard: jax.Array, centre: jax.Array, scale: jax.Array, parameters: jax.Array
) -> jax.Array:
    level = jnp.repeat(jnp.log(model.level(parameters)), len(STRIKES), axis=-1)
    return jnp.asarray(level + centre + scale * standard)


@partial(jax.jit, static_argnums=0)
def _volatility(
    model: Model, stacked: Weights, centre: jax.Array, scale: jax.Array, parameters: jax.Array
) -> jax.Array:
    standard = jax.vmap(lambda weights: forward(model, weights, parameters))(stacked).mean(0)
    return jnp.exp(_log_volatility(model, standard, centre, scale, parameters))
