"""The pitches of one plate appearance, added up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from formguide.baseball import events
from formguide.baseball.feed_records import Event
from formguide.baseball.tables import PITCH_TYPES

_CALL_COUNTS = {
    "ball": "called_balls",
    "called_strike": "called_strikes",
    "swinging_strike": "swinging_strikes",
    "foul": "fouls",
    "in_play": "in_play",
}


def call(event: Event) -> str | None:
    """The kind of a pitch's call; None for what is no pitch or has none."""
    said = event.details.call.description if event.details.call else None
    return events.call_of(said or event.details.description)


def is_automatic(event: Event) -> bool:
    """Whether a ball or strike was given without a pitch: by the clock, or for an intentional walk."""
    return (event.details.description or "").startswith(tuple(events.AUTOMATIC))


def pitch_type(event: Event) -> str | None:
    """The code under which a pitch is counted; None where its type is not known."""
    kind = event.details.type
    return events.pitch_code(kind.code or kind.description) if kind else None


def summed(play: Sequence[Event]) -> dict[str, Any]:
    """Counts, means, last pitch and batted ball of a plate appearance, by the columns of the table.

    Balls and strikes that were given without a pitch are not counted as pitches, but are the last call if
    they come last.
    """
    thrown = [event for event in play if event.is_pitch and not is_automatic(event)]
    types = [pitch_type(event) for event in thrown]
    row: dict[str, Any] = {"pitches": len(thrown), **dict.fromkeys(_CALL_COUNTS.values(), 0)}
    for event in thrown:
        column = _CALL_COUNTS.get(call(event) or "")
        if column:
            row[column] += 1
    if not thrown or any(types):
        row |= {f"pitches_{code}": types.count(code.upper()) for code in PITCH_TYPES}
    row["pitch_speed_mean_mph"] = _mean(event.pitch_data.start_speed for event in thrown)
    row["spin_rate_mean_rpm"] = _mean(event.pitch_data.breaks.spin_rate for event in thrown)
    row["extension_mean_ft"] = _mean(event.pitch_data.extension for event in thrown)
    row["break_mean_in"] = _mean(
        _length(event.pitch_data.breaks.break_horizontal, event.pitch_data.breaks.break_vertical_induced)
        for event in thrown
    )
    called = [event for event in play if event.is_pitch or event.details.call is not None]
    if called:
        row |= _last(called[-1])
    hit = next((event.hit_data for event in reversed(thrown) if call(event) == "in_play"), None)
    if hit is not None:
        row |= {
            "launch_speed_mph": hit.launch_speed,
            "launch_angle_deg": hit.launch_angle,
            "hit_distance_ft": hit.total_distance,
            "trajectory": hit.trajectory or None,
            "hardness": hit.hardness or None,
        }
    return row


def _last(event: Event) -> dict[str, Any]:
    breaks = event.pitch_data.breaks
    return {
        "last_pitch_type": pitch_type(event),
        "last_pitch_call": call(event),
        "last_pitch_speed_mph": event.pitch_data.start_speed,
        "last_pitch_spin_rpm": breaks.spin_rate,
        "last_pitch_break_in": _length(breaks.break_horizontal, breaks.break_vertical),
    }


def _length(horizontal: float | None, vertical: float | None) -> float | None:
    return None if horizontal is None or vertical is None else math.sqrt(horizontal**2 + vertical**2)


def _mean(values: Any) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
