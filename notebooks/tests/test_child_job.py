import re
from typing import Any

import pytest

from implied_volatility.accelerator.child_job import (
    Wishes,
    ensure_job,
    idempotency_token,
    job_settings,
    run_state,
    start_run,
)

FOLDER = "/Users/app/accelerator/notebooks"
WIDGETS = {
    "profile": "small",
    "model": "heston",
    "rows": "",
    "paths": "",
    "seed": "7",
    "spark_version": "13.3.x-gpu-ml-scala2.12",
    "node_type_id": "Standard_NC4as_T4_v3",
    "num_workers": "4",
    "deployment": "d" * 40,
    "attempt": "2",
    "catalog": "",
    "schema": "implied_volatility",
    "wait": "no",
}


class Jobs:
    """The jobs of a workspace, as far as RUNME sees them."""

    def __init__(self) -> None:
        self.jobs: dict[int, dict[str, Any]] = {}
        self.runs: dict[str, int] = {}
        self.next = 2**53 + 1

    def do(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Any:
        given = body or query or {}
        match method, path.rpartition("2.1/")[2]:
            case "GET", "jobs/list":
                return {"jobs": [{"job_id": i, "settings": s} for i, s in sorted(self.jobs.items(), reverse=True)]}
            case "POST", "jobs/create":
                self.next += 1
                self.jobs[self.next] = given
                return {"job_id": self.next}
            case "POST", "jobs/reset":
                self.jobs[given["job_id"]] = given["new_settings"]
            case "POST", "jobs/delete":
                del self.jobs[given["job_id"]]
            case "POST", "jobs/run-now":
                return {"run_id": self.runs.setdefault(given["idempotency_token"], 2**60 + len(self.runs))}
            case _:
                raise AssertionError(f"{method} {path}")
        return {}


def test_the_job_runs_the_three_notebooks_one_after_the_other() -> None:
    settings = job_settings(FOLDER, Wishes.of(WIDGETS))
    tasks = settings["tasks"]
    assert [task["task_key"] for task in tasks] == ["PIV_01", "PIV_02", "PIV_03"]
    assert [task["notebook_task"]["notebook_path"] for task in tasks] == [
        f"{FOLDER}/{name}" for name in ("01_introduction", "02_create_features", "03_train_models")
    ]
    assert [task.get("depends_on") for task in tasks] == [None, [{"task_key": "PIV_01"}], [{"task_key": "PIV_02"}]]
    keys = {cluster["job_cluster_key"] for cluster in settings["job_clusters"]}
    assert all(task["job_cluster_key"] in keys for task in tasks)
    cluster = settings["job_clusters"][0]["new_cluster"]
    assert (cluster["spark_version"], cluster["num_workers"]) == ("13.3.x-gpu-ml-scala2.12", 4)


@pytest.mark.parametrize(
    ("more", "setting", "value"),
    [
        ({"num_workers": "0"}, "spark.databricks.cluster.profile", "singleNode"),
        ({}, "spark.task.resource.gpu.amount", "0.015625"),
        ({"spark_version": "15.4.x-cpu-ml-scala2.12"}, "spark.task.resource.gpu.amount", None),
    ],
)
def test_the_cluster_runs_tasks_on_all_its_cores(more: dict[str, str], setting: str, value: str | None) -> None:
    [cluster] = job_settings(FOLDER, Wishes.of({**WIDGETS, **more}))["job_clusters"]
    assert cluster["new_cluster"].get("spark_conf", {}).get(setting) == value


def test_the_notebooks_get_the_widgets_and_the_attempt_as_texts() -> None:
    for task in job_settings(FOLDER, Wishes.of(WIDGETS))["tasks"]:
        given = task["notebook_task"]["base_parameters"]
        assert given["seed"] == "7"
        assert given["model"] == "heston"
        assert (given["catalog"], given["schema"]) == ("", "implied_volatility")
        assert (given["deployment"], given["attempt"]) == ("d" * 40, "2")
        assert all(isinstance(value, str) for value in given.values())


def test_the_token_is_of_the_deployment_and_attempt_and_fits() -> None:
    one, two = (idempotency_token(Wishes.of({**WIDGETS, "attempt": attempt})) for attempt in ("9999", "1"))
    assert one != two
    assert len(one) <= 64


def test_running_twice_makes_one_job_and_one_run() -> None:
    api, settings = Jobs(), job_settings(FOLDER, Wishes.of(WIDGETS))
    first, second = ensure_job(api, settings), ensure_job(api, {**settings, "timeout_seconds": 1})
    assert first == second > 2**53
    assert api.jobs == {first: {**settings, "timeout_seconds": 1}}
    token = idempotency_token(Wishes.of(WIDGETS))
    assert start_run(api, first, token) == start_run(api, first, token)


def test_of_twins_that_a_lost_reply_has_left_the_lowest_id_stays() -> None:
    api, settings = Jobs(), job_settings(FOLDER, Wishes.of(WIDGETS))
    api.do("POST", "/api/2.1/jobs/create", body=settings)
    api.do("POST", "/api/2.1/jobs/create", body=settings)
    api.do("POST", "/api/2.1/jobs/create", body={**settings, "name": "another"})
    lowest = min(api.jobs)
    assert ensure_job(api, settings) == lowest
    assert sorted(job["name"] for job in api.jobs.values()) == sorted([settings["name"], "another"])


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ({"life_cycle_state": "RUNNING"}, (False, "RUNNING")),
        ({"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}, (True, "SUCCESS")),
        ({"life_cycle_state": "INTERNAL_ERROR", "result_state": "FAILED"}, (True, "FAILED")),
        ({"life_cycle_state": "SKIPPED"}, (True, "SKIPPED")),
    ],
)
def test_a_run_is_over_in_the_final_states(state: dict[str, str], wanted: tuple[bool, str]) -> None:
    class Runs(Jobs):
        def do(self, *_args: Any, **_rest: Any) -> Any:
            return {"state": state}

    assert run_state(Runs(), 1) == wanted


@pytest.mark.parametrize(
    ("widget", "value"),
    [
        ("profile", "medium"),
        ("model", "Heston"),
        ("model", ""),
        ("rows", "12"),
        ("rows", "many"),
        ("paths", "1000"),
        ("paths", "-64"),
        ("seed", "1.5"),
        ("spark_version", "13.3; rm"),
        ("node_type_id", ""),
        ("num_workers", "٣"),
        ("deployment", "a/b"),
        ("attempt", "0"),
        ("catalog", "main.x"),
        ("schema", ""),
        ("wait", "maybe"),
    ],
)
def test_a_wrong_widget_is_refused_by_name(widget: str, value: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Widget {widget}:")):
        Wishes.of({**WIDGETS, widget: value})
