# Databricks notebook source
# MAGIC %md
# MAGIC # 1 · The problem
# MAGIC
# MAGIC An option is quoted by its **implied volatility**: the volatility at which Black's formula gives its price.
# MAGIC Over strikes and maturities these numbers form a surface that is neither flat nor constant. A
# MAGIC stochastic-volatility model explains the surface with a few parameters; to **calibrate** it is to find the
# MAGIC parameters whose surface is the market's, which takes hundreds of surfaces. Rough models fit best
# MAGIC and have no formula: each surface is a simulation.
# MAGIC
# MAGIC The way out (Horvath, Muguruza, Tomas, *Deep Learning Volatility*, arXiv 1901.09647): simulate thousands of
# MAGIC surfaces **once**, train a network on the map *parameters → surface*, calibrate on the network.
# MAGIC
# MAGIC | Notebook | |
# MAGIC |---|---|
# MAGIC | `01_introduction` | this page: the model and one surface |
# MAGIC | `02_create_features` | two tables: parameters that fill the box evenly, a surface for each by simulation |
# MAGIC | `03_train_models` | the network, a registered model; its errors on surfaces that it never saw |

# COMMAND ----------

# MAGIC %pip install --quiet jax==0.6.2 matplotlib==3.10.8 numpy==1.26.4 scipy==1.13.1

# COMMAND ----------

dbutils.library.restartPython()

# COMMAND ----------

# MAGIC %md
# MAGIC ## The model
# MAGIC Rough Bergomi (Bayer, Friz, Gatheral 2016), spot 1, zero rates:
# MAGIC $$ \frac{dS_t}{S_t} = \sqrt{V_t}\left(\rho\,dW_t + \sqrt{1-\rho^2}\,dW^\perp_t\right), \qquad
# MAGIC V_t = \xi(t)\,\exp\left(\nu Y_t - \tfrac12 \nu^2 t^{2H}\right), \qquad
# MAGIC Y_t = \sqrt{2H}\int_0^t (t-s)^{H-\frac12}\,dW_s $$
# MAGIC
# MAGIC | | | from | to |
# MAGIC |---|---|---|---|
# MAGIC | ξ(t) | forward variance, flat between the 8 maturities | 0.01 | 0.16 |
# MAGIC | ν | volatility of volatility | 0.5 | 4 |
# MAGIC | ρ | correlation of spot and volatility | −0.95 | −0.1 |
# MAGIC | H | Hurst exponent: below ½ the paths of volatility are rough | 0.025 | 0.5 |

# COMMAND ----------

dbutils.widgets.dropdown("profile", "small", ["small", "full"], "Profile")
dbutils.widgets.text("rows", "", "Surfaces (empty: by profile)")
dbutils.widgets.text("paths", "", "Paths per surface (empty: by profile)")
dbutils.widgets.text("seed", "20240117", "Seed")
dbutils.widgets.text("output", "", "Folder for pictures (empty: beside the Git folder)")

# COMMAND ----------

from pathlib import Path

from implied_volatility.accelerator import profiles, results

plan = profiles.plan({name: dbutils.widgets.get(name) for name in ("profile", "rows", "paths", "seed")})
output = Path(dbutils.widgets.get("output").strip() or results.default_folder(Path.cwd()))
print(plan)
print(f"Pictures go to {output}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## One surface
# MAGIC A typical market: 20 % volatility, steep skew at short maturities.

# COMMAND ----------

import time

import numpy as np

from implied_volatility.models.rough_bergomi_simulation import Scheme, simulate
from implied_volatility.surfaces import invert

parameters = np.array([[0.04] * 8 + [1.9, -0.9, 0.1]])
scheme = Scheme.of_paths(plan.test_paths, plan.steps)
simulate(parameters, scheme, plan.seed, np.arange(1, dtype=np.uint32))  # compiles

started = time.perf_counter()
prices = simulate(np.repeat(parameters, 16, axis=0), scheme, plan.seed, np.arange(16, dtype=np.uint32))
seconds = (time.perf_counter() - started) / 16
prices = prices.pooled()
surface = invert(prices.price, prices.standard_error)
deviation = (prices.martingale - 1) / prices.martingale_error
print(
    f"{scheme.paths:,} paths of {scheme.steps} steps: {1000 * seconds:.0f} ms; the surface below is the mean of 16 such"
)
print(f"The mean of the spot misses 1 by {np.sqrt((deviation**2).mean()):.1f} standard errors (root mean square)")

# COMMAND ----------

from implied_volatility import pictures

figure = pictures.one_surface(surface)
results.write(output / "pictures" / "one-surface.png", pictures.png(figure))
display(figure)

# COMMAND ----------

# MAGIC %md
# MAGIC ## Why that is slow
# MAGIC A calibration asks for some hundred surfaces, a book of options is calibrated all day, and every risk figure
# MAGIC needs the neighbours of a surface too. The network of `03_train_models` gives a surface in microseconds.

# COMMAND ----------

print(f"A calibration of 300 surfaces by simulation would take {300 * seconds:.0f} s here.")
