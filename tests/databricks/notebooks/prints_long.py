# Databricks notebook source
print("the beginning")
for number in range(100_000):
    print(number)
print("the end")

# COMMAND ----------

raise ValueError("m" * 100_000)
