"""The job that RUNME makes and starts: its settings, and how it is found, made and started once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from implied_volatility.accelerator import profiles
from implied_volatility.accelerator.destination import OWNER, identifier
from implied_volatility.accelerator.profiles import one_of, whole

JOB_TIMEOUT_SECONDS = 7200
_TASKS = (("PIV_01", "01_introduction"), ("PIV_02", "02_create_features"), ("PIV_03", "03_train_models"))


class Api(Protocol):
    """The part of `databricks.sdk.core.ApiClient` in use; it is the same from version 0.1.6 on."""

    def do(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
    ) -> Any: ...


@dataclass(frozen=True)
class Wishes:
    """RUNME's widgets, checked."""

    WIDGETS: ClassVar = (
        *profiles.WIDGETS,
        "spark_version",
        "node_type_id",
        "num_workers",
        "deployment",
        "attempt",
        "catalog",
        "schema",
        "wait",
    )

    deployment: str
    attempt: str
    spark_version: str
    node_type_id: str
    num_workers: int
    wait: bool
    #: Handed on to the three notebooks.
    parameters: dict[str, str]

    @classmethod
    def of(cls, widgets: Mapping[str, str]) -> Wishes:
        """Reads the widgets' texts; ValueError names the first that is wrong."""
        profiles.plan(widgets)
        return cls(
            deployment=_matching(widgets, "deployment", r"[A-Za-z0-9_-]{1,40}"),
            attempt=_matching(widgets, "attempt", r"[1-9]\d{0,3}(-[a-z0-9]{1,12})?"),
            spark_version=_matching(widgets, "spark_version", r"[\w.-]{3,80}"),
            node_type_id=_matching(widgets, "node_type_id", r"\w{3,60}"),
            num_workers=whole(widgets, "num_workers", 0, 64),
            wait=one_of(widgets, "wait", ("no", "yes")) == "yes",
            parameters={
                **{name: widgets[name].strip() for name in profiles.WIDGETS},
                "catalog": identifier(widgets, "catalog", may_be_empty=True),
                "schema": identifier(widgets, "schema"),
            },
        )


def job_name(folder: str) -> str:
    """Name of the child job; the folder of the notebooks tells several copies apart."""
    return f"Predicting Implied Volatility | {folder}"


def idempotency_token(wishes: Wishes) -> str:
    """Databricks answers a repeated token with the run that it started first; at most 64 characters."""
    return f"notebooks-{wishes.deployment}-{wishes.attempt}"


def job_settings(folder: str, wishes: Wishes) -> dict[str, Any]:
    """Settings (Jobs API 2.1 and later) of the notebooks in `folder`, one after the other on one cluster."""
    tasks: list[dict[str, Any]] = []
    for key, notebook in _TASKS:
        task: dict[str, Any] = {
            "task_key": key,
            "job_cluster_key": "PIV_cluster",
            "notebook_task": {
                "notebook_path": f"{folder}/{notebook}",
                "base_parameters": {
                    **wishes.parameters,
                    "deployment": wishes.deployment,
                    "attempt": wishes.attempt,
                },
            },
        }
        if tasks:
            task["depends_on"] = [{"task_key": tasks[-1]["task_key"]}]
        tasks.append(task)
    return {
        "name": job_name(folder),
        "tags": {"accelerator": "predicting-implied-volatility", OWNER: wishes.deployment},
        "max_concurrent_runs": 1,
        "queue": {"enabled": True},
        "timeout_seconds": JOB_TIMEOUT_SECONDS,
        "job_clusters": [
            {
                "job_cluster_key": "PIV_cluster",
                "new_cluster": {
                    "spark_version": wishes.spark_version,
                    "node_type_id": wishes.node_type_id,
                    "num_workers": wishes.num_workers,
                    "azure_attributes": {"availability": "ON_DEMAND_AZURE"},
                    "data_security_mode": "SINGLE_USER",
                    **_tasks_on_all_cores(wishes),
                },
            }
        ],
        "tasks": tasks,
    }


def _tasks_on_all_cores(wishes: Wishes) -> dict[str, Any]:
    """Settings of a cluster without which it runs no task of Spark, or one at a time."""
    if wishes.num_workers == 0:
        return {
            "spark_conf": {"spark.master": "local[*, 4]", "spark.databricks.cluster.profile": "singleNode"},
            "custom_tags": {"ResourceClass": "SingleNode"},
        }
    if "-gpu-" in wishes.spark_version:
        # Otherwise a task takes a whole GPU, which the labels have no use for: as many share one as there may be cores.
        return {"spark_conf": {"spark.task.resource.gpu.amount": str(1 / 64)}}
    return {}


def ensure_job(api: Api, settings: dict[str, Any]) -> int:
    """Id of the job of this name, reset to the settings or made.

    The API has no token for a creation: find, make, find again; the lowest id wins and the others,
    which only a lost reply can leave, are deleted.
    """
    found = _jobs_named(api, settings["name"])
    if found:
        api.do("POST", "/api/2.1/jobs/reset", body={"job_id": found[0], "new_settings": settings})
    else:
        made = int(api.do("POST", "/api/2.1/jobs/create", body=settings)["job_id"])
        found = _jobs_named(api, settings["name"]) or [made]
    for other in found[1:]:
        api.do("POST", "/api/2.1/jobs/delete", body={"job_id": other})
    return found[0]


def start_run(api: Api, job_id: int, token: str) -> int:
    """Id of the run that this token started, now or before."""
    answer = api.do("POST", "/api/2.1/jobs/run-now", body={"job_id": job_id, "idempotency_token": token})
    return int(answer["run_id"])


def run_state(api: Api, run_id: int) -> tuple[bool, str]:
    """Whether the run is over, and its result (`SUCCESS`, …) or its present state."""
    state = api.do("GET", "/api/2.1/jobs/runs/get", query={"run_id": run_id})["state"]
    over = state["life_cycle_state"] in ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")
    return over, str(state.get("result_state") or state["life_cycle_state"])


def _jobs_named(api: Api, name: str) -> list[int]:
    listed = api.do("GET", "/api/2.1/jobs/list", query={"name": name, "limit": 100})
    return sorted(int(job["job_id"]) for job in listed.get("jobs", []) if job["settings"]["name"] == name)


def _matching(widgets: Mapping[str, str], name: str, pattern: str) -> str:
    value = widgets[name].strip()
    if not re.fullmatch(pattern, value):
        raise ValueError(f"Widget {name}: {value!r} does not fit {pattern}.")
    return value
