"""What the commands show of triathlon: seasons, and what was set aside."""

from __future__ import annotations

import polars as pl
from rich.console import Console

from formguide.cli.screen import not_used, rejects, table
from formguide.lake import Lake
from formguide.triathlon.tables import FINISHED, SPORT, RaceRecords, RaceResults

_SEASONS_SHOWN = 8


def seasons(console: Console, lake: Lake) -> None:
    """The latest seasons in numbers: races, starts, finishes, what models may learn from."""
    results = lake.read_table(SPORT, RaceResults.name, None, RaceResults)
    if results.is_empty():
        return
    rows = (
        results.group_by(pl.col("year").alias("season"))
        .agg(
            races=pl.col("race_id").n_unique(),
            undated=pl.col("race_id").filter(pl.col("race_on").is_null()).n_unique(),
            starts=pl.len(),
            finishes=(pl.col("status") == FINISHED).sum(),
            usable=pl.col("usable").sum(),
            implausible=pl.col("implausible").sum(),
            athletes=pl.col("athlete_id").n_unique(),
        )
        .sort("season")
    )
    title = f"Triathlon: {results.height:,} starts of {results['athlete_id'].n_unique():,} athletes"
    if rows.height > _SEASONS_SHOWN:
        title += f", the last {_SEASONS_SHOWN} of {rows.height} seasons"
    table(console, title, rows.tail(_SEASONS_SHOWN))
    console.print(who_is_who(results), soft_wrap=True)


def who_is_who(results: pl.DataFrame) -> str:
    """How athletes were told apart, in a sentence."""
    n = dict(results.group_by(pl.col("identity").cast(pl.String)).len().iter_rows())
    by_name = n.get("name_other_id", 0) + n.get("name_without_id", 0)
    split = sum(n.get(f"split_{why}", 0) for why in ("gender", "age", "day"))
    return (
        f"Who is who: {n.get('contact', 0):,} starts by the source's id, {by_name:,} by name, gender, "
        f"country and age under another id or none; {split:,} ids were somebody else's by then."
    )


def set_aside(console: Console, lake: Lake) -> None:
    """Lines and files that could not be read, if there are any: the first few, and where all of them lie."""
    not_used(console, lake, SPORT, *rejects(lake, SPORT, RaceRecords.name))
