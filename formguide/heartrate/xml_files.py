"""What GPX and TCX share: XML that nobody can be harmed by, the points in it, and their times.

A file that declares entities or a document type is refused before anything of it is unfolded, so that a few
hundred bytes cannot become gigabytes, nor a file of this machine part of a workout.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from formguide.heartrate.readings import CHANNELS, NOTES_KEPT, Floats, Reading, Unreadable, user_of
from formguide.records import Reject, set_aside

TIME = "time"
"""What a point's time goes by, beside the names of `CHANNELS`, latitude and longitude."""

_POINT = re.compile(rb"<(/?)(?:\w+:)?(?:trkpt|Trackpoint)\b")
_TIME = re.compile(rb"<(?:\w+:)?[Tt]ime>\s*([^<\s]{10,40})\s*<")


def tree(body: bytes) -> Any:
    """The root element of a file. Raises `Unreadable`, also for a document type, an entity or a reference to
    something outside of it."""
    try:
        return fromstring(body, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        what = type(error).__name__
        raise Unreadable(f"refused: it declares a document type or entities ({what})", 1) from error
    except ParseError as error:
        raise Unreadable(f"no XML can be read: {error}", error.position[0]) from error
    except (ValueError, LookupError) as error:
        raise Unreadable(f"no XML can be read: {error}", 1) from error


def seconds(written: str | None) -> float | None:
    """Seconds since 1970 of a time as XML has it, UTC where it names no offset; None if it is none."""
    try:
        moment = datetime.fromisoformat((written or "").strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def number(written: str | None) -> float | None:
    """A number; None if it is none."""
    try:
        value = float(written or "")
    except ValueError:
        return None
    return value if np.isfinite(value) else None


@dataclass
class Points:
    """The points of a workout as they are read, and what could not be read of them."""

    path: str
    rows: list[dict[str, float]] = field(default_factory=list)
    notes: list[Reject] = field(default_factory=list)
    more: int = 0

    def begin(self) -> None:
        """A new point."""
        self.rows.append({})

    def take(self, channel: str, name: str, written: str | None) -> None:
        """What an element of the point says, unless another said it before."""
        value = seconds(written) if channel == TIME else number(written)
        if value is not None:
            self.rows[-1].setdefault(channel, value)
        elif written is not None and written.strip():
            wanted = "a time" if channel == TIME else "a number"
            if len(self.notes) < NOTES_KEPT:
                said = written.strip()[:60]
                self.notes.append(
                    set_aside(self.path, len(self.rows), name, f"{said!r} is not {wanted}", said.encode())
                )
            else:
                self.more += 1

    def reading(self, kind: str, activity: str | None) -> Reading:
        """The workout."""
        columns = {
            name: np.array([row.get(name, np.nan) for row in self.rows])
            for name in (TIME, "latitude", "longitude", *CHANNELS)
        }
        known = {name: values for name, values in columns.items() if np.isfinite(values).any()}
        notes = list(self.notes)
        if self.more:
            notes.append(set_aside(self.path, None, None, f"{self.more} more could not be read", b""))
        return Reading(
            self.path,
            user_of(self.path),
            kind,
            activity,
            None,
            columns[TIME],
            {name: known[name] for name in CHANNELS if name in known},
            known.get("latitude"),
            known.get("longitude"),
            notes,
        )


def times_of(body: bytes) -> Floats:
    """The times of a file's track points, seconds since 1970, without reading anything else of it: a file may
    be written, or a lap said to begin, at another time."""
    # What comes before the first tag, then each tag's slash, if any, and what follows it.
    _, *parts = _POINT.split(body)
    points = (inside for slash, inside in zip(parts[::2], parts[1::2], strict=True) if not slash)
    said = (seconds(found.decode("ascii", "replace")) for point in points for found in _TIME.findall(point))
    return np.array([moment for moment in said if moment is not None])


def local_name(tag: object) -> str:
    """The name of an element without its namespace; empty for a comment."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
