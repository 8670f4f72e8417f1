"""What `formguide run` asks of Formula 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

from formguide.cli.base import Sport
from formguide.cli.formula1 import screen
from formguide.cli.sports import Runs, SportHouse
from formguide.formula1 import sample
from formguide.formula1.arrivals import ARRIVALS, SPORT
from formguide.formula1.folders import read_folder
from formguide.lake import Lake


class Formula1:
    """Race weekends in, finishing orders and title odds out."""

    titles: Mapping[str, str] = {
        "formula1__source_files": "source files",
        "formula1__results": "results of every source",
        "formula1__race_conditions": "wet races and safety cars",
        "formula1__strengths": "driver and car strengths",
        "formula1__race_forecasts": "race forecasts",
        "formula1__season_forecasts": "title odds",
        "formula1__forecast_log": "what is issued, on record",
        "formula1__forecast_scorecard": "scorecard with baselines",
    }
    files = "race-weekend files"
    arrivals = ARRIVALS
    hint = "pull formula1 --season 2025"

    def takes(self, folder: Path) -> bool:
        """Whether a folder has race weekends of any source."""
        return any(read_folder(folder).values())

    def write_sample(self, folder: Path) -> None:
        """Four seasons of a made-up championship."""
        sample.write_sample(folder)

    def over_all_seasons(self, lake: Lake) -> Any:
        """The scorecard."""
        return import_module("assets.formula1").OVER_ALL_SEASONS

    def make(self, platform: Runs, lake: Lake, seasons: Sequence[int]) -> None:
        """From the files to the forecasts, in one run."""
        platform.season_chain(SPORT, seasons)

    def headline(self, console: Console, lake: Lake) -> None:
        """The next race's forecast, the title odds and the scorecard."""
        if not screen.next_race(console, lake):
            console.print(
                "No race can be forecast yet: "
                "there is no race in these files that comes after one that was run."
            )
        screen.title_odds(console, lake)
        screen.scorecard(console, lake)

    def next_steps(self, lake: Lake) -> list[str]:
        """Your own weather, and who is likeliest to win anything."""
        query = (
            "SELECT race_id, moment, driver_id, p_win FROM formula1.forecast_log ORDER BY p_win DESC LIMIT 10"
        )
        return [f"forecast {Sport.formula1} --p-wet 0.9", f'sql "{query}"']


HOUSE: SportHouse = Formula1()
