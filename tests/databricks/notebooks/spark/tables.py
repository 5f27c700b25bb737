# Databricks notebook source
# MAGIC %md A notebook's session, and a table whose column comes from Python workers.

# COMMAND ----------

import json
import threading

import mlflow.data
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

# COMMAND ----------


@udf("long")
def doubled(value):
    import beside_spark

    return beside_spark.double(value)


spark.sql("CREATE SCHEMA IF NOT EXISTS volatility COMMENT 'smiles and surfaces'")
spark.range(5).withColumn("doubled", doubled("id")).write.saveAsTable("volatility.numbers")
spark.sql("COMMENT ON TABLE volatility.numbers IS 'numbers and their doubles'")
spark.range(1).createOrReplaceTempView("mine")
spark.stop()

# COMMAND ----------


def same_session():
    return SparkSession.getActiveSession()._jsparkSession.equals(spark._jsparkSession)


in_thread = []
thread = threading.Thread(target=lambda: in_thread.append([same_session(), sc.getLocalProperty("spark.jobGroup.id")]))
thread.start()
thread.join()
numbers = "implied_volatility.volatility.numbers"

dbutils.notebook.exit(
    json.dumps(
        {
            "catalog": spark.catalog.currentCatalog(),
            "rows": [list(row) for row in spark.table("volatility.numbers").orderBy("id").collect()],
            "builder": SparkSession.builder.getOrCreate() is spark and sqlContext.sparkSession is spark,
            "thread": in_thread[0],
            "cluster": spark.conf.get("spark.databricks.clusterUsageTags.clusterId"),
            "driver": sc._jvm.java.lang.ProcessHandle.current().pid(),
            "dataset": mlflow.data.from_spark(spark.table("volatility.numbers"), table_name=numbers).source.to_dict(),
            "tables": [table.name for table in spark.catalog.listTables("implied_volatility.volatility")],
            "child": json.loads(dbutils.notebook.run("./child_of_tables", 60)),
        }
    )
)
