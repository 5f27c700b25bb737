"""What the parent asks of the runner."""

from __future__ import annotations

from typing import TypedDict


class Limits(TypedDict, total=False):
    """How much a notebook may leave behind."""

    # What it prints and shows in all.
    outputBytes: int
    # What its temporary folder, its log folder and its packages may take up, and the most that one file may have.
    scratchBytes: int


class Request(TypedDict):
    """A NotebookRequest of notebookRequest.ts, as far as it is used here."""

    workspaceRoot: str
    dbfsRoot: str
    volumesRoot: str
    notebookPath: str
    parameters: dict[str, str]
    host: str
    token: str
    user: str
    workspaceId: str
    jobId: str
    runId: str
    parentRunId: str
    taskKey: str
    logFolder: str
    limits: Limits
    # Added by the supervisor for the notebook's own process.
    mark: str


# "Job clusters have a maximum notebook output size of 30 MB."
# (https://docs.databricks.com/en/notebooks/notebook-limitations.html). The quota on the disk is ours.
DEFAULTS: Limits = {"outputBytes": 30 * 1024 * 1024, "scratchBytes": 10 * 1024**3}


def limits_of(request: Request) -> Limits:
    given = {name: value for name, value in request.get("limits", {}).items() if value is not None}
    return {**DEFAULTS, **given}  # type: ignore[typeddict-item]
