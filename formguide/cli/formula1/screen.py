"""What the commands show of Formula 1: forecasts, title odds and scorecards as tables."""

from __future__ import annotations

import polars as pl
from rich.console import Console

from formguide.cli.screen import table
from formguide.formula1 import figures
from formguide.formula1.arrivals import SPORT
from formguide.formula1.forecast_tables import ForecastScorecard, RaceForecasts, SeasonForecasts
from formguide.formula1.tables import RaceCalendar, RaceResults
from formguide.lake import Lake


def next_race(console: Console, lake: Lake) -> bool:
    """The forecast of the next race that the lake knows of; whether there is one."""
    forecasts = lake.read_table(SPORT, RaceForecasts.name, None, RaceForecasts)
    calendar = lake.read_table(SPORT, RaceCalendar.name, None, RaceCalendar)
    results = lake.read_table(SPORT, RaceResults.name, None, RaceResults)
    race = figures.next_race(forecasts, calendar, results)
    if race is None:
        return False
    rows = figures.latest(forecasts, race)
    name = calendar.filter(pl.col("race_id") == race)["race_name"][0]
    forecast(
        console, figures.race_title(f"{rows['season'][0]} {name}", rows["moment"][0], rows["as_of"][0]), rows
    )
    return True


def forecast(console: Console, title: str, rows: pl.DataFrame) -> None:
    """One race's forecast, favourites first."""
    table(console, title, figures.forecast_table(rows))


def title_odds(console: Console, lake: Lake) -> None:
    """The title odds of the last season that has any."""
    odds = lake.read_table(SPORT, SeasonForecasts.name, None, SeasonForecasts)
    if odds.is_empty():
        return
    season = int(odds["season"].sort()[-1])
    rows = figures.title_table(odds.filter(pl.col("season") == season))
    after = rows["after_round"][0]
    for kind in ("driver", "constructor"):
        shown = rows.filter(pl.col("kind") == kind).drop("kind", "after_round")
        table(
            console,
            f"{season} title odds, {kind}s, after round {after}",
            shown.rename({"name": kind, "expected_points": "at the end"}),
        )


def scorecard(console: Console, lake: Lake) -> None:
    """The headline scores of the lake's scorecard, if there is one."""
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    if not card.is_empty():
        scores(console, figures.headline_scores(card))


def scores(console: Console, card: pl.DataFrame) -> None:
    """Rows of a scorecard, a table per moment, with standard errors and paired differences."""
    columns = [
        "metric",
        "model",
        "n",
        "value",
        "standard_error",
        "difference",
        "difference_se",
        "difference_t",
    ]
    for part in card.partition_by("seasons", "moment", maintain_order=True):
        moment = part["moment"][0].replace("_", " ")
        table(console, f"Scores {moment}, seasons {part['seasons'][0]}", part.select(columns))
    console.print(
        "difference: Formguide minus the model beside it, on the same races; t: over its standard error."
    )
