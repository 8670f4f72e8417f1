"""What the UI shows of a track asset beside its numbers: tables to look at."""

from typing import Any

import dagster as dg
import polars as pl

from formguide.findings import as_markdown
from formguide.lake import Lake
from formguide.track.arrivals import SPORT
from formguide.track.tables import Performances


def season(lake: Lake, season: int) -> dict[str, Any]:
    """How many marks of how many athletes, by source and label, and of which days."""
    rows = lake.read_table(SPORT, Performances.name, [str(season)], Performances)
    by_source = rows.group_by("source", "label", "gender").agg(
        marks=pl.len(),
        athletes=pl.col("athlete_id").n_unique(),
        events=pl.col("event").n_unique(),
        first=pl.col("date").min(),
        last=pl.col("date").max(),
    )
    return _table("marks", by_source.sort("source", "label", "gender"))


def _table(name: str, rows: pl.DataFrame) -> dict[str, Any]:
    return {name: dg.MetadataValue.md(as_markdown(rows))} if not rows.is_empty() else {}
