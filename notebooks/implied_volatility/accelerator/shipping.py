"""How the workers of a cluster come by this package: a notebook's folder is on the driver alone."""

from __future__ import annotations

import os
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast
from zipfile import ZipFile, ZipInfo

import implied_volatility

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession


class Accumulator(Protocol):
    """A sum that workers add to and the driver reads."""

    value: int

    def add(self, term: int) -> None: ...


def archive() -> bytes:
    """The package's modules as a zip file that Python imports from; the same modules give the same bytes."""
    folder = Path(implied_volatility.__file__).parent
    held = BytesIO()
    with ZipFile(held, "w") as zipped:
        for file in sorted(folder.rglob("*.py")):
            zipped.writestr(ZipInfo(file.relative_to(folder.parent).as_posix()), file.read_bytes())
    return held.getvalue()


def ship_package(spark: SparkSession) -> None:
    """Gives the package to the Python workers of this session; RuntimeError where the cluster does not let it.

    Through the Spark context on clusters of one user, as RUNME makes them, and as an artifact of the session on
    shared and serverless compute, whose sessions have no context.
    """
    context = _context(spark)
    if context is None and not hasattr(spark, "addArtifacts"):
        raise RuntimeError(
            "This cluster lets no notebook give Python code to its workers: use one with the access mode"
            " 'single user' (dedicated), as RUNME does, or with runtime 14.3 LTS or later."
        )
    # A new name each time: a context takes no second file of a name. It stays for workers that join later.
    handle, file = tempfile.mkstemp(prefix="implied_volatility_", suffix=".zip")
    with os.fdopen(handle, "wb") as made:
        made.write(archive())
    if context is not None:
        context.addPyFile(file)
    else:
        spark.addArtifacts(file, pyfile=True)


def counter(spark: SparkSession) -> Accumulator | None:
    """An accumulator from 0; None where sessions have no context."""
    context = _context(spark)
    return None if context is None else cast(Accumulator, context.accumulator(0))


def _context(spark: SparkSession) -> SparkContext | None:
    try:
        return spark.sparkContext
    except Exception:  # Each kind of session that has none has another word for that.
        return None
