"""Several processes log to one run at the same time."""

import json
import multiprocessing
import sys

import mlflow
from mlflow.entities import Metric, Param, RunTag

(user,) = sys.argv[1:]
workers, steps = 4, 40
mlflow.set_tracking_uri("databricks")


def log(worker, run_ids):
    run_id = run_ids.get()
    client = mlflow.MlflowClient()
    for step in range(steps):
        client.log_metric(run_id, "shared", worker + step / 100, step=step)
    batch = [Metric(f"own {worker}", step, 1000 + step, step) for step in range(1000)]
    client.log_batch(run_id, batch[:998], [Param(f"param {worker}", "x")], [RunTag(f"tag {worker}", "y")])
    client.log_text(run_id, f"from {worker}", f"texts/{worker}.txt")


# They start before the first request, because processes cannot share a connection.
fork = multiprocessing.get_context("fork")
run_ids = fork.SimpleQueue()
processes = [fork.Process(target=log, args=(worker, run_ids)) for worker in range(workers)]
for process in processes:
    process.start()
mlflow.set_experiment(f"/Users/{user}/together")
with mlflow.start_run() as run:
    for process in processes:
        run_ids.put(run.info.run_id)
    for process in processes:
        process.join()

client = mlflow.MlflowClient()
kept = client.get_run(run.info.run_id)
print(
    json.dumps(
        {
            "codes": [process.exitcode for process in processes],
            "shared": len(client.get_metric_history(run.info.run_id, "shared")),
            "own": [len(client.get_metric_history(run.info.run_id, f"own {worker}")) for worker in range(workers)],
            "params": sorted(kept.data.params),
            "tags": sorted(tag for tag in kept.data.tags if tag.startswith("tag ")),
            "texts": [file.path for file in client.list_artifacts(run.info.run_id, "texts")],
        }
    )
)
