"""Queries a running warehouse with the Databricks SDK and looks at the table in Unity Catalog, as a user would."""

import json
import sys

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.service.sql import StatementParameterListItem

warehouse_id, table = sys.argv[1:]
catalog, schema, name = table.split(".")
w = WorkspaceClient()


def execute(statement, **parameters):
    items = [
        StatementParameterListItem(name=key, value=str(value), type=kind) for key, (kind, value) in parameters.items()
    ]
    return w.statement_execution.execute_statement(
        statement, warehouse_id, parameters=items, wait_timeout="50s", catalog=catalog, schema=schema
    )


def all_rows(response):
    rows, part = [], response.result
    while part:
        rows += part.data_array
        following = part.next_chunk_index
        part = following and w.statement_execution.get_statement_result_chunk_n(response.statement_id, following)
    return rows


try:
    w.tables.get(f"{catalog}.{schema}.nothing")
    missing = None
except NotFound as refusal:
    missing = str(refusal)

chosen = execute(
    f"SELECT id, note FROM {name} WHERE id >= :least AND note = :note", least=("INT", 1), note=("STRING", "it's")
)
failed = execute("SELECT * FROM nothing").status
large = execute("SELECT id FROM range(25000) ORDER BY id")
info = w.tables.get(table)
print(
    json.dumps(
        {
            "chosen": [chosen.status.state.value, chosen.result.data_array],
            "columns": [[column.name, column.type_name.value] for column in chosen.manifest.schema.columns],
            "failed": [failed.state.value, failed.error.error_code.value, failed.error.message],
            "chunks": large.manifest.total_chunk_count,
            "large": all_rows(large) == [[str(i)] for i in range(25000)],
            "catalogs": [each.name for each in w.catalogs.list()],
            "schemas": [each.full_name for each in w.schemas.list(catalog)],
            "tables": [each.full_name for each in w.tables.list(catalog, schema, max_results=1)],
            "exists": [w.tables.exists(f"{catalog}.{schema}.{each}").table_exists for each in (name, "nothing")],
            "missing": missing,
            "table": [info.table_type.value, info.data_source_format.value, info.updated_at >= info.created_at > 0],
            "types": [[column.name, column.type_name.value, column.type_text] for column in info.columns],
            "commits": info.properties["delta.lastUpdateVersion"],
            "warehouses": [[each.id, each.state.value] for each in w.warehouses.list()],
            "stopped": w.warehouses.stop_and_wait(warehouse_id).state.value,
        }
    )
)
