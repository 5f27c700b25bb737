"""The figures that the project states, each made anew by one command: `python -m implied_volatility.figures <name>`.

A figure is a module here with `measure(options) -> Figure`, and a line in `FIGURES`.
"""

from __future__ import annotations

FIGURES = {
    "simulator": "noise of the simulated volatilities over the box, and their bias against finer time steps",
    "speed": "surfaces per second, beside a plain hybrid-scheme simulator of equal error",
    "network": "errors of the network on rough Bergomi, beside the paper's recipe and the noise of the test",
    "heston": "the same on Heston, whose labels are exact: what is left is the error of learning",
    "small": "the small profile: simulation and training in about a minute, and its errors",
    "latency": "time of one surface and of 10,000 from the network, and of one from the simulator",
    "calibration": "parameters found again from unseen surfaces, their errors, time, and the loop closed on the model",
    "arbitrage": "butterfly and calendar arbitrage in 1,000 surfaces from the network",
}
"""What each figure shows, by the name of its module."""
