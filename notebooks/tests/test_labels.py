from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from implied_volatility.accelerator import labels, results, shipping, surface_tables, tables
from implied_volatility.accelerator.destination import Destination
from implied_volatility.accelerator.profiles import plan
from implied_volatility.accelerator.surface_tables import LABELS, features
from implied_volatility.grid import Floats
from implied_volatility.labelling import label
from implied_volatility.models import ROUGH_BERGOMI, Effort
from implied_volatility.sampling import stream

PLAN = plan({"profile": "small", "rows": "", "paths": "64", "seed": "1"}).as_dict()
ORIGIN: dict[str, Any] = {
    **results.provenance(plan({"profile": "small", "rows": "", "paths": "64", "seed": "1"}), "one", "1", "77"),
    "plan": {**PLAN, "rows": 13, "test_rows": 3, "steps": 16, "test_paths": 128},
}
PARAMETERS = {"training": ROUGH_BERGOMI.draw(13, 1), "test": ROUGH_BERGOMI.draw(3, 2)}


@pytest.fixture(scope="module")
def made(spark: SparkSession) -> tuple[Destination, int]:
    """A schema with features and their labels; version of the features."""
    to = Destination("spark_catalog", "labelled")
    tables.make_schema(spark, to, "one")
    version = surface_tables.write_features(spark, to, PARAMETERS, ORIGIN)
    labels.write(spark, to, ORIGIN, version)
    return to, version


def rows(spark: SparkSession, to: Destination) -> bytes:
    return b"".join(
        np.stack(list(values)).tobytes()
        if values.dtype == object and not isinstance(values[0], str)
        else repr(list(values)).encode()
        for _, values in spark.table(to.sql("labels")).toPandas().items()
    )


def on_threads(split: str, parameters: Floats, paths: int) -> Any:
    return label(ROUGH_BERGOMI, parameters, Effort(paths, 16), stream(1, f"{split} paths"))


def test_the_workers_surfaces_are_those_of_the_model(spark: SparkSession, made: tuple[Destination, int]) -> None:
    back, versions = surface_tables.read_samples(spark, made[0], ORIGIN)
    assert versions["features"] == made[1]
    for split, paths in (("training", 64), ("test", 128)):
        wanted = on_threads(split, PARAMETERS[split], paths)
        for found, given in zip(back[split].surfaces, wanted, strict=True):
            assert found.tobytes() == given.tobytes()


@pytest.mark.parametrize("partitions", [1, 2, 4])
def test_the_rows_are_the_same_bytes_in_any_number_of_partitions(
    spark: SparkSession, made: tuple[Destination, int], partitions: int
) -> None:
    before = rows(spark, made[0])
    labels.write(spark, made[0], ORIGIN, made[1], partitions=partitions)
    assert rows(spark, made[0]) == before
