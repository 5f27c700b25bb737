"""`dbutils.fs`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

from runner_request import Request


class FileInfo(NamedTuple):
    path: str
    name: str
    size: int
    modificationTime: int


class FileSystem:
    """The local disk (`file:/`), the workspace's files (`/Workspace`) and a folder that stands for DBFS."""

    def __init__(self, request: Request) -> None:
        self._workspace = request["workspaceRoot"]
        self._dbfs = request["dbfsRoot"]

    def _local(self, path: str) -> Path:
        if path.startswith("file:"):
            path = path.removeprefix("file:")
            if not path.startswith("/Workspace/"):
                return Path(path)
        plain = "/" + path.removeprefix("dbfs:").lstrip("/")
        if plain.startswith("/Workspace/"):
            return Path(self._workspace) / plain.removeprefix("/Workspace/")
        if ".." in Path(plain).parts or ":" in plain.split("/")[1]:
            raise NotImplementedError(f"dbutils.fs cannot reach {path} in the local notebook runner")
        return Path(self._dbfs) / plain.lstrip("/")

    def ls(self, path: str) -> list[FileInfo]:
        found = sorted(self._local(path).iterdir())
        base = path.rstrip("/")
        return [
            FileInfo(f"{base}/{f.name}{'/' * f.is_dir()}", f.name + "/" * f.is_dir(), 0 if f.is_dir() else f.stat().st_size, int(f.stat().st_mtime * 1000))
            for f in found
        ]

    def mkdirs(self, path: str) -> bool:
        self._local(path).mkdir(parents=True, exist_ok=True)
        return True

    def put(self, path: str, contents: str, overwrite: bool = False) -> bool:
        file = self._local(path)
        if file.exists() and not overwrite:
            raise FileExistsError(f"{path} already exists")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(contents, encoding="utf-8")
        return True

    def head(self, path: str, maxBytes: int = 65536) -> str:  # noqa: N803
        return self._local(path).read_bytes()[:maxBytes].decode(errors="replace")

    def cp(self, source: str, target: str, recurse: bool = False) -> bool:
        copy = shutil.copytree if recurse and self._local(source).is_dir() else shutil.copy2
        copy(self._local(source), self._local(target))
        return True

    def mv(self, source: str, target: str, recurse: bool = False) -> bool:
        shutil.move(self._local(source), self._local(target))
        return True

    def rm(self, path: str, recurse: bool = False) -> bool:
        file = self._local(path)
        if not file.exists():
            return False
        if file.is_dir():
            shutil.rmtree(file) if recurse else file.rmdir()
        else:
            file.unlink()
        return True
