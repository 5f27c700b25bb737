"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

HALF = ".half"
"""How the name of a file ends while it is written. After a kill it may stay, and nobody needs it."""


def write(file: Path, content: bytes) -> Path:
    """Replaces the file's content in one step; its folder is made if need be. If that fails, it stays as it was."""
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f"{file.name}.{secrets.token_hex(4)}{HALF}")
    try:
        with half.open("xb") as out:
            out.write(content)
            out.flush()
            with suppress(OSError):  # Not every file system that a cluster mounts can promise to have kept it.
                os.fsync(out.fileno())
        os.replace(half, file)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    return file
