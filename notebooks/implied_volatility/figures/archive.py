"""Arrays in a file that is there whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from implied_volatility import whole_file


def write(file: Path, **arrays: object) -> None:
    """Writes a NumPy archive; its folder is made if need be."""
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    whole_file.write(file, content.getvalue())


def read(file: Path) -> dict[str, NDArray[Any]]:
    """All arrays by name; ValueError names a file that is damaged."""
    try:
        # A damaged archive would leave a file open that NumPy opens by itself.
        with file.open("rb") as data, np.load(data, allow_pickle=False) as found:
            return dict(found)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise ValueError(f"{file} cannot be read ({error}): remove it, then run this again") from error
