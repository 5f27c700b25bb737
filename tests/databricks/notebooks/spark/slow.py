# Databricks notebook source
# MAGIC %md Writes a table for ten minutes, in a thread of its own, from Python workers that say who they are.

# COMMAND ----------

import os
import threading
import time
from pathlib import Path

begun = Path(os.getcwd(), "slow.pid")


def slowly(frames):
    begun.write_text(str(os.getpid()))
    for frame in frames:
        time.sleep(600)
        yield frame


frame = spark.range(10).repartition(1).mapInPandas(slowly, "id long")
thread = threading.Thread(target=lambda: frame.write.saveAsTable("slow"))
thread.start()
thread.join()
