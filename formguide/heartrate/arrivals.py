"""What came in of heart rate: see `formguide.arrivals`. A season here is the month of a workout (202103)."""

from __future__ import annotations

from typing import ClassVar

from formguide.arrivals import Arrivals
from formguide.arrivals import SourceFiles as AnySourceFiles
from formguide.heartrate.folders import MARKER, read_folder, seasons_of
from formguide.heartrate.tables import SPORT

__all__ = ["ARRIVALS", "SPORT", "SourceFiles"]


class SourceFiles(AnySourceFiles):
    """One row per file that a month is made from."""

    sport: ClassVar[str] = SPORT


ARRIVALS = Arrivals(SourceFiles, read_folder, seasons_of, MARKER)
"""How workouts come in."""
