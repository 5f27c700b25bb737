"""The tables `features`, `labels` and `evaluation`, from arrays and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from implied_volatility.accelerator import tables
from implied_volatility.accelerator.destination import OWNER, Destination
from implied_volatility.accelerator.tables import Definition
from implied_volatility.grid import CELLS, MATURITIES, STRIKES, Floats
from implied_volatility.models import Model, model_named
from implied_volatility.surfaces import Sample, Surfaces

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

GRID = (
    f"maturities {', '.join(f'{years:g}' for years in MATURITIES)} years,"
    f" strikes {', '.join(f'{strike:g}' for strike in STRIKES)} of the spot"
)
_KEY = (
    ("split", "string", "training, or test: rows that training never sees"),
    ("surface", "int", "Number of the surface in its split, from 0; key of features and labels together with split"),
)
_RUN = (
    ("deployment", "string", "Widget deployment of the run that wrote the row"),
    ("attempt", "string", "Widget attempt of that run"),
)


def features(model: Model) -> Definition:
    """The table of the model's parameters."""
    # repr writes a double so that SQL reads it back to the bit.
    ranges = " AND ".join(f"{p.name} BETWEEN {p.lower!r} AND {p.upper!r}" for p in model.parameters)
    return Definition(
        name="features",
        comment=f"Parameters of the {model.title} model, one row per surface: points of a scrambled Sobol sequence.",
        columns=(
            *_KEY,
            *((parameter.name, "double", parameter.comment) for parameter in model.parameters),
            ("seed", "bigint", "Seed of the run: the same seed gives the same rows"),
            ("package", "string", "Version of the package implied_volatility"),
            *_RUN,
        ),
        check=f"split IN ('training', 'test') AND surface >= 0 AND {ranges}",
        writer="02_create_features",
    )


LABELS = Definition(
    name="labels",
    comment=f"Implied volatilities of the model at the parameters in features, in arrays of {CELLS} cells:"
    f" element {len(STRIKES)}·m + k is at maturity m and strike k, counted from 0; {GRID}.",
    columns=(
        *_KEY,
        ("volatility", "array<double>", "Implied volatility per year (0.2 is 20 %), by cell; null where invalid"),
        (
            "standard_error",
            "array<double>",
            "Standard error of the volatility, in its unit; null where invalid, 0 where a formula gave the price",
        ),
        ("valid", "array<boolean>", "Whether the price stood clear of its noise, two standard errors, by cell"),
        ("paths", "int", "Simulated paths per surface; a formula takes none"),
        ("steps", "int", "Time steps of the simulation; a formula takes none"),
        ("features_version", "bigint", "Version of the table features that these surfaces were made from"),
        *_RUN,
    ),
    check="split IN ('training', 'test') AND surface >= 0"
    f" AND size(volatility) = {CELLS} AND size(standard_error) = {CELLS} AND size(valid) = {CELLS}"
    # NaN is greater than infinity here.
    " AND coalesce(array_min(volatility), 1) > 0 AND coalesce(array_max(volatility), 1) < double('Infinity')"
    " AND coalesce(array_min(standard_error), 0) >= 0",
    writer="02_create_features",
)
EVALUATION = Definition(
    name="evaluation",
    comment="Errors on the test surfaces, one row per model and metric.",
    columns=(
        (
            "model",
            "string",
            "network (ours), paper (the recipe of arXiv 1901.09647), simulation (noise of the surfaces)",
        ),
        ("metric", "string", "Name, with the unit last"),
        ("value", "double", "In the unit that the metric's name ends in"),
        ("mlflow_run", "string", "Id of the MLflow run"),
        ("model_version", "string", "Version of the registered model that was judged; null for the others"),
        *_RUN,
    ),
    check="value IS NOT NULL AND NOT isnan(value)",
    writer="03_train_models",
)


def write_features(
    spark: SparkSession, to: Destination, parameters: Mapping[str, Floats], origin: Mapping[str, Any]
) -> int:
    """Replaces `features` by the parameters `(rows, P)` of each split; gives the table's version."""
    return tables.replace(spark, features(_model(origin)), to, feature_rows(parameters, origin), lineage(origin))


