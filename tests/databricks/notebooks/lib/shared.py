# Databricks notebook source
scale = int(dbutils.widgets.get("scale"))

# COMMAND ----------

def scaled(value):
    return value * scale
