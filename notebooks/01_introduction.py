# Databricks notebook source
# MAGIC %md
# MAGIC # 1 · The problem
# MAGIC
# MAGIC An option is quoted by its **implied volatility**, the σ at which Black's formula gives its price. On a spot of
# MAGIC 1 and at zero rates, a call of strike $K$ and maturity $T$ costs
# MAGIC
# MAGIC $$ C(K, T) = N(d_1) - K\,N(d_2), \qquad d_{1,2} = \frac{-\ln K}{\sigma\sqrt T} \pm \tfrac12\,\sigma\sqrt T . $$
# MAGIC
# MAGIC Were Black's assumptions true, one σ would price all options. Instead the numbers form a **surface** σ(K, T):
# MAGIC low strikes are dear (a *skew*), and the more so the sooner they end. A stochastic-volatility model explains the
# MAGIC surface by a few parameters θ. To **calibrate** it is to find those whose surface is the market's, weighed by
# MAGIC how well each quote is known:
# MAGIC
# MAGIC $$ \hat\theta = \arg\min_\theta \sum_{K,\,T}
# MAGIC \left(\frac{\sigma_\theta(K, T) - \sigma_{\text{market}}(K, T)}{\varepsilon(K, T)}\right)^2 . $$
# MAGIC
# MAGIC Every step of that search asks for surfaces. Rough models, which fit much with few parameters, have no formula:
# MAGIC each surface is a simulation, and a calibration takes hundreds.
# MAGIC
# MAGIC The way out (Horvath, Muguruza, Tomas 2019): simulate thousands of surfaces **once**, let a network learn the
# MAGIC map *parameters → surface*, and calibrate on the network, which answers in microseconds and is differentiable.
# MAGIC
# MAGIC | Notebook | |
# MAGIC |---|---|
# MAGIC | `01_introduction` | this page: the model, one surface, and what it costs |
# MAGIC | `02_create_features` | two tables: parameters that fill the model's box evenly, and a surface for each |
# MAGIC | `03_train_models` | the network, a registered model; its errors on surfaces that it never saw; calibration |
# MAGIC
# MAGIC The grid is the paper's: strikes 0.5, 0.6, … 1.5 and maturities 0.1, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8 and 2 years.

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
dbutils.widgets.text("output", "", "Folder for pictures (empty: beside the Git folder)")

# COMMAND ----------

from pathlib import Path

from implied_volatility.accelerator import profiles, results

plan = profiles.plan({name: dbutils.widgets.get(name) for name in profiles.WIDGETS})
output = Path(dbutils.widgets.get("output").strip() or results.default_folder(Path.cwd()))
print(profiles.in_words(plan))
print(f"Pictures go to {output}")

# COMMAND ----------

from implied_volatility.models import Effort, model_named

