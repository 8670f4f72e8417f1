"""What the words of the sources mean: events, calls and pitch types."""

from __future__ import annotations

from formguide.baseball.tables import PITCH_TYPES

HITS = frozenset({"single", "double", "triple", "home_run"})
"""The events that are hits."""

PLATE_APPEARANCES = HITS | frozenset(
    {
        *("walk", "intent_walk", "hit_by_pitch", "catcher_interf", "fan_interference"),
        *("strikeout", "strikeout_double_play", "strikeout_triple_play", "batter_interference"),
        *("field_out", "force_out", "fielders_choice", "fielders_choice_out", "field_error"),
        *("double_play", "grounded_into_double_play", "triple_play", "grounded_into_triple_play"),
        *("sac_bunt", "sac_bunt_double_play", "sac_fly", "sac_fly_double_play"),
    }
)
"""The events that end a plate appearance (MLB's eventType; Savant uses the same words)."""

NO_PLATE_APPEARANCE = (
    *("pickoff", "stolen_base", "caught_stealing", "cs_double_play", "runner_", "other_out", "balk"),
    *("wild_pitch", "passed_ball", "forced_balk", "defensive_indiff", "other_advance", "error"),
    *("game_advisory", "ejection", "injury", "truncated_pa"),
)
"""How events begin that end an inning, or interrupt it, while somebody is at bat: no plate appearance of his.

He bats first in the next inning, if there is one.
"""

PITCH_CODES = {
    "Four-Seam Fastball": "FF",
    "4-Seam Fastball": "FF",
    "Sinker": "SI",
    "Two-Seam Fastball": "SI",
    "Cutter": "FC",
    "Slider": "SL",
    "Sweeper": "ST",
    "Slurve": "SV",
    "Curveball": "CU",
    "Knuckle Curve": "KC",
    "Changeup": "CH",
    "Splitter": "FS",
    "Split-Finger": "FS",
    "Knuckle Ball": "KN",
    "Knuckleball": "KN",
}
"""Statcast's codes by the names that sources write out; every other named pitch is OTHER."""

OTHER = "OTHER"
COUNTED = tuple(code.upper() for code in PITCH_TYPES if code != "other")
"""The pitch types with a count of their own, in capitals."""

SAME_PITCH = {"FT": "SI"}
"""Codes that Statcast has given up, and what it calls these pitches now."""

UNKNOWN_PITCHES = frozenset({"", "Unknown", "UN", "null"})

CALLS = {
    "Ball": "ball",
    "Ball In Dirt": "ball",
    "Pitchout": "ball",
    "Called Strike": "called_strike",
    "Swinging Strike": "swinging_strike",
    "Swinging Strike (Blocked)": "swinging_strike",
    "Swinging Pitchout": "swinging_strike",
    "Missed Bunt": "swinging_strike",
    "Foul Tip": "swinging_strike",
    "Foul Bunt Tip": "swinging_strike",
    "Foul": "foul",
    "Foul Bunt": "foul",
    "Foul Pitchout": "foul",
    "Hit By Pitch": "hit_by_pitch",
    "In play, out(s)": "in_play",
    "In play, no out": "in_play",
    "In play, run(s)": "in_play",
}
"""What a pitch was called, by MLB's description of it. Tips into the mitt are strikes swung at."""

AUTOMATIC = {"Automatic Ball": "ball", "Automatic Strike": "called_strike"}
"""Calls that no pitch was thrown for (the pitch clock, an intentional walk), by how they begin."""


def call_of(description: str | None) -> str | None:
    """The kind of a call by its description; None for one that is not known."""
    if description is None:
        return None
    for beginning, call in AUTOMATIC.items():
        if description.startswith(beginning):
            return call
    return CALLS.get(description)


def pitch_code(written: str | None) -> str | None:
    """One of the counted codes or OTHER, from a pitch's code or its name; None where it is not known."""
    if written is None or written in UNKNOWN_PITCHES:
        return None
    code = PITCH_CODES.get(written, SAME_PITCH.get(written, written))
    return code if code in COUNTED else OTHER


def is_plate_appearance(event: str) -> bool | None:
    """Whether an event ends a plate appearance; None for an event that is not known."""
    if event in PLATE_APPEARANCES:
        return True
    return False if event.startswith(NO_PLATE_APPEARANCE) else None
