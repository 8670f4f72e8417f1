"""`formguide backtest`: how good the forecasts were, with the baselines beside them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from formguide.cli import screen
from formguide.cli.base import (
    CommandError,
    LakeOption,
    SeasonsOption,
    Sport,
    SportArgument,
    open_lake,
    out,
    parse_seasons,
)
from formguide.formula1 import issuing
from formguide.show import format_rows


def backtest(
    sport: SportArgument = Sport.formula1,
    seasons: SeasonsOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per row of the scorecard.")
    ] = False,
    lake: LakeOption = None,
) -> None:
    """Walk forward through the seasons of the lake and score every forecast, baselines beside it.

    Each forecast knows only what came before it. Differences to a baseline are paired: the same races, race
    by race.
    """
    place = open_lake(lake)
    wanted = parse_seasons(seasons)
    card = issuing.scorecard(place, wanted)
    if card.is_empty():
        raise CommandError(
            "nothing to score: the lake holds no forecast of a race that was run (formguide run)"
        )
    if as_json:
        sys.stdout.write(format_rows(issuing.scorecard_rows(card), "json"))
        return
    screen.show_scorecard(out(), card)
