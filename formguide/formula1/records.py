"""How a source's text becomes values, and what happens to a record that cannot be read.

Everything arrives as text. A pydantic model per kind of record turns it into values; a record that does
not fit is set aside as a `Reject` that names its file, row and field and carries what it said, and the
records beside it go on.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BeforeValidator, ValidationError

from formguide.records import Record, Reject, set_aside, what_is_wrong

if TYPE_CHECKING:
    from formguide.formula1.calendar import Weekend

Row = dict[str, Any]

_CLOCK = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,2}):)?(\d{1,6})(?:\.(\d{1,6}))?", re.ASCII)
_LAPS_BEHIND = re.compile(r"\+\s*(\d+) laps?", re.IGNORECASE | re.ASCII)
_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?Z?", re.ASCII)


@dataclass
class Reading:
    """What one source says about one season, and what in it was set aside or is remarkable.

    `weekends` holds the races by race_id. `rows` holds the rows of each table by its name; in place of
    `session_at` they carry `when`, the name of the session, since only the merged calendar knows its time.
    `short` names the parts (race_id, table, session) of which records were set aside.
    """

    source: str
    weekends: dict[str, Weekend] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    short: set[tuple[str, str, object]] = field(default_factory=set)

    def add(self, table: str, row: Row) -> None:
        """Adds a row to a table."""
        self.rows.setdefault(table, []).append(row)

    def reject(self, file: str, row: int | None, field: str | None, reason: str, payload: object) -> None:
        """Sets a record aside; a payload that is not bytes is kept as JSON."""
        self.rejects.append(set_aside(file, row, field, reason, payload))


def fingerprint(body: bytes | object) -> str:
    """First 16 hex digits of the SHA-256 of a file's bytes, or of a record's canonical JSON."""
    if not isinstance(body, bytes):
        body = json.dumps(
            body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str
        ).encode()
    return hashlib.sha256(body).hexdigest()[:16]


def parse_duration(text: str) -> float:
    """Seconds of `1:30:55.026`, `1:27.241`, `23.385` or `+9.748`. Raises `ValueError` for anything else."""
    match = _CLOCK.fullmatch(text.strip().removeprefix("+"))
    if match is None:
        raise ValueError(f"{text!r} is not a time such as 1:30:55.026, 1:27.241 or 23.385")
    hours, minutes, seconds, decimals = match.groups()
    if (minutes is not None and int(seconds) >= 60) or (hours is not None and int(minutes) >= 60):
        raise ValueError(f"{text!r} has 60 or more seconds or minutes")
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    return float(f"{whole}.{decimals or 0}")


def parse_gap(text: str) -> tuple[float | None, int | None]:
    """A gap to the winner as (seconds, None) or (None, laps): `+9.748`, `+1:02.123`, `+1 lap`, `+2 laps`."""
    laps = _LAPS_BEHIND.fullmatch(text.strip())
    if laps is not None:
        return None, int(laps.group(1))
    return parse_duration(text), None


def parse_time_of_day(text: str) -> time:
    """A time such as `07:00`, `06:00:00`, `15:00:00Z`; `690` is 11:30 (YAML 1.1 tools write 11:30 so)."""
    match = _TIME_OF_DAY.fullmatch(text.strip())
    if match is not None:
        return time(int(match.group(1)), int(match.group(2)), int(match.group(3) or 0))
    if text.strip().isdecimal() and int(text) < 24 * 60:
        return time(int(text) // 60, int(text) % 60)
    raise ValueError(f"{text!r} is not a time of day such as 07:00")


def at(day: date | None, clock: time | None) -> datetime | None:
    """The moment of a date and a time of day, if both are known."""
    return None if day is None or clock is None else datetime.combine(day, clock)


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _time_of_day(value: object) -> object:
    return parse_time_of_day(value) if isinstance(value, str) else value


def _gap(value: object) -> object:
    return parse_gap(value) if isinstance(value, str) else value


Duration = Annotated[float, BeforeValidator(_duration)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Gap = Annotated[tuple[float | None, int | None], BeforeValidator(_gap)]


R = TypeVar("R", bound=Record)

_NOTHING = {"", "null", "~", "\\N"}


def read_record(model: type[R], raw: object, reading: Reading, file: str, row: int | None) -> R | None:
    """The record, or None if it was set aside. Empty values count as absent."""
    if not isinstance(raw, dict):
        reading.reject(file, row, None, f"a record of named fields was expected, not {_kind(raw)}", raw)
        return None
    present = {
        k: v for k, v in raw.items() if not (v is None or (isinstance(v, str) and v.strip() in _NOTHING))
    }
    try:
        return model.model_validate(present)
    except ValidationError as error:
        name, reason = what_is_wrong(error)
        reading.reject(file, row, name, reason, raw)
        return None


def _kind(value: object) -> str:
    if value is None or value == "":
        return "nothing"
    kinds = {"list": "a list", "dict": "a mapping", "str": "plain text"}
    name = type(value).__name__
    return kinds.get(name, name)
