# Databricks notebook source
import json

dbutils.notebook.exit(
    json.dumps(
        {
            "driver": sc._jvm.java.lang.ProcessHandle.current().pid(),
            "sees_view": spark.catalog.tableExists("mine"),
            "rows": spark.table("volatility.numbers").count(),
        }
    )
)
