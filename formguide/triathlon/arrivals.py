"""What came in of triathlon: see `formguide.arrivals`."""

from __future__ import annotations

from typing import ClassVar

from formguide.arrivals import Arrivals
from formguide.arrivals import SourceFiles as AnySourceFiles
from formguide.triathlon.folders import read_folder, seasons_of
from formguide.triathlon.sample.truth import TRUTH
from formguide.triathlon.tables import SPORT

__all__ = ["ARRIVALS", "SPORT", "SourceFiles"]


class SourceFiles(AnySourceFiles):
    """One row per file that a season is made from."""

    sport: ClassVar[str] = SPORT


ARRIVALS = Arrivals(SourceFiles, read_folder, seasons_of, TRUTH)
"""How files of triathlon come in."""
