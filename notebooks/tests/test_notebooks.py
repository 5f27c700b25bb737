import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted(FOLDER.glob("[0R]*.py"))


def cells(text: str) -> list[str]:
    return re.split(r"^# COMMAND -+$", text, flags=re.MULTILINE)


def test_there_are_four_notebooks() -> None:
    assert [file.name for file in NOTEBOOKS] == [
        "01_introduction.py",
        "02_create_features.py",
        "03_train_models.py",
        "RUNME.py",
    ]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_in_the_source_format_of_databricks(file: Path) -> None:
    text = file.read_text()
    assert text.startswith("# Databricks notebook source\n")
    for cell in cells(text):
        lines = [line for line in cell.splitlines() if line.strip()]
        magic = [line.startswith("# MAGIC") for line in lines if not line.startswith("# Databricks")]
        assert all(magic) or not any(magic), cell


@pytest.mark.parametrize("file", [*NOTEBOOKS, *sorted((FOLDER / "implied_volatility").rglob("*.py"))], ids=str)
def test_the_code_is_python_of_the_oldest_runtime(file: Path) -> None:
    ast.parse(file.read_text(), feature_version=(3, 10))


def test_notebooks_install_what_the_environment_has() -> None:
    pinned = dict(re.findall(r"^([a-z-]+)==(\S+)$", (FOLDER / "requirements.in").read_text(), re.MULTILINE))
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", (FOLDER / "requirements.lock").read_text(), re.MULTILINE))
    assert pinned.items() <= locked.items()
    for file in NOTEBOOKS:
        for line in re.findall(r"^# MAGIC %pip install (.*)$", file.read_text(), re.MULTILINE):
            for name, version in re.findall(r"(\S+)==(\S+)", line):
                assert pinned[name] == version


def test_the_lockfile_has_hashes_and_names_no_server() -> None:
    text = (FOLDER / "requirements.lock").read_text()
    assert "://" not in text
    assert "--index" not in text
    packages = re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]
    assert len(packages) > 20
    assert all("--hash=sha256:" in package for package in packages)


def test_runme_needs_no_library_that_a_plain_cluster_lacks() -> None:
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['jax', 'numpy', 'scipy', 'matplotlib']))\n"
        "import implied_volatility.accelerator.child_job"
    )
    subprocess.run([sys.executable, "-c", code], cwd=FOLDER, check=True)


def test_the_job_template_runs_runme_once_at_a_time() -> None:
    template = json.loads((FOLDER / "job-template.json").read_text())
    assert template["max_concurrent_runs"] == 1
    assert [task["notebook_task"]["notebook_path"] for task in template["tasks"]] == ["notebooks/RUNME"]
    keys = {cluster["job_cluster_key"] for cluster in template["job_clusters"]}
    assert {task["job_cluster_key"] for task in template["tasks"]} == keys
