"""What the commands show: frames as tables."""

from __future__ import annotations

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_TITLES = {
    "expected_position": "place",
    "expected_pa": "PA",
    "p_hit_pa": "hit / PA",
    "p_game_hit": "hit",
    "expected_points": "pts",
    "standard_error": "± se",
    "difference_se": "± se",
    "difference_t": "t",
}
_PERCENT = {"win", "podium", "points", "retire", "p_title", "p_top3", "p_hit_pa", "p_game_hit"}


def table(console: Console, title: str, frame: pl.DataFrame) -> None:
    """A frame as a table: chances in percent, other numbers to the digits that say something."""
    shown = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, dtype in frame.schema.items():
        title = _TITLES.get(name, name.removeprefix("p_").replace("_", " "))
        number = dtype.is_numeric()
        shown.add_column(title, justify="right" if number else "left", no_wrap=True, overflow="ellipsis")
    for row in frame.iter_rows(named=True):
        shown.add_row(*(_cell(name, value) for name, value in row.items()))
    console.print(shown)


def _cell(name: str, value: object) -> str:
    match value:
        case None:
            return ""
        case float() if name in _PERCENT:
            return f"{100 * value:.1f} %"
        case float():
            return f"{value:.0f}" if value == round(value) and abs(value) >= 1 else f"{value:.3g}"
        case _:
            return str(value)
