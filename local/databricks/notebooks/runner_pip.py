"""%pip: a no-op without network for what is installed already; everything else goes to a folder of this run."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

QUIET = {
    "-q",
    "-qq",
    "-qqq",
    "--quiet",
    "-U",
    "--upgrade",
    "--no-deps",
    "--disable-pip-version-check",
    "--require-hashes",
}


class PipError(RuntimeError):
    """%pip failed; says why in pip's own words."""


def pip(arguments: list[str], target: Path) -> None:
    """Runs `pip <arguments>`; what cannot be installed leaves nothing behind."""
    if arguments[:1] != ["install"]:
        if arguments[:1] not in (["list"], ["freeze"], ["show"], ["check"]):
            raise NotImplementedError(f"%pip {' '.join(arguments)} is not available in the local notebook runner")
        _run(arguments, arguments)
        return
    wanted = _requirements(arguments[1:])
    if wanted is not None and all(map(_satisfied, wanted)):
        print(f"Requirements already satisfied: {', '.join(map(str, wanted))}")
        return
    # pip itself fills a folder of its own first, and moves what is in it only when all of it is there.
    _run(["install", "--target", str(target), "--upgrade", *arguments[1:]], arguments)
    if str(target) not in sys.path:
        sys.path.insert(0, str(target))
    importlib.invalidate_caches()


def _run(command: list[str], asked: list[str]) -> None:
    errors: list[str] = []
    full = [sys.executable, "-m", "pip", *command]
    with subprocess.Popen(
        full, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            errors.extend([line.strip()] if line.startswith("ERROR:") else [])
    if process.returncode != 0:
        reason = " ".join(errors[-5:]) or f"exit code {process.returncode}"
        raise PipError(f"%pip {' '.join(asked)}: {reason}")


def _requirements(words: list[str]) -> list[Requirement] | None:
    """The requirements named, also in files; None when there is something that only pip understands."""
    found: list[Requirement] = []
    rest = iter(words)
    for word in rest:
        if word in QUIET:
            continue
        if word in {"-r", "--requirement"}:
            inner = _requirements(_file_words(Path(next(rest, ""))))
            if inner is None:
                return None
            found.extend(inner)
            continue
        requirement = _requirement(word)
        if requirement is None:
            return None
        if requirement.url:
            return None
        found.append(requirement)
    return found


def _requirement(text: str) -> Requirement | None:
    # Loaded only when it is needed: it takes as long as all the rest of the runner.
    try:
        from packaging import requirements
    except ImportError:
        from pip._vendor.packaging import requirements  # type: ignore[no-redef]
    try:
        return requirements.Requirement(text)
    except requirements.InvalidRequirement:
        return None


def _file_words(file: Path) -> list[str]:
    words: list[str] = []
    for line in file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        plain = line.split(" #")[0].split(" --hash")[0].strip()
        if plain and not plain.startswith("#"):
            words.extend(plain.split(maxsplit=1) if plain.startswith("-") else [plain])
    return words


def _satisfied(requirement: Requirement, extra: str = "") -> bool:
    if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
        return True
    import importlib.metadata

    try:
        there = importlib.metadata.distribution(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    if not requirement.specifier.contains(there.version, prereleases=True):
        return False
    needs = [need for text in there.requires or [] if (need := _requirement(text)) is not None]
    optional = [
        (need, name) for name in requirement.extras for need in needs if need.marker and "extra" in str(need.marker)
    ]
    return all(_satisfied(need, name) for need, name in optional)
