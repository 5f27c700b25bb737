from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from implied_volatility.accelerator import labels, results, surface_tables, tables
from implied_volatility.accelerator.destination import Destination, identifier
from implied_volatility.accelerator.label_task import rows_of
from implied_volatility.accelerator.profiles import plan
from implied_volatility.accelerator.surface_tables import EVALUATION, LABELS, features
from implied_volatility.accelerator.tables import Definition
from implied_volatility.grid import CELLS, STRIKES
from implied_volatility.models import ROUGH_BERGOMI
from implied_volatility.surfaces import Sample, Surfaces

ROWS, TEST_ROWS = 12, 5
PLAN = plan({"profile": "small", "rows": "", "paths": "64", "seed": "1"}).as_dict()
ORIGIN = {
    **results.provenance(plan({"profile": "small", "rows": "", "paths": "64", "seed": "1"}), "it's", "1-\\x", "77"),
    "plan": {**PLAN, "rows": ROWS, "test_rows": TEST_ROWS},
}
FEATURES = features(ROUGH_BERGOMI)
NOWHERE = Destination("main", "iv")


def sample(rows: int, seed: int = 1) -> Sample:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.1, 0.5, (rows, 8, 11))
    valid = values > 0.12
    parameters = rng.uniform(ROUGH_BERGOMI.lower, ROUGH_BERGOMI.upper, (rows, 11))
    return Sample(parameters, Surfaces(*(np.where(valid, made, np.nan) for made in (values, values / 100)), valid))


SAMPLES = {"training": sample(ROWS), "test": sample(TEST_ROWS, 2)}
PARAMETERS = {split: made.parameters for split, made in SAMPLES.items()}


def label_rows(version: int) -> pd.DataFrame:
    """The rows of `labels` for the samples' surfaces."""
    work = labels.work_of(ORIGIN, version)
    return pd.concat(
        [rows_of(split, np.arange(len(surfaces.valid)), surfaces, work) for split, (_, surfaces) in SAMPLES.items()]
    )


@pytest.fixture(scope="module")
def to(spark: SparkSession) -> Destination:
    """A schema that holds the three tables."""
    made = tables.destination(spark, {"catalog": "", "schema": "whole"})
    tables.make_schema(spark, made, "one")
    version = surface_tables.write_features(spark, made, PARAMETERS, ORIGIN)
    tables.replace(spark, LABELS, made, label_rows(version), surface_tables.lineage(ORIGIN))
    surface_tables.write_evaluation(spark, made, {"network": {"r2": 0.99}, "paper": {"r2": 0.9}}, ORIGIN, "run", "3")
    return made


@pytest.fixture
def empty(spark: SparkSession, request: pytest.FixtureRequest) -> Destination:
    """A schema of the test's own without tables."""
    made = Destination("spark_catalog", re.sub(r"\W+", "_", request.node.name))
    tables.make_schema(spark, made, "one")
    return made


def test_samples_come_back_to_the_bit_and_belong_together(spark: SparkSession, to: Destination) -> None:
    back, versions = surface_tables.read_samples(spark, to, ORIGIN)
    for split, given in SAMPLES.items():
        assert back[split].parameters.tobytes() == given.parameters.tobytes()
        for found, wanted in zip(back[split].surfaces, given.surfaces, strict=True):
            assert found.dtype == wanted.dtype
            assert found.tobytes() == wanted.tobytes()
    assert versions == {"features": 0, "labels": 0}


@pytest.mark.parametrize("table", [FEATURES, LABELS, EVALUATION], ids=lambda table: table.name)
def test_a_table_says_what_it_holds_and_where_it_comes_from(
    spark: SparkSession, to: Destination, table: Definition
) -> None:
    fields = spark.table(to.sql(table.name)).schema
    assert [(field.name, field.metadata.get("comment")) for field in fields] == [
        (name, comment) for name, _, comment in table.columns
    ]
    described = {row[0]: row[1] for row in spark.sql(f"DESCRIBE TABLE EXTENDED {to.sql(table.name)}").collect()}
    assert described["Comment"] == table.comment
    properties = {row[0]: row[1] for row in spark.sql(f"SHOW TBLPROPERTIES {to.sql(table.name)}").collect()}
    assert properties["implied_volatility.seed"] == "1"
    assert properties["implied_volatility.model"] == "rough_bergomi"
    assert properties["implied_volatility.run"] == "77"
    assert properties["implied_volatility.deployment"] == "it's"
    assert properties["implied_volatility.attempt"] == "1-\\x"
    assert properties["accelerator-deployment"] == "it's"


