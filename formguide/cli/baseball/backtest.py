"""`formguide backtest baseball`: how good the forecasts were, with the baselines beside them."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from formguide import schema
from formguide.baseball import scorecard
from formguide.baseball.arrivals import SPORT, holds_sample
from formguide.baseball.forecast_tables import BacktestForecasts, ForecastScorecard, SeedAudit
from formguide.baseball.tables import PlateAppearances
from formguide.cli.base import CommandError, LakeOption, SeasonsOption, err, open_lake, out, parse_seasons
from formguide.cli.baseball import screen
from formguide.cli.platform import platform
from formguide.cli.screen import table
from formguide.lake import Lake
from formguide.show import format_rows


def backtest(
    seasons: SeasonsOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per row of the scorecard.")
    ] = False,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=100, help="How many blends, each with a seed of its own.")
    ] = 1,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Keep the scorecard as JSON, to compare with later."),
    ] = None,
    diff: Annotated[
        Path | None, typer.Option("--diff", metavar="FILE", help="Compare with a scorecard that was saved.")
    ] = None,
    audit: Annotated[
        int,
        typer.Option(
            "--audit", min=0, max=100, help="Also walk with so many seeds one by one: how much is luck."
        ),
    ] = 0,
    full: Annotated[
        bool, typer.Option("--full", help="Every metric, each season and month by itself too.")
    ] = False,
    lake: LakeOption = None,
) -> None:
    """Walk forward through seasons day by day and score every forecast, baselines beside it.

    Each day's forecast knows only earlier days; the models are fitted again every 14 days. A whole season of
    the major leagues takes some twenty minutes, and what has not changed since is not walked through again.
    """
    place = open_lake(lake)
    wanted = chosen_seasons(place, parse_seasons(seasons))
    if diff is not None and not diff.expanduser().is_file():
        raise CommandError(f"--diff {diff}: there is no such file (formguide backtest baseball --save FILE)")
    if diff is not None:
        difference(schema.empty(ForecastScorecard), diff.expanduser())  # before the walk, which takes minutes
    with platform(place, lake, {}, err()) as assets:
        selection = import_module("assets.baseball_backtest").BACKTEST
        assets.materialise(selection, wanted, config={"baseball__backtest_forecasts": {"seeds": seeds}})
        for seed in range(1, audit + 1):
            err().print(f"[dim]seed {seed} of {audit}[/dim]")
            assets.materialise(import_module("assets.baseball_backtest").AUDIT, partition=str(seed))
        assets.summaries(place, [SPORT])
    card = scored(place, wanted)
    if card.is_empty():
        raise CommandError("nothing to score: no game of these seasons was forecast and played")
    changes = difference(card, diff.expanduser()) if diff is not None else None
    if save is not None:
        scorecard.save(card, save.expanduser())
    if as_json:
        sys.stdout.write(format_rows(as_rows(card) if changes is None else changes, "json"))
    elif changes is not None:
        shown = changes if full else screen.headline_scores(changes)
        table(out(), f"Against {diff}", shown.drop("span") if not full else shown)
    else:
        if audit:
            audited = place.read_table(SPORT, SeedAudit.name, None, SeedAudit)
            table(out(), "Each seed by itself", audited.sort("season", "seed"))
        screen.scores(out(), card if full else screen.headline_scores(card))


def chosen_seasons(lake: Lake, wanted: set[int] | None) -> list[int]:
    """The seasons to walk through: those asked for, or all that have enough before them to learn from, at
    least half as many plate appearances as their own. Raises `CommandError` where the lake has none."""
    manifests = lake.manifests(SPORT, PlateAppearances.name)
    held = {int(season): manifest.rows for season, manifest in manifests.items() if season and manifest.rows}
    if not held:
        raise CommandError("the lake holds no games: formguide run baseball --sample, or --from PATH")
    if wanted is not None:
        found = sorted(wanted & held.keys())
        if found and (missing := sorted(wanted - held.keys())):
            seasons = ", ".join(str(season) for season in missing)
            err().print(f"the lake holds no games of {seasons}: left out", soft_wrap=True)
        if min(held) in found and len(held) > 1:
            # What it would be forecast from is itself, and the streak's policy would be made from that too.
            found.remove(min(held))
            err().print(f"there is nothing before {min(held)} to learn from: left out", soft_wrap=True)
            if not found:
                raise CommandError(f"--seasons: nothing comes before {min(held)}; choose a later season")
    else:
        before = {season: sum(rows for s, rows in held.items() if s < season) for season in held}
        found = [season for season, rows in held.items() if 2 * before[season] >= rows] or list(held)
    if not found:
        raise CommandError(f"--seasons: the lake holds games of {min(held)} to {max(held)} only")
    return found


def scored(lake: Lake, seasons: list[int]) -> pl.DataFrame:
    """The scorecard of some seasons' forecasts."""
    keys = [str(season) for season in seasons]
    forecasts = lake.read_table(SPORT, BacktestForecasts.name, keys, BacktestForecasts)
    return scorecard.scorecard(forecasts, holds_sample(lake))


def difference(card: pl.DataFrame, baseline: Path) -> pl.DataFrame:
    """What has changed since a scorecard was saved. Raises `CommandError` for any other file."""
    try:
        return scorecard.diff(card, baseline)
    except ValueError as error:
        raise CommandError(str(error)) from error


def as_rows(card: pl.DataFrame) -> pl.DataFrame:
    """One row per score, named as in every sport."""
    return card.select(
        sport=pl.lit(SPORT),
        task="task",
        unit="unit",
        model="model",
        season="span",
        n="n",
        metric="metric",
        value="value",
        standard_error="standard_error",
        difference="difference",
        difference_se="difference_se",
        difference_t="difference_t",
        is_sample="is_sample",
    )
