# Databricks notebook source
# MAGIC %md
# MAGIC # Cells
# MAGIC A notebook that uses what notebooks use.

# COMMAND ----------

# MAGIC %pip install -q pip
# MAGIC import math

# COMMAND ----------

dbutils.widgets.text("rows", "10", "Rows")
dbutils.widgets.dropdown("profile", "small", ["small", "full"])
rows = int(dbutils.widgets.get("rows"))

# COMMAND ----------

# MAGIC %run ./lib/shared $scale="3"

# COMMAND ----------

# MAGIC %sh echo from the shell

# COMMAND ----------

# DBTITLE 1,A cell that shows its last value
from beside import double

display(double(rows))
rows * scale

# COMMAND ----------

import json
import os
import sys

path = dbutils.notebook.entry_point.getDbutils().notebook().getContext().notebookPath().get()
dbutils.fs.put("dbfs:/tmp/note.txt", "kept", True)
answer = {
    "path": path,
    "cwd": os.path.relpath(os.getcwd(), os.environ["WORKSPACE_ROOT"]),
    "rows": rows,
    "scaled": scaled(rows),
    "profile": dbutils.widgets.get("profile"),
    "pi": math.floor(math.pi),
    "note": dbutils.fs.head("dbfs:/tmp/note.txt"),
    "child": dbutils.notebook.run("./child", 60, {"word": "hello"}),
    "foreign": sorted(name for name in os.environ if name.startswith("SECRET_OF")),
}
dbutils.notebook.exit(json.dumps(answer))

# COMMAND ----------

raise AssertionError("never reached")
