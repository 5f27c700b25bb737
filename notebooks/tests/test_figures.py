import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import ArrayLike

from implied_volatility.figures import FIGURES, sources
from implied_volatility.figures.__main__ import main
from implied_volatility.figures.figure import Figure, Options, goal
from implied_volatility.figures.output import into
from implied_volatility.figures.rows import OtherRowsError, Rows
from implied_volatility.figures.trained import trained
from implied_volatility.grid import MATURITIES, Floats
from implied_volatility.models import Effort, Model, Parameter
from implied_volatility.models.base import row_numbers
from implied_volatility.surfaces import Sample, Surfaces

FOLDER = Path(__file__).resolve().parent.parent
EFFORT = Effort(64, 16)
ROWS = 24


class Toy(Model):
    """Flat surfaces with noise by row: a model that costs nothing."""

    name = "toy"
    title = "toy"
    parameters = (
        Parameter("level", "σ", 0.1, 0.4, 0.0, 1.0, "Volatility"),
        Parameter("slope", "s", -0.1, 0.1, -1.0, 1.0, "Of nothing"),
    )
    pause = 0.0

    def surfaces(self, parameters: ArrayLike, effort: Effort, seed: int, rows: ArrayLike | None = None) -> Surfaces:
        given = self.check(parameters)
        numbers = row_numbers(rows, len(given))
        time.sleep(self.pause)
        noise = np.stack([np.random.default_rng([seed, number]).normal(0, 1e-3, (8, 11)) for number in numbers])
        volatility = given[:, :1, None] + noise
        return Surfaces(volatility, np.full_like(volatility, 1e-3), np.ones(volatility.shape, bool))

    def level(self, parameters: jax.Array) -> jax.Array:
        return jnp.repeat(parameters[..., :1], len(MATURITIES), axis=-1)

    def inputs(self, parameters: jax.Array) -> jax.Array:
        return parameters

    def guess(self, at_the_money: Floats) -> Floats:
        return np.clip(np.stack([at_the_money[:, 0], 0 * at_the_money[:, 0]], axis=-1), self.lower, self.upper)


def rows(folder: Path, *, seed: int = 1, model: Model | None = None) -> Rows:
    return Rows(folder, model or Toy(), "training", EFFORT, seed, block=8, workers=1)


def same(one: Sample, two: Sample) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip((*one[:1], *one[1]), (*two[:1], *two[1]), strict=True))


def test_rows_that_were_killed_half_way_go_on_to_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path[:0] = ['tests']; from pathlib import Path; import test_figures as t; t.Toy.pause = 0.3;"
        "t.rows(Path(sys.argv[1])).take(t.ROWS)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "killed")], cwd=FOLDER)
    finished = tmp_path / "killed" / "00000000-00000008.npz"
    give_up = time.monotonic() + 60
    while not finished.exists() and time.monotonic() < give_up:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert 1 <= len(list(finished.parent.glob("*.npz"))) < 3
    before = finished.stat().st_mtime_ns
    resumed = rows(tmp_path / "killed").take(ROWS)
    assert finished.stat().st_mtime_ns == before
    assert same(resumed, rows(tmp_path / "whole").take(ROWS))


def test_fewer_rows_are_the_first_of_more_and_cost_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = rows(tmp_path / "few").take(11)
    more = rows(tmp_path / "few").take(ROWS)
    assert same(Sample(more.parameters[:11], more.surfaces.rows(slice(11))), few)
    assert "24 of 24 surfaces" in capsys.readouterr().out
    again = rows(tmp_path / "few").take(11)
    assert same(again, few)
    assert capsys.readouterr().out == ""


def test_two_that_simulate_at_once_leave_the_same_rows(tmp_path: Path) -> None:
    class Meanwhile(Toy):
        """While it simulates, another process does the same and more."""

        def surfaces(self, parameters: ArrayLike, effort: Effort, seed: int, rows: ArrayLike | None = None) -> Surfaces:
            Rows(tmp_path / "both", Toy(), "training", EFFORT, 1, block=8).take(ROWS)
            return super().surfaces(parameters, effort, seed, rows)

    assert same(rows(tmp_path / "both", model=Meanwhile()).take(ROWS), rows(tmp_path / "one").take(ROWS))
    assert not list((tmp_path / "both").glob("*.half"))


def test_a_folder_of_other_rows_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    rows(tmp_path).take(8)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(OtherRowsError, match=r"seed 1 there, 2 wanted.*Name another folder"):
        rows(tmp_path, seed=2).take(ROWS)
    manifest = tmp_path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"simulator": "', '"simulator": "0'))
    with pytest.raises(OtherRowsError, match="simulator 0"):
        rows(tmp_path).take(8)
    manifest.write_bytes(before[manifest])
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_damaged_block_is_named(tmp_path: Path) -> None:
    rows(tmp_path).take(8)
    block = tmp_path / "00000000-00000008.npz"
    block.write_bytes(block.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"00000000-00000008.npz cannot be read .*remove it"):
        rows(tmp_path).take(8)


def test_the_simulators_hash_sees_code_and_not_comments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_ROOT", tmp_path)
    package = tmp_path / "implied_volatility"
    package.mkdir()
    (package / "one.py").write_text('"""One."""\nfrom implied_volatility.two import f\n')

    def digest(text: str) -> str:
        (package / "two.py").write_text(text)
        sources._read.cache_clear()
        return sources.digest(["implied_volatility.one"])

    first = digest('def f():\n    """Gives one."""\n    return 1\n')
    assert digest("def f():\n    # Gives one.\n    return  1\n") == first
    assert digest("def f():\n    return 2\n") != first
    sources._read.cache_clear()


def test_the_test_surfaces_are_not_there_while_a_network_is_trained(tmp_path: Path) -> None:
    options = Options(folder=tmp_path, quick=True)
    made = trained(options, Toy())
    quick = tmp_path / "quick"
    assert sorted(each.name for each in quick.iterdir()) == ["toy-networks", "toy-training"]
    assert len(made.test.parameters) == 32
    assert (quick / "toy-test" / "manifest.json").exists()
    training = rows(quick / "toy-training", seed=options.seed)
    assert not set(training.model.draw(64, 1)[:, 0]) & set(made.test.parameters[:, 0])


def test_a_training_is_kept_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options(folder=tmp_path, quick=True)
    first = trained(options, Toy())

    def never(*_given: object, **_named: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("implied_volatility.learning.training.train", never)
    monkeypatch.setattr("implied_volatility.learning.paper.train", never)
    again = trained(options, Toy())
    assert again.surrogate.to_bytes() == first.surrogate.to_bytes()
    given = first.test.parameters
    assert (again.paper.surface(given) == first.paper.surface(given)).all()
    assert (again.fits[0].validation_loss == first.fits[0].validation_loss).all()
    with pytest.raises(AssertionError, match="trained again"):
        trained(options, Toy(), number=1)
