# Databricks notebook source
# MAGIC %sh sleep 600 & echo $! > shell.pid

# COMMAND ----------

for _ in range(50):
    print("x" * (1024 * 1024 - 1))

# COMMAND ----------

print("never reached")
