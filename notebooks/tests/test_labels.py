from __future__ import annotations

import os
import re
import signal
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
import pytest
from jax.experimental.compilation_cache import compilation_cache
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from pyspark.sql.functions import spark_partition_id

from implied_volatility.accelerator import labels, results, shipping, surface_tables, tables
from implied_volatility.accelerator.destination import Destination
from implied_volatility.accelerator.profiles import plan
from implied_volatility.accelerator.surface_tables import LABELS
from implied_volatility.labelling import label
from implied_volatility.models import MODELS, ROUGH_BERGOMI, Effort
from implied_volatility.sampling import stream
from implied_volatility.surfaces import Surfaces

PLAN = plan({"profile": "small", "rows": "", "paths": "64", "seed": "1"}).as_dict()
ORIGIN: dict[str, Any] = {
    **results.provenance(plan({"profile": "small", "rows": "", "paths": "64", "seed": "1"}), "one", "1", "77"),
    "plan": {**PLAN, "rows": 13, "test_rows": 3, "steps": 16, "test_paths": 128},
}
PARAMETERS = {"training": ROUGH_BERGOMI.draw(13, 1), "test": ROUGH_BERGOMI.draw(3, 2)}


class Made(NamedTuple):
    """A schema with features and their labels."""

    to: Destination
    features_version: int
    computed: int
    """How many surfaces the workers have computed."""
    said: str


@pytest.fixture(scope="module")
def made(spark: SparkSession) -> Made:
    to, counter, said = Destination("spark_catalog", "labelled"), shipping.counter(spark), StringIO()
    assert counter is not None
    tables.make_schema(spark, to, "one")
    version = surface_tables.write_features(spark, to, PARAMETERS, ORIGIN)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.setattr(shipping, "counter", lambda _spark: counter)
        labels.write(spark, to, ORIGIN, version)
    return Made(to, version, counter.value, said.getvalue())


def cells(rows: pd.DataFrame) -> tuple[list[tuple[str, int]], bytes]:
    """The keys in order, and the bytes of all cells."""
    rows = rows.sort_values(["split", "surface"])
    arrays = [np.stack(list(rows[field])) for field in Surfaces._fields]
    return list(zip(rows["split"], rows["surface"], strict=True)), b"".join(array.tobytes() for array in arrays)


def test_the_workers_surfaces_are_those_of_the_model(spark: SparkSession, made: Made, tmp_path: Path) -> None:
    """Which this process compiles by itself, as on a cluster; the test's as the workers have compiled them."""
    back, versions = surface_tables.read_samples(spark, made.to, ORIGIN)
    assert versions["features"] == made.features_version
    for split, paths in (("test", 128), ("training", 64)):
        if split == "training":
            compilation_cache.set_cache_dir(str(tmp_path))
            compilation_cache.reset_cache()
        wanted = label(ROUGH_BERGOMI, PARAMETERS[split], Effort(paths, 16), stream(1, f"{split} paths"))
        for found, given in zip(back[split].surfaces, wanted, strict=True):
            assert found.tobytes() == given.tobytes()


