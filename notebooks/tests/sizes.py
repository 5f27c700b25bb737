"""Sizes that the tests share: one of its own costs a test seconds of compilation."""

from implied_volatility.learning.training import NetworkRecipe
from implied_volatility.models import Effort

SMALL = Effort(512, 16)
FINE = Effort(4096, 64)

ROWS = 256
"""To learn from."""
WIDTH, DEPTH = 64, 2
"""Of a network."""
TINY = NetworkRecipe(epochs=2, batch=64, rate=2e-3, width=WIDTH, depth=DEPTH)
