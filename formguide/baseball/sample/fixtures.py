"""The sample league's calendar: who meets whom, where and when, and which games go their own way.

Three games to a series, Tuesday to Thursday and Friday to Sunday, Mondays off, four games a day. Each season
has a game that rain moves into the next day's doubleheader, a doubleheader that was planned, a game that is
suspended and resumed the day after, and one that rain ends early. All of it follows from the season alone, so
that one more day played changes nothing about the days before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from formguide.baseball.sample.world import TEAM, TEAMS

SERIES_DAYS = 3
FIRST_GAME_PK = 9_000_000
RAIN, SUSPENDED, SHORTENED, PLAYED = "rain", "suspended", "shortened", "played"
_STARTS = (time(17, 10), time(22, 40), time(23, 10), time(1, 40))  # UTC; the last is tomorrow's


@dataclass(frozen=True)
class Fixture:
    """A game of the calendar.

    `day` is the official date; `fate` what becomes of it; `listed_on` the date on which it was first listed,
    before rain moved it, `first_start_at` when it was then to start; `doubleheader` N, Y (one ticket) or S
    (split), as the schedule writes it; `date_index` counts the season's dates from 0; `resumed_at` is when a
    suspended game goes on.
    """

    game_pk: int
    season: int
    day: date
    date_index: int
    home: int
    away: int
    start_at: datetime
    day_night: str
    game_number: int = 1
    doubleheader: str = "N"
    scheduled_innings: int = 9
    fate: str = PLAYED
    listed_on: date | None = None
    first_start_at: datetime | None = None
    resumed_at: datetime | None = None
    series_game: int = 1


def season_dates(season: int, dates: int) -> list[date]:
    """The season's dates: from the first Tuesday of April, Mondays off."""
    day = date(season, 4, 1)
    while day.weekday() != 1:
        day += timedelta(days=1)
    found: list[date] = []
    while len(found) < dates:
        if day.weekday() != 0:
            found.append(day)
        day += timedelta(days=1)
    return found


def fixtures(season: int, dates: int) -> list[Fixture]:
    """Every game of a season, by day."""
    days = season_dates(season, dates)
    found: list[Fixture] = []
    for index, day in enumerate(days):
        series, number = divmod(index, SERIES_DAYS)
        for slot, (home, away) in enumerate(_pairs(series)):
            found.append(
                _fixture(season, day, index, home, away, (slot + series) % 4, number + 1, len(found))
            )
    found = _go_their_way(found, season, dates)
    return sorted(found, key=lambda f: (f.day, f.start_at, f.game_pk))


def moved_by_rain(fixture: Fixture, to: date, partner: Fixture | None) -> tuple[Fixture, Fixture | None]:
    """The game as rain moves it to `to`, and its partner of that day as the doubleheader makes it.

    The game that was moved is played first, in the afternoon; both over seven innings in odd seasons.
    """
    innings = 7 if fixture.season % 2 else 9
    start = datetime.combine(to, time(17, 10), UTC)
    made_up = replace(
        fixture,
        day=to,
        date_index=fixture.date_index + 1,
        start_at=start,
        day_night="day",
        doubleheader="S" if partner else "N",
        scheduled_innings=innings if partner else 9,
        fate=RAIN,
        listed_on=fixture.day,
        first_start_at=fixture.start_at,
    )
    if partner is None:
        return made_up, None
    late = max(partner.start_at, datetime.combine(to, time(23, 10), UTC))
    second = replace(
        partner,
        start_at=late,
        day_night="night",
        game_number=2,
        doubleheader="S",
        scheduled_innings=innings,
    )
    return made_up, second


def _pairs(series: int) -> list[tuple[int, int]]:
    """Home and away of a series' four games: a round robin (circle method), homes swapped every time."""
    ids = [team.team_id for team in TEAMS]
    times_round, turn = divmod(series, len(ids) - 1)
    ring = [ids[0], *ids[1 + turn :], *ids[1 : 1 + turn]]
    pairs = [(ring[i], ring[-1 - i]) for i in range(len(ids) // 2)]
    return [(a, b) if (i + turn + times_round) % 2 == 0 else (b, a) for i, (a, b) in enumerate(pairs)]


def _fixture(
    season: int, day: date, index: int, home: int, away: int, slot: int, series_game: int, count: int
) -> Fixture:
    clock = _STARTS[slot]
    start = datetime.combine(day + timedelta(days=clock.hour < 12), clock, UTC)
    pk = FIRST_GAME_PK + (season % 1000) * 1000 + count
    return Fixture(
        game_pk=pk,
        season=season,
        day=day,
        date_index=index,
        home=home,
        away=away,
        start_at=start,
        day_night="day" if slot == 0 else "night",
        series_game=series_game,
    )


def _go_their_way(found: list[Fixture], season: int, dates: int) -> list[Fixture]:
    """The season's oddities, on days that open a series, so that the teams meet again tomorrow."""
    by_day: dict[int, list[int]] = {}
    for i, f in enumerate(found):
        by_day.setdefault(f.date_index, []).append(i)
    openers = list(range(0, dates - 2, SERIES_DAYS))
    if len(openers) < 3:
        return found

    def opener(part: float) -> int:
        return openers[min(len(openers) - 1, int(part * len(openers)))]

    at = opener(0.2)
    game = next(i for i in by_day[at] if TEAM[found[i].home].park.roof_type == "Open")
    again = next(i for i in by_day[at + 1] if found[i].home == found[game].home)
    found[game], second = moved_by_rain(found[game], found[again].day, found[again])
    found[again] = second or found[again]
    at = opener(0.45)
    game = by_day[at][1]
    next_day = found[by_day[at + 1][0]].day
    found[game] = replace(
        found[game],
        fate=SUSPENDED,
        resumed_at=datetime.combine(next_day, time(16, 5), UTC),
    )
    at = opener(0.65)
    game = by_day[at + 1][2]
    again_pk = FIRST_GAME_PK + (season % 1000) * 1000 + 900
    first = replace(
        found[game],
        start_at=datetime.combine(found[game].day, time(16, 35), UTC),
        day_night="day",
        doubleheader="Y",
    )
    found[game] = first
    found.append(
        replace(
            first,
            game_pk=again_pk,
            start_at=first.start_at + timedelta(hours=3, minutes=30),
            game_number=2,
        )
    )
    at = opener(0.85)
    game = next(i for i in by_day[at] if TEAM[found[i].home].park.roof_type == "Open")
    found[game] = replace(found[game], fate=SHORTENED)
    return found
