"""What the commands show: frames as tables, and what could not be used."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from formguide.lake import Lake

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
_REJECTS_SHOWN = 3
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


def not_used(console: Console, lake: Lake, sport: str, said: Sequence[str]) -> None:
    """Records that could not be used, if there are any: the first few, and where all of them lie.

    said: of the files as they are now, each with its reason; quarantine keeps what was ever refused.
    """
    for line in said[:_REJECTS_SHOWN]:
        console.print(f"Set aside: {line}", soft_wrap=True, markup=False)
    if said:
        where = f"{lake.root}/quarantine/{sport}"
        console.print(f"{len(said)} set aside, with reasons in {where}\n", soft_wrap=True, markup=False)


def rejects(lake: Lake, sport: str, asset: str) -> list[str]:
    """What was set aside when an asset's partitions were made, as their manifests tell."""
    made = lake.manifests(sport, asset).values()
    return [str(line) for manifest in made for line in manifest.extra.get("rejects", [])]


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
