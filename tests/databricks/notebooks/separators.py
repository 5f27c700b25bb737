# Databricks notebook source
# MAGIC %md
# MAGIC one paragraph

# COMMAND ----------

text = "a bc"
print(len(text))
1 / 0
