# Databricks notebook source
# MAGIC %md
# MAGIC # 2 · Features and labels
# MAGIC
# MAGIC *Features* are parameters of the model, spread evenly over the box by a scrambled Sobol sequence. *Labels* are
# MAGIC the 8 × 11 implied volatilities of each, by conditional Monte Carlo:
# MAGIC
# MAGIC - the hybrid scheme for the rough path (Bennedsen, Lunde, Pakkanen), one for all maturities by self-similarity;
# MAGIC - shifted Sobol normals in the order of their weight, and each path's mirror image;
# MAGIC - the orthogonal motion integrated out by Black's formula (McCrickerd, Pakkanen), the spot as control variate;
# MAGIC - Richardson's extrapolation in the time step;
# MAGIC - every volatility with its **standard error**; a price that drowns in its noise is **invalid**, not replaced.
# MAGIC
# MAGIC Both become Delta tables. The same seed gives the same rows, on any number of cores, and a second run replaces
# MAGIC those of the first in one commit per table: nobody reads half of them.

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

from implied_volatility.accelerator import profiles, results, tables

plan = profiles.plan({name: dbutils.widgets.get(name) for name in ("profile", "rows", "paths", "seed")})
output = Path(dbutils.widgets.get("output").strip() or results.default_folder(Path.cwd()))
destination = tables.destination(spark, {name: dbutils.widgets.get(name) for name in ("catalog", "schema")})
tables.make_schema(spark, destination, dbutils.widgets.get("deployment"))
print(plan)
print(f"Tables go to {destination.catalog}.{destination.schema}, pictures to {output}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Simulation
# MAGIC The test surfaces have streams of random numbers of their own and many more paths.

# COMMAND ----------

from implied_volatility.labelling import label
from implied_volatility.models import Effort, model_named
from implied_volatility.progress import Progress
from implied_volatility.sampling import stream
from implied_volatility.surfaces import Sample

model = model_named(plan.model)


def simulated(name: str, rows: int, paths: int) -> Sample:
    parameters = model.draw(rows, stream(plan.seed, f"{name} parameters"))
    effort = Effort(paths, plan.steps)
    seed = stream(plan.seed, f"{name} paths")
    progress = Progress(f"{name} × {paths:,} paths")
    return Sample(parameters, label(model, parameters, effort, seed, progress=progress.rows))


samples = {
    "training": simulated("training", plan.rows, plan.paths),
    "test": simulated("test", plan.test_rows, plan.test_paths),
}

# COMMAND ----------

# MAGIC %md
# MAGIC ## Tables
# MAGIC `features` has a column per parameter, `labels` an array of 88 cells for each of volatility, standard error and
# MAGIC validity; `split` and `surface` join them. The labels know the version of the features that they were made from.

# COMMAND ----------

from implied_volatility.accelerator import surface_tables

origin = results.provenance(plan, dbutils.widgets.get("deployment"), dbutils.widgets.get("attempt"))
features_version = surface_tables.write_features(spark, destination, samples, origin)
labels_version = surface_tables.write_labels(spark, destination, samples, origin, features_version)
print(f"{destination.name('features')}, version {features_version}: {plan.rows + plan.test_rows:,} rows")
print(f"{destination.name('labels')}, version {labels_version}: {plan.rows + plan.test_rows:,} rows")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Quality of the labels
# MAGIC Invalid cells and noise sit where options are worth least: short maturities, far strikes. Arbitrage in
# MAGIC simulated surfaces can only be noise.

# COMMAND ----------

from implied_volatility.arbitrage import violations
from implied_volatility.scoring import noise

print(f"{'':10} {'surfaces':>9} {'invalid':>9} {'noise mean':>11} {'median':>8} {'butterfly':>10} {'calendar':>9}")
for name, made in samples.items():
    mean, median = noise(made.surfaces)
    found = violations(made.surfaces.volatility)
    invalid = 100 * (1 - made.surfaces.valid.mean())
    print(
        f"{name:10} {len(made.parameters):9,} {invalid:8.2f}% {mean:10.3f}% {median:7.3f}%"
        f" {found.butterfly:9.2f}% {found.calendar:8.2f}%"
    )

# COMMAND ----------

import numpy as np

from implied_volatility import pictures

surfaces = samples["training"].surfaces
relative = 100 * surfaces.standard_error / surfaces.volatility
figure = pictures.heat_maps(
    [
        ("Invalid cells", 100 * (1 - surfaces.valid.mean(axis=0))),
        ("Median standard error / volatility", np.nanmedian(relative, axis=0)),
    ],
    common_scale=False,
)
results.write(output / "pictures" / "labels.png", pictures.png(figure))
display(figure)
