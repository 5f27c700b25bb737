# Databricks notebook source
from pyspark.sql.functions import udf


@udf("long")
def fails_late(value):
    if value == 999:
        raise ValueError("the last row is bad")
    return value


spark.range(1000).withColumn("checked", fails_late("id")).write.saveAsTable("half")
