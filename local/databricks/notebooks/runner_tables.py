"""Turns data frames into the tables that a notebook shows."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from runner_spark_absent import is_absent

# "Table results are limited to 10,000 rows or 2 MB, whichever is lower."
# (https://docs.databricks.com/en/notebooks/notebook-limitations.html)
MOST_ROWS = 10_000
MOST_BYTES = 2 * 1024 * 1024


class Table(NamedTuple):
    """What is shown of a data frame; values are text or None, `cut` says what is missing."""

    columns: list[dict[str, str]]
    rows: list[list[str | None]]
    cut: str | None


def table_of(value: Any) -> Table | None:
    """The table of a data frame of Spark or pandas, or of a list of `dbutils.fs.ls`; None for anything else."""
    if is_spark(value):
        return spark_table(value)
    return pandas_table(value) if is_pandas(value) else None


def is_spark(value: Any) -> bool:
    """Spark's data frames, known by what they can do: there are several classes of them."""
    # Objects of the JVM seem to have whatever they are asked for.
    if isinstance(value, type) or type(value).__module__.startswith("py4j") or is_absent(value):
        return False
    return all(hasattr(value, name) for name in ("schema", "limit", "collect"))


def is_pandas(value: Any) -> bool:
    kind = type(value)
    return kind.__module__.partition(".")[0] == "pandas" and kind.__name__ in ("DataFrame", "Series")


def spark_table(frame: Any) -> Table:
    if getattr(frame, "isStreaming", False):
        raise NotImplementedError("display of a streaming DataFrame is not available in the local notebook runner")
    columns = [{"name": field.name, "type": field.dataType.simpleString()} for field in frame.schema.fields]
    return _table(columns, frame.limit(MOST_ROWS + 1).collect())


def pandas_table(value: Any, with_index: bool = False) -> Table:
    """Without the index, as display shows it; with it, as pandas itself does."""
    frame = value if type(value).__name__ == "DataFrame" else value.to_frame()
    frame = frame.head(MOST_ROWS + 1)
    frame = frame.reset_index() if with_index and type(frame.index).__name__ != "RangeIndex" else frame
    columns = [{"name": str(name), "type": str(kind)} for name, kind in frame.dtypes.items()]
    return _table(columns, frame.itertuples(index=False, name=None))


def tuples_table(rows: list[Any]) -> Table:
    """Of named tuples of one kind."""
    names = rows[0]._fields if rows else []
    return _table([{"name": name, "type": ""} for name in names], rows)


def _table(columns: list[dict[str, str]], rows: Iterable[Iterable[Any]]) -> Table:
    shown: list[list[str | None]] = []
    used = 0
    for row in rows:
        if len(shown) == MOST_ROWS:
            return Table(columns, shown, f"Only the first {MOST_ROWS:,} rows are shown.")
        texts = [None if value is None else _text(value) for value in row]
        used += sum(len(text.encode(errors="replace")) for text in texts if text is not None)
        if used > MOST_BYTES:
            return Table(columns, shown, f"Only the first {len(shown):,} rows are shown, which have 2 MB.")
        shown.append(texts)
    return Table(columns, shown, None)


def _text(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, bool):
        return str(value).lower()
    if hasattr(value, "asDict"):
        value = value.asDict(True)
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
