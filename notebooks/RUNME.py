# Databricks notebook source
# MAGIC %md
# MAGIC # Predicting implied volatility: start here
# MAGIC
# MAGIC This notebook makes a job of the three notebooks beside it, on a cluster of its own, and starts it:
# MAGIC
# MAGIC | Task | Notebook | |
# MAGIC |---|---|---|
# MAGIC | `PIV_01` | `01_introduction` | the problem, the model, one surface |
# MAGIC | `PIV_02` | `02_create_features` | thousands of surfaces by simulation |
# MAGIC | `PIV_03` | `03_train_models` | a network that has learnt them, its errors and pictures |
# MAGIC
# MAGIC It does not wait for the run, so that its own cluster is not paid meanwhile; `wait` = `yes` stays.
# MAGIC Run it as often as you like: the job is found and reset; one `deployment` and `attempt` start one run.

# COMMAND ----------

dbutils.widgets.dropdown("profile", "small", ["small", "full"], "Profile")
dbutils.widgets.dropdown("model", "rough_bergomi", ["rough_bergomi", "heston"], "Model")
dbutils.widgets.text("rows", "", "Surfaces (empty: by profile)")
dbutils.widgets.text("paths", "", "Paths per surface (empty: by profile)")
dbutils.widgets.text("seed", "20240117", "Seed")
dbutils.widgets.text("spark_version", "13.3.x-gpu-ml-scala2.12", "Runtime of the notebooks")
dbutils.widgets.text("node_type_id", "Standard_NC4as_T4_v3", "Node type of the notebooks")
dbutils.widgets.text("num_workers", "4", "Workers of the notebooks")
dbutils.widgets.text("deployment", "by-hand", "Deployment")
dbutils.widgets.text("attempt", "1", "Attempt")
dbutils.widgets.text("catalog", "", "Catalog (empty: the current one)")
dbutils.widgets.text("schema", "implied_volatility", "Schema")
dbutils.widgets.dropdown("wait", "no", ["no", "yes"], "Wait for the run")

# COMMAND ----------

from implied_volatility.accelerator.child_job import Wishes

wishes = Wishes.of({name: dbutils.widgets.get(name) for name in Wishes.WIDGETS})
if wishes.spark_version.startswith("13.3."):
    print("Note: runtime 13.3 LTS is out of support since 22 August 2026; 15.4.x-gpu-ml-scala2.12 is not.")

# COMMAND ----------

from databricks.sdk import WorkspaceClient

from implied_volatility.accelerator import child_job

here = dbutils.notebook.entry_point.getDbutils().notebook().getContext().notebookPath().get()
folder = here.rsplit("/", 1)[0]
api = WorkspaceClient().api_client
job_id = child_job.ensure_job(api, child_job.job_settings(folder, wishes))
run_id = child_job.start_run(api, job_id, child_job.idempotency_token(wishes))
print(f"Job {job_id}, run {run_id}")
displayHTML(f'<a href="/#job/{job_id}/run/{run_id}">The run of the notebooks</a>')

# COMMAND ----------

import time

while wishes.wait:
    over, state = child_job.run_state(api, run_id)
    print(f"{time.strftime('%H:%M:%S')}  {state}")
    if over and state != "SUCCESS":
        raise RuntimeError(f"The run {run_id} of the notebooks ended as {state}.")
    if over:
        break
    time.sleep(30)

# COMMAND ----------

import json

# Ids have 64 bits, more than a number in JSON can be trusted with.
dbutils.notebook.exit(json.dumps({"job_id": str(job_id), "run_id": str(run_id)}))
