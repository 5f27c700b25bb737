# Databricks notebook source
import json

results = {}


def attempt(name, action):
    try:
        results[name] = action()
    except Exception as error:
        results[name] = f"{type(error).__name__}: {error}"


# COMMAND ----------

fs = dbutils.fs
fs.put("/a/one.txt", "one")
fs.put("dbfs:/a/b/two.txt", "two")
attempt("ls", lambda: [(info.path, info.name, info.size) for info in fs.ls("/a")])
attempt("exists", lambda: fs.put("/a/one.txt", "again"))
attempt("copied", lambda: (fs.cp("/a", "/c", True), fs.head("/c/b/two.txt", 2)))
attempt("copy of a folder", lambda: fs.cp("/a", "/d"))
attempt("moved", lambda: (fs.mv("/c/one.txt", "/e/one.txt"), fs.rm("/c/one.txt"), fs.head("/e/one.txt")))
attempt("full folder", lambda: fs.rm("/a"))
attempt("removed", lambda: (fs.rm("/a", True), fs.rm("/a", True)))
attempt("missing", lambda: fs.head("/a/one.txt"))
attempt("volume", lambda: (fs.put("/Volumes/Main/default/data/x/y.txt", "y"), fs.head("dbfs:/Volumes/main/default/data/x/y.txt")))
attempt("no volume", lambda: fs.ls("/Volumes/main/default/other"))
attempt("other storage", lambda: fs.ls("abfss://container@account.dfs.core.windows.net/"))
attempt("mount", lambda: fs.mount("source", "/mnt/x"))
attempt("secrets", lambda: dbutils.secrets.get("scope", "key"))
attempt("unknown", lambda: dbutils.preview)
with open("results.json", "w") as file:
    json.dump(results, file)
fs.help()

# COMMAND ----------

# MAGIC %fs ls /e

# COMMAND ----------

# MAGIC %fs rm -r /e

# COMMAND ----------

# MAGIC %fs mounts
