"""Runs Python source in a notebook's namespace, with the line numbers of its file."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run_python(source: str, line: int, file: Path, namespace: dict[str, Any], show: Callable[[Any], None]) -> None:
    """Executes the source; the value of a last expression is shown, as notebooks do."""
    tree = ast.parse("\n" * (line - 1) + source, filename=str(file))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, str(file), "exec"), namespace)
    if isinstance(last, ast.Expr):
        show(eval(compile(ast.Expression(last.value), str(file), "eval"), namespace))
