"""A whole surface at one look."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

from implied_volatility.grid import MATURITIES, STRIKES, Floats
from implied_volatility.pictures.style import styled

_X, _Y = np.log(STRIKES), np.sqrt(MATURITIES)
_MONEYNESS = "log-moneyness ln(K/S)"
_MATURITY = "maturity (years)"
_MAP = "Blues"


@styled
def surface(volatility: Floats, title: str = "One surface") -> Figure:
    """One surface `(8, 11)` in perspective and as a map, over log-moneyness and the root of the maturity.

    Between the points of the grid both are linear. A face with an invalid (NaN) corner is left out, and the map marks
    that cell with a cross: nothing is drawn where nothing is known. ValueError if no face is left.
    """
    faces = _faces(100 * volatility)
    if not faces:
        raise ValueError("no four neighbouring cells of the surface are valid: there is nothing to draw")
    figure = Figure(figsize=(10.0, 4.4))
    figure.set_layout_engine("none")
    figure.suptitle(title)
    corners = np.concatenate(faces)[:, 2]
    low, high = float(corners.min()), float(corners.max())
    shades = Normalize(low - 0.25 * (high - low) - 1e-9, high + 1e-9)
    # Constrained layout does not see the labels of Axes3D.
    _relief(figure.add_axes((0.0, 0.05, 0.45, 0.88), projection="3d"), faces, shades)
    _map(figure.add_axes((0.55, 0.14, 0.43, 0.74)), 100 * volatility, shades)
    return figure


def _faces(percent: Floats) -> list[Floats]:
    """The quadrilaterals `(4, 3)` of the grid whose four corners are valid."""
    made = []
    for i in range(len(_Y) - 1):
        for k in range(len(_X) - 1):
            around = [(i, k), (i, k + 1), (i + 1, k + 1), (i + 1, k)]
            corners = np.array([(_X[b], _Y[a], percent[a, b]) for a, b in around])
            if np.isfinite(corners).all():
                made.append(corners)
    return made


def _relief(axes: Axes3D, faces: list[Floats], shades: Normalize) -> None:
    colors = mpl.colormaps[_MAP](shades([float(face[:, 2].mean()) for face in faces]))
    axes.add_collection3d(Poly3DCollection(faces, facecolors=colors, edgecolors="0.25", linewidths=0.4))
    heights = np.concatenate(faces)[:, 2]
    # The short end, where smiles are steep, lies behind and hides nothing.
    axes.set(xlim=(_X[0], _X[-1]), ylim=(_Y[-1], 0.0), zlim=(heights.min(), heights.max()))
    axes.set_xticks([-0.6, -0.4, -0.2, 0.0, 0.2])
    axes.set_yticks(_Y[[0, 1, 3, 5, 7]], [f"{MATURITIES[i]:g}" for i in (0, 1, 3, 5, 7)])
    axes.set(xlabel=_MONEYNESS, ylabel=f"{_MATURITY}, root scale", zlabel="implied volatility (%)")
    axes.tick_params(labelsize=7.5, pad=0)
    axes.view_init(elev=26, azim=-58)


def _map(axes: Axes, percent: Floats, shades: Normalize) -> None:
    axes.contourf(_X, _Y, percent, levels=14, cmap=_MAP, norm=shades)
    lines = axes.contour(_X, _Y, percent, levels=7, colors="black", linewidths=0.7)
    for text in axes.clabel(lines, fmt="%g", fontsize=7.5, inline=False):
        text.set_path_effects([withStroke(linewidth=2.0, foreground="white")])
        x, y = text.get_position()
        # Across the frame it would be cut.
        text.set_visible(_X[0] + 0.05 < x < _X[-1] - 0.05 and _Y[0] + 0.05 < y < _Y[-1] - 0.05)
    known = np.isfinite(percent)
    across, up = np.meshgrid(_X, _Y)
    axes.plot(across[known], up[known], "o", color="black", markersize=1.5, clip_on=False)
    if not known.all():
        axes.plot(
            across[~known], up[~known], "x", color="black", markersize=5, clip_on=False, label="no volatility: invalid"
        )
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1)
    axes.grid(visible=False)
    axes.set_yticks(_Y, [f"{maturity:g}" for maturity in MATURITIES])
    axes.set(xlabel=_MONEYNESS, ylabel=f"{_MATURITY}, root scale")
    axes.set_title("implied volatility (%)", loc="left")
