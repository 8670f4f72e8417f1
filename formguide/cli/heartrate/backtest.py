"""`formguide backtest heartrate`: how good the forecasts were, with the baselines beside them."""

from __future__ import annotations

import sys
from enum import StrEnum
from importlib import import_module
from typing import Annotated

import polars as pl
import typer

from formguide.cli.base import CommandError, LakeOption, SeasonsOption, err, open_lake, out, parse_seasons
from formguide.cli.platform import platform
from formguide.heartrate.tables import SPORT
from formguide.show import format_rows


class Breakdown(StrEnum):
    """How the headline can be broken down."""

    kind = "kind"
    minute = "minute"
    history = "history"
    user = "user"


BREAKDOWNS = {
    Breakdown.kind: "kind",
    Breakdown.minute: "minute",
    Breakdown.history: "earlier workouts",
    Breakdown.user: "user",
}
"""What the scorecard calls them."""


def backtest(
    seasons: SeasonsOption = None,
    full: Annotated[
        bool, typer.Option("--full", help="By kind of workout, minute, history and user too.")
    ] = False,
    by: Annotated[
        Breakdown | None,
        typer.Option("--by", help="The headline by kind of run, minute, earlier workouts or user."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per row of the scorecard.")
    ] = False,
    lake: LakeOption = None,
) -> None:
    """Forecast past runs from what was known before them, and score every second, baselines beside it.

    The last 30 % of each runner's runs by what was known before the first of them; every run from the tenth
    by what was known when it began; and, where there are twenty runners or more, the network on those whom it
    has not seen. Each given the speed that was run, and the first two given the route alone as well.
    Differences are paired by run, ridge less the model's. --seasons 2021 or 202105 scores these of them only.
    """
    # What it leans on takes a second to load: not for --help.
    from formguide.cli.heartrate import screen_forecasts
    from formguide.heartrate import scorecard
    from formguide.heartrate.arrivals import ARRIVALS
    from formguide.heartrate.forecast_tables import BacktestScores, ForecastScorecard, HeldOutScores
    from formguide.heartrate.tables import Workouts

    place = open_lake(lake)
    wanted = parse_seasons(seasons)
    if not place.partitions(SPORT, Workouts.name):
        raise CommandError("the lake holds no workouts: formguide run heartrate --sample, or --from PATH")
    with platform(place, lake, {}, err()) as assets:
        models = import_module("assets.heartrate_models")
        assets.materialise(models.BACKTEST | models.NETWORK | models.OVER_ALL_MONTHS)
        assets.summaries(place, [SPORT])
    card = place.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    if wanted is not None:
        scored = (BacktestScores, HeldOutScores)
        rows = pl.concat(place.read_table(SPORT, one.name, None, one) for one in scored)
        months = place.read_table(SPORT, Workouts.name, None, Workouts).select("workout_id", "month")
        month = pl.col("month")
        chosen = months.filter(month.is_in(sorted(wanted)) | (month // 100).is_in(sorted(wanted)))
        rows = rows.join(chosen, on="workout_id", how="semi", maintain_order="left")
        card = scorecard.scorecard(rows, ARRIVALS.holds_sample(place))
    if card.is_empty():
        raise CommandError("nothing to score in these months: nobody has ten runs, with seven to learn from")
    if as_json:
        sys.stdout.write(format_rows(as_rows(card), "json"))
    else:
        screen_forecasts.scores(out(), card, full, BREAKDOWNS[by] if by is not None else None)


def as_rows(card: pl.DataFrame) -> pl.DataFrame:
    """One row per score, named as in every sport; the task is how it was scored and what was given."""
    return card.select(
        sport=pl.lit(SPORT),
        task=pl.format("{}, given {}", pl.col("task").cast(pl.String), pl.col("given").cast(pl.String)),
        by="by",
        group="group",
        model="model",
        population="population",
        training="training",
        scored="scored",
        n="n_workouts",
        users="n_users",
        seconds="n_seconds",
        metric="metric",
        value="value",
        standard_error="standard_error",
        better_than_ridge="difference",
        better_than_ridge_se="difference_se",
        better_than_ridge_t="difference_t",
        is_sample="is_sample",
    )
