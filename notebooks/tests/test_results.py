import os
from pathlib import Path

import numpy as np
import pytest

from implied_volatility import results
from implied_volatility.profiles import plan
from implied_volatility.results import Table
from implied_volatility.surfaces import Surfaces

PLAN = plan({"profile": "small", "rows": "128", "paths": "64", "seed": "1"})
ORIGIN = results.provenance(PLAN, "one", "1")


def table(rows: int) -> Table:
    values = np.random.default_rng(rows).uniform(0.1, 0.5, (rows, 8, 11))
    return Table(np.full((rows, 11), 0.1), Surfaces(values, values / 100, values > 0.2))


def test_surfaces_come_back_as_they_were_saved(tmp_path: Path) -> None:
    file = results.save_surfaces(tmp_path / "deep" / "surfaces.npz", table(5), table(2), ORIGIN)
    training, test = results.load_surfaces(file, ORIGIN)
    assert (training.surfaces.volatility == table(5).surfaces.volatility).all()
    assert (test.surfaces.valid == table(2).surfaces.valid).all()


def test_a_second_save_replaces_the_first_and_writes_the_same_bytes(tmp_path: Path) -> None:
    file = tmp_path / "surfaces.npz"
    first = results.save_surfaces(file, table(5), table(2), ORIGIN).read_bytes()
    assert results.save_surfaces(file, table(5), table(2), ORIGIN).read_bytes() == first
    assert os.listdir(tmp_path) == ["surfaces.npz"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = results.write(tmp_path / "metrics.json", b"old")

    def refuse(_source: str, _target: Path) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="no space"):
        results.write(file, b"new")
    assert file.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["metrics.json"]


@pytest.mark.parametrize(("deployment", "attempt"), [("two", "1"), ("one", "2")])
def test_surfaces_of_another_run_are_not_taken(tmp_path: Path, deployment: str, attempt: str) -> None:
    file = results.save_surfaces(tmp_path / "surfaces.npz", table(5), table(2), ORIGIN)
    with pytest.raises(ValueError, match="run 02_create_features again"):
        results.load_surfaces(file, results.provenance(PLAN, deployment, attempt))


def test_missing_surfaces_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run 02_create_features first"):
        results.load_surfaces(tmp_path / "surfaces.npz", ORIGIN)


def test_results_lie_beside_the_git_folder_not_in_it(tmp_path: Path) -> None:
    notebooks = tmp_path / "Users" / "app" / "accelerator" / "notebooks"
    assert results.default_folder(notebooks) == tmp_path / "Users" / "app" / "accelerator-results"


@pytest.mark.parametrize("notebook_path", ["/Users/app/repo/notebooks/03", "/Workspace/Users/app/repo/notebooks/03"])
def test_a_file_of_the_workspace_has_a_workspace_path(tmp_path: Path, notebook_path: str) -> None:
    folder = tmp_path / "Users" / "app" / "repo" / "notebooks"
    folder.mkdir(parents=True)
    file = tmp_path / "Users" / "app" / "repo-results" / "a.png"
    assert results.workspace_path(file, notebook_path, folder) == "/Users/app/repo-results/a.png"
    elsewhere = Path("/elsewhere/a.png")
    assert results.workspace_path(elsewhere, notebook_path, folder) == "/elsewhere/a.png"
    assert results.workspace_path(file, "/Users/other/notebooks/03", folder) == str(file)
