"""What became of a pick, read from the game's own document: hit, miss, void, or still open.

A hit counts as soon as it is there; a miss only when the game is over. A batter who did not bat, or whose
game was not played that day, changes nothing: the pick is void.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Result = Literal["hit", "miss", "void", "open"]
FINAL = "final"
NOT_PLAYED = frozenset({"postponed", "cancelled"})


@dataclass(frozen=True)
class BattingLine:
    """A batter's day in one game: hits and plate appearances so far, and the state of the game
    (`Games.state`). `official_date`: the day that the game counts for."""

    hits: int
    plate_appearances: int
    state: str
    official_date: date

    @property
    def final(self) -> bool:
        """Whether the game is over."""
        return self.state == FINAL


def batting_line(document: Mapping[str, Any], batter_id: int, state: str) -> BattingLine:
    """A batter's line in a feed/live document; raises ValueError if the document is none.

    From the boxscore, which the official scorer's corrections reach, and from the plays where it says
    nothing. state: of the game, as the feed's reader names it.
    """
    try:
        when = document["gameData"]["datetime"]
        # A suspended game counts for the day on which it began, whenever it goes on.
        official = date.fromisoformat(min(when["officialDate"], when.get("resumedFromDate", "9999")))
        teams = document["liveData"]["boxscore"]["teams"]
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a feed/live document: no {error}") from error
    for side in ("home", "away"):
        player = teams.get(side, {}).get("players", {}).get(f"ID{batter_id}") or {}
        batting = (player.get("stats") or {}).get("batting") or {}
        if "plateAppearances" in batting:
            return BattingLine(int(batting.get("hits", 0)), int(batting["plateAppearances"]), state, official)
    own = [
        play["result"]
        for play in document["liveData"].get("plays", {}).get("allPlays", ())
        if play.get("matchup", {}).get("batter", {}).get("id") == batter_id
        and play.get("about", {}).get("isComplete")
        and play.get("result", {}).get("type") == "atBat"
    ]
    hits = sum(result.get("eventType") in _HITS for result in own)
    return BattingLine(hits, len(own), state, official)


_HITS = frozenset({"single", "double", "triple", "home_run"})


def result_of(line: BattingLine, game_date: date) -> Result:
    """What a batting line makes of a pick of `game_date`.

    A game that was put off is played under its own number on another day: for the pick it never took place.
    """
    if line.state in NOT_PLAYED or line.official_date != game_date:
        return "void"
    if line.hits > 0:
        return "hit"
    if line.final:
        return "miss" if line.plate_appearances > 0 else "void"
    return "open"
