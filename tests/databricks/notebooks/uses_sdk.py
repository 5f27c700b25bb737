# Databricks notebook source
import json

from databricks.sdk import WorkspaceClient
from databricks.sdk.service import compute, jobs

client = WorkspaceClient()
folder = dbutils.notebook.entry_point.getDbutils().notebook().getContext().notebookPath().get().rpartition("/")[0]

# COMMAND ----------

cluster = compute.ClusterSpec(
    spark_version="13.3.x-gpu-ml-scala2.12", node_type_id="Standard_NC4as_T4_v3", num_workers=4
)
task = jobs.Task(
    task_key="child",
    job_cluster_key="gpu",
    notebook_task=jobs.NotebookTask(notebook_path=f"{folder}/child", base_parameters={"word": "sdk"}),
)
settings = dict(name="made by the SDK", tasks=[task], job_clusters=[jobs.JobCluster("gpu", cluster)])
job_id = client.jobs.create(**settings).job_id
found = list(client.jobs.list(name="Made by the SDK"))
client.jobs.reset(job_id, jobs.JobSettings(**settings))
waiter = client.jobs.run_now(job_id, idempotency_token="child-1")
again = client.jobs.run_now(job_id, idempotency_token="child-1")

# COMMAND ----------

run = waiter.result()
output = client.jobs.get_run_output(run.tasks[0].run_id)
dbutils.notebook.exit(
    json.dumps(
        {
            "user": client.current_user.me().user_name,
            "found": [job.job_id for job in found] == [job_id],
            "same": again.run_id == waiter.run_id,
            "state": run.status.termination_details.code.value,
            "result": output.notebook_output.result,
            "versions": any(version.key.startswith("15.4") for version in client.clusters.spark_versions().versions),
            "object": client.workspace.get_status(folder).object_type.value,
        }
    )
)
