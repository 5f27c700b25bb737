"""Works with a workspace through the Databricks SDK, as a user outside of it would."""

import base64
import io
import json
import sys

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied, ResourceAlreadyExists, ResourceDoesNotExist
from databricks.sdk.service import catalog, compute, jobs, ml, sql
from databricks.sdk.service.workspace import ImportFormat, Language

user, catalog_name, model_name, run_id, url = sys.argv[1:]
w = WorkspaceClient()
home = f"/Users/{user}"


def refused(error, action):
    try:
        action()
    except error as refusal:
        return str(refusal)
    return "nothing was refused"


source = base64.b64encode(b"print(1)").decode()
w.workspace.mkdirs(f"{home}/sdk")
w.workspace.import_(f"{home}/sdk/first", content=source, format=ImportFormat.SOURCE, language=Language.PYTHON)
repo = w.repos.create(url=url, provider="gitHub", path=f"{home}/repository")

task = jobs.Task(
    task_key="first",
    notebook_task=jobs.NotebookTask(notebook_path=f"{home}/sdk/first"),
    new_cluster=compute.ClusterSpec(spark_version="15.4.x-scala2.12", node_type_id="Standard_D4ads_v5", num_workers=1),
)
job = w.jobs.create(name="from the SDK", tasks=[task])
run = w.jobs.run_now(job.job_id).result()
output = w.jobs.get_run_output(run.tasks[0].run_id)

experiment = w.experiments.create_experiment(f"{home}/sdk/experiment", tags=[ml.ExperimentTag("team", "sdk")])
mine = w.experiments.create_run(experiment_id=experiment.experiment_id, run_name="by the SDK").run.info
w.experiments.log_metric(run_id=mine.run_id, key="loss", value=0.5, timestamp=1000, step=7)
w.experiments.log_param(run_id=mine.run_id, key="layers", value="2")
w.experiments.update_run(run_id=mine.run_id, status=ml.UpdateRunStatus.FINISHED, end_time=2000)
found = list(w.experiments.search_runs(experiment_ids=[experiment.experiment_id], filter="params.layers = '2'"))
history = list(w.experiments.get_history(run_id=mine.run_id, metric_key="loss"))

version = w.model_versions.get(model_name, 1)
w.registered_models.set_alias(model_name, "latest_checked", 1)

volume = w.volumes.create(catalog_name, "default", "data", catalog.VolumeType.MANAGED)
folder = "/Volumes/" + volume.full_name.replace(".", "/")
large = bytes(range(256)) * 50_000
w.files.upload(f"{folder}/parts/large.bin", io.BytesIO(large))
w.files.upload(f"{folder}/ä # 1.txt", io.BytesIO(b"small"))
listed = [(entry.path, entry.is_directory, entry.file_size) for entry in w.files.list_directory_contents(folder)]

kind = sql.CreateWarehouseRequestWarehouseType.PRO
warehouse = w.warehouses.create_and_wait(name="sdk", cluster_size="2X-Small", warehouse_type=kind, auto_stop_mins=0)
warehouse_states = [warehouse.state.value, w.warehouses.stop_and_wait(warehouse.id).state.value]
warehouse_states.append(w.warehouses.start_and_wait(warehouse.id).state.value)

w.catalogs.create("research", comment="trials")
w.schemas.create("smiles", "research", comment="of surfaces", properties={"stage": "one"})
schemas = [(schema.full_name, schema.comment, schema.properties) for schema in w.schemas.list("research")]
w.schemas.delete("research.smiles")

print(
    json.dumps(
        {
            "warehouse": warehouse_states,
            "warehouses": [(each.name, each.state.value) for each in w.warehouses.list()],
            "metastore": w.metastores.current().default_catalog_name == catalog_name,
            "catalogs": [(each.name, each.comment) for each in w.catalogs.list()],
            "schemas": [schemas, [each.name for each in w.schemas.list("research")]],
            "tables": [list(w.tables.list(catalog_name, "default")), w.tables.exists(model_name).table_exists],
            "user": w.current_user.me().user_name,
            "versions": any(one.key.startswith("15.4") for one in w.clusters.spark_versions().versions),
            "listed": [item.path for item in w.workspace.list(f"{home}/sdk")],
            "repo": [repo.branch, w.repos.get(repo.id).path],
            "run": run.status.termination_details.code.value,
            "result": output.notebook_output.result,
            "runs": [[one.info.run_name, one.info.status.value, one.data.metrics[0].step] for one in found],
            "history": [(metric.value, metric.timestamp) for metric in history],
            "version": [version.status.value, version.run_id == run_id, version.model_name],
            "alias": w.model_versions.get_by_alias(model_name, "latest_checked").version,
            "model": w.registered_models.get(model_name, include_aliases=True).full_name,
            "files": listed,
            "large": w.files.download(f"{folder}/parts/large.bin").contents.read() == large,
            "refusals": [
                refused(NotFound, lambda: w.files.download(f"{folder}/none")),
                refused(
                    PermissionDenied,
                    lambda: w.files.upload(f"/Models/{'/'.join(model_name.split('.'))}/1/x", io.BytesIO(b"x")),
                ),
                refused(ResourceDoesNotExist, lambda: w.model_versions.get(model_name, 9)),
                refused(BadRequest, lambda: w.schemas.delete(f"{catalog_name}.default")),
                refused(ResourceAlreadyExists, lambda: w.experiments.create_experiment(f"{home}/sdk/experiment")),
            ],
        }
    )
)
