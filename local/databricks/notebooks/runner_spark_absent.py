"""What stands where Databricks has Spark when a notebook runs without it."""

from __future__ import annotations

from typing import NoReturn


class Absent:
    """Says what is missing when it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> NoReturn:
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        raise NotImplementedError(f"{self._name}.{attribute}: Spark is not available in the local notebook runner")

    def __repr__(self) -> str:
        return f"<{self._name} is not available in the local notebook runner>"


def absent_spark(name: str) -> object:
    return Absent(name)


def is_absent(value: object) -> bool:
    return isinstance(value, Absent)
