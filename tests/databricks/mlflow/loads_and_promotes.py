"""Loads a model by its alias, takes it through the workspace's registry and meets refusals, in a process of its own."""

import json
import sys

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

catalog, run_id = sys.argv[1:]
mlflow.set_tracking_uri("databricks")
mlflow.set_registry_uri("databricks-uc")
points = pd.DataFrame({"x": [3.0]})
unity = mlflow.pyfunc.load_model(f"models:/{catalog}.default.doubling@champion")


def refusal(action):
    try:
        action()
    except MlflowException as error:
        return [error.error_code, str(error).splitlines()[0]]
    return ["nothing was refused", ""]


client = MlflowClient()
unsigned = f"{catalog}.default.unsigned"
refusals = {
    "run": refusal(lambda: client.get_run("0" * 32)),
    "param": refusal(lambda: client.log_param(run_id, "layers", 4)),
    "filter": refusal(lambda: mlflow.search_runs(search_all_experiments=True, filter_string="metrics.loss < 'low'")),
    "name": refusal(lambda: client.create_experiment("no path")),
    "parent": refusal(lambda: client.create_experiment("/Users/nobody/experiment")),
    "alias": refusal(lambda: client.get_model_version_by_alias(f"{catalog}.default.doubling", "none")),
    "schema": refusal(lambda: client.create_registered_model(f"{catalog}.none.model")),
    "levels": refusal(lambda: client.create_registered_model("model")),
    "signature": refusal(lambda: mlflow.register_model(f"runs:/{run_id}/unsigned", unsigned)),
}

mlflow.set_registry_uri("databricks")
promoted = mlflow.register_model(f"runs:/{run_id}/model", "doubling")
registry = MlflowClient()
registry.transition_model_version_stage("doubling", promoted.version, "Production")
registry.update_model_version("doubling", promoted.version, description="doubles")
registry.set_registered_model_tag("doubling", "team", "models")
served = mlflow.pyfunc.load_model("models:/doubling/Production")
again = registry.get_model_version("doubling", promoted.version)
refusals["served"] = refusal(lambda: registry.delete_registered_model("doubling"))
refusals["source"] = refusal(lambda: mlflow.register_model(f"runs:/{run_id}/nothing", "doubling"))
print(
    json.dumps(
        {
            "unity": unity.predict(points)["x"].tolist(),
            "unity run": unity.metadata.run_id,
            "served": served.predict(points)["x"].tolist(),
            "stage": [promoted.status, again.current_stage, again.description],
            "found": [model.name for model in registry.search_registered_models("tags.team = 'models'")],
            "refusals": refusals,
        }
    )
)
