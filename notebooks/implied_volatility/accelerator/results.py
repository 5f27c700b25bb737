"""What results were made from, and where the notebooks leave them as files."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from implied_volatility import __version__
from implied_volatility.accelerator.profiles import Plan


def provenance(plan: Plan, deployment: str, attempt: str, run: str = "") -> dict[str, Any]:
    """What the surfaces depend on, and for which run they were made; `run` is the id of the job's run, if any.

    ValueError unless deployment and attempt are named: by these two, rows are known as those of a run.
    """
    for name, text in (("deployment", deployment), ("attempt", attempt)):
        if not text.strip():
            raise ValueError(f"Widget {name}: {text!r} names no run; the rows of the tables are known by it.")
    libraries = {name: version(name) for name in ("jax", "numpy", "scipy")}
    return {
        "plan": plan.as_dict(),
        "deployment": deployment,
        "attempt": attempt,
        "run": run,
        "package": __version__,
        "libraries": libraries,
    }


def job_run(context: Any) -> str:
    """Id of the job's run that a notebook belongs to, told from its context; empty when a person runs it.

    `context` is what `dbutils.notebook.entry_point.getDbutils().notebook().getContext()` gives.
    """
    try:
        told = json.loads(context.toJson())["tags"]
    except Exception:  # Shared clusters only let out what is safe.
        told = json.loads(context.safeToJson())["attributes"]
    # A run of a job is the parent of its tasks' runs.
    return str(told.get("multitaskParentRunId") or told.get("jobRunId") or told.get("runId") or "")


def default_folder(notebook_folder: Path) -> Path:
    """`<Git folder>-results` beside the Git folder that holds the notebooks: results in it would make it dirty."""
    git_folder = notebook_folder.resolve().parent
    return git_folder.parent / f"{git_folder.name}-results"


def workspace_path(file: Path, notebook_path: str, notebook_folder: Path) -> str:
    """The workspace path of a file, told from a notebook's path there and its folder here.

    A file outside the workspace keeps its own path.
    """
    folder = PurePosixPath("/" + notebook_path.removeprefix("/Workspace").strip("/")).parent
    root = notebook_folder.resolve()
    if root.parts[len(root.parts) - len(folder.parts) + 1 :] != folder.parts[1:]:
        return str(file)
    root = Path(*root.parts[: len(root.parts) - len(folder.parts) + 1])
    target = file.resolve()
    return f"/{target.relative_to(root).as_posix()}" if target.is_relative_to(root) else str(file)
