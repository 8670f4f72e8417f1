"""What `formguide run` asks of track and field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

from formguide.cli.base import err
from formguide.cli.sports import Runs, SportHouse
from formguide.cli.track import screen
from formguide.lake import Lake
from formguide.track import issuing
from formguide.track.arrivals import ARRIVALS, SPORT, takes
from formguide.track.forecast_tables import BacktestForecasts

SAMPLE_SETTINGS = {"folds": 1, "max_epochs": 4}
"""The sample league is small and its scores say nothing: it is not worth minutes of training."""


def settings_of(lake: Lake, step: str) -> dict[str, Any] | None:
    """The settings of a step that fits models, where they are others than the standard ones."""
    return {step: SAMPLE_SETTINGS} if ARRIVALS.holds_sample(lake) else None


class Track:
    """Pages and careers in, an athlete's next peak out."""

    titles: Mapping[str, str] = {
        "track__source_files": "source files",
        "track__performances": "performances of every source",
        "track__season_peaks": "season peaks",
        "track__season_sequences": "season sequences",
        "track__windows": "windows over the seasons",
        "track__peak_model": "models of a season's peak",
        "track__peak_forecasts": "the coming seasons' peaks",
        "track__forecast_log": "what is issued, on record",
        "track__backtest_forecasts": "backtest of the last seasons",
        "track__forecast_scorecard": "scorecard with baselines",
    }
    files = "result pages or careers"
    arrivals = ARRIVALS
    hint = "pull track --urls urls.csv"

    def takes(self, folder: Path) -> bool:
        """Whether a folder has marks of any source."""
        return takes(folder)

    def write_sample(self, folder: Path) -> None:
        """Six seasons of a made-up conference, pulled page by page from a server on this machine."""
        from formguide.track.sample import scrape_sample

        scrape_sample(folder)

    def over_all_seasons(self, lake: Lake) -> Any:
        """The scorecard; nothing before there is a backtest."""
        if lake.manifest(SPORT, BacktestForecasts.name, None) is None:
            return None
        return import_module("assets.track_models").OVER_ALL_SEASONS

    def make(self, platform: Runs, lake: Lake, seasons: Sequence[int]) -> None:
        """From the files to the windows in one run, then the models and forecasts of each gender. The sample
        league's last seasons are forecast and scored too, which takes minutes on real careers:
        `formguide backtest track` asks for that."""
        known = import_module("assets.partitions").SEASONS.get_partition_keys()
        wanted = [season for season in seasons if str(season) in known]
        if unknown := [str(season) for season in seasons if str(season) not in known]:
            err().print(f"seasons {', '.join(unknown)} are left out: they have not begun", soft_wrap=True)
        platform.season_chain(SPORT, wanted)
        models = import_module("assets.track_models")
        for gender in issuing.genders_at_hand(lake):
            settings = settings_of(lake, "track__peak_model")
            platform.materialise(models.GENDER_CHAIN, partition=gender, config=settings)
        if ARRIVALS.holds_sample(lake):
            platform.materialise(models.BACKTEST, config=settings_of(lake, "track__backtest_forecasts"))

    def headline(self, console: Console, lake: Lake) -> None:
        """What was read, the best to come, and what forecasts were worth."""
        screen.what_was_read(console, lake)
        if not screen.to_come(console, lake):
            console.print(
                "Nobody's peak can be forecast yet: there are too few seasons that follow another one of the "
                "same athlete and event in these files.\n",
                soft_wrap=True,
            )
        screen.scorecard(console, lake)
        screen.set_aside(console, lake)

    def next_steps(self, lake: Lake) -> list[str]:
        """Somebody's own marks, and what the forecasts were worth."""
        return [f"forecast {SPORT}", f"backtest {SPORT}"]


HOUSE: SportHouse = Track()
