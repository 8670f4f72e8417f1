"""The meets of the sample league: when they are, and what is particular about each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from formguide.track.tables import INDOOR, OUTDOOR

SEASONS = tuple(range(2019, 2025))


@dataclass(frozen=True)
class Meet:
    """A meet. days: how many it takes; rounds: whether sprints have heats; altitude, oversized: marks are
    converted and carry the site's sign; hand: times are taken by hand; no_gauge: nobody measures the wind."""

    meet_id: int
    name: str
    day: date
    days: int
    label: str
    season: int
    rounds: bool = False
    altitude: bool = False
    oversized: bool = False
    hand: bool = False
    no_gauge: bool = False

    @property
    def written(self) -> str:
        """Its date as pages have it: Feb 28, 2020 or Feb 28-29, 2020 or Feb 28 - Mar 1, 2020."""
        last = self.day + timedelta(days=self.days - 1)
        first = f"{self.day:%b} {self.day.day}"
        if self.days == 1:
            return f"{first}, {self.day.year}"
        if last.month == self.day.month:
            return f"{first}-{last.day}, {last.year}"
        return f"{first} - {last:%b} {last.day}, {last.year}"


_Programme = tuple[tuple[int, str, dict[str, int]], ...]

_INDOORS: _Programme = (
    (-5, "Holiday Opener", {"hand": True}),
    (2, "Northfield Invitational", {}),
    (4, "Big Dome Classic", {"oversized": True}),
    (6, "Snowflake Open", {}),
    (8, "Lake Conference Indoor Championships", {"days": 2, "rounds": True}),
)
_OUTDOORS: _Programme = (
    (12, "Spring Opener", {"no_gauge": True}),
    (14, "River Relays", {}),
    (15, "High Mesa Invitational", {"altitude": True}),
    (17, "Wolf River Twilight", {}),
    (19, "Lake Conference Outdoor Championships", {"days": 2, "rounds": True}),
    (20, "Last Chance Meet", {}),
)
"""Week of the year (Saturdays; below zero the year before), name, and what is particular."""
_FIRST_MEET_ID = 60_000


@cache
def meets(season: int) -> tuple[Meet, ...]:
    """The meets of a season, indoors and then outdoors, in order of time."""
    found: list[Meet] = []
    for label, programme in ((INDOOR, _INDOORS), (OUTDOOR, _OUTDOORS)):
        for week, name, particular in programme:
            if week < 0 and season == SEASONS[0]:
                continue  # the league begins with a year
            new_year = date(season, 1, 1)
            saturday = new_year + timedelta(days=(5 - new_year.weekday()) % 7, weeks=week)
            days = particular.get("days", 1)
            flags = {key: bool(value) for key, value in particular.items() if key != "days"}
            number = _FIRST_MEET_ID + 20 * (season - 2000) + len(found)
            found.append(Meet(number, name, saturday, days, label, season, **flags))
    return tuple(found)
