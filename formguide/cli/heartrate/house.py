"""What `formguide run` asks of heart rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

from formguide.cli.base import err
from formguide.cli.heartrate import screen, screen_forecasts
from formguide.cli.sports import Runs, SportHouse
from formguide.heartrate.arrivals import ARRIVALS, SPORT
from formguide.heartrate.folders import takes
from formguide.heartrate.tables import RUN, Workouts
from formguide.lake import Lake


def models() -> Any:
    """The assets that look at all months, found by name: the library knows none of them."""
    return import_module("assets.heartrate_models")


class HeartRate:
    """Workouts in, the curve of the heart rate of a run out."""

    titles: Mapping[str, str] = {
        "heartrate__source_files": "source files",
        "heartrate__results": "workouts, second by second",
        "heartrate__corrections": "shifted and late records",
        "heartrate__workout_features": "features",
        "heartrate__heart_rate_forecasts": "forecasts of every run",
        "heartrate__forecast_log": "what was issued, on record",
        "heartrate__backtest_scores": "past runs forecast again",
        "heartrate__exploration": "gallery, quality report",
        "heartrate__network": "network for people never seen",
        "heartrate__forecast_scorecard": "scorecard with baselines",
    }
    files = "workouts"
    arrivals = ARRIVALS
    hint = "run heartrate --from a folder of <you>/*.fit"

    def takes(self, folder: Path) -> bool:
        """Whether a folder has a workout of any format."""
        return takes(folder)

    def write_sample(self, folder: Path) -> None:
        """The workouts of a made-up group of runners."""
        from formguide.heartrate.sample.league import write_sample

        write_sample(folder)

    def over_all_seasons(self, lake: Lake) -> Any:
        """The pages to look at, and the scorecard of the sample; of real workouts `formguide backtest
        heartrate` asks for it."""
        pages = import_module("assets.heartrate_look").EXPLORATION
        return pages | models().OVER_ALL_MONTHS if ARRIVALS.holds_sample(lake) else pages

    def make(self, platform: Runs, lake: Lake, seasons: Sequence[int]) -> None:
        """From the files to the samples, month by month; a month that has not begun is left out, and
        said to be."""
        known = set(import_module("assets.partitions").MONTHS.get_partition_keys())
        wanted = [month for month in seasons if str(month) in known]
        if unknown := [str(month) for month in seasons if str(month) not in known]:
            err().print(f"months {', '.join(unknown)} are left out: they have not begun", soft_wrap=True)
        platform.season_chain(SPORT, wanted)
        if ARRIVALS.holds_sample(lake):
            platform.materialise(models().BACKTEST | models().NETWORK)

    def headline(self, console: Console, lake: Lake) -> None:
        """What there is of each month, what the rules found, which heart rates look shifted or late, and what
        was set aside."""
        screen.months(console, lake)
        screen.findings(console, lake)
        screen.shifted(console, lake)
        screen_forecasts.scorecard(console, lake)
        screen.set_aside(console, lake)
        screen.unpacked(console)

    def next_steps(self, lake: Lake) -> list[str]:
        """Who ran how far at which heart rate."""
        query = (
            "SELECT user_id, count(*) AS workouts, round(sum(distance_m) / 1000, 1) AS km, "
            "round(avg(mean_heart_rate_bpm), 1) AS bpm FROM heartrate.workouts WHERE usable GROUP BY ALL "
            "ORDER BY workouts DESC LIMIT 10"
        )
        last = lake.read_table(SPORT, Workouts.name, None, Workouts).filter(activity=RUN).sort("started_at")
        asked = [f"forecast {SPORT} {last['workout_id'][-1]}"] if last.height else []
        return [*asked, f"backtest {SPORT} --full", f"{SPORT} gallery --out gallery.html", f'sql "{query}"']


HOUSE: SportHouse = HeartRate()
