# Databricks notebook source
# MAGIC %run ./lib/tiny_wheel

# COMMAND ----------

# MAGIC %pip install --no-index ./tiny_package-1.0-py3-none-any.whl no-such-package-anywhere
