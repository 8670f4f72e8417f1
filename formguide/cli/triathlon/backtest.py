"""`formguide backtest triathlon`: how good the forecasts were, with the baselines beside them."""

from __future__ import annotations

import sys
from typing import Annotated

import polars as pl
import typer

from formguide.cli.base import CommandError, LakeOption, SeasonsOption, err, open_lake, out, parse_seasons
from formguide.cli.triathlon import screen_forecasts
from formguide.show import format_rows
from formguide.triathlon.arrivals import SPORT
from formguide.triathlon.forecast_tables import ForecastScorecard
from formguide.triathlon.tables import DISTANCES, RaceResults


def backtest(
    seasons: SeasonsOption = None,
    fit_until: Annotated[
        int | None,
        typer.Option(
            "--fit-until",
            metavar="YEAR",
            help="Last year that is learnt from where it is fitted once.",
            show_default="four before the last",
        ),
    ] = None,
    distance: Annotated[str | None, typer.Option("--distance", help="Only 70.3 or 140.6.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Newcomers, each year and every group too.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per row of the scorecard.")
    ] = False,
    lake: LakeOption = None,
) -> None:
    """Forecast seasons that the model has not seen, and score every finish, baselines beside it.

    Twice: fitted once to the years up to a split and scored on all later ones, and walking forward, fitted
    anew for each season (--seasons; by default those after the split). Rows called hindsight use what nobody
    knew on the eve.
    """
    # What it leans on takes a second to load: not for --help.
    from formguide.triathlon import backtest as walking
    from formguide.triathlon import issuing

    place = open_lake(lake)
    chosen = parse_seasons(seasons)
    if distance is not None and distance not in DISTANCES:
        raise CommandError(f"--distance {distance}: one of {', '.join(DISTANCES)}")
    held = [int(season) for season in place.partitions(SPORT, RaceResults.name)]
    if not held:
        raise CommandError("the lake holds no races: formguide run triathlon --sample, or --from PATH")
    split = fit_until if fit_until is not None else max(held) - walking.LAST_BLOCK
    if not min(held) <= split < max(held):
        raise CommandError(f"--fit-until {split}: the lake holds seasons {min(held)} to {max(held)}")
    if chosen is not None and not set(chosen) & set(held):
        raise CommandError(f"--seasons: the lake holds seasons {min(held)} to {max(held)}")
    with err().status("[dim]fitting, and forecasting what came after …[/dim]"):
        issuing.make_scorecard(place, split, chosen, (distance,) if distance else DISTANCES)
    card = place.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
    if card.is_empty():
        raise CommandError("nothing to score: there is too little before these seasons to learn from")
    if as_json:
        sys.stdout.write(format_rows(as_rows(card), "json"))
    else:
        screen_forecasts.scores(out(), card, full)


def as_rows(card: pl.DataFrame) -> pl.DataFrame:
    """One row per score, named as in every sport."""
    return card.select(
        sport=pl.lit(SPORT),
        task=pl.concat_str(
            "task", pl.lit(", "), pl.col("distance").cast(pl.String), pl.lit(", "), "population"
        ),
        by="by",
        model="model",
        season="span",
        n="n",
        races="races",
        metric="metric",
        value="value",
        standard_error="standard_error",
        difference="difference",
        difference_se="difference_se",
        difference_t="difference_t",
        is_sample="is_sample",
    )
