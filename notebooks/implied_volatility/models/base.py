"""What a model of the volatility is to the rest: named parameters, surfaces, and what a network should know of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import jax
import numpy as np
from numpy.typing import ArrayLike, NDArray

from implied_volatility.grid import Floats
from implied_volatility.sampling import sobol
from implied_volatility.surfaces import Surfaces

_TOLERANCE = 1e-6  # A float32 copy of a corner of the box is still in the box.


@dataclass(frozen=True)
class Parameter:
    """A parameter, the range that networks learn, and the range for which the model exists."""

    name: str
    """Name of the table's column: small letters, digits and underscores."""
    symbol: str
    """As formulas and pictures have it."""
    lower: float
    upper: float
    least: float
    most: float
    comment: str
    """What it is, with its unit, for people who read the table."""


@dataclass(frozen=True)
class Effort:
    """How much work a surface may take; a model with a formula does not look at it."""

    paths: int = 2048
    """Simulated paths of the volatility, a power of two; those that mirror another count too."""
    steps: int = 256
    """Time steps."""


class Model(ABC):
    """A model by its parameters, in the order of the last axis of every array of parameters, shape `(..., P)`."""

    name: ClassVar[str]
    """As the widget `model` has it."""
    title: ClassVar[str]
    """As texts and pictures have it."""
    parameters: ClassVar[tuple[Parameter, ...]]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the parameters, which are columns of the table of features."""
        return tuple(parameter.name for parameter in self.parameters)

    @cached_property
    def lower(self) -> Floats:
        """Lower corner of the box, shape `(P,)`."""
        return np.array([parameter.lower for parameter in self.parameters])

    @cached_property
    def upper(self) -> Floats:
        """Upper corner of the box, shape `(P,)`."""
        return np.array([parameter.upper for parameter in self.parameters])

    def draw(self, rows: int, seed: int) -> Floats:
        """`rows` points that fill the box evenly, shape `(rows, P)`; fewer rows of a seed are a prefix of more."""
        return np.asarray(self.lower + (self.upper - self.lower) * sobol(rows, len(self.parameters), seed))

    def check(self, parameters: ArrayLike, *, inside_box: bool = True) -> Floats:
        """The parameters as float64 of shape `(..., P)`; ValueError says which value is wrong and why.

        Without `inside_box` every set for which the model exists passes.
        """
        values = np.asarray(parameters, np.float64)
        if values.ndim < 1 or values.shape[-1] != len(self.parameters):
            raise ValueError(
                f"{self.title} has {len(self.parameters)} parameters ({', '.join(self.columns)}),"
                f" got an array of shape {values.shape}"
            )
        low, high = (self.lower - _TOLERANCE, self.upper + _TOLERANCE) if inside_box else self._domain
        wrong = ~((values >= low) & (values <= high))
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            parameter = self.parameters[at[-1]]
            bounds = (parameter.lower, parameter.upper) if inside_box else (parameter.least, parameter.most)
            raise ValueError(f"{parameter.name} = {values[at]:g} lies outside [{bounds[0]:g}, {bounds[1]:g}]")
        return values

    @cached_property
    def _domain(self) -> tuple[Floats, Floats]:
        least = np.array([parameter.least for parameter in self.parameters])
        return least, np.array([parameter.most for parameter in self.parameters])

    @abstractmethod
    def surfaces(self, parameters: ArrayLike, effort: Effort, seed: int, rows: ArrayLike | None = None) -> Surfaces:
        """Surfaces `(n, 8, 11)` for parameters `(n, P)`.

        Random numbers of a row depend on the seed and the row's number alone: `rows` `(n,)`, or 0 to n − 1. So a
        row's bytes do not depend on the rows beside it. ValueError for parameters without a model.
        """

    @abstractmethod
    def level(self, parameters: jax.Array) -> jax.Array:
        """The surface's level by maturity, shape `(..., 8)`: √(average expected variance), per √year.

        A network learns what the smile does to it. In the parameters' precision; differentiable.
        """

    @abstractmethod
    def inputs(self, parameters: jax.Array) -> jax.Array:
        """What a network is told, shape `(..., I)`: numbers of order 1, among them the scales that bend a smile."""

    @abstractmethod
    def guess(self, at_the_money: Floats) -> Floats:
        """Parameters `(n, P)` to start a calibration from, of at-the-money volatilities `(n, 8)`; in the box."""


def row_numbers(rows: ArrayLike | None, given: Floats) -> NDArray[np.uint32]:
    """Numbers of the rows of parameters, from 0 unless given; ValueError unless there are rows, and as many numbers."""
    if given.ndim != 2 or not len(given):
        raise ValueError(f"parameters have a row per surface and the shape (n, {given.shape[-1]}), not {given.shape}")
    count = len(given)
    numbers = np.arange(count) if rows is None else np.asarray(rows)
    if numbers.shape != (count,):
        raise ValueError(f"{count} rows of parameters, but row numbers of shape {numbers.shape}")
    return numbers.astype(np.uint32)
