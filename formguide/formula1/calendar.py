"""When a weekend's sessions start: what the sources say, and the convention where they say nothing.

A `Weekend` is all that a source knows of a race beforehand. The calendar is an allow-list: a source's
remaining fields (the distance that was really run, whether a title was decided) never get here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from formguide.formula1.records import Row, fingerprint

GRID_BEFORE_START = timedelta(hours=1)
KNOWN_BEFORE_WEEKEND = timedelta(days=7)
_LARGEST_DISAGREEMENT = timedelta(hours=36)
_LONGEST_WEEKEND = timedelta(days=6)

PRACTICE = ("practice_1", "practice_2", "practice_3")


@dataclass(frozen=True)
class Weekend:
    """One race as one source announces it; `sessions` holds the start (UTC) of those whose time is given."""

    season: int
    round: int
    race_id: str
    grand_prix_id: str
    race_name: str
    source: str
    fingerprint: str
    race_date: date
    circuit_id: str | None = None
    circuit_type: str | None = None
    course_km: float | None = None
    turns: int | None = None
    scheduled_laps: int | None = None
    has_sprint: bool = False
    sessions: dict[str, datetime] = field(default_factory=dict)


def same_date(first: Weekend, other: Weekend) -> bool:
    """Whether two sources agree on a race's date to within a day and a half.

    One may name the local date and the other the one in UTC.
    """
    return abs(first.race_date - other.race_date) < _LARGEST_DISAGREEMENT


def fill(first: Weekend, other: Weekend) -> Weekend:
    """The first source's weekend with what it lacks taken from the other.

    A session's time is taken only if the two agree on the date; otherwise one of them describes an older
    plan.
    """
    sessions = {**other.sessions, **first.sessions} if same_date(first, other) else first.sessions
    filled = replace(
        first,
        circuit_id=first.circuit_id or other.circuit_id,
        circuit_type=first.circuit_type or other.circuit_type,
        course_km=first.course_km if first.course_km is not None else other.course_km,
        turns=first.turns if first.turns is not None else other.turns,
        scheduled_laps=first.scheduled_laps if first.scheduled_laps is not None else other.scheduled_laps,
        has_sprint=first.has_sprint or other.has_sprint,
        sessions=sessions,
    )
    if filled == first:
        return first
    return replace(filled, fingerprint=fingerprint([first.fingerprint, other.fingerprint]))


def without_stray_times(weekend: Weekend) -> tuple[Weekend, list[str]]:
    """The weekend without times that can be no session's of it, and which those were, in words.

    A day mistyped, or left as it was when a race was moved, would say that a session was known weeks before
    it was held, or not until after the race. Sessions start in the six days before their race.
    """
    end = weekend.sessions.get("race", datetime.combine(weekend.race_date, time.max))
    strays = {
        name: moment
        for name, moment in weekend.sessions.items()
        if name != "race" and not end - _LONGEST_WEEKEND <= moment < end
    }
    said = [
        f"{weekend.race_id}: {weekend.source} has {name} at {moment:%Y-%m-%d %H:%M}, which is not in the "
        f"days before the race of {weekend.race_date}, and is not taken"
        for name, moment in sorted(strays.items())
    ]
    sessions = {name: moment for name, moment in weekend.sessions.items() if name not in strays}
    return (replace(weekend, sessions=sessions) if strays else weekend), said


def session_times(weekend: Weekend) -> dict[str, datetime]:
    """Start (UTC) of every session of the weekend, by convention where no source gives it.

    Keys: practice_1..3, qualifying, sprint_qualifying, sprint, sprint_grid, race, grid. The convention:
    race 14:00; qualifying 14:00 the day before; practice 10:00 and 14:00 two days before and 11:00 the
    day before. With a sprint (2021-2022): practice 1 12:00 and qualifying 16:00 two days before,
    practice 2 11:00 and sprint 15:30 the day before; (2023): the same qualifying, sprint qualifying
    10:00 and sprint 15:30 the day before; (from 2024): sprint qualifying 15:00 two days before, sprint
    11:00 and qualifying 15:00 the day before.
    """
    usual: dict[str, tuple[int, time]] = {
        "race": (0, time(14)),
        "qualifying": (1, time(14)),
        "practice_1": (2, time(10)),
        "practice_2": (2, time(14)),
        "practice_3": (1, time(11)),
        "sprint_qualifying": (2, time(15)),
        "sprint": (1, time(11)),
    }
    if weekend.has_sprint and weekend.season <= 2023:
        usual["practice_1"] = (2, time(12))
        usual["qualifying"] = (2, time(16))
        usual["practice_2"] = (1, time(11))
        usual["sprint_qualifying"] = (1, time(10))
        usual["sprint"] = (1, time(15, 30))
    elif weekend.has_sprint:
        usual["qualifying"] = (1, time(15))
    days = {
        name: datetime.combine(weekend.race_date - timedelta(days=n), clock)
        for name, (n, clock) in usual.items()
    }
    times = {name: weekend.sessions.get(name, moment) for name, moment in days.items()}
    times["grid"] = times["race"] - GRID_BEFORE_START
    times["sprint_grid"] = times["sprint"] - GRID_BEFORE_START
    return times


def calendar_row(weekend: Weekend) -> Row:
    """The weekend's row of the race calendar."""
    times = session_times(weekend)
    sprint_qualifying = weekend.has_sprint and weekend.season >= 2023
    first = [times["practice_1"], times["qualifying"]]
    if sprint_qualifying:
        first.append(times["sprint_qualifying"])
    return {
        "season": weekend.season,
        "round": weekend.round,
        "race_id": weekend.race_id,
        "session_at": min(first) - KNOWN_BEFORE_WEEKEND,
        "source": weekend.source,
        "fingerprint": weekend.fingerprint,
        "grand_prix_id": weekend.grand_prix_id,
        "race_name": weekend.race_name,
        "circuit_id": weekend.circuit_id,
        "circuit_type": weekend.circuit_type,
        "course_km": weekend.course_km,
        "turns": weekend.turns,
        "scheduled_laps": weekend.scheduled_laps,
        "race_date": weekend.race_date,
        "race_at": times["race"],
        "qualifying_at": times["qualifying"],
        "weekend_at": min(first),
        "has_sprint": weekend.has_sprint,
        "sprint_at": times["sprint"] if weekend.has_sprint else None,
        "sprint_qualifying_at": times["sprint_qualifying"] if sprint_qualifying else None,
    }