model = model_named(plan.model)
effort = Effort(plan.test_paths, plan.steps)
print(f"The model is {model.title}. The box of parameters that the network will learn:")
for parameter in model.parameters:
    print(f"{parameter.name:>6}  from {parameter.lower:<6g} to {parameter.upper:<5g} {parameter.comment}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Two models
# MAGIC The widget `model` chooses. Both have a spot $S$ with $S_0 = 1$, zero rates and two independent Brownian motions
# MAGIC $W$, $W^\perp$:
# MAGIC $$ \frac{dS_t}{S_t} = \sqrt{V_t}\left(\rho\,dW_t + \sqrt{1-\rho^2}\,dW^\perp_t\right) . $$
# MAGIC
# MAGIC **Rough Bergomi** (Bayer, Friz, Gatheral 2016), the usual choice, models the logarithm of the variance:
# MAGIC $$ V_t = \xi(t)\,\exp\left(\nu Y_t - \tfrac12 \nu^2 t^{2H}\right), \qquad
# MAGIC Y_t = \sqrt{2H}\int_0^t (t-s)^{H-\frac12}\,dW_s . $$
# MAGIC The variance of $Y_t$ is $t^{2H}$, so the mean of $V_t$ is the *forward variance* ξ(t), here flat between the
# MAGIC maturities of the grid. The Hurst exponent $H$ says how rough the paths are: ½ are those of Brownian motion, and
# MAGIC measured volatility is close to 0.1 (Gatheral, Jaisson, Rosenbaum 2018). $Y$ is no Markov process, so there is
# MAGIC neither a formula nor a differential equation in few variables: **simulation** it is, and every volatility
# MAGIC comes with its standard error.
# MAGIC
# MAGIC **Heston** (1993) lets the variance itself return to θ:
# MAGIC $$ dV_t = \kappa\,(\theta - V_t)\,dt + \sigma\sqrt{V_t}\,dW_t, \qquad V_0 = v_0 . $$
# MAGIC The characteristic function of $\ln S_T$ is known, so prices are integrals that are computed **exactly**: no
# MAGIC paths, no error bars. It is here as a truth without noise, on which everything that learns can be judged.

# COMMAND ----------

# MAGIC %md
# MAGIC ## One surface
# MAGIC A typical market: about 20 % volatility and a skew that is steep at short maturities. The bars of a simulation
# MAGIC are two standard errors; a cell whose price drowns in its noise has no volatility and stays empty.

# COMMAND ----------

import time

import numpy as np

TYPICAL = {
    "rough_bergomi": {**{f"xi_{interval}": 0.04 for interval in range(1, 9)}, "nu": 1.9, "rho": -0.9, "hurst": 0.1},
    "heston": {"v0": 0.04, "rho": -0.7, "sigma": 0.8, "theta": 0.05, "kappa": 2.0},
}
middle = dict(zip(model.columns, (model.lower + model.upper) / 2, strict=True))
typical = {**middle, **TYPICAL.get(model.name, {})}


def parameters(**changed):
    """The typical parameters with some of them changed, as one row."""
    return [{**typical, **changed}[column] for column in model.columns]


print("One surface …", flush=True)
started = time.perf_counter()
surface = model.surfaces([parameters()], effort, plan.seed)
seconds = time.perf_counter() - started
print(f"{surface.valid.sum()} of 88 cells have a volatility; {1000 * seconds:,.0f} ms, the next take less")

# COMMAND ----------

from implied_volatility import pictures, whole_file


def show(name, figure):
    """Leaves the picture as a file and shows it."""
    whole_file.write(output / "pictures" / f"{name}.png", pictures.png(figure))
    display(figure)


show("one-surface", pictures.one_surface(surface, title=f"One surface of {model.title}"))

# COMMAND ----------

# MAGIC %md
# MAGIC The same surface as a whole, over log-moneyness $k = \ln(K/S)$ and the root of the maturity, the scale on which
# MAGIC the spot spreads out. Between the cells of the grid it is linear, and where a cell is invalid nothing is drawn.

# COMMAND ----------

show("surface", pictures.surface(surface.volatility[0], f"One surface of {model.title}"))

# COMMAND ----------

# MAGIC %md
# MAGIC ## Why rough
# MAGIC What tells the models apart is how fast the skew at the money, $\psi(T) = |\partial\sigma/\partial k|$ at
# MAGIC $k = 0$, grows towards short maturities. In index options it is near a power law, $T^{-0.4}$ or so, from
# MAGIC weeks to years (Bayer, Friz, Gatheral 2016).
# MAGIC
# MAGIC Rough models give one: $\psi(T) \sim T^{H-\frac12}$ as $T \to 0$ (Alòs, León, Vives 2007; Fukasawa 2011). For
# MAGIC rough Bergomi with flat forward variance, to first order in ν (from the expansion of Bergomi and Guyon 2012),
# MAGIC $$ \psi(T) \approx \frac{|\rho|\,\nu\,\sqrt{2H}}{2\,(H+\frac12)(H+\frac32)}\;T^{H-\frac12} . $$
# MAGIC In log-log that is a straight line of slope $H - \frac12$. It is a law for small $\nu T^H$: with larger ν and
# MAGIC longer maturities the skew falls faster.
# MAGIC
# MAGIC In Heston's model, whose variance is a diffusion, the skew stays finite: it tends to
# MAGIC $|\rho|\,\sigma / (4\sqrt{v_0})$ (Alòs, León, Vives 2007), and no choice of parameters makes that a power law.
# MAGIC
# MAGIC Below, the slope at $k = 0$ of the parabola through the strikes 0.9, 1 and 1.1: too flat where the smile bends
# MAGIC between them, at short maturities.

# COMMAND ----------

from implied_volatility.skew import atm_skew, atm_skew_error, first_order_skew, power_law

HURSTS, VOLS_OF_VARIANCE = (0.05, 0.1, 0.3), (0.2, 0.4, 0.8)
SERIES = {
    "rough_bergomi": [(f"H = {hurst:g}", {"nu": 1.0, "rho": -0.7, "hurst": hurst}) for hurst in HURSTS],
    "heston": [(f"σ = {sigma:g}", {"sigma": sigma}) for sigma in VOLS_OF_VARIANCE],
}
series = SERIES.get(model.name, [("typical", {})])
labels = [label for label, _ in series]
varied = []
for label, changed in series:
    varied.append(model.surfaces([parameters(**changed)], effort, plan.seed))
    print(f"{label}: a surface is made", flush=True)
skews = np.concatenate([atm_skew(one.volatility) for one in varied])
errors = np.concatenate([atm_skew_error(one.standard_error) for one in varied])
rough = model.name == "rough_bergomi"
fitted, expected = (power_law(skews).exponent, np.array(HURSTS) - 0.5) if rough else (None, None)
show("skew", pictures.skew_by_maturity(skews, labels, fitted, expected, errors if errors.any() else None))

# COMMAND ----------

if rough:
    print("Skew by maturity (years): simulated, and to first order in ν")
    for hurst, measured in zip(HURSTS, skews, strict=True):
        first = first_order_skew(1.0, -0.7, hurst)
        print(f"  H = {hurst:<4g} at 0.1: {measured[0]:.3f}, {first[0]:.3f}; at 2: {measured[-1]:.3f}, {first[-1]:.3f}")
elif model.name == "heston":
    print("Skew at 0.1 years, and its limit at 0")
    for sigma, measured in zip(VOLS_OF_VARIANCE, skews, strict=True):
        limit = abs(typical["rho"]) * sigma / (4 * np.sqrt(typical["v0"]))
        print(f"  σ = {sigma:<4g} {measured[0]:.3f}, {limit:.3f}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Why that is slow
# MAGIC The work of a simulation grows with the paths, its noise falls at best like one over their number, and at worst
# MAGIC like one over the root of it. To see it, the same surface is made eight times with other random numbers: the
# MAGIC noise below is the spread of the eight, relative to their mean, averaged over the cells that few paths can tell
# MAGIC too. Heston's formula has no paths and no noise, and so only one line.

# COMMAND ----------

exact, cells, same = not surface.standard_error[surface.valid].any(), surface.valid[0], [parameters()] * 8
print("   paths   per surface     noise")
for paths in [plan.test_paths] if exact else [plan.test_paths // 16, plan.test_paths]:
    chosen = Effort(paths, plan.steps)
    model.surfaces(same, chosen, plan.seed)  # Compiles.
    started = time.perf_counter()
    made = model.surfaces(same, chosen, plan.seed)
    seconds = (time.perf_counter() - started) / len(same)
    cells = cells & made.valid.all(axis=0)
    noise = 100 * (made.volatility.std(axis=0, ddof=1) / made.volatility.mean(axis=0))[cells].mean()
    print(f"{'none' if exact else f'{paths:,}':>8} {1000 * seconds:10.1f} ms {noise:7.3f} %", flush=True)
print(f"A calibration that asks for 300 such surfaces takes {300 * seconds:.1f} s here.")

# COMMAND ----------

# MAGIC %md
# MAGIC A desk calibrates all day, and every risk figure needs the neighbours of a surface too. `02_create_features`
# MAGIC pays for the simulation once; the network of `03_train_models` then gives a surface in microseconds, with its
# MAGIC exact derivatives by the parameters.
# MAGIC
# MAGIC ### Sources
# MAGIC - E. Alòs, J. León, J. Vives, *On the short-time behavior of the implied volatility for jump-diffusion models
# MAGIC   with stochastic volatility*, Finance and Stochastics 11, 2007
# MAGIC - C. Bayer, P. Friz, J. Gatheral, *Pricing under rough volatility*, Quantitative Finance 16, 2016
# MAGIC - L. Bergomi, J. Guyon, *Stochastic volatility's orderly smiles*, Risk, May 2012
# MAGIC - M. Fukasawa, *Asymptotic analysis for stochastic volatility: martingale expansion*, Finance and Stochastics
# MAGIC   15, 2011
# MAGIC - J. Gatheral, T. Jaisson, M. Rosenbaum, *Volatility is rough*, Quantitative Finance 18, 2018
# MAGIC - S. Heston, *A closed-form solution for options with stochastic volatility with applications to bond and
# MAGIC   currency options*, Review of Financial Studies 6, 1993
# MAGIC - B. Horvath, A. Muguruza, M. Tomas, *Deep learning volatility*, arXiv 1901.09647, 2019
