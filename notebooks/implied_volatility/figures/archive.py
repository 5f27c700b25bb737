"""Arrays in a file that is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray


def write(file: Path, **arrays: object) -> None:
    """Writes a NumPy archive beside its place and renames it into it; its folder is made if need be."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f"{file.name}.{os.getpid()}.half")
    with half.open("wb") as out:
        np.savez(out, **arrays)  # type: ignore[arg-type]
        out.flush()
        os.fsync(out.fileno())
    half.replace(file)


def read(file: Path) -> dict[str, NDArray[Any]]:
    """All arrays by name; ValueError names a file that is damaged."""
    try:
        # A damaged archive would leave a file open that NumPy opens by itself.
        with file.open("rb") as data, np.load(data, allow_pickle=False) as found:
            return dict(found)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ValueError(f"{file} cannot be read ({error}): remove it, then run this again") from error
