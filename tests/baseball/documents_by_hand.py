"""Game documents and schedules small enough to work out by hand what must come of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

HOME, AWAY = 111, 147
NINE = {HOME: range(1101, 1110), AWAY: range(1201, 1210)}
PITCHERS = {HOME: 1150, AWAY: 1250}
FINAL = {"abstractGameState": "Final", "codedGameState": "F", "detailedState": "Final"}
LIVE = {"abstractGameState": "Live", "codedGameState": "I", "detailedState": "In Progress"}
WARMUP = {"abstractGameState": "Live", "codedGameState": "P", "detailedState": "Warmup"}
SCHEDULED = {"abstractGameState": "Preview", "codedGameState": "S", "detailedState": "Scheduled"}
POSTPONED = {"abstractGameState": "Final", "codedGameState": "D", "detailedState": "Postponed"}
SUSPENDED = {"abstractGameState": "Live", "codedGameState": "T", "detailedState": "Suspended: Rain"}
PLACES = ["C", "1B", "2B", "3B", "SS", "LF", "CF", "RF", "DH"]

Json = dict[str, Any]


def person(number: int) -> Json:
    return {"id": number, "fullName": f"Player {number}"}


def pitch(call: str, kind: str | None = "FF", **more: Any) -> Json:
    """A pitch at 90 mph and 2200 rpm with 6 feet of extension, 3 inches sideways and 4 of induced rise."""
    event: Json = {
        "isPitch": True,
        "type": "pitch",
        "details": {"call": {"code": "?", "description": call}, "description": call},
        "pitchData": {
            "startSpeed": 90.0,
            "extension": 6.0,
            "breaks": {
                "spinRate": 2200,
                "breakHorizontal": 3.0,
                "breakVerticalInduced": 4.0,
                "breakVertical": -4.0,
            },
        },
    }
    if kind is not None:
        event["details"]["type"] = {"code": kind, "description": kind}
    return event | more


def play(
    index: int,
    batter: int,
    event: str = "field_out",
    *,
    pitcher: int | None = None,
    inning: int = 1,
    top: bool = True,
    events: Sequence[Json] | None = None,
    complete: bool = True,
    **more: Any,
) -> Json:
    """A play; without `events`, one fastball put in play."""
    return {
        "result": {"type": "atBat", "event": event, "eventType": event, "rbi": 0},
        "about": {
            "atBatIndex": index,
            "inning": inning,
            "isTopInning": top,
            "halfInning": "top" if top else "bottom",
            "isComplete": complete,
        },
        "count": {"balls": 0, "strikes": 0, "outs": 1},
        "matchup": {
            "batter": person(batter),
            "batSide": {"code": "L"},
            "pitcher": person(pitcher or PITCHERS[HOME if top else AWAY]),
            "pitchHand": {"code": "R"},
        },
        "playEvents": list(events) if events is not None else [pitch("In play, out(s)")],
    } | more


def box_player(number: int, order: int | None, *positions: str) -> Json:
    return {
        "person": person(number),
        "battingOrder": None if order is None else str(order),
        "allPositions": [{"abbreviation": position} for position in positions],
    }


def box_team(team: int, lineup: bool = True, extra: Sequence[Json] = ()) -> Json:
    players = [box_player(PITCHERS[team], None, "P"), *extra]
    if lineup:
        players += [
            box_player(number, 100 * slot, PLACES[slot - 1])
            for slot, number in enumerate(NINE[team], start=1)
        ]
    return {
        "players": {f"ID{player['person']['id']}": player for player in players},
        "pitchers": [PITCHERS[team]],
    }


def feed(
    plays: Sequence[Any] = (),
    *,
    game_pk: int = 7001,
    date: str = "2024-05-01",
    status: Json = FINAL,
    lineups: bool = True,
    extra: Sequence[Json] = (),
    innings: int = 9,
    game: Json | None = None,
    when: Json | None = None,
    weather: Json | None = None,
) -> Json:
    """A document; `extra` are more players of the home team."""
    return {
        "gamePk": game_pk,
        "gameData": {
            "game": {
                "pk": game_pk,
                "type": "R",
                "season": date[:4],
                "doubleHeader": "N",
                "gameNumber": 1,
            }
            | (game or {}),
            "datetime": {"dateTime": f"{date}T23:05:00Z", "officialDate": date, "dayNight": "night"}
            | (when or {}),
            "status": status,
            "teams": {
                "home": {"id": HOME, "name": "Boston Red Sox"},
                "away": {"id": AWAY, "name": "New York Yankees"},
            },
            "venue": {"id": 3, "name": "Fenway Park", "fieldInfo": {"roofType": "Open"}},
            "weather": {"condition": "Cloudy", "temp": "61", "wind": "12 mph, In From CF"}
            if weather is None
            else weather,
            "probablePitchers": {"home": person(PITCHERS[HOME]), "away": person(PITCHERS[AWAY])},
            "players": {
                f"ID{number}": {
                    "id": number,
                    "fullName": f"Player {number}",
                    "batSide": {"code": "S" if number % 2 else "R"},
                }
                for team in (HOME, AWAY)
                for number in NINE[team]
            },
        },
        "liveData": {
            "plays": {"allPlays": list(plays)},
            "linescore": {"scheduledInnings": innings},
            "boxscore": {
                "teams": {"home": box_team(HOME, lineups, extra), "away": box_team(AWAY, lineups)},
                "officials": [{"official": person(900), "officialType": "Home Plate"}],
            },
        },
    }


def innings(count: int = 2, event: str = "field_out") -> list[Json]:
    """Plays of so many innings, three up and three down, each team's nine in turn."""
    plays: list[Json] = []
    turn = {HOME: 0, AWAY: 0}
    for inning in range(1, count + 1):
        for team in (AWAY, HOME):
            for _ in range(3):
                batter = NINE[team][turn[team] % 9]
                turn[team] += 1
                plays.append(play(len(plays), batter, event, inning=inning, top=team == AWAY))
    return plays


def schedule_game(
    game_pk: int = 7001, date: str = "2024-05-01", status: Json = SCHEDULED, **more: Any
) -> Json:
    return {
        "gamePk": game_pk,
        "gameType": "R",
        "season": date[:4],
        "gameDate": f"{date}T23:05:00Z",
        "officialDate": date,
        "status": status,
        "teams": {
            "home": {"team": {"id": HOME, "name": "Boston Red Sox"}},
            "away": {"team": {"id": AWAY, "name": "New York Yankees"}},
        },
        "venue": {"id": 3, "name": "Fenway Park"},
        "doubleHeader": "N",
        "gameNumber": 1,
        "dayNight": "night",
        "scheduledInnings": 9,
    } | more


def schedule(*days: tuple[str, Sequence[Json]]) -> Json:
    return {"dates": [{"date": day, "games": list(games)} for day, games in days]}


def as_bytes(document: Any) -> bytes:
    return json.dumps(document).encode()
