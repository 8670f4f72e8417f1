"""What `formguide run` asks of baseball."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from formguide.baseball import today
from formguide.baseball.arrivals import ARRIVALS, SPORT, takes
from formguide.baseball.forecast_tables import BacktestForecasts, BatterForecasts
from formguide.baseball.streak.making import POLICY
from formguide.cli.baseball import screen
from formguide.cli.sports import Runs, SportHouse
from formguide.lake import Lake
from formguide.making import TooLittle
from formguide.schema import empty


class Baseball:
    """Games in, and out come the batter who gets a hit today and what a streak player should do about it."""

    titles: Mapping[str, str] = {
        "baseball__source_files": "source files",
        "baseball__results": "games and plate appearances",
        "baseball__features": "features",
        "baseball__backtest_forecasts": "backtest, day by day",
        "baseball__forecast_scorecard": "scorecard with baselines",
        "baseball__streak_policy": "streak policy",
        "baseball__streak_evaluation": "what it comes to over a season",
        "baseball__seed_audit": "audit of a seed",
    }
    files = "game files"
    arrivals = ARRIVALS
    hint = "pull baseball --start 2025-04-01 --end 2025-04-07"

    def takes(self, folder: Path) -> bool:
        """Whether a folder has games of any source."""
        return takes(folder)

    def write_sample(self, folder: Path) -> None:
        """Two seasons of a made-up league."""
        from formguide.baseball.sample import write_sample

        write_sample(folder)

    def over_all_seasons(self, lake: Lake) -> Any:
        """The scorecard, the streak policy and what it comes to; nothing before a backtest forecast
        anything."""
        if not any(made.rows for made in lake.manifests(SPORT, BacktestForecasts.name).values()):
            return None
        return import_module("assets.baseball_backtest").OVER_ALL_SEASONS

    def make(self, platform: Runs, lake: Lake, seasons: Sequence[int]) -> None:
        """From the files to the features and the next day's forecasts; the sample league is walked through
        too, which takes a minute there and many on real seasons: `formguide backtest baseball` asks for
        those."""
        platform.season_chain(SPORT, seasons)
        if ARRIVALS.holds_sample(lake) and len(seasons) > 1:
            platform.materialise(import_module("assets.baseball_backtest").BACKTEST, seasons[1:])
        _forecast_next_day(lake)

    def headline(self, console: Console, lake: Lake) -> None:
        """The next day's pick and why, the scorecard, and what a streak player should do."""
        from formguide.cli.baseball.forecast import team_names

        rows, why_not = _forecast_next_day(lake)
        if rows.is_empty():
            console.print(f"No day can be forecast: {why_not}", soft_wrap=True)
        else:
            rows = screen.best_first(rows)
            day = rows["game_date"][0]
            screen.batters(console, f"Who gets a hit on {day}", rows.head(5), team_names(lake, day))
            console.print(f"Today's pick, {screen.why(rows)}\n", soft_wrap=True)
            screen.streak(console, lake, rows)
        screen.scorecard(console, lake)
        screen.set_aside(console, lake)

    def next_steps(self, lake: Lake) -> list[str]:
        """All of the day's batters, and a streak player's question, or what must come before it."""
        if lake.manifest(SPORT, POLICY, None) is None:
            return [f"forecast {SPORT} --top 20", f"backtest {SPORT}"]
        return [f"forecast {SPORT} --top 20", "streak advise --streak 12 --days-left 40 --saver"]


def _forecast_next_day(lake: Lake) -> tuple[pl.DataFrame, str]:
    """The forecasts of the next day with games to come, or none and why."""
    day = today.next_date(lake)
    if day is None:
        return empty(BatterForecasts), "there is no game in these files that is still to come."
    try:
        return today.make_forecasts(lake, day), f"no game of {day} is still to be played."
    except TooLittle as why:
        return empty(BatterForecasts), f"there are {why}."


HOUSE: SportHouse = Baseball()
