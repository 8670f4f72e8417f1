"""News of Formula 1: race-weekend files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from assets import formula1
from formguide.formula1 import arrivals
from formguide.lake import Lake
from sensors.files import Arrivals, files_sensor


def changed(lake: Lake, folders: Sequence[Path]) -> Mapping[int, str]:
    """The seasons whose files are not those that the lake's tables were made from."""
    return arrivals.changed_seasons(lake, arrivals.holdings(lake, folders))


formula1_files = files_sensor(Arrivals(arrivals.SPORT, "race-weekend files", formula1.SEASON_CHAIN, changed))
