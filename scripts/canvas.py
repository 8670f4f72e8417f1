"""What the pictures share: colours, fonts, and an empty sheet."""

from __future__ import annotations

from typing import Any, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, GREY, PALE, DEEP, LIGHT, WARM = "#1f2933", "#66727f", "#e6eaee", "#1f5a8c", "#9cc3e0", "#c9701c"
STYLE: Any = {
    "font.family": "DejaVu Sans", "font.size": 11, "text.color": INK, "axes.edgecolor": GREY,
    "axes.labelcolor": INK, "xtick.color": GREY, "ytick.color": GREY, "axes.spines.top": False,
    "axes.spines.right": False, "axes.titlesize": 12, "axes.titlelocation": "left",
}  # fmt: skip


def figure(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """An empty picture, inches."""
    made = Figure(figsize=(width, height), dpi=160, facecolor="white", layout=layout)
    FigureCanvasAgg(made)
    return made
