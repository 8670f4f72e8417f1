"""Box score and line score from the plays of a feed/live document, as they stood after any of them.

A document that is cut in the middle of a game must not carry what was only known at its end, so everything
that sums up the plays is counted again from those that are left. What is counted is the core of the real
box score: its other figures have no part in a forecast or on a live page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]

HIT_EVENTS = {"single": 1, "double": 2, "triple": 3, "home_run": 4}
"""The events that are a hit → bases."""
_WALKS = frozenset({"walk", "intent_walk"})
_NO_AT_BAT = _WALKS | {
    "hit_by_pitch", "sac_fly", "sac_bunt", "sac_fly_double_play", "sac_bunt_double_play", "catcher_interf"
}  # fmt: skip
_RUNNING = (
    "caught_stealing", "pickoff", "stolen_base", "wild_pitch", "passed_ball", "balk", "other_out", "runner_"
)  # fmt: skip
_ORDINALS = {1: "st", 2: "nd", 3: "rd"}


def is_plate_appearance(play: Json) -> bool:
    """Whether a play is a finished plate appearance: not an inning ended by a runner, not one under way."""
    result = play.get("result", {})
    event = result.get("eventType") or ""
    done = play.get("about", {}).get("isComplete", False)
    return bool(done and event and result.get("type") == "atBat" and not event.startswith(_RUNNING))


def player_lines(plays: Sequence[Json]) -> dict[int, Json]:
    """Player → his batting and pitching so far, under the API's names; only who batted or pitched."""
    lines: dict[int, Json] = {}
    starters: set[bool] = set()
    outs_before, half_before = 0, None
    for play in plays:
        about, matchup = play["about"], play["matchup"]
        half = (about["inning"], about["isTopInning"])
        if half != half_before:
            outs_before, half_before = 0, half
        pitcher = lines.setdefault(matchup["pitcher"]["id"], {"batting": {}, "pitching": {}})["pitching"]
        if not pitcher:
            pitcher |= dict.fromkeys(
                ("gamesStarted", "battersFaced", "outs", "pitchesThrown", "hits", "homeRuns", "strikeOuts",
                 "baseOnBalls", "hitBatsmen"), 0,
            )  # fmt: skip
            pitcher["gamesStarted"] = int(about["isTopInning"] not in starters)
            starters.add(about["isTopInning"])
        pitcher["pitchesThrown"] += sum(bool(e.get("isPitch")) for e in play["playEvents"])
        outs = play["count"]["outs"]
        pitcher["outs"] += max(outs - outs_before, 0)
        outs_before = outs
        for runner in play["runners"]:
            details = runner["details"]
            if details.get("isScoringEvent"):
                scorer = _batting(lines, details["runner"]["id"])
                scorer["runs"] += 1
        if is_plate_appearance(play):
            _count(play, _batting(lines, matchup["batter"]["id"]), pitcher)
    return lines


def _batting(lines: dict[int, Json], player: int) -> Json:
    batting: Json = lines.setdefault(player, {"batting": {}, "pitching": {}})["batting"]
    if not batting:
        batting |= dict.fromkeys(
            ("plateAppearances", "atBats", "runs", "hits", "doubles", "triples", "homeRuns", "rbi",
             "baseOnBalls", "strikeOuts", "hitByPitch", "totalBases"), 0,
        )  # fmt: skip
    return batting


def _count(play: Json, batting: Json, pitching: Json) -> None:
    event = play["result"]["eventType"]
    bases = HIT_EVENTS.get(event, 0)
    batting["plateAppearances"] += 1
    pitching["battersFaced"] += 1
    batting["atBats"] += event not in _NO_AT_BAT
    batting["hits"] += bases > 0
    pitching["hits"] += bases > 0
    batting["totalBases"] += bases
    batting["doubles"] += bases == 2
    batting["triples"] += bases == 3
    batting["homeRuns"] += bases == 4
    pitching["homeRuns"] += bases == 4
    batting["rbi"] += play["result"].get("rbi", 0)
    batting["baseOnBalls"] += event in _WALKS
    pitching["baseOnBalls"] += event in _WALKS
    struck_out = event.startswith("strikeout")
    batting["strikeOuts"] += struck_out
    pitching["strikeOuts"] += struck_out
    batting["hitByPitch"] += event == "hit_by_pitch"
    pitching["hitBatsmen"] += event == "hit_by_pitch"


def linescore(plays: Sequence[Json], scheduled_innings: int) -> Json:
    """Innings, runs and hits so far, and where the game stands. Without a play it has not begun."""
    innings: list[Json] = []
    totals = {side: {"runs": 0, "hits": 0, "errors": 0} for side in ("home", "away")}
    before = {"home": 0, "away": 0}
    for play in plays:
        about, result = play["about"], play["result"]
        if not about.get("isComplete"):
            continue
        while len(innings) < about["inning"]:
            number = len(innings) + 1
            innings.append({"num": number, "ordinalNum": ordinal(number), "home": {}, "away": {}})
        side, other = ("away", "home") if about["isTopInning"] else ("home", "away")
        line = innings[about["inning"] - 1][side]
        if not line:
            line |= {"runs": 0, "hits": 0}
        runs = result[f"{side}Score"] - before[side]
        before[side] = result[f"{side}Score"]
        hit = result.get("eventType") in HIT_EVENTS
        line["runs"] += runs
        line["hits"] += hit
        totals[side]["runs"] += runs
        totals[side]["hits"] += hit
        charged = sum(
            c.get("credit", "").endswith("_error") for r in play["runners"] for c in r.get("credits", ())
        )
        totals[other]["errors"] += max(charged, result.get("eventType") == "field_error")
    told: Json = {"scheduledInnings": scheduled_innings, "innings": innings, "teams": totals}
    if plays:
        last = plays[-1]
        about, count = last["about"], last["count"]
        half = "Top" if about["isTopInning"] else "Bottom"
        ended = about.get("isComplete") and count["outs"] == 3
        told = {
            "currentInning": about["inning"],
            "currentInningOrdinal": ordinal(about["inning"]),
            "inningState": ("Middle" if half == "Top" else "End") if ended else half,
            "inningHalf": half,
            "isTopInning": about["isTopInning"],
            **told,
            **count,
        }
    return told


def plays_by_inning(plays: Sequence[Json]) -> list[Json]:
    """Which plays belong to which half inning."""
    innings: list[Json] = []
    for play in plays:
        about = play["about"]
        while len(innings) < about["inning"]:
            at = about["atBatIndex"]
            innings.append({"startIndex": at, "endIndex": at, "top": [], "bottom": []})
        inning = innings[about["inning"] - 1]
        inning["endIndex"] = about["atBatIndex"]
        inning["top" if about["isTopInning"] else "bottom"].append(about["atBatIndex"])
    return innings


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, … 11th."""
    return f"{number}{'th' if number % 100 in (11, 12, 13) else _ORDINALS.get(number % 10, 'th')}"
