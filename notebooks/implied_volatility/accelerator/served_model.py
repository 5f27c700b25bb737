"""A surrogate as an MLflow model: parameters in, a row of 88 implied volatilities out.

MLflow finds `_load_pyfunc` here and brings the package along, so nothing is pickled and a model that one Python has
written loads in another.
"""

from __future__ import annotations

import inspect
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

from implied_volatility.grid import CELLS, Floats
from implied_volatility.learning.surrogate import Surrogate
from implied_volatility.models import Model

_REQUIREMENTS = ("jax", "numpy", "scipy", "pandas")
_EXAMPLES = 2


class SurfaceModel:
    """What `mlflow.pyfunc.load_model` wraps."""

    def __init__(self, surrogate: Surrogate) -> None:
        self._surrogate = surrogate

    def predict(self, parameters: pd.DataFrame) -> Floats:
        """Implied volatilities per year, shape `(rows, 88)`, in the order of the table `labels`.

        MLflow has checked columns and types by the signature; ValueError names the row, counted from 0, and the
        parameter that is no number of the box.
        """
        model = self._surrogate.model
        given = parameters[list(model.columns)].to_numpy(np.float64)
        try:
            return self._surrogate.surface(given).reshape(len(parameters), CELLS)
        except ValueError:
            for row, values in enumerate(given):
                try:
                    model.check(values)
                except ValueError as error:
                    raise ValueError(f"row {row}: {error}") from None
            raise


def _load_pyfunc(path: str) -> SurfaceModel:
    return SurfaceModel(Surrogate.from_bytes(Path(path).read_bytes()))


def log(surrogate: Surrogate, artifact_path: str = "model") -> None:
    """Logs the networks into the active MLflow run as a model with signature, input example and this package's code."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "surrogate.npz"
        file.write_bytes(surrogate.to_bytes())
        mlflow.pyfunc.log_model(
            artifact_path,
            loader_module=__name__,
            data_path=str(file),
            signature=_signature(surrogate.model),
            input_example=pd.DataFrame(surrogate.model.draw(_EXAMPLES, seed=1), columns=list(surrogate.model.columns)),
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
            **_code(),
        )


def _signature(model: Model) -> ModelSignature:
    inputs = Schema([ColSpec("double", name) for name in model.columns])
    return ModelSignature(inputs, Schema([TensorSpec(np.dtype("float64"), (-1, CELLS))]))


def _code() -> dict[str, Any]:
    # Named code_path before MLflow 2.12.
    known = inspect.signature(mlflow.pyfunc.log_model).parameters
    return {"code_paths" if "code_paths" in known else "code_path": [str(Path(__file__).parents[1])]}
