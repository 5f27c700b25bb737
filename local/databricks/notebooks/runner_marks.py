"""The marks between what a notebook prints, which tell where its records belong."""

from __future__ import annotations

FILE = "cells.jsonl"
MARK_START = b"\x1e"


def format_mark(secret: str, number: int, shown_bytes: int) -> bytes:
    """The mark of a record, with how many bytes are shown there; all have the same length."""
    return MARK_START + f"{secret}{number:08d}{shown_bytes:012d}\n".encode()
