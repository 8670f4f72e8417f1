"""What every picture begins and ends with: an empty figure, and PNG bytes, the same for the same rows.

Figures are drawn without pyplot, which would keep each of them alive and look for a screen.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure(width: float, height: float, dpi: float = 100) -> Figure:
    """An empty figure, inches, that lays its axes out so that nothing overlaps."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=dpi, layout="constrained")
    FigureCanvasAgg(made)
    return made


def png(drawn: Figure, dpi: float | Literal["figure"] = "figure") -> bytes:
    """The picture; the writer's own version is left out, so that it does not make other bytes."""
    out = io.BytesIO()
    drawn.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()
