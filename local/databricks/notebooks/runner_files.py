"""`dbutils.fs`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple, NoReturn

from runner_help import Helpful
from runner_request import Request


class FileInfo(NamedTuple):
    path: str
    name: str
    size: int
    modificationTime: int  # noqa: N815


class FileSystem(Helpful):
    """The local disk (`file:/`), the workspace's files (`/Workspace`), volumes (`/Volumes`), and a folder for DBFS."""

    def __init__(self, request: Request) -> None:
        self._workspace = request["workspaceRoot"]
        self._dbfs = request["dbfsRoot"]
        self._volumes = request["volumesRoot"]

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotImplementedError(f"dbutils.fs.{name} is not available in the local notebook runner")

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
        if plain.split("/")[1] == "Volumes":
            return self._in_volume(plain)
        return Path(self._dbfs) / plain.lstrip("/")

    def _in_volume(self, path: str) -> Path:
        catalog, schema, volume, *rest = [*path.split("/")[2:], "", "", ""]
        folder = Path(self._volumes, catalog.lower(), schema.lower(), volume.lower())
        if not volume or not folder.is_dir():
            raise FileNotFoundError(f"Volume {catalog}.{schema}.{volume} does not exist: {path}")
        return folder.joinpath(*filter(None, rest))

    def _existing(self, path: str) -> Path:
        local = self._local(path)
        if not local.exists():
            raise FileNotFoundError(f"No such file or directory: {path}")
        return local

    def ls(self, path: str) -> list[FileInfo]:
        """What is in a folder, or the file itself."""
        local = self._existing(path)
        if local.is_file():
            return [_info(local, path)]
        base = path.rstrip("/")
        return [_info(file, f"{base}/{file.name}{'/' * file.is_dir()}") for file in sorted(local.iterdir())]

    def mkdirs(self, path: str) -> bool:
        """Makes a folder and those above it."""
        self._local(path).mkdir(parents=True, exist_ok=True)
        return True

    def put(self, path: str, contents: str, overwrite: bool = False) -> bool:
        """Writes a text to a file."""
        file = self._local(path)
        if file.exists() and not overwrite:
            raise FileExistsError(f"{path} already exists")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(contents, encoding="utf-8")
        return True

    def head(self, path: str, maxBytes: int = 65536) -> str:  # noqa: N803
        """The beginning of a file."""
        with self._existing(path).open("rb") as file:
            return file.read(maxBytes).decode(errors="replace")

    def cp(self, source: str, target: str, recurse: bool = False) -> bool:
        """Copies a file, or with recurse a folder."""
        original, copy = self._existing(source), self._local(target)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if original.is_dir():
            _require(recurse, source)
            shutil.copytree(original, copy, dirs_exist_ok=True)
        else:
            shutil.copy2(original, copy)
        return True

    def mv(self, source: str, target: str, recurse: bool = False) -> bool:
        """Moves a file, or with recurse a folder."""
        original, moved = self._existing(source), self._local(target)
        _require(recurse or original.is_file(), source)
        moved.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(original, moved)
        return True

    def rm(self, path: str, recurse: bool = False) -> bool:
        """Removes a file or an empty folder, with recurse also what is in it; says whether there was one."""
        file = self._local(path)
        if not file.exists():
            return False
        if file.is_dir():
            _require(recurse or not any(file.iterdir()), path)
            shutil.rmtree(file)
        else:
            file.unlink()
        return True


def _info(file: Path, path: str) -> FileInfo:
    stat = file.stat()
    folder = file.is_dir()
    return FileInfo(path, file.name + "/" * folder, 0 if folder else stat.st_size, int(stat.st_mtime * 1000))


def _require(recurse: bool, path: str) -> None:
    if not recurse:
        raise IsADirectoryError(f"{path} is a folder; set recurse to true to mean what is in it too")
