"""One MLflow run per training: its parameters, curves, metrics, pictures and the registered model."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import mlflow
from mlflow.entities import Metric

from implied_volatility.accelerator import served_model
from implied_volatility.accelerator.destination import OWNER, Destination
from implied_volatility.learning.descent import Fit
from implied_volatility.learning.surrogate import Surrogate

ALIAS = "champion"
# MLflow's bound for one request.
_BATCH = 1000


class Registered(NamedTuple):
    """A version of a registered model."""

    name: str
    version: str

    @property
    def uri(self) -> str:
        """Where `mlflow.pyfunc.load_model` finds it."""
        return f"models:/{self.name}/{self.version}"


class Run:
    """An MLflow run that several cells share: `with run:` around each marks it as failed when one raises."""

    def __init__(self, user: str, tags: Mapping[str, str]) -> None:
        """Starts a run, named by the tags' values, in the experiment `implied_volatility` of the user's home folder.

        Both say by a tag whose they are: the run for ever, the experiment until another deployment uses it.
        """
        # What an earlier execution in this Python process has left open.
        while mlflow.active_run():
            mlflow.end_run("FAILED")
        owner = {OWNER: tags["deployment"]}
        experiment_id = _experiment(f"/Users/{user}/implied_volatility")
        mlflow.MlflowClient().set_experiment_tag(experiment_id, OWNER, owner[OWNER])
        info = mlflow.start_run(run_name=" ".join(tags.values()), tags={**tags, **owner}).info
        self.run_id, self.experiment_id = str(info.run_id), str(info.experiment_id)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            mlflow.end_run("FAILED" if issubclass(kind, Exception) else "KILLED")

    def params(self, values: Mapping[str, Any]) -> None:
        """Logs parameters, and the versions of Python and of the libraries."""
        libraries = {f"{name}_version": version(name) for name in ("jax", "numpy", "scipy")}
        mlflow.log_params({**values, **libraries, "python_version": platform.python_version()})

    def curves(self, name: str, fit: Fit) -> None:
        """Logs the losses of each epoch as `<name>_training_loss` and `<name>_validation_loss`."""
        now = _now()
        self._log(
            [
                Metric(f"{name}_{kind}_loss", float(value), now, epoch)
                for kind, losses in (("training", fit.training_loss), ("validation", fit.validation_loss))
                for epoch, value in enumerate(losses, start=1)
            ]
        )

    def _log(self, points: Sequence[Metric]) -> None:
        client = mlflow.MlflowClient()
        for start in range(0, len(points), _BATCH):
            client.log_batch(self.run_id, metrics=points[start : start + _BATCH])

    def cells(self, metrics: Mapping[str, float]) -> None:
        """Logs metrics of single cells, which the notebook's result and the table `evaluation` leave out."""
        self._log([Metric(name, value, _now(), 0) for name, value in metrics.items()])

    def register(self, surrogate: Surrogate, to: Destination) -> Registered:
        """Logs the surrogate as a model and makes it the newest version of the registered one.

        In Unity Catalog if the destination's catalog is there, as its champion; otherwise in the workspace's own
        registry, which has no aliases.
        """
        mlflow.set_registry_uri("databricks-uc" if to.in_unity_catalog else mlflow.get_tracking_uri())
        served_model.log(surrogate)
        made = mlflow.register_model(f"runs:/{self.run_id}/model", to.model)
        if to.in_unity_catalog:
            mlflow.MlflowClient().set_registered_model_alias(to.model, ALIAS, str(made.version))
        return Registered(to.model, str(made.version))

    def finish(self, metrics: Mapping[str, float], pictures: Iterable[Path]) -> None:
        """Logs the metrics and the files of pictures, and ends the run as finished."""
        mlflow.log_metrics(dict(metrics))
        for picture in pictures:
            mlflow.log_artifact(str(picture), "pictures")
        mlflow.end_run("FINISHED")


def _now() -> int:
    return int(time.time() * 1000)


def _experiment(name: str) -> str:
    """Makes the experiment the active one and gives its id; one that was deleted stays so, with its runs."""
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage != "active":
        # `set_experiment` refuses the name of a deleted one, under which Databricks lets a second one be made.
        experiment_id = client.create_experiment(name)
    else:
        experiment_id = found.experiment_id
    mlflow.set_experiment(experiment_id=experiment_id)
    return str(experiment_id)
