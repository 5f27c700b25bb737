# Databricks notebook source
import json

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

# COMMAND ----------

import beside_spark


@udf("long")
def doubled(value):
    import beside_spark

    return beside_spark.double(value)


# COMMAND ----------

spark.sql("CREATE SCHEMA IF NOT EXISTS volatility")
frame = spark.range(5).withColumn("doubled", doubled("id"))
frame.write.mode("overwrite").saveAsTable("volatility.numbers")
spark.sql("COMMENT ON TABLE volatility.numbers IS 'Numbers and their doubles'")

# COMMAND ----------

dbutils.notebook.exit(
    json.dumps(
        {
            "catalog": spark.catalog.currentCatalog(),
            "rows": [list(row) for row in spark.table("volatility.numbers").orderBy("id").collect()],
            "same": SparkSession.getActiveSession()._jsparkSession.equals(spark._jsparkSession)
            and SparkSession.builder.getOrCreate() is spark,
            "cluster": spark.conf.get("spark.databricks.clusterUsageTags.clusterId"),
            "driver": sc._jvm.java.lang.ProcessHandle.current().pid(),
            "job_group": sc.getLocalProperty("spark.jobGroup.id"),
            "frame": frame.toPandas()["doubled"].sum().item(),
        }
    )
)
