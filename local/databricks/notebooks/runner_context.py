"""What a notebook learns of its own run."""

from __future__ import annotations

import json

from runner_request import Request


class Option:
    """A value as the Scala side of Databricks wraps it."""

    def __init__(self, value: str) -> None:
        self._value = value

    def get(self) -> str:
        return self._value

    def getOrElse(self, _other: object) -> str:  # noqa: N802
        return self._value

    def isDefined(self) -> bool:  # noqa: N802
        return True


class Context:
    """What `getContext()` tells of the notebook's run."""

    def __init__(self, request: Request) -> None:
        self._extra = {
            "notebook_path": request["notebookPath"],
            "api_url": f"https://{request['host']}",
            "api_token": request["token"],
        }
        self._tags = {
            "user": request["user"],
            "orgId": request["workspaceId"],
            "browserHostName": request["host"],
            "jobId": request["jobId"],
            "multitaskParentRunId": request["parentRunId"],
            "runId": request["runId"],
            "taskKey": request["taskKey"],
        }

    def notebookPath(self) -> Option:  # noqa: N802
        return Option(self._extra["notebook_path"])

    def apiUrl(self) -> Option:  # noqa: N802
        return Option(self._extra["api_url"])

    def apiToken(self) -> Option:  # noqa: N802
        return Option(self._extra["api_token"])

    def userName(self) -> Option:  # noqa: N802
        return Option(self._tags["user"])

    def workspaceId(self) -> Option:  # noqa: N802
        return Option(self._tags["orgId"])

    def browserHostName(self) -> Option:  # noqa: N802
        return Option(self._tags["browserHostName"])

    def toJson(self) -> str:  # noqa: N802
        return json.dumps({"extraContext": self._extra, "tags": self._tags})

    def safeToJson(self) -> str:  # noqa: N802
        return json.dumps({"attributes": {**self._extra, **self._tags}})
