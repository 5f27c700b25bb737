import io
import json
import multiprocessing
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.typing import ArrayLike

from implied_volatility.figures import FIGURES, network, sources
from implied_volatility.figures.__main__ import main
from implied_volatility.figures.figure import SEED, Figure, Options, goal, shown
from implied_volatility.figures.rows import OtherRowsError, Rows
from implied_volatility.figures.trained import Trained, trained
from implied_volatility.grid import MATURITIES, Floats
from implied_volatility.models import MODELS, Effort, Model, Parameter
from implied_volatility.models.base import row_numbers
from implied_volatility.sampling import stream
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

    def surfaces(self, parameters: ArrayLike, effort: Effort, seed: int, rows: ArrayLike | None = None) -> Surfaces:
        given = self.check(parameters)
        numbers = row_numbers(rows, given)
        noise = np.stack([np.random.default_rng([seed, number]).normal(0, 1e-3, (8, 11)) for number in numbers])
        volatility = given[:, :1, None] + noise
        return Surfaces(volatility, np.full_like(volatility, 1e-3), np.ones(volatility.shape, bool))

    def level(self, parameters: jax.Array) -> jax.Array:
        return jnp.repeat(parameters[..., :1], len(MATURITIES), axis=-1)

    def inputs(self, parameters: jax.Array) -> jax.Array:
        return parameters

    def guess(self, at_the_money: Floats) -> Floats:
        return np.clip(np.stack([at_the_money[:, 0], 0 * at_the_money[:, 0]], axis=-1), self.lower, self.upper)


TOY = Toy()


def rows(folder: Path, *, seed: int = 1, model: Model = TOY) -> Rows:
    return Rows(folder, model, "training", EFFORT, seed, block=8, workers=1)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Options, Trained, list[str]]]:
    """A quick training of the toy, and the folders that there were when it was done."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "toy", TOY)
        options = Options(folder=tmp_path_factory.mktemp("figures"), quick=True)
        made = trained(options, TOY)
        yield options, made, sorted(each.name for each in (options.folder / "quick").iterdir())


def same(one: Sample, two: Sample) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip((*one[:1], *one[1]), (*two[:1], *two[1]), strict=True))


def test_rows_that_were_killed_half_way_go_on_to_the_same_bytes(tmp_path: Path) -> None:
    class Stuck(Toy):
        """Says that the second block has begun, and never ends it."""

        def surfaces(self, parameters: ArrayLike, effort: Effort, seed: int, rows: ArrayLike | None = None) -> Surfaces:
            if np.min(rows) >= 8:
                begun.send(True)
                threading.Event().wait()
            return super().surfaces(parameters, effort, seed, rows)

    # A fork, for to load JAX once more takes seconds: NumPy alone works in it.
    fork = multiprocessing.get_context("fork")
    told, begun = fork.Pipe(duplex=False)
    child = fork.Process(target=rows(tmp_path / "killed", model=Stuck()).take, args=(ROWS,), daemon=True)
    child.start()
    begun.close()
    assert told.poll(60)
    child.kill()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    [finished] = (tmp_path / "killed").glob("*.npz")
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
            Rows(tmp_path / "both", TOY, "training", EFFORT, 1, block=8).take(ROWS)
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
    with pytest.raises(ValueError, match=r"00000000-00000008\.npz cannot be read .*remove it"):
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


def test_the_test_surfaces_are_not_there_while_a_network_is_trained(
    learnt: tuple[Options, Trained, list[str]],
) -> None:
    options, made, folders = learnt
    assert folders == ["toy-networks", "toy-training"]
    assert len(made.test.parameters) == 32
    training, test = (
        json.loads((options.folder / "quick" / f"toy-{purpose}" / "manifest.json").read_text())
        for purpose in ("training", "test")
    )
    assert (training["purpose"], test["purpose"]) == ("training", "test")
    assert stream(options.seed, "training parameters") != stream(options.seed, "test parameters")


def test_a_training_is_kept_and_read_back(
    learnt: tuple[Options, Trained, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    options, first, _ = learnt

    def never(*_given: object, **_named: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("implied_volatility.learning.training.train", never)
    monkeypatch.setattr("implied_volatility.learning.paper.train", never)
    again = trained(options, TOY)
    assert again.surrogate.to_bytes() == first.surrogate.to_bytes()
    given = first.test.parameters
    assert (again.paper.surface(given) == first.paper.surface(given)).all()
    assert (again.fits[0].validation_loss == first.fits[0].validation_loss).all()
    with pytest.raises(AssertionError, match="trained again"):
        trained(options, TOY, number=1)


@pytest.fixture(scope="module")
def printed(learnt: tuple[Options, Trained, list[str]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The quick figure `network`, of the toy, as the command prints it with --json, and its page."""
    options, _, _ = learnt
    page = tmp_path_factory.mktemp("docs") / "page.md"
    page.write_text("# Page\n\n<!-- figure: network -->\nold\n<!-- end of figure -->\n\nEnd.\n")
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out):
        patch.setattr(network, "ROUGH_BERGOMI", TOY)
        arguments = ["network", "--quick", "--json", "--folder", str(options.folder), "--into", str(page)]
        assert main([*arguments, "--pictures", str(page.parent / "pictures")]) == 0
    return {**json.loads(out.getvalue()), "page": page.read_text()}


