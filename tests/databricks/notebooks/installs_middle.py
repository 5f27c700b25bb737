# Databricks notebook source
# MAGIC %run ./lib/tiny_wheel

# COMMAND ----------

kept = 1

# COMMAND ----------

# MAGIC %pip install -q --no-index ./tiny_package-1.0-py3-none-any.whl

# COMMAND ----------

import tiny_package

dbutils.notebook.exit(f"{kept} {tiny_package.version}")
