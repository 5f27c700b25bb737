"""The network as an MLflow model: parameters in, a row of 88 implied volatilities out.

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

from implied_volatility.grid import CELLS, COLUMNS, Floats
from implied_volatility.network import Network

_REQUIREMENTS = ("jax", "numpy", "scipy", "pandas")
_EXAMPLE = [[0.04] * 8 + [1.9, -0.9, 0.1], [0.09] * 8 + [1.0, -0.5, 0.3]]


class SurfaceModel:
    """What `mlflow.pyfunc.load_model` wraps."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def predict(self, parameters: pd.DataFrame) -> Floats:
        """Implied volatilities per year, shape `(rows, 88)`, in the order of the table `labels`."""
        return self._network.surface(parameters[list(COLUMNS)].to_numpy(np.float64)).reshape(len(parameters), CELLS)


def _load_pyfunc(path: str) -> SurfaceModel:
    return SurfaceModel(Network.from_bytes(Path(path).read_bytes()))


def log(network: Network, artifact_path: str = "model") -> None:
    """Logs the network into the active MLflow run as a model with signature, input example and this package's code."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.npz"
        file.write_bytes(network.to_bytes())
        mlflow.pyfunc.log_model(
            artifact_path,
            loader_module=__name__,
            data_path=str(file),
            signature=_signature(),
            input_example=pd.DataFrame(_EXAMPLE, columns=list(COLUMNS)),
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
            **_code(),
        )


def _signature() -> ModelSignature:
    inputs = Schema([ColSpec("double", name) for name in COLUMNS])
    return ModelSignature(inputs, Schema([TensorSpec(np.dtype("float64"), (-1, CELLS))]))


def _code() -> dict[str, Any]:
    # Named code_path before MLflow 2.12.
    known = inspect.signature(mlflow.pyfunc.log_model).parameters
    return {"code_paths" if "code_paths" in known else "code_path": [str(Path(__file__).parent)]}
