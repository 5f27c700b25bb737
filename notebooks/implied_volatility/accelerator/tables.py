"""Delta tables: how each is replaced as a whole, and what is checked before one is read.

Needs a Spark session with Delta Lake: Spark 3.4 (runtime 13.3 LTS) or later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pandas as pd

from implied_volatility.accelerator.destination import OWNER, Destination, identifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_ARROW = "spark.sql.execution.arrow.pyspark.enabled"
# What Unity Catalog, table access control and storage say to those who may not.
_REFUSED = ("PERMISSION_DENIED", "INSUFFICIENT_PERMISSIONS", "UnauthorizedAccess", "AccessControlException")
# Operations of a table's history that leave its rows as they are; predictive optimisation starts some by itself.
_SAME_ROWS = {
    "ADD CONSTRAINT",
    "CHANGE COLUMN",
    "CLUSTER BY",
    "COMPUTE STATS",
    "DROP CONSTRAINT",
    "OPTIMIZE",
    "SET TBLPROPERTIES",
    "UNSET TBLPROPERTIES",
    "UPGRADE PROTOCOL",
    "VACUUM END",
    "VACUUM START",
}


class UnconstrainedError(RuntimeError):
    """A table was replaced, and then refused its constraint."""


@dataclass(frozen=True)
class Definition:
    """What a table holds."""

    name: str
    comment: str
    #: Name, type as Spark prints it, and comment of each column.
    columns: tuple[tuple[str, str, str], ...]
    #: What is true of every row, as SQL.
    check: str
    #: The notebook that writes it.
    writer: str

    def schema(self) -> str:
        """The columns in SQL."""
        return ", ".join(f"`{name}` {kind} COMMENT {_literal(comment)}" for name, kind, comment in self.columns)


def destination(spark: SparkSession, widgets: Mapping[str, str]) -> Destination:
    """What the widgets `catalog` and `schema` name; an empty catalog is the session's. ValueError for a wrong name."""
    catalog, schema = identifier(widgets, "catalog", may_be_empty=True), identifier(widgets, "schema")
    if not catalog:
        [(catalog,)] = spark.sql("SELECT current_catalog()").collect()
    return Destination(str(catalog), schema)


def make_schema(spark: SparkSession, to: Destination, deployment: str) -> None:
    """Makes the deployment's schema if it is not there; LookupError or PermissionError when that cannot be."""
    name = f"{to.catalog}.{to.schema}"
    with in_words(f"Making the schema {name}", f"USE CATALOG and CREATE SCHEMA on {to.catalog}"):
        if spark.catalog.databaseExists(to.quoted):
            return
        try:
            owner = f"{_literal(OWNER)} = {_literal(deployment)}"
            spark.sql(f"CREATE SCHEMA IF NOT EXISTS {to.quoted} WITH DBPROPERTIES ({owner})")
        except Exception as error:
            if _is_refusal(error):
                raise
            what = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise LookupError(
                f"The schema {name} cannot be made. Is there a catalog {to.catalog!r} (widget catalog)? {what}"
            ) from error


def replace(
    spark: SparkSession,
    table: Definition,
    to: Destination,
    rows: pd.DataFrame | DataFrame,
    properties: Mapping[str, str],
) -> int:
    """Makes the rows the table's only ones, in one commit, and gives its version.

    Whoever reads meanwhile sees the table as it was before or as it is after, never a part of it. Rows that Spark
    has yet to compute are computed once. ValueError names columns that the rows lack.
    """
    name = to.sql(table.name)
    made = f"implied_volatility_{uuid4().hex}"
    listed = ", ".join(f"{_literal(key)} = {_literal(value)}" for key, value in properties.items())
    spark.conf.set(_ARROW, "true")
    with in_words(f"Writing {to.name(table.name)}", f"USE SCHEMA, CREATE TABLE and MODIFY on {to.catalog}.{to.schema}"):
        _checked(spark, table, to, rows).createTempView(made)
        try:
            spark.sql(
                f"CREATE OR REPLACE TABLE {name} USING DELTA COMMENT {_literal(table.comment)}"
                f" TBLPROPERTIES ({listed}) AS SELECT * FROM {made}"
            )
        finally:
            spark.catalog.dropTempView(made)
    _constrain(spark, table, to)
    return version(spark, table, to)


