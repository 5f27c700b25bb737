"""`dbutils`, and what stands where Databricks has Spark."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from runner_files import FileSystem
from runner_request import Request


class NotebookExit(BaseException):
    """`dbutils.notebook.exit`; no Exception, so that a notebook's own handlers let it pass."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class PythonRestart(BaseException):
    """`dbutils.library.restartPython`: the rest of the cell is lost, and so are all variables."""


class DbUtils:
    def __init__(self, request: Request) -> None:
        self._request = request
        self.widgets = Widgets(request["parameters"])
        self.notebook = Notebook(self, request)
        self.fs = FileSystem(request)
        self.library = Library()

    def __getattr__(self, name: str) -> NoReturn:
        raise NotImplementedError(f"dbutils.{name} is not available in the local notebook runner")

    def absolute(self, path: str, beside: Path) -> str:
        """The workspace path that a notebook in the file `beside` means."""
        if path.startswith("/"):
            return re.sub(r"^/Workspace/", "/", path)
        root = Path(self._request["workspaceRoot"])
        found = Path(os.path.normpath(beside.parent / path))
        return f"/{found.relative_to(root).as_posix()}"

    def source_of(self, path: str) -> Path:
        file = Path(self._request["workspaceRoot"]) / f"{path.lstrip('/')}.py"
        if not file.is_file():
            raise FileNotFoundError(f"Notebook not found: {path}")
        return file


class Widgets:
    """Values come from the task's parameters, then from the widgets' defaults."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self._parameters = dict(parameters)
        self._defaults: dict[str, str] = {}

    def text(self, name: str, defaultValue: str = "", label: str | None = None) -> None:  # noqa: N803
        self._defaults[name] = str(defaultValue)

    def dropdown(self, name: str, defaultValue: str, choices: list[str], label: str | None = None) -> None:  # noqa: N803
        if defaultValue not in choices:
            raise ValueError(f"The default value {defaultValue!r} of the widget {name!r} is not one of its choices")
        self._defaults[name] = str(defaultValue)

    multiselect = dropdown

    def combobox(self, name: str, defaultValue: str, choices: list[str], label: str | None = None) -> None:  # noqa: N803
        self._defaults[name] = str(defaultValue)

    def get(self, name: str) -> str:
        if name in self._parameters:
            return self._parameters[name]
        if name in self._defaults:
            return self._defaults[name]
        raise ValueError(f"InputWidgetNotDefined: No input widget named {name} is defined")

    def getArgument(self, name: str, defaultValue: str | None = None) -> str:  # noqa: N802, N803
        known = name in self._parameters or name in self._defaults
        return self.get(name) if known or defaultValue is None else defaultValue

    def getAll(self) -> dict[str, str]:  # noqa: N802
        return {**self._defaults, **self._parameters}

    def remove(self, name: str) -> None:
        self._defaults.pop(name, None)

    def removeAll(self) -> None:  # noqa: N802
        self._defaults.clear()

    def set_argument(self, name: str, value: str) -> None:
        """An argument of `%run`."""
        self._parameters[name] = value


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


class Notebook:
    def __init__(self, dbutils: DbUtils, request: Request) -> None:
        self._dbutils = dbutils
        self._request = request
        self._children = 0
        self.entry_point = EntryPoint(self)

    def exit(self, value: object = "") -> NoReturn:
        raise NotebookExit(str(value))

    def getContext(self) -> Context:  # noqa: N802
        return Context(self._request)

    def run(self, path: str, timeout_seconds: int = 0, arguments: dict[str, str] | None = None) -> str:
        """Runs another notebook in a process of its own and gives what it exits with."""
        here = self._dbutils.source_of(self._request["notebookPath"])
        absolute = self._dbutils.absolute(path, here)
        self._dbutils.source_of(absolute)
        self._children += 1
        log = Path(self._request["logFolder"]) / f"run-{self._children}"
        log.mkdir()
        parameters = {name: str(value) for name, value in (arguments or {}).items()}
        request = {**self._request, "notebookPath": absolute, "parameters": parameters, "logFolder": str(log)}
        runner = Path(__file__).with_name("runner.py")
        child = subprocess.Popen([sys.executable, str(runner)], stdin=subprocess.PIPE, text=True)
        with child:
            assert child.stdin is not None
            # Kept open until the child has ended: it takes the end of its input for the end of its parent.
            child.stdin.write(json.dumps(request) + "\n")
            child.stdin.flush()
            try:
                child.wait(timeout_seconds or None)
            except subprocess.TimeoutExpired:
                child.kill()
                raise TimeoutError(f"Notebook {absolute} exceeded its timeout of {timeout_seconds} seconds") from None
        outcome_file = log / "outcome.json"
        outcome = json.loads(outcome_file.read_text(encoding="utf-8")) if outcome_file.exists() else {"error": "driver lost"}
        if "error" in outcome:
            raise RuntimeError(f"WorkflowException: notebook {absolute} failed with {outcome['error']}")
        return str(outcome.get("result", ""))


class EntryPoint:
    """`dbutils.notebook.entry_point.getDbutils().notebook().getContext()`, the older way to the context."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def getDbutils(self) -> EntryPoint:  # noqa: N802
        return self

    def notebook(self) -> Notebook:
        return self._notebook


class Library:
    def restartPython(self) -> NoReturn:  # noqa: N802
        raise PythonRestart


def absent_spark(name: str) -> object:
    """Stands where Databricks has Spark, and says so when it is used."""

    class Absent:
        def __getattr__(self, attribute: str) -> NoReturn:
            raise NotImplementedError(f"{name}.{attribute}: Spark is not available in the local notebook runner")

        def __repr__(self) -> str:
            return f"<{name} is not available in the local notebook runner>"

    return Absent()