def feature_rows(parameters: Mapping[str, Floats], origin: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of `features`."""
    parts = []
    for split, values in parameters.items():
        part = pd.DataFrame(values, columns=list(_model(origin).columns))
        parts.append(part.assign(split=split, surface=np.arange(len(values), dtype=np.int32)))
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(seed=origin["plan"]["seed"], package=origin["package"], **_run(origin))


def write_evaluation(
    spark: SparkSession,
    to: Destination,
    metrics: Mapping[str, Mapping[str, float]],
    origin: Mapping[str, Any],
    mlflow_run: str,
    model_version: str,
) -> int:
    """Replaces `evaluation` by the metrics of each model; gives the number of rows."""
    rows = pd.DataFrame(
        [
            (model, metric, value, mlflow_run, model_version if model == "network" else None)
            for model, values in metrics.items()
            for metric, value in values.items()
        ],
        columns=["model", "metric", "value", "mlflow_run", "model_version"],
    ).assign(**_run(origin))
    properties = {**lineage(origin), "implied_volatility.mlflow_run": mlflow_run}
    tables.replace(spark, EVALUATION, to, rows, properties)
    return len(rows)


def read_samples(
    spark: SparkSession, of: Destination, expected: Mapping[str, Any]
) -> tuple[dict[str, Sample], dict[str, int]]:
    """The samples by split, and the versions of `features` and `labels`.

    LookupError, PermissionError or ValueError say what is wrong and what to run: rows of another plan, deployment or
    attempt are not taken for those of this one, nor labels for those of other features.
    """
    both = (features(_model(expected)), LABELS)
    given, made = (tables.read(spark, table, of) for table in both)
    versions = {table.name: tables.version(spark, table, of) for table in both}
    return samples_of(given, made, versions["features"], of, expected), versions


def samples_of(
    given: pd.DataFrame, made: pd.DataFrame, version: int, of: Destination, expected: Mapping[str, Any]
) -> dict[str, Sample]:
    """The samples by split from all rows of both tables; ValueError unless they are whole and as expected."""
    plan, model = expected["plan"], _model(expected)
    table_of_features = features(model)
    for rows, table in ((given, table_of_features), (made, LABELS)):
        for name in ("deployment", "attempt"):
            tables.only(rows, name, expected[name], table, of)
    tables.only(given, "seed", plan["seed"], table_of_features, of)
    tables.only(made, "steps", plan["steps"], LABELS, of)
    tables.only(made, "features_version", version, LABELS, of)
    samples = {}
    for split, prefix in (("training", ""), ("test", "test_")):
        count = plan[f"{prefix}rows"]
        parameters = _of_split(given, split, count, table_of_features, of)[list(model.columns)].to_numpy(np.float64)
        labels = _of_split(made, split, count, LABELS, of)
        tables.only(labels, "paths", plan[f"{prefix}paths"], LABELS, of)
        shape = (count, len(MATURITIES), len(STRIKES))
        arrays = {field: np.stack(list(labels[field])).reshape(shape) for field in Surfaces._fields}
        samples[split] = Sample(parameters, Surfaces(**arrays))
    return samples


def _of_split(rows: pd.DataFrame, split: str, count: int, table: Definition, of: Destination) -> pd.DataFrame:
    chosen = rows[rows["split"] == split].sort_values("surface")
    if not np.array_equal(chosen["surface"].to_numpy(), np.arange(count)):
        raise ValueError(
            f"{of.name(table.name)} has {len(chosen):,} {split} rows, not the surfaces 0 to {count - 1:,}:"
            f" run {table.writer} again."
        )
    return chosen


def _model(origin: Mapping[str, Any]) -> Model:
    return model_named(origin["plan"]["model"])


def _run(origin: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(origin[name]) for name in ("deployment", "attempt")}


def lineage(origin: Mapping[str, Any]) -> dict[str, str]:
    """What a table says of its origin, as properties."""
    plan = origin["plan"]
    return {
        OWNER: str(origin["deployment"]),
        **{f"implied_volatility.{name}": str(plan[name]) for name in ("profile", "model", "seed")},
        "implied_volatility.plan": json.dumps(plan, sort_keys=True),
        "implied_volatility.package": str(origin["package"]),
        "implied_volatility.libraries": json.dumps(origin["libraries"], sort_keys=True),
        **{f"implied_volatility.{name}": value for name, value in _run(origin).items()},
        "implied_volatility.run": str(origin["run"]),
    }
