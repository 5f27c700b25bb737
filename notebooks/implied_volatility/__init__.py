"""Implied-volatility surfaces of the rough Bergomi model: simulated, and learnt by a network."""

__version__ = "0.1.0"
