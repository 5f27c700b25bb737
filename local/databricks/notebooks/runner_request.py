"""What the parent asks of the runner."""

from __future__ import annotations

from typing import TypedDict


class Request(TypedDict):
    """A NotebookRequest of notebookRequest.ts, as far as it is used here."""

    workspaceRoot: str
    dbfsRoot: str
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
