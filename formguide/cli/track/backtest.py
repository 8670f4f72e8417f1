"""`formguide backtest track`: how good the forecasts were, with the baselines beside them."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from formguide.cli.base import CommandError, LakeOption, SeasonsOption, err, open_lake, out, parse_seasons
from formguide.cli.platform import platform
from formguide.cli.track import screen
from formguide.cli.track.house import settings_of
from formguide.lake import Lake
from formguide.show import format_rows
from formguide.track import figures, issuing, scorecard
from formguide.track.arrivals import SPORT, holds_sample
from formguide.track.backtest import walk
from formguide.track.forecast_tables import BacktestForecasts, ForecastScorecard
from formguide.track.peaks import SeasonPeaks


def backtest(
    seasons: SeasonsOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per row of the scorecard.")
    ] = False,
    taught_by: Annotated[
        Path | None,
        typer.Option(
            "--taught-by",
            metavar="LAKE",
            help="Fit the models to another lake's careers: what they are worth for athletes never met.",
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Every event group and every metric.")] = False,
    lake: LakeOption = None,
) -> None:
    """Forecast the last seasons' peaks by models that had not seen them, and score them beside the baselines.

    Elite careers and college careers end at different times: of each, the last two years are forecast, by
    models fitted on everything before. Differences are to the linear model, paired: the same athletes' same
    seasons, clustered by athlete. --seasons scores these of them only.
    """
    place = open_lake(lake)
    wanted = parse_seasons(seasons)
    if not place.partitions(SPORT, SeasonPeaks.name):
        raise CommandError("the lake holds no marks: formguide run track --sample, or --from PATH")
    walked = _of_others(place, taught_by, wanted) if taught_by is not None else _walked(place, lake)
    if walked.is_empty():
        raise CommandError("nothing to score: there is too little history before the last two years")
    if wanted is None and taught_by is None:
        card = place.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    else:
        chosen = walked if wanted is None else walked.filter(pl.col("season").is_in(sorted(wanted)))
        if chosen.is_empty():
            held = sorted(set(walked["season"]))
            raise CommandError(f"--seasons: forecast were {held[0]} to {held[-1]} only")
        card = scorecard.scorecard(chosen, holds_sample(place))
    if as_json:
        sys.stdout.write(format_rows(as_rows(card), "json"))
    else:
        screen.scores(out(), figures.ordered_scores(card), full)


def _walked(place: Lake, lake: Path | None) -> pl.DataFrame:
    """The lake's own backtest, made if it is not there."""
    with platform(place, lake, {}, err()) as assets:
        settings = settings_of(place, "track__backtest_forecasts")
        assets.materialise(import_module("assets.track_models").BACKTEST, config=settings)
        assets.summaries(place, [SPORT])
    return place.read_table(SPORT, BacktestForecasts.name, None, BacktestForecasts)


def _of_others(place: Lake, taught_by: Path, wanted: set[int] | None) -> pl.DataFrame:
    """Forecasts of the lake's athletes by models that learnt from another lake's; nothing of it is kept."""
    teachers = issuing.performances(Lake(taught_by.expanduser()))
    if teachers.is_empty():
        raise CommandError(f"--taught-by {taught_by}: there are no performances in that lake")
    with err().status("[dim]fitting the models …[/dim]"):
        return walk(
            issuing.performances(place),
            first_season=min(wanted) if wanted else None,
            progress=lambda said: err().print(f"  {said}"),
            taught_by=teachers,
        )


def as_rows(card: pl.DataFrame) -> pl.DataFrame:
    """One row per score, named as in every sport; the task is whose careers and which events."""
    first, last = pl.col("first_season"), pl.col("last_season")
    span = pl.when(first == last).then(first.cast(pl.String)).otherwise(pl.format("{}-{}", first, last))
    return card.select(
        sport=pl.lit(SPORT),
        task=pl.format("{}, {}", "population", "event_group"),
        population="population",
        event_group="event_group",
        model=pl.coalesce(
            pl.when(pl.col("forecaster") == scorecard.DEFAULT).then(pl.lit("formguide")), "forecaster"
        ),
        ships=pl.col("model"),
        season=span,
        n="n",
        athletes="athletes",
        counts="counts",
        metric="metric",
        value="value",
        standard_error="standard_error",
        difference="difference",
        difference_se="difference_se",
        difference_t="difference_t",
        is_sample="is_sample",
    )
