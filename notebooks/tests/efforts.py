"""Efforts that the tests share: one of its own costs a test seconds of compilation."""

from implied_volatility.models import Effort

SMALL = Effort(512, 16)
FINE = Effort(4096, 64)
