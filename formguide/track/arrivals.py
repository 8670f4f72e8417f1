"""What came in of track and field: see `formguide.arrivals`."""

from __future__ import annotations

from typing import ClassVar

from formguide.arrivals import Arrivals, Holdings
from formguide.arrivals import SourceFiles as AnySourceFiles
from formguide.track.folders import read_folder, seasons_of, takes
from formguide.track.tables import SPORT

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
    "unplaced",
    "write_source_files",
]

MARKER = "truth.json"
"""What the sample league knows of itself, by which its folder is known."""


class SourceFiles(AnySourceFiles):
    """One row per file that a season is made from; a career is part of every season that it speaks of."""

    sport: ClassVar[str] = SPORT


ARRIVALS = Arrivals(SourceFiles, read_folder, seasons_of, MARKER)
"""How files of track and field come in."""

holdings = ARRIVALS.holdings
changed_seasons = ARRIVALS.changed_seasons
receive = ARRIVALS.receive
write_source_files = ARRIVALS.write_source_files
season_files = ARRIVALS.season_files
is_sample_folder = ARRIVALS.is_sample_folder
holds_sample = ARRIVALS.holds_sample
holds_real_data = ARRIVALS.holds_real_data


def unplaced(held: Holdings) -> dict[str, str]:
    """The files (`source/path`) that speak of no season, each with the SHA-256 of its bytes."""
    everything = {
        f"{source}/{path}": sha for source, tree in held.trees.items() for path, sha in tree.items()
    }
    placed = {
        f"{source}/{path}"
        for frame in held.seasons.values()
        for source, path in frame.select("source", "path").iter_rows()
    }
    return {name: sha for name, sha in sorted(everything.items()) if name not in placed}
