"""`dbutils.jobs.taskValues`: small values that the tasks of one run hand to each other."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from runner_help import Helpful
from runner_request import Request

# "The size of the JSON representation of the value cannot exceed 48 KiB."
# (https://docs.databricks.com/jobs/task-values.html)
MOST_BYTES = 48 * 1024


class TaskValues(Helpful):
    def __init__(self, request: Request) -> None:
        self._task = request["taskKey"]
        logs = next(
            (folder.parent for folder in _upwards(Path(request["logFolder"])) if folder.name == request["runId"]),
            Path(request["logFolder"]),
        )
        # A file for each task: only the task itself writes it, and a retry writes it anew.
        self._folder = logs / f"task-values-{request['parentRunId']}"

    def set(self, key: str, value: Any) -> None:
        """Leaves a value for later tasks of the run."""
        text = json.dumps(value)
        if len(text.encode()) > MOST_BYTES:
            raise ValueError(f"The task value {key!r} is larger than 48 KiB as JSON")
        self._folder.mkdir(exist_ok=True)
        whole = json.dumps({**self._read(self._task), str(key): value})
        part = self._folder / f"{self._task}.part"
        part.write_text(whole, encoding="utf-8")
        os.replace(part, self._folder / f"{self._task}.json")

    def get(self, taskKey: str, key: str, default: Any = None, debugValue: Any = None) -> Any:  # noqa: N803
        """The value that an earlier task of the run has left."""
        values = self._read(taskKey)
        if key in values:
            return values[key]
        if default is not None:
            return default
        raise ValueError(f"The task {taskKey!r} has left no value {key!r} in this run")

    def _read(self, task: str) -> dict[str, Any]:
        file = self._folder / f"{task}.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


class Jobs(Helpful):
    def __init__(self, request: Request) -> None:
        self.taskValues = TaskValues(request)


def _upwards(folder: Path) -> list[Path]:
    return [folder, *folder.parents]
