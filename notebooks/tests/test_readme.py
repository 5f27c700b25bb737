import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elsewhere import without_package
from sizes import ROWS, SMALL, TINY

from implied_volatility.learning import training

FOLDER = Path(__file__).resolve().parent.parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def example() -> str:
    """The block of Python that begins with an import of the package."""
    return next(block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "calibrate" in block)


def test_the_example_of_the_readme_has_ten_lines() -> None:
    assert len([line for line in example().splitlines() if line.strip()]) <= 10


def test_the_example_of_the_readme_simulates_trains_predicts_and_calibrates(monkeypatch: pytest.MonkeyPatch) -> None:
    small = re.sub(r"paths=\d+, steps=\d+", f"paths={SMALL.paths}, steps={SMALL.steps}", example())
    monkeypatch.setattr(training, "SMALL", TINY)
    done: dict[str, Any] = {}
    exec(compile(small.replace("4096", str(ROWS)), "README.md", "exec"), done)
    model, fit = done["model"], done["fit"]
    assert done["network"].surface(done["truth"]).shape == (1, 8, 11)
    assert fit.parameters.shape == fit.standard_errors.shape == (1, 11)
    assert (fit.parameters >= model.lower).all()
    assert (fit.parameters <= model.upper).all()
    assert np.isfinite(fit.rmse_points).all()


def test_the_package_installs_whole_and_works_without_its_sources(tmp_path: Path) -> None:
    # From a copy: a build leaves folders beside the sources.
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(FOLDER / "pyproject.toml", source)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(FOLDER / "implied_volatility", source / "implied_volatility", ignore=ignored)
    # As pip does, without pip.
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, tmp_path], cwd=source, check=True, capture_output=True)
    shutil.rmtree(source)
    [wheel] = tmp_path.glob("implied_volatility-*.whl")
    installed = tmp_path / "installed"
    shutil.unpack_archive(wheel, installed, "zip")
    packed = {file.relative_to(installed).as_posix() for file in installed.rglob("*.py")}
    assert packed == {file.relative_to(FOLDER).as_posix() for file in (FOLDER / "implied_volatility").rglob("*.py")}
    with without_package(installed):
        package = import_module("implied_volatility")
        assert package.__file__ == str(installed / "implied_volatility" / "__init__.py")
        assert import_module("implied_volatility.models").ROUGH_BERGOMI.draw(2, seed=1).shape == (2, 11)