def _constrain(spark: SparkSession, table: Definition, to: Destination) -> None:
    """For later writers: no statement makes a table from rows and with constraints at once."""
    try:
        spark.sql(f"ALTER TABLE {to.sql(table.name)} ADD CONSTRAINT well_formed CHECK ({table.check})")
    except Exception as error:
        raise UnconstrainedError(
            f"{to.name(table.name)} has its new rows, but not the constraint that keeps wrong ones out"
            f" (that takes MODIFY on it): run {table.writer} again. {(str(error).strip() or '-').splitlines()[0]}"
        ) from error


def _checked(spark: SparkSession, table: Definition, to: Destination, rows: pd.DataFrame | DataFrame) -> DataFrame:
    """The rows with null for NaN in arrays; whoever computes them fails where the table's check does not hold."""
    from pyspark.sql import functions

    missing = [column for column, *_ in table.columns if column not in rows.columns]
    if missing:
        raise ValueError(f"The rows for {to.name(table.name)} lack the columns {', '.join(missing)}.")
    if isinstance(rows, pd.DataFrame):
        rows = spark.createDataFrame(rows[[column for column, *_ in table.columns]], table.schema())
    columns = []
    for column, kind, comment in table.columns:
        known = f"transform({column}, cell -> nullif(cell, double('NaN')))" if kind == "array<double>" else column
        columns.append(functions.expr(known).cast(kind).alias(column, metadata={"comment": comment}))
    wrong = _literal(f"A row is not fit for {to.name(table.name)}: {table.check}")
    return rows.select(columns).where(f"CASE WHEN {table.check} THEN true ELSE raise_error({wrong}) END")


def version(spark: SparkSession, table: Definition, of: Destination) -> int:
    """The version that gave the table its present rows: what only tidies files or changes comments does not count."""
    history = spark.sql(f"DESCRIBE HISTORY {of.sql(table.name)}").select("version", "operation")
    for number, operation in history.toLocalIterator():
        if operation not in _SAME_ROWS:
            return int(number)
    raise _again(table, of, "is too old: its history does not tell who wrote its rows")


def read(spark: SparkSession, table: Definition, of: Destination) -> pd.DataFrame:
    """All rows. LookupError, PermissionError or ValueError say what is wrong and which notebook mends it."""
    name = of.name(table.name)
    spark.conf.set(_ARROW, "true")
    with in_words(f"Reading {name}", f"USE CATALOG, USE SCHEMA and SELECT on {name}"):
        if not spark.catalog.tableExists(of.sql(table.name)):
            raise LookupError(f"{name} does not exist: run {table.writer} first, with the same catalog and schema.")
        frame = spark.table(of.sql(table.name))
        found = {field.name: field.dataType.simpleString() for field in frame.schema}
        wanted = {column: kind for column, kind, _ in table.columns}
        if found != wanted:
            differing = sorted(column for column, _ in found.items() ^ wanted.items())
            raise _again(
                table, of, f"has other columns than these notebooks write ({', '.join(dict.fromkeys(differing))})"
            )
        rows: pd.DataFrame = frame.toPandas()
    if rows.empty:
        raise _again(table, of, "is empty")
    return rows


def only(rows: pd.DataFrame, column: str, expected: object, table: Definition, of: Destination) -> None:
    """ValueError unless every row has the expected value."""
    for value in rows[column].unique():
        if value != expected:
            raise _again(table, of, f"was made with {column} {value}, not {expected}")


def _again(table: Definition, of: Destination, what: str) -> ValueError:
    return ValueError(f"{of.name(table.name)} {what}: run {table.writer} again.")


def _is_refusal(error: Exception) -> bool:
    return any(word in f"{type(error).__name__} {error}" for word in _REFUSED)


@contextmanager
def in_words(doing: str, rights: str) -> Iterator[None]:
    """Whoever may not do what is done inside gets a PermissionError that says so, and which rights it takes."""
    try:
        yield
    except Exception as error:
        if _is_refusal(error):
            raise PermissionError(f"{doing} is not permitted to the one who runs this: it takes {rights}.") from error
        raise


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
