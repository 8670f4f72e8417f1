"""What the official scorer takes back: a hit that becomes an error, a day after the game.

The final document changes then, and with it everything that sums it up; nothing announces that it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from formguide.baseball.tally import HIT_EVENTS, linescore, player_lines

Json = dict[str, Any]


def hits(document: Json) -> dict[int, list[int]]:
    """Batter → the plays that were his hits."""
    found: dict[int, list[int]] = {}
    for i, play in enumerate(document["liveData"]["plays"]["allPlays"]):
        if play["result"]["eventType"] in HIT_EVENTS:
            found.setdefault(play["matchup"]["batter"]["id"], []).append(i)
    return found


def only_single(document: Json, batter: int) -> int | None:
    """The play that was a batter's only hit, if it was a single on which nobody scored."""
    plays = document["liveData"]["plays"]["allPlays"]
    at = hits(document).get(batter, [])
    if (
        len(at) != 1
        or plays[at[0]]["result"]["eventType"] != "single"
        or plays[at[0]]["about"]["isScoringPlay"]
    ):
        return None
    return at[0]


def overturn(document: Json, play: int) -> Json:
    """The document with a hit taken back: the official scorer now calls the play an error."""
    plays = list(document["liveData"]["plays"]["allPlays"])
    was = plays[play]
    name = was["matchup"]["batter"]["fullName"]
    plays[play] = was | {
        "result": was["result"]
        | {
            "event": "Field Error",
            "eventType": "field_error",
            "description": f"{name}: field error.",
            "rbi": 0,
        },
        "runners": [
            r | {"details": r["details"] | {"event": "Field Error", "eventType": "field_error", "rbi": False}}
            if r["details"]["eventType"] in HIT_EVENTS
            else r
            for r in was["runners"]
        ],
    }
    live = document["liveData"]
    lines = player_lines(plays)
    teams: Mapping[str, Json] = {
        side: box
        | {
            "players": {
                key: p | {"stats": lines.get(p["person"]["id"], {"batting": {}, "pitching": {}})}
                for key, p in box["players"].items()
            }
        }
        for side, box in live["boxscore"]["teams"].items()
    }
    return document | {
        "liveData": live
        | {
            "plays": live["plays"] | {"allPlays": plays, "currentPlay": plays[-1]},
            "linescore": linescore(plays, live["linescore"]["scheduledInnings"]),
            "boxscore": live["boxscore"] | {"teams": teams},
        }
    }
