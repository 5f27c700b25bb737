# Databricks notebook source
# MAGIC %md Writes to tables that another cluster writes to at the same time; counts what Delta refuses.

# COMMAND ----------

import json

me = dbutils.widgets.get("me")
done, refused = [], []


def attempt(what, write):
    try:
        write()
        done.append(what)
    except Exception as error:
        refused.append([what, str(error)])


spark.sql("CREATE SCHEMA IF NOT EXISTS shared")
rows = spark.range(3).selectExpr("id", f"'{me}' AS writer")
attempt("create", lambda: spark.sql(f"CREATE TABLE shared.first AS SELECT '{me}' AS writer"))
attempt("log", lambda: spark.sql("CREATE TABLE IF NOT EXISTS shared.log (id BIGINT, writer STRING)"))
for _ in range(3):
    attempt("append", lambda: rows.write.mode("append").saveAsTable("shared.log"))
    attempt("replace", lambda: rows.write.mode("overwrite").saveAsTable("shared.latest"))
dbutils.notebook.exit(json.dumps({"done": done, "refused": refused}))
