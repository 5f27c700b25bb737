# Databricks notebook source
# MAGIC %md
# MAGIC # 3 · The network
# MAGIC
# MAGIC A simulation answers one question, *which surface belongs to these parameters*, in a fraction of a second
# MAGIC and with noise. A calibration asks it hundreds of times. So a network learns the answer once, whole
# MAGIC surfaces at a time, and gives it in microseconds, smooth and with exact derivatives.
# MAGIC
# MAGIC What makes ours learn faster than a network that knows nothing:
# MAGIC
# MAGIC - **Physics in the inputs.** It is told the scales that bend a smile, in rough Bergomi the average variance
# MAGIC   to each maturity, ν·T^H, ν·√(2H) and ρν, beside the parameters themselves.
# MAGIC - **Physics in the output.** It learns log(volatility / level). Volatilities are positive, and the level is
# MAGIC   exact.
# MAGIC - **Labels by their worth.** An error counts in units of the noise of its label, and beyond that noise only
# MAGIC   in proportion (Huber's loss), so that quiet cells are learnt exactly and noisy ones are averaged over.
# MAGIC   Cells without a volatility have no part.
# MAGIC - **Residual layers, 4 of 128, and several networks** whose mean is closer than each of them (profile
# MAGIC   `full`).
# MAGIC
# MAGIC Beside it, on the same rows and every time, the recipe of the paper (Horvath, Muguruza, Tomas, arXiv
# MAGIC 1901.09647): 4 layers of 30, inputs scaled by the box, standardised outputs, squared error.

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

from implied_volatility.accelerator import profiles, results, tables, tracking
from implied_volatility.learning import training
from implied_volatility.models import model_named

