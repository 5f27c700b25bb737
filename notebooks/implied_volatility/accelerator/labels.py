"""The table `labels`, made on the workers of the cluster from the table `features`."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from implied_volatility.accelerator import shipping, tables
from implied_volatility.accelerator.destination import Destination
from implied_volatility.accelerator.label_task import Work, label_rows
from implied_volatility.accelerator.surface_tables import GRID, LABELS, features, lineage
from implied_volatility.models import model_named
from implied_volatility.progress import Progress
from implied_volatility.sampling import stream

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Some seconds of work, so that progress shows and a lost worker costs little.
_PATHS_PER_TASK, _MOST_ROWS_PER_TASK = 1 << 17, 64
_ROWS_PER_FILE = 50_000
_POLL_SECONDS = 0.5


def write(spark: SparkSession, to: Destination, origin: Mapping[str, Any], features_version: int) -> int:
    """Replaces `labels` by a surface for each row of that version of `features`; gives the table's version.

    Prints progress. The table stays as it was until all surfaces are there: RuntimeError says why they are not,
    PermissionError what it takes.
    """
    counter = shipping.counter(spark)
    properties = {**lineage(origin), "implied_volatility.grid": GRID}
    total = sum(_rows(origin["plan"]).values())
    with _in_words(to), _progress(counter, total):
        made = computed(spark, to, origin, features_version, counter)
        # By value, not by range: a range has to look at all rows first, which would compute them twice.
        made = made.repartition(math.ceil(total / _ROWS_PER_FILE), "split", "surface")
        return tables.replace(spark, LABELS, to, made.sortWithinPartitions("split", "surface"), properties)


def computed(
    spark: SparkSession,
    to: Destination,
    origin: Mapping[str, Any],
    features_version: int,
    counter: shipping.Accumulator | None = None,
    *,
    partitions: int | None = None,
) -> DataFrame:
    """The rows of `labels` in any order, computed by the workers of the cluster whenever they are used.

    A task has a group of rows, or one of `partitions` equal shares of the groups; the rows do not depend on that.
    """
    shipping.ship_package(spark)
    work = work_of(origin, features_version)
    groups = _groups(spark, to, work, _rows(origin["plan"]), partitions)
    return groups.mapInPandas(partial(label_rows, work=work, counter=counter), LABELS.schema())


def work_of(origin: Mapping[str, Any], features_version: int) -> Work:
    """What the run asks of its workers."""
    plan = origin["plan"]
    return Work(
        model=plan["model"],
        paths={"training": plan["paths"], "test": plan["test_paths"]},
        seeds={split: stream(plan["seed"], f"{split} paths") for split in ("training", "test")},
        steps=plan["steps"],
        features_version=features_version,
        deployment=str(origin["deployment"]),
        attempt=str(origin["attempt"]),
    )


def _groups(
    spark: SparkSession, to: Destination, work: Work, rows: Mapping[str, int], partitions: int | None
) -> DataFrame:
    """The rows of `features`, each group of them in a partition of its own."""
    # The dear ones first, so that the last tasks are short.
    first, cases = 0, []
    for split in sorted(rows, key=lambda split: -work.paths[split]):
        size = max(1, min(_MOST_ROWS_PER_TASK, _PATHS_PER_TASK // work.paths[split]))
        cases.append(f"WHEN '{split}' THEN {first} + surface DIV {size}")
        first += math.ceil(rows[split] / size)
    columns = ["split", "surface", *model_named(work.model).columns]
    table = features(model_named(work.model)).name
    with tables.in_words(f"Reading {to.name(table)}", f"USE CATALOG, USE SCHEMA and SELECT on {to.name(table)}"):
        given = spark.sql(
            f"SELECT {', '.join(columns)}, CASE split {' '.join(cases)} END AS id"
            f" FROM {to.sql(table)} VERSION AS OF {work.features_version}"
        )
    # Spark cuts a range into equal parts, which it promises of no other way to distribute rows.
    return spark.range(0, first, 1, partitions or first).join(given.hint("broadcast"), "id").select(*columns)


def _rows(plan: Mapping[str, Any]) -> dict[str, int]:
    return {"training": int(plan["rows"]), "test": int(plan["test_rows"])}


@contextmanager
def _progress(counter: shipping.Accumulator | None, total: int) -> Iterator[None]:
    progress, over = Progress("labels"), threading.Event()

    def poll(accumulator: shipping.Accumulator) -> None:
        while not over.wait(_POLL_SECONDS):
            # A task that was repeated has counted twice.
            if accumulator.value == 0:
                progress.waiting("workers start and compile the model")
            elif accumulator.value < total:
                progress.rows(accumulator.value, total)

    watcher = threading.Thread(target=poll, args=(counter,), daemon=True)
    if counter is not None:
        watcher.start()
    try:
        yield
        over.set()
        progress.rows(total, total)
    finally:
        over.set()


@contextmanager
def _in_words(to: Destination) -> Iterator[None]:
    try:
        yield
    except (PermissionError, tables.UnconstrainedError):
        raise
    except Exception as error:
        raise RuntimeError(
            f"The surfaces could not be computed, {to.name(LABELS.name)} is as it was: {_reason(str(error))}"
        ) from error


def _reason(text: str) -> str:
    """The last words of a worker's traceback, or what Spark says of the last failure."""
    _, traced, trace = text.rpartition("Traceback (most recent call last):")
    said = re.search(r"^\w\S*: .*", trace, re.MULTILINE) if traced else None
    said = said or re.search(r"most recent failure: .*", text) or re.search(r"\S.*", text)
    return said.group().strip() if said else "no reason was given"
