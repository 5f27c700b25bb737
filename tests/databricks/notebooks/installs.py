# Databricks notebook source
import zipfile

if dbutils.widgets.get("install") == "yes":
    with zipfile.ZipFile("tiny_package-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_package.py", "version = '1.0'\n")
        wheel.writestr("tiny_package-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-package\nVersion: 1.0\n")
        wheel.writestr("tiny_package-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tiny_package-1.0.dist-info/RECORD", "")
else:
    import tiny_package

# COMMAND ----------

# MAGIC %pip install -q --no-index ./tiny_package-1.0-py3-none-any.whl
# MAGIC %pip install tiny-package==1.0

# COMMAND ----------

import tiny_package

dbutils.notebook.exit(tiny_package.version)
