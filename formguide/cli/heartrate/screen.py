"""What the commands show of heart rate: months, what the rules found, and what was set aside."""

from __future__ import annotations

import polars as pl
from rich.console import Console
from rich.filesize import decimal

from formguide.cli.screen import not_used, table
from formguide.heartrate import incremental, unpacking
from formguide.heartrate.cleaning import by_rule
from formguide.heartrate.folders import index_folder
from formguide.heartrate.quality_report import shifted_or_late
from formguide.heartrate.tables import SPORT, Corrections, QualityFindings, Workouts
from formguide.lake import Lake

_MONTHS_SHOWN, _SHIFTED_SHOWN = 12, 5


def months(console: Console, lake: Lake) -> None:
    """The latest months in numbers: workouts, whose, how long, what models may learn from."""
    workouts = lake.read_table(SPORT, Workouts.name, None, Workouts)
    if workouts.is_empty():
        return
    rows = (
        workouts.group_by("month")
        .agg(
            workouts=pl.len(),
            users=pl.col("user_id").n_unique(),
            runs=(pl.col("activity") == "run").sum(),
            hours=pl.col("duration_sec").sum() / 3600,
            km=pl.col("distance_m").sum() / 1000,
            heart_rate=pl.col("has_heart_rate").sum(),
            usable=pl.col("usable").sum(),
            quality=pl.col("quality").mean(),
        )
        .sort("month")
        .with_columns(pl.col("month").cast(pl.String), pl.col("hours", "km").round(1))
    )
    title = f"Heart rate: {workouts.height:,} workouts of {workouts['user_id'].n_unique():,} users"
    if rows.height > _MONTHS_SHOWN:
        title += f", the last {_MONTHS_SHOWN} of {rows.height} months"
    table(console, title, rows.tail(_MONTHS_SHOWN))


def findings(console: Console, lake: Lake) -> None:
    """How often each rule of cleaning objected, and an example of it."""
    found = lake.read_table(SPORT, QualityFindings.name, None, QualityFindings)
    if found.is_empty():
        return
    table(console, "What the rules of cleaning found", by_rule(found))


def shifted(console: Console, lake: Lake) -> None:
    """Whose heart rate does not fit its speed and grade, and what was corrected in a column of its own."""
    told = lake.read_table(SPORT, Corrections.name, None, Corrections)
    found = shifted_or_late(told)
    if found.is_empty():
        return
    title = f"Shifted or late, by what speed and grade explain: {found.height:,} of {told.height:,} workouts"
    if found.height > _SHIFTED_SHOWN:
        title += f", the latest {_SHIFTED_SHOWN}"
    table(console, title, found.head(_SHIFTED_SHOWN).with_columns(pl.col(pl.Float64).round(1)))


def unpacked(console: Console) -> None:
    """Which large files were unpacked, where to and how large: it is their owner's disk."""
    for copy in unpacking.copies(index_folder()):
        console.print(
            f"{copy.source.name} is unpacked in {copy.path} ({decimal(copy.size)}), and is again if you "
            "delete that",
            soft_wrap=True,
        )


def set_aside(console: Console, lake: Lake) -> None:
    """What of the files could not be used, if anything: the first few, and where all of it lies."""
    not_used(console, lake, SPORT, *incremental.not_used(lake))
