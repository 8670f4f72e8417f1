"""What the UI shows of a Formula 1 asset beside its numbers: tables and pictures to look at."""

from collections.abc import Iterable
from typing import Any

import dagster as dg
import polars as pl

from formguide.findings import as_markdown, as_markdown_image
from formguide.formula1 import figures, ids
from formguide.formula1.arrivals import SPORT
from formguide.formula1.forecast_tables import ForecastScorecard, RaceForecasts, SeasonForecasts, Strengths
from formguide.formula1.tables import RaceCalendar, RaceResults
from formguide.lake import Lake

_FIRST = 10


def strengths(lake: Lake, season: int) -> dict[str, Any]:
    """The fastest cars and drivers after the season's latest race."""
    table = lake.read_table(SPORT, Strengths.name, [str(season)], Strengths)
    if table.is_empty():
        return {}
    now = table.filter(pl.col("session_at") == pl.col("session_at").max())
    best = (
        now.sort("race_pace_pct", descending=True).group_by("entity_kind", maintain_order=True).head(_FIRST)
    )
    names = [
        ids.display_name("driver" if kind == "driver" else "constructor", name)
        for kind, name in best.select("entity_kind", "entity_id").iter_rows()
    ]
    rows = best.select("entity_kind", pl.Series("name", names, pl.String), "race_pace_pct", "race_pace_sd")
    return {"after_race": now["race_id"][0], "strongest": dg.MetadataValue.md(as_markdown(rows))}


def next_race(lake: Lake, seasons: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The forecast of the next race, as a table and as a picture, with the last season that has one."""
    for season in sorted(seasons, reverse=True):
        key = [str(season)]
        forecasts = lake.read_table(SPORT, RaceForecasts.name, key, RaceForecasts)
        calendar = lake.read_table(SPORT, RaceCalendar.name, key, RaceCalendar)
        results = lake.read_table(SPORT, RaceResults.name, key, RaceResults)
        race = figures.next_race(forecasts, calendar, results)
        if race is not None:
            name = calendar.filter(pl.col("race_id") == race)["race_name"][0]
            return {season: _race(figures.latest(forecasts, race), name)}
    return {}


def _race(rows: pl.DataFrame, name: str) -> dict[str, Any]:
    title = figures.race_title(name, rows["moment"][0], rows["as_of"][0])
    picture = as_markdown_image(figures.finishing_positions_png(rows, title), title)
    return {
        "race": title,
        "forecast": dg.MetadataValue.md(as_markdown(figures.forecast_table(rows))),
        "finishing_positions": dg.MetadataValue.md(picture),
    }


def title_odds(lake: Lake, seasons: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The title odds as they stand, drivers and constructors, with the last season that has any."""
    for season in sorted(seasons, reverse=True):
        odds = lake.read_table(SPORT, SeasonForecasts.name, [str(season)], SeasonForecasts)
        if not odds.is_empty():
            return {season: {"title_odds": dg.MetadataValue.md(as_markdown(figures.title_table(odds)))}}
    return {}


def scorecard(lake: Lake) -> dict[str, Any]:
    """The headline scores, all seasons together: ours and every baseline's."""
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    rows = figures.headline_scores(card).drop("is_sample", "seasons", "better")
    return {"scores": dg.MetadataValue.md(as_markdown(rows))} if not rows.is_empty() else {}
