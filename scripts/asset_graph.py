"""The pictures of the asset graph, one per sport, drawn from the project's definitions."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import dagster as dg
import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.path import Path as Curve

from scripts.canvas import DEEP, GREY, PALE, WARM, figure

KINDS = {
    "polars": DEEP, "numpy": "#2f8f6b", "numba": WARM, "lightgbm": "#8a5aa8",
    "duckdb": "#b8930b", "torch": "#c2410c", "arviz": "#0f766e",
}  # fmt: skip


@dataclass
class Box:
    """What is made together: one asset, or the tables of one step. x, y: its middle, inches."""

    name: str
    assets: list[str]
    kind: str
    group: str
    set_off: str
    depth: int = 0
    x: float = 0.0
    y: float = 0.0

    @property
    def lines(self) -> list[str]:
        """Its name, broken to fit."""
        return textwrap.wrap(self.name.replace("_", " "), 16)

    @property
    def height(self) -> float:
        """Inches."""
        return 0.42 + 0.2 * len(self.lines) + (0.215 * len(self.assets) if len(self.assets) > 1 else 0)


WIDTH, COLUMN, GAP = 1.52, 1.94, 0.24
ARROW: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 11, "color": GREY, "lw": 1.2}
BORDERS = {"sensor": ("solid", "when files arrive"), "follows": ((0, (4, 2)), "when those change"),
           "asked": ((0, (1, 2)), "on demand")}  # fmt: skip


def boxes_of(defs: dg.Definitions, sport: str) -> tuple[dict[str, Box], set[tuple[str, str]]]:
    """The boxes of a sport and the warehouse by name and the arrows between them, arrows that follow from
    others left out."""
    graph = defs.resolve_asset_graph()
    by_sensor = {
        key
        for sensor in defs.sensors or ()
        if isinstance(sensor, dg.SensorDefinition) and sensor.has_jobs
        for job in sensor.jobs
        if isinstance(selection := getattr(job, "selection", None), dg.AssetSelection)
        for key in selection.resolve(graph)
    }
    box_of: dict[dg.AssetKey, str] = {}
    found: dict[str, Box] = {}
    for key in graph.toposorted_asset_keys:
        if key.path[0] not in (sport, "warehouse"):
            continue
        node = graph.get(key)
        name = node.assets_def.op.name if len(node.execution_set_asset_keys) > 1 else key.path[-1]
        set_off = "follows" if node.automation_condition else "sensor" if key in by_sensor else "asked"
        box = found.setdefault(name, Box(name, [], min(node.kinds), node.group_name, set_off))
        box.assets.append(key.path[-1])
        box_of[key] = name
    arrows = {(box_of[p], box_of[k]) for k in box_of for p in graph.get(k).parent_keys if p in box_of}
    parents = {name: {a for a, b in arrows if b == name and a != name} for name in found}

    @cache
    def above(name: str) -> frozenset[str]:
        return frozenset(parents[name]).union(*(above(p) for p in parents[name]))

    for name, box in found.items():
        box.depth = max((found[p].depth + 1 for p in parents[name]), default=0)
    kept = {(a, b) for a, b in arrows if a == b or not any(a in above(p) for p in parents[b] - {a})}
    return found, kept


def layout(boxes: dict[str, Box], arrows: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[float]]:
    """Places the boxes in columns; the heights at which each long arrow passes the columns between.

    An arrow over several columns keeps a place free in each of them, below the boxes.
    """
    columns: dict[int, list[Box | tuple[str, str]]] = {}
    far = {a: max(boxes[d].depth - boxes[c].depth for c, d in arrows if c == a) for a, _ in arrows}
    for box in sorted(boxes.values(), key=lambda b: (far.get(b.name, 0), -len(b.assets))):
        columns.setdefault(box.depth, []).append(box)
    for a, b in sorted(arrows, key=lambda arrow: [box.name for box in boxes.values()].index(arrow[0])):
        for depth in range(boxes[a].depth + 1, boxes[b].depth):
            columns[depth].append((a, b))
    passes: dict[tuple[str, str], list[float]] = {}
    for depth, members in columns.items():
        sizes = [m.height if isinstance(m, Box) else 0.3 for m in members]
        y = (sum(sizes) + GAP * (len(sizes) - 1)) / 2
        for member, size in zip(members, sizes, strict=True):
            if isinstance(member, Box):
                member.x, member.y = depth * COLUMN, y - size / 2
            else:
                passes.setdefault(member, []).append(y - size / 2)
            y -= size + GAP
    return passes


def draw_box(axes: Axes, box: Box) -> None:
    color, height = KINDS.get(box.kind, GREY), box.height
    left, top = box.x - WIDTH / 2, box.y + height / 2
    shape = FancyBboxPatch(
        (left, box.y - height / 2), WIDTH, height, boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=mpl.colors.to_rgba(color, 0.12), edgecolor=color, linewidth=1.6,
        linestyle=BORDERS[box.set_off][0],
    )  # fmt: skip
    axes.add_patch(shape)
    for i, line in enumerate(box.lines):
        axes.text(box.x, top - 0.2 - 0.2 * i, line, ha="center", va="center", fontsize=11, weight="bold")
    under = top - 0.2 - 0.2 * len(box.lines)
    axes.text(box.x, under, box.kind, ha="center", va="center", fontsize=9.5, color=color)
    for i, asset in enumerate(sorted(box.assets) if len(box.assets) > 1 else []):
        axes.text(
            box.x, under - 0.25 - 0.215 * i, asset.replace("_", " "), ha="center", va="center", fontsize=9.5
        )


def draw_groups(axes: Axes, boxes: Iterable[Box], high: float) -> None:
    """A panel behind the boxes of each group, with its name."""
    groups: dict[str, list[Box]] = {}
    for box in boxes:
        groups.setdefault(box.group, []).append(box)
    for name, members in groups.items():
        left = min(b.x for b in members) - WIDTH / 2 - 0.12
        width = max(b.x for b in members) + WIDTH / 2 + 0.12 - left
        axes.add_patch(
            FancyBboxPatch(
                (left, -high), width, 2 * high, boxstyle="round,pad=0,rounding_size=0.12",
                facecolor="#f6f8fa", edgecolor=PALE, linewidth=1,
            )
        )  # fmt: skip
        axes.text(left + 0.14, high - 0.13, name, va="top", fontsize=11, color=GREY)


def draw_arrow(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    """A smooth line through the points, level at each."""
    vertices, codes = [points[0]], [Curve.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (x0 + x1) / 2
        vertices += [(middle, y0), (middle, y1), (x1, y1)]
        codes += [Curve.CURVE4] * 3
    axes.add_patch(FancyArrowPatch(path=Curve(vertices, codes), **ARROW))


def draw_loop(axes: Axes, box: Box) -> None:
    """What an asset takes from its own earlier season."""
    foot = box.y - box.height / 2
    ends = ((box.x + 0.3, foot), (box.x - 0.3, foot))
    axes.add_patch(FancyArrowPatch(*ends, connectionstyle="arc3,rad=-0.9", **ARROW))
    axes.text(box.x, foot - 0.32, "the season before", ha="center", va="top", fontsize=9.5, color=GREY)


def asset_graph(defs: dg.Definitions, sport: str) -> Figure:
    """The assets of a sport as the definitions have them, left to right."""
    boxes, arrows = boxes_of(defs, sport)
    passes = layout(boxes, arrows)
    high = max(abs(b.y) + b.height / 2 for b in boxes.values()) + 0.5
    wide = max(b.x for b in boxes.values()) + WIDTH / 2 + 0.2
    made = figure(wide + WIDTH / 2 + 0.2, 2 * high, None)
    axes = made.add_axes((0, 0, 1, 1))
    draw_groups(axes, boxes.values(), high - 0.12)
    for a, b in sorted(arrows):
        if a == b:
            draw_loop(axes, boxes[a])
            continue
        way = [(boxes[a].x + WIDTH / 2, boxes[a].y)]
        for depth, y in zip(range(boxes[a].depth + 1, boxes[b].depth), passes.get((a, b), []), strict=True):
            way += [(depth * COLUMN - WIDTH / 2, y), (depth * COLUMN + WIDTH / 2, y)]
        draw_arrow(axes, [*way, (boxes[b].x - WIDTH / 2, boxes[b].y)])
    for box in boxes.values():
        draw_box(axes, box)
    shown = [
        Patch(facecolor="white", edgecolor=GREY, lw=1.4, ls=style, label=label)
        for style, label in BORDERS.values()
    ]
    axes.legend(
        handles=shown, loc="lower left", bbox_to_anchor=(0.02, 0.06), frameon=False, fontsize=10,
        borderaxespad=0.0,
    )  # fmt: skip
    axes.set(xlim=(-WIDTH / 2 - 0.2, wide), ylim=(-high, high))
    axes.set_aspect("equal")
    axes.axis("off")
    return made
