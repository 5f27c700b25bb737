"""The package from another place than its sources."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME = "implied_volatility"


@contextmanager
def without_package(*folders: Path) -> Iterator[None]:
    """As if the package had not been loaded, and were only in these folders or where the path is led to meanwhile."""
    path, loaded = sys.path[:], _forget()
    sys.path[:] = [*map(str, folders), *(entry for entry in path if not (Path(entry) / _NAME).is_dir())]
    try:
        yield
    finally:
        _forget()
        sys.path[:] = path
        sys.modules.update(loaded)


def _forget() -> dict[str, object]:
    return {name: sys.modules.pop(name) for name in [*sys.modules] if name.partition(".")[0] == _NAME}
