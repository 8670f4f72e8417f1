"""Schedules of MLB's Stats API: which games a day has, and what became of them.

A game that was put off is listed on its old day, postponed, and on its new one; one that was suspended on
every day on which it was played. Of the entries of a game the one on its official date counts. A game that
is warming up has the abstract state Live, but it is a preview (see `states`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import Field, ValidationError

from formguide import files
from formguide.baseball.feed import Row, naive_utc, read_json
from formguide.baseball.feed_records import Named, Person, Status
from formguide.baseball.states import game_state
from formguide.records import Record, Reject, set_aside, what_is_wrong

SOURCE = "schedule"

_MOST_SAID = ("final", "live", "suspended", "preview", "cancelled", "postponed")
"""Which of two entries of one game is believed, all else equal: the one whose state comes first."""


class _Team(Record):
    team: Named
    probable_pitcher: Person | None = None


class _Teams(Record):
    home: _Team
    away: _Team


class _Entry(Record):
    game_pk: int = Field(ge=1)
    season: int
    game_date: datetime
    official_date: date
    resumed_from_date: date | None = None
    status: Status
    teams: _Teams
    venue: Named
    game_number: int = Field(default=1, ge=1)
    double_header: str = "N"
    day_night: str | None = None
    scheduled_innings: int = Field(default=9, ge=1)


@dataclass
class ScheduleReading:
    """What schedules say: one row per game and entry, and what was set aside."""

    entries: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


def read_schedule(file: str, body: bytes) -> ScheduleReading:
    """The regular-season games of a response, as rows of `Games` with `listed_on`, the day of the list.

    Never raises for bad input.
    """
    reading = ScheduleReading()
    try:
        document = read_json(body)
        listed = [(str(day["date"]), game) for day in document["dates"] for game in day["games"]]
    except (ValueError, RecursionError, LookupError, TypeError) as error:
        what = f"not a schedule: {type(error).__name__} {str(error)[:200]}"
        reading.rejects.append(set_aside(file, None, None, what, body))
        return reading
    for number, (day, raw) in enumerate(listed):
        if isinstance(raw, dict) and raw.get("gameType", "R") != "R":
            continue
        try:
            entry = _Entry.model_validate(raw)
        except ValidationError as error:
            name, reason = what_is_wrong(error)
            reading.rejects.append(set_aside(file, number, name, reason, raw))
            continue
        reading.entries.append(_row(entry, day))
    return reading


def believed(entries: list[Row]) -> list[Row]:
    """One row per game: the entry on the official date, then the one that says most, then the last."""
    best: dict[int, tuple[tuple[bool, int], Row]] = {}
    for row in entries:
        rank = (row["listed_on"] == row["game_date"].isoformat(), -_MOST_SAID.index(row["state"]))
        if row["game_pk"] not in best or rank >= best[row["game_pk"]][0]:
            best[row["game_pk"]] = (rank, row)
    return [
        {name: value for name, value in row.items() if name != "listed_on"}
        for _, (_, row) in sorted(best.items())
    ]


def _row(entry: _Entry, listed_on: str) -> Row:
    day = entry.official_date
    if entry.resumed_from_date is not None:
        day = min(day, entry.resumed_from_date)
    row: dict[str, Any] = {
        "season": entry.season,
        "game_pk": entry.game_pk,
        "game_date": day,
        "source": SOURCE,
        "game_number": entry.game_number,
        "doubleheader": entry.double_header in ("Y", "S"),
        "scheduled_innings": entry.scheduled_innings,
        "start_at": naive_utc(entry.game_date),
        "day_night": entry.day_night,
        "state": game_state(entry.status),
        "venue_id": entry.venue.id,
        "venue": entry.venue.name,
        "listed_on": listed_on,
    }
    for side, team in (("home", entry.teams.home), ("away", entry.teams.away)):
        row[f"{side}_team_id"] = team.team.id
        row[f"{side}_team"] = team.team.name
        row[f"{side}_probable_id"] = team.probable_pitcher.id if team.probable_pitcher else None
    return row | {"fingerprint": files.content_hash(repr(sorted(row.items())).encode())}
