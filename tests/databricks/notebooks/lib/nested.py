# Databricks notebook source
# MAGIC %run ./shared $scale="4"

# COMMAND ----------

nested = [dbutils.widgets.get("word"), scaled(2)]
print("printed below")
