from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import jax
import numpy as np
import pandas as pd
import pytest
from elsewhere import without_package
from networks import untrained
from sweep import full_sweep

import implied_volatility
from implied_volatility.accelerator.destination import Destination
from implied_volatility.grid import CELLS, Floats
from implied_volatility.learning.descent import Fit
from implied_volatility.models import ROUGH_BERGOMI

# MLflow's modules warn of their own use of pydantic when they are loaded.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mlflow
    import mlflow.pyfunc

    from implied_volatility.accelerator import served_model
    from implied_volatility.accelerator.tracking import Registered, Run

NETWORKS = untrained(ROUGH_BERGOMI, members=3)
FIT = Fit([], np.geomspace(1, 0.01, 600), np.geomspace(1, 0.02, 600), 1.5)
TAGS = {"deployment": "one", "attempt": "1"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[mlflow.MlflowClient]:
    """A client of a store of files."""
    mlflow.set_tracking_uri(tmp_path.as_uri())
    yield mlflow.MlflowClient()
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.set_registry_uri("")
    mlflow.set_tracking_uri("")


def test_a_run_keeps_what_it_was_told_and_ends_as_finished(client: mlflow.MlflowClient, tmp_path: Path) -> None:
    run = Run("app", TAGS)
    with run:
        run.params({"rows": 128})
        run.curves("network", FIT)
        run.cells({"relative_error_percent/T0.1_K0.5": 1.5})
    assert client.get_run(run.run_id).info.status == "RUNNING"
    picture = tmp_path / "smiles.png"
    picture.write_bytes(b"png")
    with run:
        run.finish({"r2": 0.99}, [picture])
    made = client.get_run(run.run_id)
    assert (made.info.run_name, made.info.status) == ("one 1", "FINISHED")
    assert client.get_experiment(run.experiment_id).name == "/Users/app/implied_volatility"
    assert TAGS.items() <= made.data.tags.items()
    assert made.data.tags["accelerator-deployment"] == "one"
    assert (made.data.params["rows"], made.data.params["jax_version"]) == ("128", jax.__version__)
    assert made.data.params["python_version"].startswith("3.")
    assert made.data.metrics["r2"] == 0.99
    assert made.data.metrics["relative_error_percent/T0.1_K0.5"] == 1.5
    curve = client.get_metric_history(run.run_id, "network_validation_loss")
    assert [(point.step, point.value) for point in curve] == list(enumerate(FIT.validation_loss, start=1))
    assert [file.path for file in client.list_artifacts(run.run_id, "pictures")] == ["pictures/smiles.png"]


def test_the_experiment_is_marked_by_the_last_deployment_and_each_run_by_its_own(client: mlflow.MlflowClient) -> None:
    first, second = Run("app", TAGS), Run("app", {**TAGS, "deployment": "two"})
    assert first.experiment_id == second.experiment_id
    assert client.get_experiment(first.experiment_id).tags["accelerator-deployment"] == "two"
    assert client.get_run(first.run_id).data.tags["accelerator-deployment"] == "one"


def test_an_experiment_that_was_deleted_is_left_and_a_second_one_made(
    client: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted = SimpleNamespace(lifecycle_stage="deleted", experiment_id="0")
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "get_experiment_by_name", lambda _client, _name: deleted)
        run = Run("app", TAGS)
    assert client.get_experiment(run.experiment_id).name == "/Users/app/implied_volatility"


@pytest.mark.parametrize(("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_block_that_raises_ends_the_run(client: mlflow.MlflowClient, error: type[BaseException], status: str) -> None:
    run = Run("app", TAGS)
    with pytest.raises(error), run:
        raise error
    assert client.get_run(run.run_id).info.status == status
    assert mlflow.active_run() is None


def test_a_run_that_was_left_open_has_failed_when_the_next_one_starts(client: mlflow.MlflowClient) -> None:
    first, second = Run("app", TAGS), Run("app", TAGS)
    assert client.get_run(first.run_id).info.status == "FAILED"
    assert client.get_run(second.run_id).info.status == "RUNNING"


class Kept(NamedTuple):
    """The networks registered once in each registry, and where."""

    tracking: str
    registries: list[str]
    catalog: Registered
    workspace: Registered


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    tracking, registries = tmp_path_factory.mktemp("mlflow").as_uri(), []
    mlflow.set_tracking_uri(tracking)
    run = Run("app", TAGS)
    with pytest.MonkeyPatch.context() as patch, run:
        patch.setattr(mlflow, "set_registry_uri", registries.append)
        catalog = run.register(NETWORKS, Destination("main", "iv"))
        # The run has the model already; to log it takes seconds.
        patch.setattr(served_model, "log", lambda _surrogate: None)
        workspace = run.register(NETWORKS, Destination("spark_catalog", "iv"))
    mlflow.end_run()
    return Kept(tracking, registries, catalog, workspace)


@pytest.fixture
def registered(client: mlflow.MlflowClient, kept: Kept) -> Registered:
    """The model in Unity Catalog, with MLflow pointed to it."""
    mlflow.set_tracking_uri(kept.tracking)
    return kept.catalog


def parameters() -> Floats:
    return np.random.default_rng(1).uniform(ROUGH_BERGOMI.lower, ROUGH_BERGOMI.upper, (5, len(ROUGH_BERGOMI.lower)))


def frame() -> pd.DataFrame:
    return pd.DataFrame(parameters(), columns=list(ROUGH_BERGOMI.columns))


@pytest.mark.usefixtures("registered")
def test_a_model_in_the_registry_of_the_workspace_has_no_alias_because_databricks_refuses_it(kept: Kept) -> None:
    assert kept.workspace == ("implied_volatility", "1")
    assert mlflow.MlflowClient().get_registered_model("implied_volatility").aliases == {}


@pytest.mark.usefixtures("registered")
def test_a_model_in_unity_catalog_is_the_champion(kept: Kept) -> None:
    assert kept.registries == ["databricks-uc", kept.tracking]
    assert kept.catalog.name == "main.iv.implied_volatility"
    assert mlflow.MlflowClient().get_model_version_by_alias(kept.catalog.name, "champion").version == 1


def test_a_registered_model_has_a_signature_and_an_example(registered: Registered) -> None:
    loaded = mlflow.pyfunc.load_model(registered.uri)
    assert loaded.metadata.signature.inputs.input_names() == list(ROUGH_BERGOMI.columns)
    assert loaded.metadata.signature.outputs.inputs[0].shape == (-1, CELLS)
    example = loaded.input_example
    assert (loaded.predict(example) == NETWORKS.surface(example.to_numpy()).reshape(-1, CELLS)).all()


def test_a_model_refuses_what_it_cannot_answer(registered: Registered) -> None:
    loaded = mlflow.pyfunc.load_model(registered.uri)
    given = frame()
    with pytest.raises(mlflow.MlflowException, match=r"missing inputs \['rho'\]"):
        loaded.predict(given.drop(columns="rho"))
    with pytest.raises(mlflow.MlflowException, match="nu"):
        loaded.predict(given.assign(nu="high"))
    with pytest.raises(mlflow.MlflowException, match="xi_1"):
        loaded.predict(given.to_numpy()[:, :10])
    with pytest.raises(ValueError, match=r"row 3: nu = nan lies outside"):
        loaded.predict(given.assign(nu=[1, 2, 3, np.nan, 9]))
    with pytest.raises(ValueError, match=r"row 4: rho = 0.5 lies outside \[-0.95, -0.1\]"):
        loaded.predict(given.assign(rho=[-0.5, -0.5, -0.5, -0.5, 0.5]))


def test_a_model_takes_columns_in_any_order_and_gives_no_surface_for_no_row(registered: Registered) -> None:
    loaded = mlflow.pyfunc.load_model(registered.uri)
    given = frame()
    assert (loaded.predict(given[given.columns[::-1]].assign(more=1.0)) == loaded.predict(given)).all()
    assert loaded.predict(given.iloc[:0]).shape == (0, CELLS)


def test_a_model_brings_the_package_along_and_gives_the_same_surfaces_by_it(
    registered: Registered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with without_package():
        made = mlflow.pyfunc.load_model(registered.uri).predict(frame())
        brought = str(sys.modules["implied_volatility"].__file__)
    assert Path(brought).parts[-3:] == ("code", "implied_volatility", "__init__.py")
    assert brought != implied_volatility.__file__
    assert made.tobytes() == NETWORKS.surface(parameters()).reshape(-1, CELLS).tobytes()


@full_sweep
def test_the_model_gives_the_same_surfaces_in_a_fresh_process(registered: Registered, tmp_path: Path) -> None:
    """And without this package beside it: the model brings it along."""
    given, made = tmp_path / "given.npy", tmp_path / "made.npy"
    np.save(given, parameters())
    code = (
        "import sys, mlflow, numpy, pandas\n"
        "tracking, model, given, made, *columns = sys.argv[1:]\n"
        "mlflow.set_tracking_uri(tracking)\n"
        "frame = pandas.DataFrame(numpy.load(given), columns=columns)\n"
        "numpy.save(made, mlflow.pyfunc.load_model(model).predict(frame))\n"
    )
    arguments = [mlflow.get_tracking_uri(), registered.uri, str(given), str(made), *ROUGH_BERGOMI.columns]
    subprocess.run([sys.executable, "-c", code, *arguments], cwd=tmp_path, check=True)
    assert np.load(made).tobytes() == NETWORKS.surface(parameters()).reshape(-1, CELLS).tobytes()
