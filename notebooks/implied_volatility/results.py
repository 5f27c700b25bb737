"""The files that the notebooks hand on: surfaces, the network, its metrics, pictures.

Each file appears whole or not at all: it is written beside its place and renamed into it.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from implied_volatility import __version__
from implied_volatility.grid import Floats
from implied_volatility.profiles import Plan
from implied_volatility.surfaces import Surfaces

_FORMAT = 1


class Table(NamedTuple):
    """Parameters and their surfaces, row by row."""

    parameters: Floats
    """Shape `(rows, 11)`."""
    surfaces: Surfaces


def provenance(plan: Plan, deployment: str, attempt: str) -> dict[str, Any]:
    """What the surfaces depend on, and for which run they were made."""
    libraries = {name: version(name) for name in ("jax", "numpy", "scipy")}
    return {
        "plan": plan.as_dict(),
        "deployment": deployment,
        "attempt": attempt,
        "package": __version__,
        "libraries": libraries,
    }


def default_folder(notebook_folder: Path) -> Path:
    """`<Git folder>-results` beside the Git folder that holds the notebooks: results in it would make it dirty."""
    git_folder = notebook_folder.resolve().parent
    return git_folder.parent / f"{git_folder.name}-results"


def write(file: Path, content: bytes) -> Path:
    """Replaces the file's content in one step; its folder is made if need be."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as temporary:
            temporary.write(content)
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return file


def save_surfaces(file: Path, training: Table, test: Table, origin: Mapping[str, Any]) -> Path:
    """Features and labels of both sets in one file, so that they are always of one run."""
    arrays = {
        f"{name}_{field}": values
        for name, table in (("training", training), ("test", test))
        for field, values in (("parameters", table.parameters), *table.surfaces._asdict().items())
    }
    buffer = io.BytesIO()
    text = json.dumps(origin, sort_keys=True)
    np.savez(buffer, format=np.array(_FORMAT), provenance=np.array(text), **arrays)
    return write(file, buffer.getvalue())


def load_surfaces(file: Path, expected: Mapping[str, Any]) -> tuple[Table, Table]:
    """Training and test tables of a file that `save_surfaces` wrote.

    FileNotFoundError or ValueError say what to run first: the surfaces of another plan, deployment or
    attempt are not taken for those of this one.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file} does not exist: run 02_create_features first, with the same output folder.")
    with np.load(file, allow_pickle=False) as data:
        if int(data["format"]) != _FORMAT:
            raise ValueError(f"{file} has format {data['format']}, expected {_FORMAT}: run 02_create_features again.")
        found = json.loads(str(data["provenance"]))
        for name in ("plan", "deployment", "attempt"):
            if found[name] != expected[name]:
                raise ValueError(
                    f"{file} was made with {name} {found[name]}, not {expected[name]}: run 02_create_features again."
                )
        training, test = (
            Table(data[f"{name}_parameters"], Surfaces(*(data[f"{name}_{field}"] for field in Surfaces._fields)))
            for name in ("training", "test")
        )
    return training, test


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
