"""Simulated rows that are kept in a folder, block by block, so that hours of simulation survive an interruption."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from implied_volatility import __version__, whole_file
from implied_volatility.figures import archive, sources
from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.labelling import label
from implied_volatility.models.base import Effort, Model
from implied_volatility.progress import Progress
from implied_volatility.sampling import stream
from implied_volatility.surfaces import Sample, Surfaces
from implied_volatility.whole_file import HALF

_STALE_SECONDS = 3600.0


class OtherRowsError(ValueError):
    """The folder holds rows of other settings or of another simulator."""


@dataclass(frozen=True)
class Rows:
    """Rows of one model, seed and effort in a folder of their own: a block a file, and a manifest that says what of.

    The rows have streams of random numbers by `purpose` ("training", "test"), as those of the notebooks have; a
    row depends on these and its number alone, so blocks may be made in any order, by several processes at once.
    """

    folder: Path
    model: Model
    purpose: str
    effort: Effort
    seed: int
    block: int = 500
    """Rows per file."""
    workers: int | None = None

    def manifest(self) -> dict[str, object]:
        """What the bytes of the rows depend on."""
        return {
            "model": self.model.name,
            "purpose": self.purpose,
            "seed": self.seed,
            "paths": self.effort.paths,
            "steps": self.effort.steps,
            "block": self.block,
            "maturities": MATURITIES.tolist(),
            "strikes": STRIKES.tolist(),
            "package": __version__,
            "simulator": sources.digest([type(self.model).__module__]),
            "libraries": " ".join(f"{name} {version(name)}" for name in ("jax", "numpy", "scipy")),
        }

    def take(self, rows: int) -> Sample:
        """The first `rows` rows; those that are missing are simulated and kept, with progress in lines of text.

        Raises OtherRowsError if the folder holds others.
        """
        if rows < 1:
            raise ValueError(f"rows must be at least 1, not {rows}")
        self._check()
        parameters = self.model.draw(rows, stream(self.seed, f"{self.purpose} parameters"))
        blocks = [(start, min(start + self.block, rows)) for start in range(0, rows, self.block)]
        missing = [(start, stop) for start, stop in blocks if self._file(start, stop) is None]
        done = rows - sum(stop - start for start, stop in missing)
        progress = Progress(f"{self.model.title}, {self.purpose}", kept=done)
        for start, stop in missing:
            # Another process may have made it meanwhile.
            if self._file(start, stop) is None:
                self._simulate(parameters[start:stop], start, progress.part(done, rows))
            done += stop - start
        parts = [self._read(start, stop) for start, stop in blocks]
        return Sample(parameters, Surfaces(*(np.concatenate(column) for column in zip(*parts, strict=True))))

    def _simulate(self, parameters: Floats, start: int, progress: Callable[[int, int], None]) -> None:
        started = time.perf_counter()
        seed = stream(self.seed, f"{self.purpose} paths")
        made = label(
            self.model, parameters, self.effort, seed, first_row=start, workers=self.workers, progress=progress
        )
        self._open()
        file = self.folder / f"{start:08d}-{start + len(parameters):08d}.npz"
        archive.write(file, volatility=made.volatility, standard_error=made.standard_error, valid=made.valid)
        with (self.folder / "seconds.txt").open("a", encoding="utf-8") as log:
            log.write(f"{file.stem} {time.perf_counter() - started:.2f}\n")

    def seconds(self) -> float:
        """Wall time of the simulation of all blocks, as it was when they were made."""
        log = self.folder / "seconds.txt"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return sum(float(line.split()[1]) for line in lines)

    def _open(self) -> None:
        """Writes the manifest with the first block, once there is something that it is true of."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob(f"*{HALF}"):
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                left.unlink(missing_ok=True)
        file = self.folder / "manifest.json"
        if not file.exists():
            whole_file.write(file, f"{json.dumps(self.manifest(), indent=1)}\n".encode())
        self._check()

    def _check(self) -> None:
        file = self.folder / "manifest.json"
        if not file.exists():
            return
        kept, wanted = json.loads(file.read_text(encoding="utf-8")), self.manifest()
        other = [name for name in wanted if kept.get(name) != wanted[name]]
        if other:
            differences = ", ".join(f"{name} {kept.get(name)} there, {wanted[name]} wanted" for name in other)
            raise OtherRowsError(
                f"{self.folder} holds rows of something else ({differences}). Name another folder, or remove this one."
            )

    def _file(self, start: int, stop: int) -> Path | None:
        """The file that holds these rows; it may hold more."""
        for file in self.folder.glob(f"{start:08d}-*.npz"):
            if int(file.stem.split("-")[1]) >= stop:
                return file
        return None

    def _read(self, start: int, stop: int) -> Surfaces:
        file = self._file(start, stop)
        if file is None:
            raise FileNotFoundError(f"{self.folder}: rows {start} to {stop} have vanished while others were simulated")
        return Surfaces(**archive.read(file)).rows(slice(0, stop - start))
