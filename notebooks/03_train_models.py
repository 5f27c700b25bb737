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
dbutils.widgets.text("output", "", "Folder for results (empty: beside the Git folder)")

# COMMAND ----------

from pathlib import Path

import jax

from implied_volatility import profiles, results

plan = profiles.plan({name: dbutils.widgets.get(name) for name in ("profile", "rows", "paths", "seed")})
output = Path(dbutils.widgets.get("output").strip() or results.default_folder(Path.cwd()))
origin = results.provenance(plan, dbutils.widgets.get("deployment"), dbutils.widgets.get("attempt"))
training, test = results.load_surfaces(output / "surfaces.npz", origin)
print(
    f"{len(training.parameters):,} surfaces to learn from, {len(test.parameters):,} to judge by, on {jax.devices()[0]}"
)

# COMMAND ----------

# MAGIC %md
# MAGIC ## Training
# MAGIC Both see the same rows and keep the same 15 % aside for validation. The test surfaces are not used.

# COMMAND ----------

from implied_volatility import network, paper
from implied_volatility.progress import Progress
from implied_volatility.sampling import stream
from implied_volatility.training import split

seed = stream(plan.seed, "training")
chosen = split(plan.rows, seed)
recipe = network.FULL if plan.profile == "full" else network.SMALL
ours, our_fit = network.train(
    training.parameters, training.surfaces, chosen, recipe, seed, progress=Progress("network").epochs
)
yardstick, paper_fit = paper.train(
    training.parameters, training.surfaces, chosen, seed, progress=Progress("paper's recipe").epochs
)

# COMMAND ----------

results.write(output / "network.npz", ours.to_bytes())
loaded = network.Network.from_bytes((output / "network.npz").read_bytes())
our_surfaces = loaded.surface(test.parameters)
paper_surfaces = yardstick.surface(test.parameters)
if not (our_surfaces == ours.surface(test.parameters)).all():
    raise RuntimeError("The network that was read back gives other surfaces than the one that was trained.")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Errors on surfaces that neither has seen
# MAGIC Relative error of the implied volatility. The last line is the noise of the test surfaces themselves: no model
# MAGIC can look better than that. Labels and test surfaces share the simulator's time steps; what these cost is in the
# MAGIC README.

# COMMAND ----------

import time

from implied_volatility.scoring import noise, relative_errors, score

ours_score, paper_score = score(our_surfaces, test.surfaces), score(paper_surfaces, test.surfaces)
noise_mean, noise_median = noise(test.surfaces)

started = time.perf_counter()
for _ in range(20):
    loaded.surface(test.parameters)
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

import json

here = dbutils.notebook.entry_point.getDbutils().notebook().getContext().notebookPath().get()
folder = Path.cwd()
metrics = {
    "relative_error_mean_percent": ours_score.mean,
    "relative_error_median_percent": ours_score.median,
    "relative_error_p99_percent": ours_score.p99,
    "relative_error_worst_cell_percent": ours_score.worst_cell_mean,
    "paper_relative_error_mean_percent": paper_score.mean,
    "paper_relative_error_median_percent": paper_score.median,
    "paper_relative_error_p99_percent": paper_score.p99,
    "noise_mean_percent": noise_mean,
    "noise_median_percent": noise_median,
    "rmse_volatility_points": ours_score.rmse_points,
    "paper_rmse_volatility_points": paper_score.rmse_points,
    "r2": ours_score.r2,
    "training_seconds": our_fit.seconds,
    "paper_training_seconds": paper_fit.seconds,
    "microseconds_per_surface": microseconds,
}
report = {
    "metrics": {name: float(f"{value:.6g}") for name, value in metrics.items()},
    "pictures": [
        results.workspace_path(output / "pictures" / name, here, folder)
        for name in ("one-surface.png", "labels.png", *(file.name for file in files))
        if (output / "pictures" / name).is_file()
    ],
    "model": results.workspace_path(output / "network.npz", here, folder),
    "rows": plan.rows,
    "test_rows": plan.test_rows,
    "provenance": origin,
}
results.write(output / "metrics.json", json.dumps(report, indent=2).encode())
dbutils.notebook.exit(json.dumps(report))
