"""`%sql` cells: statements for the notebook's Spark session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from runner_cells import Cell
from runner_spark_absent import is_absent

if TYPE_CHECKING:
    from runner import Runner

# Quoted text and names (a quote is escaped by a backslash), comments, the end of a statement, a named parameter.
TOKEN = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|--[^\n]*|/\*.*?\*/|(?P<end>;)|(?<![:\w]):(?P<name>[A-Za-z_]\w*)""",
    re.DOTALL,
)


def run_sql(runner: Runner, cell: Cell, where: str) -> None:
    """Runs the statements in order; the result of the last one is shown and left as `_sqldf`."""
    spark = runner.namespace.get("spark")
    if spark is None or is_absent(spark):
        raise NotImplementedError(f"%sql needs Spark, which this notebook does not have ({where})")
    widgets = runner.dbutils.widgets.getAll()
    result: Any = None
    for statement, names in split_statements(cell.source.removeprefix("%sql")):
        # A widget's value reaches SQL as a named parameter.
        values = {name: widgets[name] for name in names if name in widgets}
        result = spark.sql(statement, args=values) if values else spark.sql(statement)
    if result is None:
        return
    runner.namespace["_sqldf"] = result
    if result.schema.fields:
        runner.display.show(result)
    else:
        print("OK")


def split_statements(text: str) -> list[tuple[str, set[str]]]:
    """The statements that semicolons part, each with the names of its parameters (`:name`)."""
    statements: list[tuple[str, set[str]]] = []
    start = 0
    names: set[str] = set()
    says_something = False
    position = 0
    for token in [*TOKEN.finditer(text), None]:
        between = text[position : token.start() if token else len(text)]
        says_something = says_something or bool(between.strip())
        position = token.end() if token else len(text)
        if token and token["name"]:
            names.add(token["name"])
        elif token and not token["end"]:
            says_something = says_something or token[0][0] in "'\"`"
        else:
            if says_something:
                statements.append((text[start : token.start() if token else len(text)].strip(), names))
            start, names, says_something = position, set(), False
    return statements
