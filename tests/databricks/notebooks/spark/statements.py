# Databricks notebook source
# MAGIC %md What Delta Lake and the catalogue do with statements.

# COMMAND ----------

import json

spark.sql("CREATE SCHEMA IF NOT EXISTS statements")
spark.sql("USE CATALOG implied_volatility")
spark.sql("USE SCHEMA statements")


def rows(query):
    return [list(row) for row in spark.sql(query).collect()]


def refusal(statement):
    try:
        spark.sql(statement).collect()
    except Exception as error:
        return f"{type(error).__name__}: {error}".split("\n")[0]
    return "accepted"


# COMMAND ----------

spark.sql("CREATE TABLE smiles (id INT, name STRING COMMENT 'of the smile') COMMENT 'all smiles'")
spark.sql("INSERT INTO smiles VALUES (1, 'a'), (2, 'b')")
spark.sql(
    """MERGE INTO smiles USING (SELECT 2 AS id, 'B' AS name UNION ALL SELECT 3, 'c') AS new ON smiles.id = new.id
    WHEN MATCHED THEN UPDATE SET name = new.name WHEN NOT MATCHED THEN INSERT *"""
)
spark.sql("CREATE OR REPLACE TABLE copies AS SELECT * FROM smiles WHERE id > 1")
spark.sql("CREATE OR REPLACE TABLE copies AS SELECT id, upper(name) AS name FROM smiles")
spark.sql("ALTER TABLE copies RENAME TO Renamed")
spark.table("smiles").write.mode("overwrite").saveAsTable("overwritten")
spark.range(2).write.mode("overwrite").option("overwriteSchema", "true").saveAsTable("overwritten")
spark.sql("ALTER TABLE smiles ADD CONSTRAINT positive CHECK (id > 0)")
spark.sql(
    """CREATE TABLE shaped (
        day DATE, price DECIMAL(10,2) NOT NULL, code VARCHAR(3), point STRUCT<x: DOUBLE, tags: MAP<STRING, INT>>
    ) PARTITIONED BY (day) TBLPROPERTIES ('delta.columnMapping.mode' = 'name', 'quality' = 'gold')"""
)
spark.sql("ALTER TABLE shaped RENAME COLUMN price TO cost")
spark.sql("ALTER TABLE shaped ALTER COLUMN cost COMMENT 'in euro'")
spark.sql("INSERT INTO shaped VALUES (DATE'2026-11-23', 1, 'abc', NULL)")
spark.sql("CREATE TABLE dropped (id INT)")
spark.sql("DROP TABLE dropped")
spark.sql("CREATE TABLE dropped (name STRING)")

# COMMAND ----------

dbutils.notebook.exit(
    json.dumps(
        {
            "merged": rows("SELECT * FROM smiles ORDER BY id"),
            "before": rows("SELECT * FROM smiles VERSION AS OF 1 ORDER BY id"),
            "renamed": rows("SELECT * FROM implied_volatility.statements.renamed ORDER BY id"),
            "overwritten": rows("SELECT * FROM overwritten ORDER BY id"),
            "again": spark.table("dropped").columns,
            "tables": [name for _, name, _ in rows("SHOW TABLES")],
            "history": [row.operation for row in spark.sql("DESCRIBE HISTORY smiles").collect()],
            "old_name": refusal("SELECT * FROM copies"),
            "constraint": refusal("INSERT INTO smiles VALUES (-1, 'x')"),
            "view": refusal("CREATE VIEW seen AS SELECT 1"),
            "parquet": refusal("CREATE TABLE other USING parquet AS SELECT 1 AS id"),
            "location": refusal("CREATE TABLE other (id INT) LOCATION '/tmp/other'"),
            "name": refusal("CREATE TABLE `../../other` (id INT)"),
            "schema": refusal("CREATE TABLE nowhere.other (id INT)"),
        }
    )
)
