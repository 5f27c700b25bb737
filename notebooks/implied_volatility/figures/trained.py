"""Networks by our recipe and by the paper's, trained on the same kept rows, and the rows that judge them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from implied_volatility.figures import archive, sources
from implied_volatility.figures.figure import Options
from implied_volatility.figures.rows import Rows
from implied_volatility.grid import Floats
from implied_volatility.learning import paper, training
from implied_volatility.learning.descent import Fit, Recipe, split
from implied_volatility.learning.network import Weights
from implied_volatility.learning.paper import PaperNetwork
from implied_volatility.learning.surrogate import Surrogate
from implied_volatility.learning.training import NetworkRecipe
from implied_volatility.models import ROUGH_BERGOMI, Effort, Model
from implied_volatility.progress import Progress
from implied_volatility.sampling import stream
from implied_volatility.surfaces import Sample

MEMBERS = 3
"""Networks whose mean answers, as in the profile `full`."""


class Sizes(NamedTuple):
    """How much to simulate and to train."""

    rows: int
    effort: Effort
    block: int
    test_rows: int
    test_effort: Effort
    test_block: int
    members: int
    """Networks of ours, whose mean answers."""
    ours: NetworkRecipe
    papers: Recipe


def sizes(options: Options) -> Sizes:
    """40,000 rows × 2,048 paths × 256 steps and 600 × 32,768 × 512 to judge by, unless the options say otherwise.

    Twice the steps, so that what the labels miss by their own steps counts as an error of the network.
    """
    steps = options.steps or (16 if options.quick else 256)
    if options.quick:
        ours, papers = replace(training.SMALL, epochs=2), replace(paper.RECIPE, epochs=1)
        effort = Effort(options.paths or 1024, steps)  # One for both: to compile a simulator takes seconds.
        return Sizes(options.rows or 64, effort, 32, 32, effort, 16, 1, ours, papers)
    effort, judging = Effort(options.paths or 2048, steps), Effort(32_768, 2 * steps)
    return Sizes(options.rows or 40_000, effort, 500, 600, judging, 50, MEMBERS, training.FULL, paper.RECIPE)


@dataclass(frozen=True, eq=False)
class Trained:
    """Two networks that have learnt the same rows, and what judges them.

    The test surfaces are read, or simulated, when `test` is first asked for. As this object exists only after training,
    nothing in a training can depend on them.
    """

    model: Model
    surrogate: Surrogate
    paper: PaperNetwork
    fits: tuple[Fit, ...]
    """Of each of the surrogate's networks."""
    paper_fit: Fit
    rows: int
    """Surfaces that both have learnt from, those for validation included."""
    simulation_seconds: float
    """Wall time of the simulation of all rows kept for training."""
    _test_rows: Rows
    _test_count: int

    @cached_property
    def test(self) -> Sample:
        """Surfaces of seeds that training never uses, with sixteen times the paths and twice the steps."""
        return self._test_rows.take(self._test_count)

    @property
    def seconds(self) -> float:
        """Wall time of the surrogate's training."""
        return sum(fit.seconds for fit in self.fits)


def trained(
    options: Options,
    model: Model = ROUGH_BERGOMI,
    number: int = 0,
    *,
    rows: int | None = None,
    members: int | None = None,
) -> Trained:
    """Training number `number`, which decides its seed, on the first `rows` rows (all, unless given).

    Rows and networks are kept in the options' folder, the networks under a key of all that they depend on.
    """
    size = sizes(options)
    size = size._replace(members=members or size.members)
    count = rows or size.rows
    folder = options.folder / ("quick" if options.quick else "")
    kept = _rows(options, model, "training")
    seed = stream(options.seed, f"training {number}")
    given = {
        "rows": kept.manifest(),
        "count": count,
        "seed": seed,
        "members": size.members,
        "ours": asdict(size.ours),
        "papers": asdict(size.papers),
        "learning": sources.digest(
            ["implied_volatility.learning.training", "implied_volatility.learning.paper"],
            without=["implied_volatility.models"],
        ),
    }
    key = hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:12]
    networks = folder / f"{model.name}-networks" / f"{count}-rows-number-{number}-{key}"
    sample: Callable[[], Sample] = lambda: kept.take(count)  # noqa: E731
    ours, fits = _ours(networks / "ours.npz", model, sample, size, seed, number)
    papers, paper_fit = _papers(networks / "paper.npz", model, sample, size, seed, number)
    return Trained(
        model, ours, papers, fits, paper_fit, count, kept.seconds(), _rows(options, model, "test"), size.test_rows
    )


def _rows(options: Options, model: Model, purpose: str) -> Rows:
    size = sizes(options)
    folder = options.folder / ("quick" if options.quick else "") / f"{model.name}-{purpose}"
    effort, block = (size.test_effort, size.test_block) if purpose == "test" else (size.effort, size.block)
    return Rows(folder, model, purpose, effort, options.seed, block, options.workers)


def _ours(
    file: Path, model: Model, sample: Callable[[], Sample], size: Sizes, seed: int, number: int
) -> tuple[Surrogate, tuple[Fit, ...]]:
    if not file.exists():
        rows = sample()
        made = training.train(
            model,
            rows,
            split(len(rows.parameters), seed),
            size.ours,
            seed,
            members=size.members,
            progress=lambda member: Progress(f"training {number + 1}, network {member + 1} of {size.members}").epochs,
        )
        curves = {f"fit_{at}": np.stack([fit.training_loss, fit.validation_loss]) for at, fit in enumerate(made.fits)}
        seconds = np.array([fit.seconds for fit in made.fits])
        archive.write(file, surrogate=np.frombuffer(made.surrogate.to_bytes(), np.uint8), seconds=seconds, **curves)
    kept = archive.read(file)
    surrogate = Surrogate.from_bytes(kept["surrogate"].tobytes())
    return surrogate, tuple(
        _fit(weights, kept[f"fit_{at}"], kept["seconds"][at]) for at, weights in enumerate(surrogate.members)
    )


def _papers(
    file: Path, model: Model, sample: Callable[[], Sample], size: Sizes, seed: int, number: int
) -> tuple[PaperNetwork, Fit]:
    if not file.exists():
        rows = sample()
        progress = Progress(f"training {number + 1}, the paper's recipe").epochs
        network, fit = paper.train(model, rows, split(len(rows.parameters), seed), seed, size.papers, progress=progress)
        layers: dict[str, Floats] = {}
        for at, (matrix, bias) in enumerate(network.layers):
            layers |= {f"matrix_{at}": np.asarray(matrix), f"bias_{at}": np.asarray(bias)}
        curves = np.stack([fit.training_loss, fit.validation_loss])
        archive.write(
            file, mean=network.mean, deviation=network.deviation, curves=curves, seconds=fit.seconds, **layers
        )
    kept = archive.read(file)
    count = sum(name.startswith("matrix_") for name in kept)
    read = [(jnp.asarray(kept[f"matrix_{at}"]), jnp.asarray(kept[f"bias_{at}"])) for at in range(count)]
    network = PaperNetwork(model, read, kept["mean"], kept["deviation"])
    return network, _fit(read, kept["curves"], kept["seconds"])


def _fit(weights: Weights, curves: Floats, seconds: Floats) -> Fit:
    return Fit(weights, curves[0], curves[1], float(seconds))
