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
_REJECTS_SHOWN = 10
_LATEST_LOOKED_AT = 200
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


def not_used(
    console: Console, lake: Lake, sport: str, said: Sequence[str], remarks: Sequence[str] = ()
) -> None:
    """What could not be used, if anything: the first few, and where all of it lies.

    said: of the files as they are now, each with its reason (quarantine keeps what was ever refused).
    remarks: the same of a part of a file the rest of which is used. What is lost wholly comes first, and of
    many the one that was refused last.
    """
    lines = [*said, *remarks]
    if len(lines) > _REJECTS_SHOWN:
        latest = {reason: n for n, reason in enumerate(lake.latest_reasons(sport, _LATEST_LOOKED_AT))}
        lines = [
            line
            for some in (said, remarks)
            for line in sorted(some, key=lambda line: latest.get(" ".join(line.split()), len(latest)))
        ]
    for line in lines[:_REJECTS_SHOWN]:
        console.print(f"Set aside: {line}", soft_wrap=True, markup=False)
    if lines:
        more, where = len(lines) - _REJECTS_SHOWN, f"{lake.root}/quarantine/{sport}"
        if more > 0:
            console.print(f"… and {more:,} more", markup=False)
        console.print(f"{len(lines):,} set aside, with reasons in {where}\n", soft_wrap=True, markup=False)


def rejects(lake: Lake, sport: str, asset: str) -> tuple[list[str], list[str]]:
    """What was set aside when an asset's partitions were made, as their manifests tell: whole files, and
    records or fields of one."""
    made = lake.manifests(sport, asset).values()
    parts: tuple[list[str], list[str]] = [], []
    for line in (str(line) for manifest in made for line in manifest.extra.get("rejects", [])):
        place = line.partition(": ")[0]
        parts[", record " in place or ", field " in place].append(line)
    return parts


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
