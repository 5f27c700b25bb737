"""A hash of what code does: of a module and of all of this package that it imports, without comments and layout."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

_PACKAGE = "implied_volatility"
_ROOT = Path(__file__).resolve().parents[2]


def digest(modules: Collection[str], without: Collection[str] = ()) -> str:
    """Sixteen hex digits that change when one of the modules, or one that it imports, does something else.

    `without` names modules that are left out with what only they import. The digits depend on the version of Python.
    """
    found: dict[str, str] = {}
    open_ = sorted(modules)
    while open_:
        name = open_.pop()
        if name not in found and name not in without:
            found[name], imported = _read(name)
            open_ += imported
    return hashlib.sha256(repr(sorted(found.items())).encode()).hexdigest()[:16]


@lru_cache
def _read(name: str) -> tuple[str, tuple[str, ...]]:
    """The module's hash, and which modules of the package it imports."""
    tree = ast.parse(_file(name).read_text(encoding="utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = {f"{node.module}.{alias.name}" for alias in node.names}
            imported |= {module for module in modules if module.startswith(_PACKAGE) and _file(module).is_file()}
            imported.add(node.module)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            # What stands alone as a text is documentation.
            node.body = [part for part in node.body if not _is_text(part)]
    code = ast.dump(tree)
    ours = sorted(module for module in imported if module.startswith(f"{_PACKAGE}."))
    return hashlib.sha256(code.encode()).hexdigest(), tuple(ours)


def _file(module: str) -> Path:
    if not module.startswith(f"{_PACKAGE}."):
        return Path(str(sys.modules[module].__file__))  # Somebody else's model.
    path = _ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _is_text(part: ast.stmt) -> bool:
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and isinstance(part.value.value, str)
