import os
from pathlib import Path

import pytest

from implied_volatility import whole_file


def test_a_second_write_replaces_the_first_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "picture.png"
    whole_file.write(file, b"old")
    assert whole_file.write(file, b"new").read_bytes() == b"new"
    assert os.listdir(file.parent) == ["picture.png"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = whole_file.write(tmp_path / "picture.png", b"old")

    def refuse(_source: Path, _target: Path) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="no space"):
        whole_file.write(file, b"new")
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["picture.png"]