def test_a_schema_says_who_made_it_and_keeps_that(spark: SparkSession, empty: Destination) -> None:
    tables.make_schema(spark, empty, "another")
    described = {row[0]: row[1] for row in spark.sql(f"DESCRIBE SCHEMA EXTENDED {empty.quoted}").collect()}
    assert "(accelerator-deployment,one)" in described["Properties"]


def test_the_evaluation_has_a_row_per_model_and_metric(spark: SparkSession, to: Destination) -> None:
    found = spark.table(to.sql("evaluation")).select("model", "metric", "value", "mlflow_run", "model_version")
    assert sorted(tuple(row) for row in found.collect()) == [
        ("network", "r2", 0.99, "run", "3"),
        ("paper", "r2", 0.9, "run", None),
    ]


def test_an_invalid_cell_is_null_not_a_number(spark: SparkSession, to: Destination) -> None:
    invalid = sum(int((~given.surfaces.valid).sum()) for given in SAMPLES.values())
    counts = spark.sql(
        "SELECT sum(size(filter(volatility, v -> v IS NULL))), sum(size(filter(standard_error, v -> v IS NULL))),"
        f" sum(size(filter(valid, v -> NOT v))) FROM {to.sql('labels')}"
    ).first()
    assert tuple(counts or ()) == (invalid,) * 3


def test_the_query_in_the_readme_gives_a_smile(spark: SparkSession, to: Destination) -> None:
    text = (Path(__file__).resolve().parent.parent / "README.md").read_text()
    [query] = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    found = spark.sql(query.replace("FROM labels", f"FROM {to.sql('labels')}")).toPandas()
    assert [float(strike) for strike in found["strike"]] == list(STRIKES)
    wanted = SAMPLES["test"].surfaces
    np.testing.assert_array_equal(found["percent"].to_numpy(float), 100 * wanted.volatility[3, 4])
    np.testing.assert_array_equal(found["error"].to_numpy(float), 100 * wanted.standard_error[3, 4])


@pytest.mark.parametrize("value", [0.7, np.nan])
def test_rows_that_make_no_sense_leave_the_table_as_it_was(spark: SparkSession, to: Destination, value: float) -> None:
    wrong = sample(ROWS).parameters
    wrong[7, 10] = value
    before = tables.version(spark, FEATURES, to)
    with pytest.raises(Exception, match=r"not fit for .*features"):
        surface_tables.write_features(spark, to, {**PARAMETERS, "training": wrong}, ORIGIN)
    assert tables.version(spark, FEATURES, to) == before
    assert spark.table(to.sql("features")).count() == ROWS + TEST_ROWS


def test_a_table_refuses_such_rows_of_others_too(spark: SparkSession, to: Destination) -> None:
    name = to.sql("evaluation")
    for wrong in ("NULL", "double('NaN')"):
        with pytest.raises(Exception, match="well_formed"):
            spark.sql(f"INSERT INTO {name} VALUES ('network', 'r2', {wrong}, 'x', 'x', 'x', 'x')")
    assert spark.table(name).count() == 2


def test_what_only_tidies_a_table_leaves_its_version_and_what_changes_rows_does_not(
    spark: SparkSession, to: Destination
) -> None:
    name, version = to.sql("evaluation"), tables.version(spark, EVALUATION, to)
    spark.sql(f"OPTIMIZE {name}")
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('desk' = 'rates')")
    assert tables.version(spark, EVALUATION, to) == version
    spark.sql(f"UPDATE {name} SET value = value WHERE model = 'paper'")
    assert tables.version(spark, EVALUATION, to) > version


def test_a_missing_table_says_what_to_run(spark: SparkSession, empty: Destination) -> None:
    with pytest.raises(LookupError, match="features does not exist: run 02_create_features first"):
        surface_tables.read_samples(spark, empty, ORIGIN)


def test_an_empty_table_is_not_taken(spark: SparkSession, empty: Destination) -> None:
    spark.sql(f"CREATE TABLE {empty.sql('features')} ({FEATURES.schema()}) USING DELTA")
    with pytest.raises(ValueError, match="features is empty: run 02_create_features again"):
        surface_tables.read_samples(spark, empty, ORIGIN)


