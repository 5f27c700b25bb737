from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pandas as pd
import pytest

from implied_volatility.accelerator.destination import Destination
from implied_volatility.grid import CELLS, Floats
from implied_volatility.learning.descent import Fit
from implied_volatility.learning.network import initialise
from implied_volatility.learning.surrogate import Surrogate
from implied_volatility.models import ROUGH_BERGOMI

# MLflow's modules warn of their own use of pydantic when they are loaded.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mlflow
    import mlflow.pyfunc

    from implied_volatility.accelerator.tracking import Registered, Run

NETWORK = Surrogate(
    ROUGH_BERGOMI, (initialise(ROUGH_BERGOMI, jax.random.key(1)),), np.zeros(CELLS), np.full(CELLS, 0.1)
)
FIT = Fit(None, np.geomspace(1, 0.01, 600), np.geomspace(1, 0.02, 600), 1.5)
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
    assert made.data.metrics["r2"] == 0.99
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


@pytest.fixture
def registered(client: mlflow.MlflowClient) -> Registered:
    run = Run("app", TAGS)
    with run:
        made = run.register(NETWORK, Destination("spark_catalog", "iv"))
    return made


def parameters() -> Floats:
    return np.random.default_rng(1).uniform(ROUGH_BERGOMI.lower, ROUGH_BERGOMI.upper, (5, len(ROUGH_BERGOMI.lower)))


def test_a_model_in_the_registry_of_the_workspace_has_no_alias_because_databricks_refuses_it(
    client: mlflow.MlflowClient, registered: Registered
) -> None:
    assert registered == ("implied_volatility", "1")
    assert client.get_registered_model("implied_volatility").aliases == {}


def test_a_model_in_unity_catalog_is_the_champion(client: mlflow.MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[str] = []
    monkeypatch.setattr(mlflow, "set_registry_uri", chosen.append)
    run = Run("app", TAGS)
    with run:
        made = run.register(NETWORK, Destination("main", "iv"))
    assert (chosen, made.name) == (["databricks-uc"], "main.iv.implied_volatility")
    assert client.get_model_version_by_alias(made.name, "champion").version == 1


@pytest.mark.usefixtures("client")
def test_a_registered_model_has_a_signature_and_an_example(registered: Registered) -> None:
    loaded = mlflow.pyfunc.load_model(registered.uri)
    assert loaded.metadata.signature.inputs.input_names() == list(ROUGH_BERGOMI.columns)
    assert loaded.metadata.signature.outputs.inputs[0].shape == (-1, CELLS)
    example = loaded.input_example
    assert (loaded.predict(example) == NETWORK.surface(example.to_numpy()).reshape(-1, CELLS)).all()


@pytest.mark.usefixtures("client")
def test_a_model_refuses_what_it_cannot_answer(registered: Registered) -> None:
    loaded = mlflow.pyfunc.load_model(registered.uri)
    given = pd.DataFrame(parameters(), columns=list(ROUGH_BERGOMI.columns))
    with pytest.raises(mlflow.MlflowException, match="rho"):
        loaded.predict(given.drop(columns="rho"))
    with pytest.raises(ValueError, match="nu"):
        loaded.predict(given.assign(nu=np.nan))


def test_the_model_gives_the_same_surfaces_in_a_fresh_process(
    client: mlflow.MlflowClient, registered: Registered, tmp_path: Path
) -> None:
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
    assert np.load(made).tobytes() == NETWORK.surface(parameters()).reshape(-1, CELLS).tobytes()
