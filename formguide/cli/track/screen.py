"""What the commands show of track and field."""

from __future__ import annotations

import polars as pl
from rich.console import Console

from formguide.cli.screen import not_used, rejects, table
from formguide.lake import Lake
from formguide.track import figures, issuing
from formguide.track import scorecard as scorecards
from formguide.track.arrivals import SPORT
from formguide.track.forecast_tables import ForecastScorecard
from formguide.track.tables import Performances

HEADLINE_EVENTS = ("100 Meters", "60 Meters", "1500 Meters", "Mile", "Long Jump", "Shot Put")
"""The events of which a run shows the best at its end."""

POPULATION = {"openath": "Elite careers (Open Athletics)", "tfrrs": "College careers (TFRRS)"}
_DIFFERENCE = ["difference", "difference_se", "difference_t"]


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


def to_come(console: Console, lake: Lake) -> bool:
    """The best of the coming seasons by event; whether anything is forecast."""
    rows = issuing.forecasts(lake)
    if rows.is_empty():
        return False
    best = figures.best_to_come(rows.filter(pl.col("event").is_in(HEADLINE_EVENTS)))
    days = " and ".join(str(day) for day in rows["as_of"].unique().sort())
    table(console, f"The best to come, as of {days}", best)
    console.print(
        f"{rows.height} forecasts of {rows['athlete_id'].n_unique()} athletes by the "
        f"{', '.join(rows['model'].unique().sort())} model. One peak in ten will be worse than the 10 % "
        "mark, one in ten better than the 90 % mark.\n",
        soft_wrap=True,
    )
    return True


def scorecard(console: Console, lake: Lake) -> None:
    """The headline scores of the lake's scorecard, if there is one."""
    card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    if not card.is_empty():
        scores(console, figures.ordered_scores(card), full=False)


def scores(console: Console, card: pl.DataFrame, full: bool) -> None:
    """Rows of a scorecard, a table per population: over all events, and our error against the linear model's
    group by group; or, if asked for in full, every row."""
    columns = ["metric", "forecaster", "n", "value", "standard_error", *_DIFFERENCE]
    for part in card.partition_by("population", maintain_order=True):
        seasons = sorted({*part["first_season"], *part["last_season"]})
        whose = POPULATION.get(part["population"][0], "All careers")
        title = f"{whose}, seasons {seasons[0]} to {seasons[-1]}"
        groups = part.partition_by("event_group", maintain_order=True) if full else []
        for group in groups:
            table(console, f"{title}, {group['event_group'][0]}", group.select(columns))
        if full:
            continue
        overall = part.filter(
            (pl.col("event_group") == "all") & pl.col("metric").is_in(figures.HEADLINE_METRICS)
        )
        table(console, title, overall.select(columns))
        table(console, f"{title}, by event group", by_group(part))
    shipped = ", ".join(card["model"].drop_nulls().unique().sort())
    console.print(
        f"default: the forecaster that ships, chosen on validation seasons ({shipped}). mae_pct: mean "
        "absolute error in percent of the peak; last, best: last season's peak under the label, the best so "
        "far. difference: to the linear model, on the same seasons; t: over its standard error, clustered by "
        f"athlete. A group counts from {scorecards.LEAST_OF_A_GROUP} seasons on.",
        soft_wrap=True,
    )


def by_group(card: pl.DataFrame) -> pl.DataFrame:
    """A population's event groups, one a row: each forecaster's error, ours against the linear model's."""
    errors = card.filter((pl.col("metric") == "mae_pct") & (pl.col("event_group") != "all"))
    wide = errors.pivot("forecaster", index="event_group", values="value")
    ours = errors.filter(pl.col("forecaster") == scorecards.DEFAULT)
    covered = card.filter(pl.col("metric") == "coverage_80").select("event_group", covers="value")
    return (
        ours.select("event_group", "n", "counts", *_DIFFERENCE)
        .join(wide, on="event_group", how="left", maintain_order="left")
        .join(covered, on="event_group", how="left", maintain_order="left")
        .select(
            pl.col("event_group").alias("mae_pct of"),
            "n",
            counts=pl.when("counts").then(pl.lit("yes")).otherwise(pl.lit("no")),
            **{name: pl.col(name) for name in ("default", "last", "best", "linear")},
            **{name: pl.col(name) for name in _DIFFERENCE},
            covers="covers",
        )
    )


def set_aside(console: Console, lake: Lake) -> None:
    """Records that could not be used, if there are any: the first few, and where all of them lie."""
    not_used(console, lake, SPORT, *rejects(lake, SPORT, Performances.name))
