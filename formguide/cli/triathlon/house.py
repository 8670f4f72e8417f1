"""What `formguide run` asks of triathlon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

from formguide.cli.sports import Runs, SportHouse
from formguide.cli.triathlon import screen, screen_forecasts
from formguide.lake import Lake
from formguide.triathlon.arrivals import ARRIVALS, SPORT
from formguide.triathlon.folders import takes
from formguide.triathlon.forecast_tables import ForecastLog
from formguide.triathlon.tables import DISTANCES


def forecasts() -> Any:
    """The assets that follow the season, found by name: the library knows none of them."""
    return import_module("assets.triathlon_forecasts")


class Triathlon:
    """Race results in, finish times with their uncertainty out."""

    titles: Mapping[str, str] = {
        "triathlon__source_files": "source files",
        "triathlon__race_records": "what the pages say",
        "triathlon__race_results": "results, and who it was",
        "triathlon__athlete_profiles": "profiles on the eve",
        "triathlon__athlete_clusters": "kinds of athletes",
        "triathlon__finish_time_posterior": "posterior of each distance",
        "triathlon__finish_time_forecasts": "forecasts, season by season",
        "triathlon__forecast_log": "what is issued, on record",
        "triathlon__forecast_scorecard": "scorecard with baselines",
    }
    files = "race results"
    arrivals = ARRIVALS
    hint = "run triathlon --from a folder of <year>/<race>/default.tsv"

    def takes(self, folder: Path) -> bool:
        """Whether a folder has races of any source."""
        return takes(folder)

    def write_sample(self, folder: Path) -> None:
        """Eight years of a made-up circuit."""
        from formguide.triathlon.sample.league import write_sample

        write_sample(folder)

    def over_all_seasons(self, lake: Lake) -> Any:
        """The scorecard of the sample league; of real seasons it takes minutes, and `formguide backtest
        triathlon` asks for it."""
        return forecasts().SCORECARD if ARRIVALS.holds_sample(lake) else None

    def make(self, platform: Runs, lake: Lake, seasons: Sequence[int]) -> None:
        """From the files to the profiles, the posterior of each distance, and the forecasts: of every season
        of the sample league, of real ones the last."""
        platform.season_chain(SPORT, seasons)
        first, last = DISTANCES[0], DISTANCES[-1]
        platform.materialise(forecasts().POSTERIORS, partition=first, up_to=last)
        forecast = [seasons[0] if ARRIVALS.holds_sample(lake) else seasons[-1], seasons[-1]]
        platform.materialise(
            forecasts().FORECASTS, partition=f"{first}|{forecast[0]}", up_to=f"{last}|{forecast[1]}"
        )

    def headline(self, console: Console, lake: Lake) -> None:
        """What there is of each season, and which races to come are forecast, and how good the forecasts were
        where they have been scored."""
        screen.seasons(console, lake)
        screen_forecasts.to_come(console, lake)
        screen_forecasts.scorecard(console, lake)
        screen.set_aside(console, lake)

    def next_steps(self, lake: Lake) -> list[str]:
        """A forecast, the scorecard, who raced most, and what is on record of races to come."""
        query = (
            "SELECT athlete_id, count(*) AS races, min(total_sec) AS best_sec FROM triathlon.race_results "
            "WHERE usable GROUP BY ALL ORDER BY races DESC LIMIT 10"
        )
        asked = f"forecast {SPORT} --distance 70.3 --gender F --age 40"
        steps = [asked, f"backtest {SPORT}", f'sql "{query}"']
        if lake.manifest(SPORT, ForecastLog.name, None) is not None:
            query = (
                "SELECT race_id, athlete_id, p05_sec, p50_sec, p95_sec, made_at FROM triathlon.forecast_log "
                "ORDER BY p50_sec LIMIT 10"
            )
            steps.append(f'sql "{query}"')
        return steps


HOUSE: SportHouse = Triathlon()
