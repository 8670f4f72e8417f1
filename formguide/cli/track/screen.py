"""What the commands show of track and field."""

from __future__ import annotations

import polars as pl
from rich.console import Console

from formguide.cli.screen import table
from formguide.lake import Lake
from formguide.track.arrivals import SPORT
from formguide.track.tables import Performances

_REJECTS_SHOWN = 3


def what_was_read(console: Console, lake: Lake) -> None:
    """How many marks of how many athletes, by source."""
    rows = lake.read_table(SPORT, Performances.name, None, Performances)
    if rows.is_empty():
        return
    by_source = rows.group_by("source").agg(
        athletes=pl.col("athlete_id").n_unique(),
        marks=pl.len(),
        whole_careers=pl.col("complete").mean(),
        first=pl.col("date").min(),
        last=pl.col("date").max(),
    )
    shown = by_source.sort("source").with_columns(
        whole_careers=pl.when(pl.col("whole_careers") == 1)
        .then(pl.lit("yes"))
        .when(pl.col("whole_careers") == 0)
        .then(pl.lit("no"))
        .otherwise(pl.lit("some"))
    )
    table(console, "Marks by source", shown)


def set_aside(console: Console, lake: Lake) -> None:
    """Records that could not be used, if there are any: the first few, and where all of them lie."""
    said = [
        str(line)
        for manifest in lake.manifests(SPORT, Performances.name).values()
        for line in manifest.extra.get("rejects", [])
    ]
    for line in said[:_REJECTS_SHOWN]:
        console.print(f"Set aside: {line}", soft_wrap=True)
    if said:
        console.print(
            f"{len(said)} set aside, with reasons in {lake.root}/quarantine/{SPORT}\n", soft_wrap=True
        )