plan = profiles.plan({name: dbutils.widgets.get(name) for name in profiles.WIDGETS})
model = model_named(plan.model)
recipe = training.FULL if plan.profile == "full" else training.SMALL
output = Path(dbutils.widgets.get("output").strip() or results.default_folder(Path.cwd()))
destination = tables.destination(spark, {name: dbutils.widgets.get(name) for name in ("catalog", "schema")})
context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
origin = results.provenance(
    plan, dbutils.widgets.get("deployment"), dbutils.widgets.get("attempt"), results.job_run(context)
)
run = tracking.Run(context.userName().get(), {name: origin[name] for name in ("deployment", "attempt")})
print(f"MLflow experiment {run.experiment_id}, run {run.run_id}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## The rows
# MAGIC Taken only if they are of this plan, deployment and attempt, and the labels of these features. Each cell
# MAGIC that belongs to the MLflow run stands under `with run:`; if it raises, the run has failed.

# COMMAND ----------

from dataclasses import asdict

import jax

from implied_volatility.accelerator import surface_tables
from implied_volatility.scoring import noise

print("Reading features and labels …", flush=True)
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
print(f"{model.title}, learnt on: {jax.devices()[0].device_kind}")
for name, (parameters, surfaces) in (("to learn from", sample), ("to judge by", test)):
    mean, median = noise(surfaces)
    print(
        f"{len(parameters):9,} surfaces {name:14} noise {mean:.3f} % in the mean, {median:.3f} % in the median,"
        f" {100 - 100 * surfaces.valid.mean():.2f} % of the cells invalid"
    )

# COMMAND ----------

# MAGIC %md
# MAGIC ## Training
# MAGIC Both recipes see the same rows and keep the same 15 % of them aside for validation. The test surfaces are
# MAGIC not used.

# COMMAND ----------

from implied_volatility.learning import paper
from implied_volatility.learning.descent import split
from implied_volatility.progress import Progress
from implied_volatility.sampling import stream

seed = stream(plan.seed, "training")
chosen = split(plan.rows, seed)
with run:
    ours, our_fits = training.train(
        model,
        sample,
        chosen,
        recipe,
        seed,
        members=plan.members,
        progress=lambda member: Progress(f"network {member + 1} of {plan.members}").epochs,
    )
    yardstick, paper_fit = paper.train(model, sample, chosen, seed, progress=Progress("paper's recipe").epochs)
    for number, fit in enumerate(our_fits, start=1):
        run.curves(f"network_{number}", fit)
    run.curves("paper", paper_fit)

# COMMAND ----------

# MAGIC %md
# MAGIC ## The registered model
# MAGIC What is judged below is what others will load: the model as the registry gives it back.

# COMMAND ----------

import mlflow
import pandas as pd

print("Registering the model …", flush=True)
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
# MAGIC Relative error of the implied volatility. The last line is the noise of the test surfaces themselves, by their
# MAGIC standard errors: about what a perfect model would show. Labels and test surfaces share the model's time steps,
# MAGIC if it has any; what these cost is in the README.

# COMMAND ----------

from implied_volatility.scoring import cell_errors, cell_noise, score

with run:
    our_score, paper_score = score(our_surfaces, test.surfaces), score(paper_surfaces, test.surfaces)
    noise_mean, noise_median = noise(test.surfaces)

print(f"{'':22} {'mean':>8} {'median':>8} {'p99':>8} {'worst cell':>11} {'rmse':>11} {'r²':>8} {'training':>9}")
for name, made, fits in (("our network", our_score, our_fits), ("paper's recipe", paper_score, [paper_fit])):
    print(
        f"{name:22} {made.mean:7.3f}% {made.median:7.3f}% {made.p99:7.2f}% {made.worst_cell_mean:10.2f}%"
        f" {made.rmse_points:8.3f} vp {made.r2:8.5f} {sum(fit.seconds for fit in fits):7.1f} s"
    )
print(f"{'(noise of the test)':22} {noise_mean:7.3f}% {noise_median:7.3f}%")

# COMMAND ----------

# MAGIC %md
# MAGIC ### Cell by cell
# MAGIC Errors are not the same everywhere: they grow towards the far strikes, above all those over the spot, and at
# MAGIC the shortest maturity, where volatilities are told by prices of almost nothing. There the noise of the test
# MAGIC surfaces, if they have any, is largest, too.

# COMMAND ----------

from implied_volatility import pictures
from implied_volatility.accelerator.evaluation import by_cell

our_cells, paper_cells = (cell_errors(made, test.surfaces) for made in (our_surfaces, paper_surfaces))
noise_cells = cell_noise(test.surfaces)
with run:
    run.cells(
        {
            **by_cell("relative_error_percent", our_cells),
            **by_cell("paper_relative_error_percent", paper_cells),
            **by_cell("noise_percent", noise_cells),
        }
    )
figures = {"errors": pictures.error_maps(our_cells, paper_cells, noise_cells)}
display(figures["errors"])

# COMMAND ----------

# MAGIC %md
# MAGIC ### Smiles
# MAGIC A surface of middling error, and one that is worse than 95 % of all.

# COMMAND ----------

import numpy as np

from implied_volatility.scoring import typical_and_bad

drawn = typical_and_bad(our_surfaces, test.surfaces)
figures["smiles"] = pictures.smiles(
    test.surfaces, our_surfaces, paper_surfaces, drawn, ["typical surface", "one of the 5 % worst"]
)
display(figures["smiles"])

# COMMAND ----------

# MAGIC %md
# MAGIC ## How it learns
# MAGIC First the losses by epoch. Each recipe has a loss of its own: ours counts errors in units of the labels'
# MAGIC noise, so with noisy labels it ends well above zero. Then the errors by number of rows: both recipes again,
# MAGIC on the first eighth to half of the rows. A line that still falls says that more rows would help.

# COMMAND ----------

from implied_volatility.learning.curve import Point, learning_curve

figures["learning-curves"] = pictures.learning_curves([("Our network", our_fits[0]), ("Paper's recipe", paper_fit)])
display(figures["learning-curves"])

parts = (8, 4, 2) if plan.profile == "full" else (8, 2)
with run:
    points = learning_curve(
        model,
        sample,
        test,
        [plan.rows // part for part in parts],
        recipe,
        seed,
        members=plan.members,
        progress=lambda name: Progress(name).epochs,
    )
points.append(Point(plan.rows, our_score, paper_score))
figures["errors-by-rows"] = pictures.error_against_rows(
    [point.rows for point in points],
    np.array([point.ours.mean for point in points]),
    np.array([point.paper.mean for point in points]),
    noise_mean,
)
display(figures["errors-by-rows"])

# COMMAND ----------

# MAGIC %md
# MAGIC ## Speed
# MAGIC The network against the model itself with the effort of the test surfaces, both on this machine and in this
# MAGIC run.

# COMMAND ----------

import timeit

from implied_volatility.models import Effort

one, many = test.parameters[:1], model.draw(10_000, seed=1)
effort = Effort(plan.test_paths, plan.steps)
print("Taking times …", flush=True)
model.surfaces(one, effort, seed)  # Compiles.
few = test.parameters[:4]
microseconds = {
    "alone": min(timeit.repeat(lambda: ours.surface(one), number=100, repeat=5)) / 100 * 1e6,
    "batch": min(timeit.repeat(lambda: ours.surface(many), number=1, repeat=5)) / len(many) * 1e6,
    "simulation": timeit.timeit(lambda: model.surfaces(few, effort, seed), number=1) / len(few) * 1e6,
}
print(f"{'':28} {'per surface':>14} {'as fast as the model':>22}")
for name, what in (("alone", "network, one surface"), ("batch", f"network, {len(many):,} at once")):
    times = microseconds["simulation"] / microseconds[name]
    print(f"{what:28} {microseconds[name]:11,.1f} µs {times:16,.0f} times")
print(f"{model.title + ' itself':28} {microseconds['simulation']:11,.1f} µs")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Arbitrage
# MAGIC Prices must be convex in the strike and rise with maturity. No loss asks the network for it; the surfaces
# MAGIC that it has learnt from obey. Counted on 1,000 surfaces; *beyond noise* are breaches of more than twice the
# MAGIC error that the network shows in validation.

# COMMAND ----------

from implied_volatility.arbitrage import violations

drawn_parameters = model.draw(1000, stream(plan.seed, "arbitrage"))
predicted = ours.surface(drawn_parameters)
our_violations = violations(predicted, standard_error=ours.error * predicted)
paper_violations = violations(yardstick.surface(drawn_parameters))
for kind, breaches in (("butterfly", our_violations.butterflies), ("calendar", our_violations.calendars)):
    print(
        f"{kind:10} {breaches.broken:6,} of {breaches.checked:,} places ({breaches.percent:.3f} %),"
        f" {breaches.beyond_noise:,} beyond noise, the largest of {breaches.largest_points:.2f} volatility points"
    )
print(f"paper's recipe: butterfly {paper_violations.butterfly:.3f} %, calendar {paper_violations.calendar:.3f} %")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Calibration
# MAGIC What it is all for: the parameters of a given surface. Levenberg–Marquardt steps through the box with the
# MAGIC network's exact Jacobian; each cell counts by its error bar and the network's error together. It starts from the
# MAGIC at-the-money volatilities and from two more points, for a fit may end in a valley that is not the deepest.
# MAGIC
# MAGIC The test surfaces were simulated with known parameters, so we can look whether they are found again, and whether
# MAGIC the errors are as large as the calibration says: about 95 % should be within two of the stated standard errors.
# MAGIC What is missing is what neighbouring cells have in common: simulation and network err alike there, while the
# MAGIC calibration takes each cell's error for a new one.

# COMMAND ----------

from implied_volatility.calibration import calibrate, close_loop, fittable, recoveries
from implied_volatility.calibration.recovery import text

with run:
    market_rows = fittable(model, test.surfaces)
    market = test.surfaces.rows(market_rows)
    calibrated = calibrate(ours, market, progress=Progress("calibration").rows)
    recovered = recoveries(model, test.parameters[market_rows], calibrated)
    run.cells(
        {
            f"calibration_{kind}/{entry.name}": value
            for entry in recovered
            for kind, value in (("rmse", entry.rmse), ("stated_error", entry.stated))
            if np.isfinite(value)
        }
    )

print(text(recovered))
print(
    f"{len(market_rows)} surfaces, {100 * calibrated.converged.mean():.1f} % converged,"
    f" {calibrated.iterations.mean():.1f} steps in the mean;"
    f" RMSE of the fit {np.median(calibrated.rmse_points):.3f} volatility points in the median"
)
first = market.rows(slice(0, 1))
calibrate(ours, first)  # Compiles.
alone = min(timeit.repeat(lambda: calibrate(ours, first), number=1, repeat=3))
together = timeit.timeit(lambda: calibrate(ours, market), number=1)
print(f"One surface in {1e3 * alone:.1f} ms, all of them in {together:.2f} s")

# COMMAND ----------

# MAGIC %md
# MAGIC ### The loop closed
# MAGIC The network fits; does the model agree? A few surfaces are simulated again with the fitted parameters and other
# MAGIC numbers. A perfect calibration differs by the noise of both simulations alone: 1 in the last column. What is
# MAGIC above that, the errors of the network have done to the parameters. A model without noise has no such number.

# COMMAND ----------

order = np.argsort(calibrated.rmse_points)
looked_at = order[[0, len(order) // 2, int(0.95 * len(order)), -1]]
with run:
    loop = close_loop(
        model,
        calibrated.rows(looked_at),
        market.rows(looked_at),
        Effort(plan.test_paths, plan.steps),
        stream(plan.seed, "closure"),
        progress=Progress("simulating the fits").rows,
    )
print(f"{'fit':12} {'network':>12} {'model':>12} {'model, in noises':>18}")
for at, name in enumerate(("best", "typical", "5 % worst", "worst")):
    noises = f"{loop.rmse_noise[at]:.2f}" if np.isfinite(loop.rmse_noise[at]) else "no noise"
    print(f"{name:12} {calibrated.rmse_points[looked_at[at]]:9.3f} vp {loop.rmse_points[at]:9.3f} vp {noises:>18}")
figures["calibration"] = pictures.calibration(
    market,
    calibrated.start,
    calibrated.fitted,
    [int(row) for row in looked_at[1:3]],
    ["typical fit", "one of the 5 % worst"],
)
display(figures["calibration"])

# COMMAND ----------

# MAGIC %md
# MAGIC ## Results
# MAGIC The same numbers in three places: the table `evaluation`, the MLflow run, and what this notebook exits with.
# MAGIC MLflow has the errors of single cells besides.

# COMMAND ----------

import json

from implied_volatility import whole_file
from implied_volatility.accelerator.evaluation import Judged, evaluate, flat

notebook_path, folder = context.notebookPath().get(), Path.cwd()
pictures_folder = output / "pictures"
files = [whole_file.write(pictures_folder / f"{name}.png", pictures.png(figure)) for name, figure in figures.items()]
shown = [
    file
    for file in (
        pictures_folder / name
        for name in ("one-surface.png", "surface.png", "skew.png", "labels.png", *(file.name for file in files))
    )
    if file.is_file()
]
with run:
    evaluation = evaluate(
        Judged(our_score, our_fits, our_violations),
        Judged(paper_score, [paper_fit], paper_violations),
        (noise_mean, noise_median),
        microseconds,
    )
    metrics = flat(evaluation)
    evaluation_rows = surface_tables.write_evaluation(
        spark, destination, evaluation, origin, run.run_id, registered.version
    )
    run.finish(metrics, shown)

# COMMAND ----------

# MAGIC %md
# MAGIC ### What is good, and what is not
# MAGIC The lines of this run, each against what one may ask of a network that takes the model's place. The profile
# MAGIC `small` is for a demonstration: it has too few rows to meet all of it. Times are those of this machine, with
# MAGIC whatever else it had to do.

# COMMAND ----------

from implied_volatility.accelerator.decision import decide, decide_calibration

lines = [*decide(metrics, our_cells, points), *decide_calibration(recovered, loop.rmse_noise[1], 1e3 * alone)]
for line in lines:
    print(f"{'good   ' if line.good else 'NOT YET'}  {line.question:63} {line.found:>24}   asked: {line.asked}")

# COMMAND ----------

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
