# Databricks notebook source
# MAGIC %md
# MAGIC # 2 · Features and labels
# MAGIC
# MAGIC *Features* are parameters of the model, spread evenly over the box by a scrambled Sobol sequence. *Labels* are
# MAGIC the 8 × 11 implied volatilities of each: Heston's by a formula, rough Bergomi's by conditional Monte Carlo:
# MAGIC
# MAGIC - the hybrid scheme for the rough path (Bennedsen, Lunde, Pakkanen), one for all maturities by self-similarity;
# MAGIC - a shifted Sobol set, turned so that its first dimensions move the paths most, and each path's mirror image;
# MAGIC - the first direction drawn more widely than it is and weighed by the likelihood ratio, for the far options;
# MAGIC - the orthogonal motion integrated out by Black's formula (McCrickerd, Pakkanen);
# MAGIC - control variates of known mean: exponential martingales, among them the spot, and powers of the variance;
# MAGIC - Richardson's extrapolation in the time step;
# MAGIC - every volatility with its **standard error**; a price that drowns in its noise is **invalid**, not replaced.
# MAGIC
# MAGIC Both become Delta tables. The labels are made on the cluster's workers: a task is a group of surfaces, and
# MAGIC the random numbers of a surface depend on the seed and its number alone. So the same seed gives the same rows on
# MAGIC any number of workers and after any retry. A second run replaces the rows of the first in one commit per table:
# MAGIC nobody reads half of them.

# COMMAND ----------

# MAGIC %pip install --quiet jax==0.6.2 matplotlib==3.10.8 numpy==1.26.4 scipy==1.13.1

# COMMAND ----------

dbutils.library.restartPython()

# COMMAND ----------

dbutils.widgets.dropdown("profile", "small", ["small", "full"], "Profile")
dbutils.widgets.dropdown("model", "rough_bergomi", ["rough_bergomi", "heston"], "Model")
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
from implied_volatility.models import model_named

plan = profiles.plan({name: dbutils.widgets.get(name) for name in profiles.WIDGETS})
model = model_named(plan.model)
output = Path(dbutils.widgets.get("output").strip() or results.default_folder(Path.cwd()))
destination = tables.destination(spark, {name: dbutils.widgets.get(name) for name in ("catalog", "schema")})
context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
origin = results.provenance(
    plan, dbutils.widgets.get("deployment"), dbutils.widgets.get("attempt"), results.job_run(context)
)
tables.make_schema(spark, destination, origin["deployment"])
print(profiles.in_words(plan))
print(f"Tables go to {destination.catalog}.{destination.schema}, pictures to {output}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Features
# MAGIC A row per surface, a column per parameter. The test surfaces have streams of random numbers of their own.

# COMMAND ----------

from implied_volatility.accelerator import surface_tables
from implied_volatility.sampling import stream

parameters = {
    "training": model.draw(plan.rows, stream(plan.seed, "training parameters")),
    "test": model.draw(plan.test_rows, stream(plan.seed, "test parameters")),
}
features_version = surface_tables.write_features(spark, destination, parameters, origin)
print(f"{destination.name('features')}, version {features_version}: {plan.rows + plan.test_rows:,} rows")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Labels
# MAGIC An array of 88 cells for each of volatility, standard error and validity; `split` and `surface` join them to the
# MAGIC features, of which the workers read the version above. The test surfaces take many more paths, so that their
# MAGIC noise is small beside the errors that they shall show.

# COMMAND ----------

from implied_volatility.accelerator import labels

labels_version = labels.write(spark, destination, origin, features_version)
print(f"{destination.name('labels')}, version {labels_version}: {plan.rows + plan.test_rows:,} rows")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Quality of the labels
# MAGIC Read back from the tables, as training will. Invalid cells and noise sit where options are worth least: short
# MAGIC maturities, far strikes. The *noise* is the relative error to expect of a volatility: a perfect network would
# MAGIC show as much on these surfaces. A model has no arbitrage: the last two columns count places where neighbouring
# MAGIC prices seem to have some, in brackets those where it is larger than two standard errors.

# COMMAND ----------

from implied_volatility.arbitrage import violations
from implied_volatility.scoring import noise

print("Reading features and labels …", flush=True)
samples, _ = surface_tables.read_samples(spark, destination, origin)
print(f"{'':10} {'surfaces':>9} {'invalid':>8} {'noise mean':>11} {'median':>8} {'butterfly':>17} {'calendar':>17}")
for split, (_, surfaces) in samples.items():
    mean, median = noise(surfaces)
    found = violations(surfaces.volatility, standard_error=surfaces.standard_error)
    print(
        f"{split:10} {len(surfaces.valid):9,} {100 * (1 - surfaces.valid.mean()):7.2f}% {mean:10.3f}% {median:7.3f}%"
        f" {found.butterfly:7.3f}% ({found.butterflies.percent_beyond_noise:.3f}%)"
        f" {found.calendar:7.3f}% ({found.calendars.percent_beyond_noise:.3f}%)"
    )

# COMMAND ----------

import numpy as np

from implied_volatility import pictures, whole_file

surfaces = samples["training"].surfaces
if np.nanmax(surfaces.standard_error) > 0:
    second = ("Median standard error / volatility", surfaces.standard_error / surfaces.volatility)
else:
    second = ("Median volatility, without noise", surfaces.volatility)
figure = pictures.heat_maps(
    [
        ("Invalid cells", 100 * (1 - surfaces.valid.mean(axis=0))),
        (second[0], 100 * np.nanmedian(second[1], axis=0)),
    ],
    common_scale=False,
)
whole_file.write(output / "pictures" / "labels.png", pictures.png(figure))
display(figure)
