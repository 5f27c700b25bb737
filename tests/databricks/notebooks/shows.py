# Databricks notebook source
# MAGIC %md
# MAGIC # What a notebook *shows*
# MAGIC
# MAGIC A paragraph with **strong** words, `code`, a [link](https://example.com/a?b=1&c=2) and a formula
# MAGIC $\sigma_{imp}(k, t) = \sqrt{\frac{w(k, t)}{t}}$ that stays as it is. <script>alert(1)</script>
# MAGIC
# MAGIC - first
# MAGIC - second
# MAGIC   1. nested
# MAGIC
# MAGIC | model | r2 |
# MAGIC |---|---|
# MAGIC | network | 0.99 |

# COMMAND ----------

# DBTITLE 1,Prints in order
import subprocess
import sys

print("to stdout <b>")
print("to stderr", file=sys.stderr)
done = subprocess.run(["sh", "-c", "echo from a child"], check=True)

# COMMAND ----------

import matplotlib.pyplot as plt
import pandas as pd

frame = pd.DataFrame({"name": ["a<b", None], "value": [1.5, 2]})
display(frame)
plt.plot([1, 3, 2])
print("after the table")

# COMMAND ----------

displayHTML("<p style='color: green'>green</p><script>alert(1)</script>")

# COMMAND ----------

# MAGIC %run ./lib/shared $scale="2"

# COMMAND ----------

dbutils.notebook.run("./child", 60, {"word": "hello"})

# COMMAND ----------

raise ValueError("<i>it broke</i>")

# COMMAND ----------

print("never reached")
