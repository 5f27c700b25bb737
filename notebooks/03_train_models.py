# Databricks notebook source
# MAGIC %md
# MAGIC # 3 · The network
# MAGIC
# MAGIC One network learns the whole surface. It is told what is known of the model: the inputs are the scales that
# MAGIC bend a smile (the average variance to each maturity, ν·T^H, ν·√(2H), ρν), the output is the logarithm of
# MAGIC volatility over its level, so that volatilities are positive and the level is exact.
# MAGIC
# MAGIC Beside it, on the same rows, the recipe of the paper: 4 layers of 30, standardised inputs and outputs.

# COMMAND ----------

# MAGIC %pip install --quiet jax==0.6.2 matplotlib==3.10.8 numpy==1.26.4 scipy==1.13.1

# COMMAND ----------

dbutils.library.restartPython()

# COMMAND ----------

dbutils.widgets.dropdown("profile", "small", ["small", "full"], "Profile")
dbutils.widgets.text("rows", "", "Surfaces (empty: by profile)")
dbutils.widgets.text("paths", "", "Paths per surface (empty: by profile)")
dbutils.widgets.text("seed", "20240117", "Seed")
dbutils.widgets.text("deployment", "by-hand", "Deployment")
dbutils.widgets.text("attempt", "1", "Attempt")
dbutils.widgets.text("catalog", "", "Catalog (empty: the current one)")
dbutils.widgets.text("schema", "implied_volatility", "Schema")
dbutils.widgets.text("output", "", "Folder for pictures (empty: beside the Git folder)")

# COMMAND ----------

from pathlib import Path

from implied_volatility.accelerator import profiles, results, tables, tracking
from implied_volatility.learning import training
from implied_volatility.models import model_named

