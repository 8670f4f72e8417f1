"""Plays of the sample league as the documents write them: names of events, times, and one play's document."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
EVENTS = {
    "strikeout": "Strikeout",
    "walk": "Walk",
    "intent_walk": "Intent Walk",
    "hit_by_pitch": "Hit By Pitch",
    "single": "Single",
    "double": "Double",
    "triple": "Triple",
    "home_run": "Home Run",
    "field_error": "Field Error",
    "force_out": "Forceout",
    "grounded_into_double_play": "Grounded Into DP",
    "sac_fly": "Sac Fly",
    "stolen_base_2b": "Stolen Base 2B",
    "caught_stealing_2b": "Caught Stealing 2B",
    "pitching_substitution": "Pitching Substitution",
    "offensive_substitution": "Offensive Substitution",
    "defensive_substitution": "Defensive Sub",
    "defensive_switch": "Defensive Switch",
    "runner_placed": "Runner Placed On Base",
}
"""eventType → event. A `field_out` is named by how the ball was hit."""
OUTS = {"ground_ball": "Groundout", "line_drive": "Lineout", "fly_ball": "Flyout", "popup": "Pop Out"}


class Clock:
    """The time of day in a game."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def on(self, seconds: float) -> str:
        """Lets time pass and returns the new time as the documents write it."""
        self.now += timedelta(seconds=int(seconds))
        return self.text()

    def text(self) -> str:
        """The time now."""
        return f"{self.now.isoformat()[:19]}Z"


@dataclass
class Turn:
    """A batter's turn while it goes on: who faces whom, and what has happened.

    `bats` and `throws` are the sides really used; `balls` and `strikes` the count so far.
    """

    batter: Json
    pitcher: Json
    bats: str
    throws: str
    men_on: str
    started: str
    balls: int = 0
    strikes: int = 0
    events: list[Json] = field(default_factory=list)
    pitch_index: list[int] = field(default_factory=list)

    def pitch(self, event: Json, outs: int, ended: str) -> None:
        """A pitch is thrown: the count follows from its call. `event` is completed in place."""
        call = event["details"]["code"]
        if call in ("B", "*B"):
            self.balls += 1
        elif call in ("C", "S", "W", "T") or (call == "F" and self.strikes < 2):
            self.strikes += 1
        self.pitch_index.append(len(self.events))
        event.update(
            {
                "count": {"balls": self.balls, "strikes": self.strikes, "outs": outs},
                "index": len(self.events),
                "pitchNumber": len(self.pitch_index),
                "endTime": ended,
                "isPitch": True,
                "type": "pitch",
            }
        )
        self.events.append(event)

    def action(self, kind: str, added: Json, text: str, outs: int, ended: str) -> None:
        """Something else happens: a substitution, a steal."""
        self.events.append(action(kind, added, text, len(self.events), ended, self.balls, self.strikes, outs))

    def document(
        self, event: str, name: str, index: int, half: tuple[int, bool], score: tuple[int, int], ended: str,
        outs: int, moves: list[Json], posts: list[Json | None],
    ) -> Json:  # fmt: skip
        """The play, finished. `half` is (inning, top), `score` the visitors' and the home team's runs,
        `posts` who stands on first, second and third after it."""
        scored = [m for m in moves if m["details"]["isScoringEvent"]]
        out = any(m["movement"]["isOut"] for m in moves)
        bases = zip(("postOnFirst", "postOnSecond", "postOnThird"), posts, strict=True)
        inning, top = half
        return {
            "result": {
                "type": "atBat",
                "event": name,
                "eventType": event,
                "description": f"{self.batter['fullName']}: {name.lower()}.",
                "rbi": sum(bool(m["details"]["rbi"]) for m in scored),
                "awayScore": score[0],
                "homeScore": score[1],
                "isOut": out and event not in ("single", "double", "triple", "home_run"),
            },
            "about": {
                "atBatIndex": index,
                "halfInning": "top" if top else "bottom",
                "isTopInning": top,
                "inning": inning,
                "startTime": self.started,
                "endTime": ended,
                "isComplete": True,
                "isScoringPlay": bool(scored),
                "hasOut": out,
            },
            "count": {"balls": self.balls, "strikes": self.strikes, "outs": outs},
            "matchup": {
                "batter": self.batter,
                "batSide": {"code": self.bats},
                "pitcher": self.pitcher,
                "pitchHand": {"code": self.throws},
                **{key: runner for key, runner in bases if runner is not None and outs < 3},
                "splits": {"menOnBase": self.men_on},
            },
            "pitchIndex": self.pitch_index,
            "actionIndex": [i for i in range(len(self.events)) if i not in self.pitch_index],
            "runnerIndex": list(range(len(moves))),
            "runners": moves,
            "playEvents": self.events,
            "atBatIndex": index,
        }


def action(
    kind: str, added: Json, text: str, index: int, ended: str, balls: int = 0, strikes: int = 0, outs: int = 0
) -> Json:
    """A play event that is no pitch; `added` is what only its kind has."""
    return {
        "details": {"description": text, "event": EVENTS[kind], "eventType": kind},
        "count": {"balls": balls, "strikes": strikes, "outs": outs},
        "index": index,
        "endTime": ended,
        "isPitch": False,
        "type": "action",
        **({"isSubstitution": True} if kind.endswith(("substitution", "switch")) else {}),
        **added,
    }
