"""A game's state, from MLB's three ways of saying it."""

from __future__ import annotations

from formguide.baseball.feed_records import Status

PLAYED = frozenset({"live", "suspended", "final"})
"""The states in which there are plays to count."""

_CODED = {"D": "postponed", "C": "cancelled", "U": "suspended", "T": "suspended", "S": "preview"}
_BEGINNINGS = {"Postponed": "postponed", "Cancelled": "cancelled", "Suspended": "suspended"}


def game_state(status: Status) -> str:
    """preview, live, final, postponed, suspended or cancelled, as `Games.state` has it.

    A game that is warming up has the abstract state Live but the code P: it has not begun. One that was put
    off has the abstract state Final.
    """
    if status.coded_game_state in _CODED:
        return _CODED[status.coded_game_state]
    for beginning, state in _BEGINNINGS.items():
        if status.detailed_state.startswith(beginning):
            return state
    if status.coded_game_state == "P":
        return "preview"
    return {"Final": "final", "Live": "live"}.get(status.abstract_game_state, "preview")