plan = profiles.plan({name: dbutils.widgets.get(name) for name in ("profile", "rows", "paths", "seed")})
model = model_named(plan.model)
recipe = training.FULL if plan.profile == "full" else training.SMALL
output = Path(dbutils.widgets.get("output").strip() or results.default_folder(Path.cwd()))
destination = tables.destination(spark, {name: dbutils.widgets.get(name) for name in ("catalog", "schema")})
origin = results.provenance(plan, dbutils.widgets.get("deployment"), dbutils.widgets.get("attempt"))
context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
run = tracking.Run(context.userName().get(), {name: origin[name] for name in ("deployment", "attempt")})
print(f"MLflow experiment {run.experiment_id}, run {run.run_id}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## The rows
# MAGIC Taken only if they are of this plan, deployment and attempt, and the labels of these features. Each cell that
# MAGIC belongs to the MLflow run stands under `with run:`; if it raises, the run has failed.

# COMMAND ----------

from dataclasses import asdict

import jax

from implied_volatility.accelerator import surface_tables

with run:
    samples, versions = surface_tables.read_samples(spark, destination, origin)
    run.params(
        {
            **plan.as_dict(),
            **asdict(recipe),
            **{f"{name}_table": destination.name(name) for name in versions},
            **{f"{name}_version": version for name, version in versions.items()},
            "package_version": origin["package"],
        }
    )
sample, test = samples["training"], samples["test"]
print(f"{len(sample.parameters):,} surfaces to learn from, {len(test.parameters):,} to judge by, on {jax.devices()[0]}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Training
# MAGIC Both see the same rows and keep the same 15 % aside for validation. The test surfaces are not used.

# COMMAND ----------

from implied_volatility.learning import paper
from implied_volatility.learning.descent import split
from implied_volatility.progress import Progress
from implied_volatility.sampling import stream

seed = stream(plan.seed, "training")
chosen = split(plan.rows, seed)
with run:
    ours, (our_fit, *_) = training.train(
        model, sample, chosen, recipe, seed, progress=lambda _member: Progress("network").epochs
    )
    yardstick, paper_fit = paper.train(model, sample, chosen, seed, progress=Progress("paper's recipe").epochs)
    run.curves("network", our_fit)
    run.curves("paper", paper_fit)

# COMMAND ----------

# MAGIC %md
# MAGIC ## The registered model
# MAGIC What is judged below is what others will load: the model as the registry gives it back.

# COMMAND ----------

import mlflow
import pandas as pd

with run:
    registered = run.register(ours, destination)
    loaded = mlflow.pyfunc.load_model(registered.uri)
    inputs = pd.DataFrame(test.parameters, columns=list(model.columns))
    our_surfaces = loaded.predict(inputs).reshape(test.surfaces.volatility.shape)
    if not (our_surfaces == ours.surface(test.parameters)).all():
        raise RuntimeError("The model that was read back gives other surfaces than the one that was trained.")
    paper_surfaces = yardstick.surface(test.parameters)
print(f"Model {registered.name}, version {registered.version}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Errors on surfaces that neither has seen
# MAGIC Relative error of the implied volatility. The last line is the noise of the test surfaces themselves: no model
# MAGIC can look better than that. Labels and test surfaces share the simulator's time steps; what these cost is in the
# MAGIC README.

# COMMAND ----------

import time

from implied_volatility.scoring import noise, relative_errors, score

with run:
    ours_score, paper_score = score(our_surfaces, test.surfaces), score(paper_surfaces, test.surfaces)
    noise_mean, noise_median = noise(test.surfaces)

started = time.perf_counter()
for _ in range(20):
    ours.surface(test.parameters)
microseconds = (time.perf_counter() - started) / 20 / len(test.parameters) * 1e6

print(f"{'':22} {'mean':>8} {'median':>8} {'p99':>8} {'worst cell':>11} {'rmse':>11} {'r²':>8} {'training':>9}")
for name, made, fit in (("our network", ours_score, our_fit), ("paper's recipe", paper_score, paper_fit)):
    print(
        f"{name:22} {made.mean:7.3f}% {made.median:7.3f}% {made.p99:7.2f}% {made.worst_cell_mean:10.2f}%"
        f" {made.rmse_points:8.3f} vp {made.r2:8.5f} {fit.seconds:7.1f} s"
    )
print(f"{'(noise of the test)':22} {noise_mean:7.3f}% {noise_median:7.3f}%")
print(f"A surface in {microseconds:.1f} µs, in a batch of {len(test.parameters)}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Pictures

# COMMAND ----------

import numpy as np

from implied_volatility import pictures

with np.errstate(invalid="ignore"):
    our_errors = np.abs(relative_errors(our_surfaces, test.surfaces))
    paper_errors = np.abs(relative_errors(paper_surfaces, test.surfaces))
order = np.argsort(np.nanmean(our_errors, axis=(1, 2)))
rows = [int(order[len(order) // 2]), int(order[int(0.95 * len(order))])]
figures = {
    "smiles": pictures.smiles(
        test.surfaces, our_surfaces, paper_surfaces, rows, ["typical surface", "one of the 5 % worst"]
    ),
    "errors": pictures.heat_maps(
        [
            ("Our network: mean relative error", np.nanmean(our_errors, axis=0)),
            ("Paper's recipe: mean relative error", np.nanmean(paper_errors, axis=0)),
        ]
    ),
    "learning-curves": pictures.learning_curves([("Our network", our_fit), ("Paper's recipe", paper_fit)]),
}
files = [results.write(output / "pictures" / f"{name}.png", pictures.png(figure)) for name, figure in figures.items()]
for figure in figures.values():
    display(figure)

# COMMAND ----------

# MAGIC %md
# MAGIC ## Results
# MAGIC The same numbers in three places: the table `evaluation`, the MLflow run, and what this notebook exits with.

# COMMAND ----------

import json

from implied_volatility.accelerator.evaluation import evaluate, flat

notebook_path, folder = context.notebookPath().get(), Path.cwd()
pictures_folder = output / "pictures"
shown = [
    file
    for file in (pictures_folder / name for name in ("one-surface.png", "labels.png", *(file.name for file in files)))
    if file.is_file()
]
with run:
    evaluation = evaluate(ours_score, our_fit, microseconds, paper_score, paper_fit, (noise_mean, noise_median))
    metrics = flat(evaluation)
    evaluation_rows = surface_tables.write_evaluation(
        spark, destination, evaluation, origin, run.run_id, registered.version
    )
    run.finish(metrics, shown)

rows = plan.rows + plan.test_rows
report = {
    "metrics": metrics,
    "pictures": [results.workspace_path(file, notebook_path, folder) for file in shown],
    "tables": {name: destination.name(name) for name in ("features", "labels", "evaluation")},
    "rows": {"features": rows, "labels": rows, "evaluation": evaluation_rows},
    "test_rows": plan.test_rows,
    "mlflow": {"experiment_id": run.experiment_id, "run_id": run.run_id},
    "model": registered._asdict(),
    "provenance": origin,
}
dbutils.notebook.exit(json.dumps(report, allow_nan=False))
