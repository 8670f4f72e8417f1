"""What the UI shows of a track asset beside its numbers: tables to look at."""

from typing import Any

import dagster as dg
import polars as pl

from formguide.findings import as_markdown, as_markdown_image
from formguide.lake import Lake
from formguide.track import figures, issuing
from formguide.track.arrivals import SPORT
from formguide.track.forecast_tables import BacktestForecasts, ForecastScorecard, PeakForecasts
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


def model(lake: Lake, gender: str) -> dict[str, Any]:
    """What each forecaster was worth on the seasons that none had seen: how the default was chosen."""
    return _table("validation", issuing.model_of(lake, gender).validation.sort("mae_pct"))


def forecasts(lake: Lake, gender: str) -> dict[str, Any]:
    """The best of the coming seasons by event, and how much everybody's forecasts differ from the last
    peak."""
    keys = [issuing.partition(gender)]
    rows = lake.read_table(SPORT, PeakForecasts.name, keys, PeakForecasts)
    if rows.is_empty():
        return {}
    title = f"Expected change against the last peak, {gender}"
    picture = as_markdown_image(figures.changes_png(rows, title), title)
    return {
        **_table("best_to_come", figures.best_to_come(rows)),
        "changes": dg.MetadataValue.md(picture),
    }


def scorecard(lake: Lake) -> dict[str, Any]:
    """The headline scores, ours beside every baseline's, and where the peaks fell in their intervals."""
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    if card.is_empty():
        return {}
    walked = lake.read_table(SPORT, BacktestForecasts.name, None, BacktestForecasts)
    title = "Forecast and peak, percent of the last peak"
    picture = as_markdown_image(figures.forecast_and_peak_png(walked, title), title)
    shown = figures.headline_scores(card)
    return {**_table("scores", shown), "forecast_and_peak": dg.MetadataValue.md(picture)}


def _table(name: str, rows: pl.DataFrame) -> dict[str, Any]:
    return {name: dg.MetadataValue.md(as_markdown(rows))} if not rows.is_empty() else {}
