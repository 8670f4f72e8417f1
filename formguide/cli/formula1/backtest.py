"""`formguide backtest formula1`: how good the forecasts were, with the baselines beside them."""

from __future__ import annotations

import sys
from typing import Annotated

import polars as pl
import typer

from formguide.cli.base import (
    CommandError,
    LakeOption,
    SeasonsOption,
    err,
    open_lake,
    out,
    parse_seasons,
)
from formguide.cli.formula1 import screen
from formguide.cli.platform import platform
from formguide.formula1 import figures, issuing
from formguide.formula1.arrivals import SPORT
from formguide.show import format_rows


def backtest(
    seasons: SeasonsOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per row of the scorecard.")
    ] = False,
    ml_layer: Annotated[
        bool,
        typer.Option("--ml-layer/--no-ml-layer", help="Also score the forecasts with the LightGBM layer."),
    ] = True,
    full: Annotated[
        bool, typer.Option("--full", help="Every metric, and each season by itself too.")
    ] = False,
    lake: LakeOption = None,
) -> None:
    """Walk forward through the seasons of the lake and score every forecast, baselines beside it.

    Each forecast knows only what came before it. Differences to a baseline are paired: the same races, race
    by race.
    """
    place = open_lake(lake)
    wanted = parse_seasons(seasons)
    known = issuing.known_seasons(place)
    if not issuing.is_current(place, known):
        with platform(place, lake, {}, err()) as assets:
            assets.season_chain(SPORT, known)
    scored = sorted(wanted & set(known)) if wanted else issuing.scored_seasons(place)
    if ml_layer and scored:
        with err().status("[dim]the ML layer walks forward …[/dim]"):
            issuing.make_ml_forecasts(place, scored)
    card = issuing.scorecard(place, scored)
    if card.is_empty():
        raise CommandError(
            "nothing to score: the lake holds no forecast of a race that was run (formguide run)"
        )
    if as_json:
        sys.stdout.write(format_rows(_rows(card), "json"))
        return
    shown = card if full else card.filter(pl.col("metric").is_in(MAIN_METRICS))
    screen.scores(out(), figures.ordered_scores(shown, each_season=full))


MAIN_METRICS = (
    "winner_log_loss",
    "winner_brier",
    "winner_top1",
    "podium_brier",
    "podium_precision_at_3",
    "spearman",
    "pit_coverage_80",
)
"""What is printed unless everything is asked for."""


def _rows(card: pl.DataFrame) -> pl.DataFrame:
    """One row per score; the task is the moment of the forecast, the model ours or a baseline's name."""
    return card.select(
        sport=pl.lit(SPORT),
        task="moment",
        model="model",
        season="seasons",
        n="n",
        metric="metric",
        value="value",
        standard_error="standard_error",
        difference="difference",
        difference_se="difference_se",
        difference_t="difference_t",
        is_sample="is_sample",
    )
