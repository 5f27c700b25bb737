# Databricks notebook source
import json
import os

results = {}


def attempt(name, *arguments):
    try:
        results[name] = dbutils.notebook.run(*arguments)
    except Exception as error:
        results[name] = f"{type(error).__name__}: {error}"


# COMMAND ----------

attempt("result", "./child", 60, {"word": 5})
attempt("fails", "fails", 60)
attempt("too slow", "leaves_processes", 2, {"last": "sleep"})
attempt("not there", "./nowhere", 60)
attempt("outside", "../../../outside", 60)

# COMMAND ----------

# MAGIC %run ./lib/nested $word="given"

# COMMAND ----------

results["nested"] = nested
results["all"] = dbutils.widgets.getAll()
results["pids"] = open("pids").read()
dbutils.notebook.exit(json.dumps(results))