def test_a_table_with_other_columns_is_not_taken(spark: SparkSession, empty: Destination) -> None:
    spark.sql(f"CREATE TABLE {empty.sql('features')} USING DELTA AS SELECT 1 AS surface, 'x' AS other")
    with pytest.raises(ValueError, match=r"other columns .*other.*: run 02_create_features again"):
        surface_tables.read_samples(spark, empty, ORIGIN)


def test_a_missing_permission_says_what_it_takes(
    spark: SparkSession, to: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_name: str) -> None:
        raise AnalysisException("[INSUFFICIENT_PERMISSIONS] Insufficient privileges: User does not have SELECT.")

    monkeypatch.setattr(spark, "table", refuse)
    with pytest.raises(PermissionError, match=r"Reading .*features is not permitted .*SELECT on .*features"):
        surface_tables.read_samples(spark, to, ORIGIN)


def read(expected: dict[str, Any] = ORIGIN, version: int = 4, labels: pd.DataFrame | None = None) -> dict[str, Sample]:
    made = label_rows(4) if labels is None else labels
    return surface_tables.samples_of(surface_tables.feature_rows(PARAMETERS, ORIGIN), made, version, NOWHERE, expected)


def test_rows_in_any_order_make_the_same_samples() -> None:
    shuffled = label_rows(4).sample(frac=1, random_state=1)
    found, wanted = read(labels=shuffled)["training"].surfaces, SAMPLES["training"].surfaces
    assert found.volatility.tobytes() == wanted.volatility.tobytes()


@pytest.mark.parametrize(
    ("field", "value"), [("deployment", "two"), ("attempt", "2"), ("seed", 2), ("steps", 8), ("paths", 4), ("rows", 9)]
)
def test_rows_of_another_run_are_not_taken(field: str, value: str | int) -> None:
    other = {**ORIGIN, field: value} if field in ORIGIN else {**ORIGIN, "plan": {**ORIGIN["plan"], field: value}}
    with pytest.raises(ValueError, match="run 02_create_features again"):
        read(other)


def test_labels_of_other_features_are_not_taken() -> None:
    with pytest.raises(ValueError, match=r"labels was made with features_version 4, not 6: run 02_create_features"):
        read(version=6)


def test_a_doubled_row_is_not_taken() -> None:
    rows = label_rows(4)
    with pytest.raises(ValueError, match="labels has 6 test rows, not the surfaces 0 to 4"):
        read(labels=pd.concat([rows, rows.tail(1)]))


def test_a_table_that_is_refused_its_constraint_is_not_said_to_be_as_it_was() -> None:
    class Busy:
        def sql(self, _query: str) -> None:
            raise RuntimeError("another writer was faster")

    with (
        pytest.raises(
            tables.UnconstrainedError, match=r"labels has its new rows, but .*: run 02_create_features again"
        ),
        labels._in_words(NOWHERE),
    ):
        tables._constrain(cast(SparkSession, Busy()), LABELS, NOWHERE)


def test_an_unknown_catalog_is_named(spark: SparkSession) -> None:
    with pytest.raises(LookupError, match=r"Is there a catalog 'nowhere' \(widget catalog\)\?"):
        tables.make_schema(spark, Destination("nowhere", "x"), "one")


def test_an_empty_catalog_is_the_sessions(spark: SparkSession) -> None:
    found = tables.destination(spark, {"catalog": " ", "schema": "Implied_Volatility"})
    assert found.name("labels") == "spark_catalog.implied_volatility.labels"
    assert found.model == "implied_volatility"
    assert Destination("main", "iv").model == "main.iv.implied_volatility"


@pytest.mark.parametrize("name", ["a.b", "a b", "a/b", "a\nb", "\x7f", "x" * 256, ""])
def test_a_name_that_a_catalog_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="Widget schema"):
        identifier({"schema": name}, "schema")


def test_a_name_is_quoted_never_pasted() -> None:
    assert Destination("c", "s`; DROP").sql("labels") == "`c`.`s``; DROP`.`labels`"


def test_a_row_of_labels_has_a_cell_per_maturity_and_strike() -> None:
    assert CELLS == 88
    assert ROUGH_BERGOMI.columns == (
        "xi_1",
        "xi_2",
        "xi_3",
        "xi_4",
        "xi_5",
        "xi_6",
        "xi_7",
        "xi_8",
        "nu",
        "rho",
        "hurst",
    )
