"""What takes long and is also proven in small runs only when all is tried."""

import os

import pytest

full_sweep = pytest.mark.skipif(os.environ.get("SWEEP") != "full", reason="takes long: SWEEP=full runs it")
