"""A real Spark with Delta Lake for the tests of the tables, and a folder for what JAX compiles."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JARS = sorted((Path(__file__).resolve().parents[2] / ".spark").glob("*.jar"))
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss4m"
    " -XX:NewSize=256m -XX:MetaspaceSize=256m -Dderby.system.home={folder}",
    "spark.driver.memory": "1g",
    "spark.python.daemon.module": "worker_daemon",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.ui.showConsoleProgress": "false",
    "spark.default.parallelism": "1",
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.writeChecksumFile.enabled": "false",
    "spark.databricks.delta.stateReconstructionValidation.enabled": "false",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


def pytest_configure(config: pytest.Config) -> None:
    """Before JAX is loaded: what it compiles is kept, also for processes and workers that tests start.

    In the folder that the environment names, and otherwise in one until the end.
    """
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    folder = tempfile.TemporaryDirectory(prefix="jax-")
    config.add_cleanup(folder.cleanup)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = folder.name
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A local session whose catalog is spark_catalog; skips where the jars of Delta Lake have not been fetched."""
    if not JARS:
        pytest.skip("no jars of Delta Lake in .spark: run `npm test` or `npm run demo` once, which fetch them")
    from pyspark.sql import SparkSession  # Only the tests of the tables load it.

    folder = tmp_path_factory.mktemp("spark")
    # One worker at a time, for each loads JAX and compiles the model.
    builder = SparkSession.builder.master("local[1]").config("spark.sql.warehouse.dir", str(folder / "warehouse"))
    builder = builder.config("spark.driver.extraClassPath", ":".join(map(str, JARS)))
    for name, value in SETTINGS.items():
        builder = builder.config(name, value.format(folder=folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
        # As on a cluster, the workers are in another folder than the package.
        patch.chdir(folder)
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
