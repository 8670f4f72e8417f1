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
from formguide.track.arrivals import ARRIVALS, SPORT, takes


class Track:
    """Pages and careers in, an athlete's next peak out."""

    titles: Mapping[str, str] = {
        "track__source_files": "source files",
        "track__performances": "performances of every source",
        "track__season_peaks": "season peaks",
        "track__season_sequences": "season sequences",
        "track__windows": "windows over the seasons",
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
        """Nothing before there is a backtest."""
        return None

    def make(self, platform: Runs, lake: Lake, seasons: Sequence[int]) -> None:
        """From the files to the windows in one run."""
        known = import_module("assets.partitions").SEASONS.get_partition_keys()
        wanted = [season for season in seasons if str(season) in known]
        if unknown := [str(season) for season in seasons if str(season) not in known]:
            err().print(f"seasons {', '.join(unknown)} are left out: they have not begun", soft_wrap=True)
        platform.season_chain(SPORT, wanted)

    def headline(self, console: Console, lake: Lake) -> None:
        """What was read."""
        screen.what_was_read(console, lake)
        screen.set_aside(console, lake)

    def next_steps(self, lake: Lake) -> list[str]:
        """Somebody's own marks, and what the forecasts were worth."""
        return [f"forecast {SPORT}", f"backtest {SPORT}"]


HOUSE: SportHouse = Track()
