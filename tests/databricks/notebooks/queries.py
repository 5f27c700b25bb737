# Databricks notebook source
class Frame:
    """Stands for a DataFrame of Spark, as far as a notebook shows one."""

    def __init__(self, names, rows):
        self.names, self.rows = names, rows

    @property
    def schema(self):
        kind = type("Kind", (), {"simpleString": lambda self: "string"})()
        fields = [type("Field", (), {"name": name, "dataType": kind})() for name in self.names]
        return type("Schema", (), {"fields": fields})()

    def limit(self, count):
        return Frame(self.names, self.rows[:count])

    def collect(self):
        return self.rows

    def toPandas(self):
        raise NotImplementedError


class Session:
    def __init__(self):
        self.asked = []

    def sql(self, text, args=None):
        self.asked.append([text, args])
        return Frame(["text"], [(text,)]) if text.upper().startswith("SELECT") else Frame([], [])


if dbutils.widgets.get("spark") == "yes":
    spark = Session()
dbutils.widgets.text("lowest", "3")

# COMMAND ----------

# MAGIC %sql
# MAGIC CREATE TABLE t (a STRING); -- one; two
# MAGIC INSERT INTO t VALUES ('it\'s; here', "b;c"), (`d;e`) /* ; */;
# MAGIC SELECT * FROM t WHERE a > :lowest AND b = ':lowest' AND c::int = 1;

# COMMAND ----------

first = _sqldf.rows

# COMMAND ----------

# MAGIC %sql DROP TABLE t

# COMMAND ----------

import json

display(Frame(["a", "b"], [(None, b"bytes"), (True, {"x": [1, 2]})]))
display(Frame(["n"], [(number,) for number in range(10_002)]))
display(Frame(["wide"], [("é" * 600_000,)] * 3))
display({"a": 1}, [1, 2])
dbutils.notebook.exit(json.dumps({"asked": spark.asked, "first": first, "now": _sqldf.rows}))
