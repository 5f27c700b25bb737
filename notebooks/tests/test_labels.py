from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

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


@pytest.fixture(scope="module")
def made(spark: SparkSession) -> tuple[Destination, int]:
    """A schema with features and their labels; version of the features."""
    to = Destination("spark_catalog", "labelled")
    tables.make_schema(spark, to, "one")
    version = surface_tables.write_features(spark, to, PARAMETERS, ORIGIN)
    labels.write(spark, to, ORIGIN, version)
    return to, version


def cells(rows: pd.DataFrame) -> tuple[list[tuple[str, int]], bytes]:
    """The keys in order, and the bytes of all cells."""
    rows = rows.sort_values(["split", "surface"])
    arrays = [np.stack(list(rows[field])) for field in Surfaces._fields]
    return list(zip(rows["split"], rows["surface"], strict=True)), b"".join(array.tobytes() for array in arrays)


def test_the_workers_surfaces_are_those_of_the_model(spark: SparkSession, made: tuple[Destination, int]) -> None:
    back, versions = surface_tables.read_samples(spark, made[0], ORIGIN)
    assert versions["features"] == made[1]
    for split, paths in (("training", 64), ("test", 128)):
        wanted = label(ROUGH_BERGOMI, PARAMETERS[split], Effort(paths, 16), stream(1, f"{split} paths"))
        for found, given in zip(back[split].surfaces, wanted, strict=True):
            assert found.tobytes() == given.tobytes()


def test_the_rows_are_the_same_bytes_in_any_number_of_partitions(
    spark: SparkSession, made: tuple[Destination, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    to, version = made
    monkeypatch.setattr(labels, "_MOST_ROWS_PER_TASK", 3)
    wanted = cells(spark.table(to.sql("labels")).toPandas())
    for partitions in (1, 2, 4):
        rows = labels.computed(spark, to, ORIGIN, version, partitions=partitions)
        assert rows.rdd.getNumPartitions() == partitions
        assert cells(rows.toPandas()) == wanted


def test_a_surface_is_computed_once_and_the_last_line_says_that_all_are_there(
    spark: SparkSession,
    made: tuple[Destination, int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    to, version = made
    counter = shipping.counter(spark)
    assert counter is not None
    monkeypatch.setattr(shipping, "counter", lambda _spark: counter)
    before = cells(spark.table(to.sql("labels")).toPandas())
    labels.write(spark, to, ORIGIN, version)
    assert counter.value == 16
    assert "labels: 16 of 16 surfaces" in capsys.readouterr().out
    assert cells(spark.table(to.sql("labels")).toPandas()) == before


def test_another_model_takes_a_table_of_other_columns_over_and_is_labelled(spark: SparkSession) -> None:
    model, to = list(MODELS.values())[-1], Destination("spark_catalog", "other_model")
    origin = {**ORIGIN, "plan": {**ORIGIN["plan"], "model": model.name, "rows": 2, "test_rows": 1}}
    parameters = {"training": model.draw(2, 1), "test": model.draw(1, 2)}
    tables.make_schema(spark, to, "one")
    spark.sql(f"CREATE TABLE {to.sql('features')} USING DELTA AS SELECT 1 AS surface, 'x' AS other")
    version = surface_tables.write_features(spark, to, parameters, origin)
    rows = labels.computed(spark, to, origin, version).toPandas().set_index(["split", "surface"])
    assert len(rows) == 3
    wanted = model.surfaces(parameters["training"], Effort(64, 16), stream(1, "training paths")).volatility[1]
    assert np.asarray(rows.loc[("training", 1), "volatility"]).tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    ("way", "words"), [("killed", "exited unexpectedly"), ("raises", "ValueError: no such surface")]
)
def test_a_worker_that_dies_half_way_leaves_the_table_as_it_was(
    spark: SparkSession, made: tuple[Destination, int], monkeypatch: pytest.MonkeyPatch, way: str, words: str
) -> None:
    def half(frames: Any, work: Any, counter: Any) -> Any:
        from pyspark import TaskContext

        from implied_volatility.accelerator import label_task

        yield from label_task.label_rows(frames, work, counter)
        context = TaskContext.get()
        if context is not None and context.partitionId() == 1:
            if way == "raises":
                raise ValueError("no such surface")
            os.kill(os.getpid(), signal.SIGKILL)

    to, version = made
    before = tables.version(spark, LABELS, to), cells(spark.table(to.sql("labels")).toPandas())
    monkeypatch.setattr(labels, "label_rows", half)
    with pytest.raises(RuntimeError, match=rf"labelled\.labels is as it was: .*{words}"):
        labels.write(spark, to, ORIGIN, version)
    assert (tables.version(spark, LABELS, to), cells(spark.table(to.sql("labels")).toPandas())) == before


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
    spark: SparkSession, made: tuple[Destination, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_query: str) -> None:
        raise AnalysisException("[INSUFFICIENT_PERMISSIONS] Insufficient privileges: User does not have SELECT.")

    monkeypatch.setattr(spark, "sql", refuse)
    with pytest.raises(PermissionError, match=r"Reading .*features is not permitted .*SELECT on .*features"):
        labels.write(spark, made[0], ORIGIN, made[1])


def test_rows_without_a_column_are_not_written(spark: SparkSession, made: tuple[Destination, int]) -> None:
    with pytest.raises(ValueError, match=r"rows for .*labels lack the columns volatility, .*valid"):
        tables.replace(spark, LABELS, made[0], spark.createDataFrame([("test", 1)], "split string, surface int"), {})
