"""A weekend of the sample league: when its sessions start and which of them have been held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from formguide.formula1.sample.race import RaceRun
from formguide.formula1.sample.weekend import Slot, Timed
from formguide.formula1.sample.world import LAST_SEASON_OF_SPRINT_FOR_GRID, Circuit


@dataclass(frozen=True)
class Weekend:
    """One race weekend: its place in the calendar and whatever sessions have been held (None: not held)."""

    number: int
    season: int
    round: int
    circuit: Circuit
    day: date
    has_sprint: bool
    practice: Mapping[int, Sequence[Timed]] = field(default_factory=dict)
    qualifying: Sequence[Timed] | None = None
    sprint_qualifying: Sequence[Timed] | None = None
    sprint_grid: Sequence[Slot] | None = None
    sprint: RaceRun | None = None
    grid: Sequence[Slot] | None = None
    race: RaceRun | None = None
    drivers_title: bool = False
    constructors_title: bool = False

    @property
    def folder(self) -> str:
        return f"f1db/seasons/{self.season}/races/{self.round:02d}-{self.circuit.grand_prix_id}"


def schedule(w: Weekend) -> dict[str, datetime]:
    """When the weekend's sessions start (UTC), in the order and under the names of f1db's `race.yml`."""
    sunday = datetime(w.day.year, w.day.month, w.day.day) + timedelta(hours=w.circuit.hour_utc)
    friday, saturday, early = sunday - timedelta(days=2), sunday - timedelta(days=1), timedelta(hours=3.5)
    half = timedelta(minutes=30)
    if not w.has_sprint:
        return {
            "freePractice1": friday - early,
            "freePractice2": friday,
            "freePractice3": saturday - early,
            "qualifying": saturday,
        }
    if w.season <= LAST_SEASON_OF_SPRINT_FOR_GRID:
        return {
            "freePractice1": friday - early,
            "freePractice2": saturday - early,
            "sprintRace": saturday + half,
            "qualifying": friday,
        }
    if w.season == 2023:
        return {
            "freePractice1": friday - early,
            "sprintQualifying": saturday - early,
            "sprintRace": saturday + half,
            "qualifying": friday,
        }
    return {
        "freePractice1": friday - early,
        "sprintQualifying": friday + half,
        "sprintRace": saturday - timedelta(hours=4),
        "qualifying": saturday,
    }
