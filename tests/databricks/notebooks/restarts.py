# Databricks notebook source
kept = 1
dbutils.library.restartPython()
raise AssertionError("the rest of the cell is lost")

# COMMAND ----------

dbutils.notebook.exit(str("kept" in globals()))