def test_the_rows_are_the_same_bytes_in_any_number_of_partitions(
    spark: SparkSession, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    to, version = made.to, made.features_version
    monkeypatch.setattr(labels, "_MOST_ROWS_PER_TASK", 3)
    wanted = cells(spark.table(to.sql("labels")).toPandas())
    for partitions in (1, 4):
        rows = labels.computed(spark, to, ORIGIN, version, partitions=partitions)
        found = rows.withColumn("partition", spark_partition_id()).toPandas()
        assert found["partition"].nunique() == partitions
        assert cells(found) == wanted


def test_a_surface_is_computed_once_and_the_last_line_says_that_all_are_there(made: Made) -> None:
    assert made.computed == 16
    assert re.search(r"^labels: 16 of 16 surfaces, \d+ s$", made.said, re.MULTILINE)


def test_another_model_takes_a_table_of_other_columns_over_and_is_labelled(spark: SparkSession) -> None:
    model, to = list(MODELS.values())[-1], Destination("spark_catalog", "other_model")
    origin = {**ORIGIN, "plan": {**ORIGIN["plan"], "model": model.name, "rows": 2, "test_rows": 1}}
    parameters = {"training": model.draw(2, 1), "test": model.draw(1, 2)}
    tables.make_schema(spark, to, "one")
    spark.sql(f"CREATE TABLE {to.sql('features')} USING DELTA AS SELECT 1 AS surface, 'x' AS other")
    version = surface_tables.write_features(spark, to, parameters, origin)
    assert version == 1
    rows = labels.computed(spark, to, origin, version).toPandas().set_index(["split", "surface"])
    assert len(rows) == 3
    wanted = model.surfaces(parameters["training"], Effort(64, 16), stream(1, "training paths")).volatility[1]
    assert np.asarray(rows.loc[("training", 1), "volatility"]).tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    ("way", "words"), [("killed", "exited unexpectedly"), ("raises", "ValueError: no such surface")]
)
def test_a_worker_that_dies_half_way_leaves_the_table_as_it_was(
    spark: SparkSession, made: Made, monkeypatch: pytest.MonkeyPatch, way: str, words: str
) -> None:
    def half(frames: Any, work: Any, counter: Any) -> Any:
        from pyspark import TaskContext

        from implied_volatility.accelerator import label_task

        context = TaskContext.get()
        is_last = context is not None and context.partitionId() == 1
        if is_last and way == "raises":
            raise ValueError("no such surface")
        yield from label_task.label_rows(frames, work, counter)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)

    to, version = made.to, made.features_version
    before = tables.version(spark, LABELS, to), cells(spark.table(to.sql("labels")).toPandas())
    monkeypatch.setattr(labels, "label_rows", half)
    with pytest.raises(RuntimeError, match=rf"labelled\.labels is as it was: .*{words}"):
        labels.write(spark, to, ORIGIN, version)
    assert (tables.version(spark, LABELS, to), cells(spark.table(to.sql("labels")).toPandas())) == before


def test_a_run_after_those_that_died_writes_the_same_bytes_and_one_copy(spark: SparkSession, made: Made) -> None:
    to, before = made.to, tables.version(spark, LABELS, made.to)
    wanted = cells(spark.table(to.sql("labels")).toPandas())
    assert labels.write(spark, to, ORIGIN, made.features_version) > before
    assert cells(spark.table(to.sql("labels")).toPandas()) == wanted


def test_the_workers_import_the_package_that_the_notebook_has(spark: SparkSession) -> None:
    def where(frames: Any) -> Any:
        import implied_volatility

        for frame in frames:
            yield frame.assign(file=implied_volatility.__file__)

    shipping.ship_package(spark)
    [row] = spark.range(1).mapInPandas(where, "id bigint, file string").collect()
    assert ".zip/implied_volatility/" in row.file
    assert shipping.archive() == shipping.archive()


def test_a_session_without_a_context_gets_the_package_as_an_artifact() -> None:
    class Connected:
        sent: tuple[str, bool] | None = None

        def addArtifacts(self, path: str, *, pyfile: bool) -> None:  # noqa: N802
            self.sent = path, pyfile

    spark = Connected()
    shipping.ship_package(cast(SparkSession, spark))
    assert spark.sent is not None
    assert spark.sent[1]
    assert Path(spark.sent[0]).read_bytes() == shipping.archive()
    assert shipping.counter(cast(SparkSession, spark)) is None


def test_a_cluster_whose_workers_take_no_code_says_which_one_does() -> None:
    with pytest.raises(RuntimeError, match=r"access mode 'single user' \(dedicated\), as RUNME does"):
        shipping.ship_package(cast(SparkSession, object()))


def test_features_that_may_not_be_read_say_what_it_takes(
    spark: SparkSession, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_query: str) -> None:
        raise AnalysisException("[INSUFFICIENT_PERMISSIONS] Insufficient privileges: User does not have SELECT.")

    monkeypatch.setattr(spark, "sql", refuse)
    with pytest.raises(PermissionError, match=r"Reading .*features is not permitted .*SELECT on .*features"):
        labels.write(spark, made.to, ORIGIN, made.features_version)


def test_rows_without_a_column_are_not_written(spark: SparkSession, made: Made) -> None:
    with pytest.raises(ValueError, match=r"rows for .*labels lack the columns volatility, .*valid"):
        tables.replace(spark, LABELS, made.to, spark.createDataFrame([("test", 1)], "split string, surface int"), {})
