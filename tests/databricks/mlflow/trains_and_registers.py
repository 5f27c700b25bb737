"""Logs a run, registers its model in Unity Catalog and says what came of it, as a user of the workspace would."""

import json
import sys

import matplotlib
import matplotlib.pyplot as plt
import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import infer_signature

matplotlib.use("Agg")
user, catalog = sys.argv[1:]
model_name = f"{catalog}.default.doubling"
mlflow.set_tracking_uri("databricks")
mlflow.set_registry_uri("databricks-uc")
experiment = mlflow.set_experiment(f"/Users/{user}/doubling")


class Doubling(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input * 2


with mlflow.start_run(run_name="first") as run:
    mlflow.log_params({"layers": 3, "note": "a, b"})
    mlflow.log_metrics({"loss": 0.25, "bad": float("nan"), "huge": float("inf")})
    for step in range(30):
        mlflow.log_metric("curve", 1 / (step + 1), step=step)
    figure, axes = plt.subplots()
    axes.plot([1, 2, 3])
    mlflow.log_figure(figure, "pictures/smile.png")
    mlflow.log_dict({"rows": 5}, "tables/rows.json")
    mlflow.log_text("", "empty.txt")
    mlflow.set_tag("deployment", "d-1")
    mlflow.log_input(mlflow.data.from_pandas(pd.DataFrame({"x": [1.0]}), name="points"), context="training")
    example = pd.DataFrame({"x": [1.0, 2.0]})
    mlflow.pyfunc.log_model(
        "model",
        python_model=Doubling(),
        signature=infer_signature(example, example * 2),
        input_example=example,
        pip_requirements=[],
    )
    mlflow.pyfunc.log_model("unsigned", python_model=Doubling(), pip_requirements=[])

version = mlflow.register_model(f"runs:/{run.info.run_id}/model", model_name, tags={"size": "small"})
client = MlflowClient()
client.set_registered_model_alias(model_name, "champion", version.version)
client.set_model_version_tag(model_name, version.version, "checked", "yes")

try:
    with mlflow.start_run(run_name="second"):
        mlflow.log_metric("loss", 0.75)
        raise RuntimeError("the training failed")
except RuntimeError:
    pass

better = mlflow.search_runs(
    filter_string="metrics.loss < 0.5 AND params.layers = '3' AND tags.deployment LIKE 'd-%'", order_by=["metrics.loss"]
)
everything = mlflow.search_runs(experiment_names=[experiment.name], order_by=["metrics.loss DESC"])
kept = client.get_run(run.info.run_id)
print(
    json.dumps(
        {
            "experiment": experiment.experiment_id,
            "run": run.info.run_id,
            "version": version.version,
            "status": version.status,
            "aliases": client.get_model_version_by_alias(model_name, "champion").aliases,
            "better": better["run_id"].tolist(),
            "statuses": everything["status"].tolist(),
            "metrics": {key: repr(value) for key, value in kept.data.metrics.items()},
            "curve": [(metric.step, metric.value) for metric in client.get_metric_history(run.info.run_id, "curve")],
            "artifacts": sorted(file.path for file in client.list_artifacts(run.info.run_id)),
            "rows": mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/tables/rows.json"),
            "empty": mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/empty.txt"),
            "dataset": kept.inputs.dataset_inputs[0].dataset.name,
            "models": [model.name for model in client.search_registered_models()],
            "versions": [found.version for found in client.search_model_versions(f"name = '{model_name}'")],
        }
    )
)
