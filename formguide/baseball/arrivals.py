"""What came in of baseball: see `formguide.arrivals`."""

from __future__ import annotations

from typing import ClassVar

from formguide.arrivals import Arrivals, Holdings
from formguide.arrivals import SourceFiles as AnySourceFiles
from formguide.baseball.folders import read_folder, seasons_of, takes
from formguide.baseball.sample.truth import TRUTH

__all__ = [
    "ARRIVALS",
    "SPORT",
    "Holdings",
    "SourceFiles",
    "changed_seasons",
    "holdings",
    "holds_real_data",
    "holds_sample",
    "is_sample_folder",
    "receive",
    "season_files",
    "takes",
    "write_source_files",
]

SPORT = "baseball"


class SourceFiles(AnySourceFiles):
    """One row per file that a season is made from; a file that speaks of several seasons is part of each."""

    sport: ClassVar[str] = SPORT


ARRIVALS = Arrivals(SourceFiles, read_folder, seasons_of, TRUTH)
"""How files of baseball come in."""

holdings = ARRIVALS.holdings
changed_seasons = ARRIVALS.changed_seasons
receive = ARRIVALS.receive
write_source_files = ARRIVALS.write_source_files
season_files = ARRIVALS.season_files
is_sample_folder = ARRIVALS.is_sample_folder
holds_sample = ARRIVALS.holds_sample
holds_real_data = ARRIVALS.holds_real_data
