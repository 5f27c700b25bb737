"""What the notebooks need of Databricks: the job, tables on Spark, MLflow, widgets and results."""
