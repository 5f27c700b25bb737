# Databricks notebook source
# MAGIC %md Fails in its third cell.

# COMMAND ----------

def divide(a, b):
    return a / b

# COMMAND ----------

print("before")
divide(1, 0)
