"""The process from which PySpark forks its workers: it has loaded what would cost each of them seconds."""

import pandas  # noqa: F401
import pyarrow  # noqa: F401
import scipy.stats  # noqa: F401
from pyspark.daemon import manager

if __name__ == "__main__":
    manager()