def test_a_figure_prints_our_network_the_papers_recipe_and_the_noise(printed: dict[str, object]) -> None:
    assert isinstance(printed["rows"], list)
    names = [row[0] for row in printed["rows"]]
    assert names[:2] == ["our network, training 1", "paper's recipe, training 1"]
    assert names[-1] == "noise of the test surfaces"
    assert isinstance(printed["values"], dict)
    assert {"network_1_mean_percent", "paper_1_mean_percent", "noise_mean_percent"} <= set(printed["values"])
    assert printed["command"] == "npm run figures -- network --quick"
    assert isinstance(printed["made"], dict)
    assert printed["made"]["seed"] == SEED
    assert isinstance(printed["pictures"], list)
    assert [Path(each).name for each in printed["pictures"]] == [
        "network-smiles.png",
        "network-errors.png",
        "network-learning-curves.png",
    ]


def test_a_figure_goes_to_its_place_in_a_page_and_nowhere_else(printed: dict[str, object]) -> None:
    page = str(printed["page"])
    assert page.startswith("# Page\n\n<!-- figure: network -->\n")
    assert page.endswith("<!-- end of figure -->\n\nEnd.\n")
    assert "| our network, training 1 |" in page
    assert "`npm run figures -- network --quick`" in page
    assert "](pictures/network-smiles.png)" in page
    assert "old" not in page


def test_a_page_without_a_place_ends_the_command_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    assert main(["network", "--folder", str(tmp_path), "--into", str(page)]) == 2
    assert "page.md" in capsys.readouterr().err
    page.write_text("# Nothing here\n")
    assert main(["network", "--folder", str(tmp_path), "--into", str(page)]) == 2
    assert "page.md has no place for this figure" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [page]


def test_numbers_are_shown_to_three_digits() -> None:
    figure = Figure("Title", "command", ["", "%"], [["a", 0.012345], ["bb", 1234.5], ["c", 7], ["d", None]], ["Note."])
    assert figure.table().splitlines() == [
        "Title",
        "",
        "         %",
        "a   0.0123",
        "bb   1,234",
        "c        7",
        "d        –",
        "",
        "Note.",
    ]
    assert figure.markdown().splitlines()[2] == "| a | 0.0123 |"
    assert shown(123.4) == "123"
    assert shown(12.34) == "12.3"
    assert shown(float("nan")) == "–"
    assert goal("mean", 0.251, " %", at_most=0.27) == "mean: 0.251 %, goal ≤ 0.27 %, reached"
    assert goal("ratio", 2.4, " ×", at_least=2.5) == "ratio: 2.40 ×, goal ≥ 2.5 ×, NOT reached"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "invalid choice: 'nothing' (choose from 'simulator'"),
        (["network", "--rows", "many"], "--rows: 'many' is no whole number from 32 to"),
        (["network", "--paths", "100"], "--paths: 100 is no power of two"),
        (["network", "--seed", "-1"], "--seed"),
    ],
)
def test_a_wrong_argument_ends_with_2_and_says_what_is_wrong(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_other_rows_in_the_folder_end_the_command_with_2_and_no_stack(
    learnt: tuple[Options, Trained, list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(network, "ROUGH_BERGOMI", TOY)
    assert main(["network", "--quick", "--steps", "32", "--folder", str(learnt[0].folder)]) == 2
    shown_ = capsys.readouterr()
    assert shown_.out == ""
    assert "steps 16 there, 32 wanted" in shown_.err
    assert "Traceback" not in shown_.err


def test_every_figure_is_listed_and_has_its_place_and_command_in_the_docs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    listed = capsys.readouterr().out
    page = (FOLDER.parent / "docs" / "science.md").read_text(encoding="utf-8")
    for name, line in FIGURES.items():
        assert f"{name} " in listed
        assert line in listed
        assert f"`npm run figures -- {name}" in page
        assert f"<!-- figure: {name} -->" in page
        assert (FOLDER / "implied_volatility" / "figures" / f"{name}.py").exists()


def test_the_docs_name_only_proofs_that_there_are() -> None:
    page = (FOLDER.parent / "docs" / "science.md").read_text(encoding="utf-8")
    named = {
        (file, test)
        for line in page.splitlines()
        for file, tests in re.findall(r"`(test_\w+\.py)`: ((?:`test_\w+`(?:, )?)+)", line)
        for test in re.findall(r"`(test_\w+)`", tests)
    }
    assert len(named) > 20
    for file, test in named:
        assert f"\ndef {test}(" in (FOLDER / "tests" / file).read_text(encoding="utf-8"), f"{file}: {test}"
