"""The sample league's documents: `schedule` and `feed/live` as the league's API gives them.

The structure is the real one, key by key; what is left out is what nobody reads (links, trajectories of a
pitch through the air, season statistics, credits of fielders), so that a game takes some 150 kB, not 800.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from formguide.baseball.sample.fixtures import RAIN, SHORTENED, SUSPENDED, Fixture
from formguide.baseball.sample.game import Game
from formguide.baseball.sample.people import People
from formguide.baseball.sample.setting import Weather
from formguide.baseball.sample.side import Side, position
from formguide.baseball.sample.world import TEAM, Team, Umpire
from formguide.baseball.tally import linescore, player_lines, plays_by_inning

Json = dict[str, Any]
COPYRIGHT = "A fictional league, made by this project. Nothing in it is real."

STATUS: dict[str, Json] = {
    detailed: {
        "abstractGameState": abstract,
        "codedGameState": coded,
        "statusCode": code,
        "abstractGameCode": abstract[0],
        **({"reason": "Rain"} if code.endswith("R") else {}),
    }
    for detailed, abstract, coded, code in (
        ("Scheduled", "Preview", "S", "S"),
        ("Pre-Game", "Preview", "P", "P"),
        ("Warmup", "Live", "P", "PW"),
        ("In Progress", "Live", "I", "I"),
        ("Suspended: Rain", "Live", "U", "UR"),
        ("Final", "Final", "F", "F"),
        ("Completed Early", "Final", "F", "FR"),
        ("Postponed", "Final", "D", "DR"),
    )
}
"""detailedState → the rest of a status. A game that is warming up is already "Live" but still coded "P"."""


def status(detailed: str) -> Json:
    """A game's status."""
    return {**STATUS[detailed], "detailedState": detailed, "startTimeTBD": False}


def utc(moment: datetime) -> str:
    """A moment as the documents write it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def feed(
    people: People,
    fixture: Fixture,
    game: Game,
    weather: Weather,
    umpires: Sequence[Umpire],
    probables: tuple[int, int],
) -> Json:
    """The Final document of a game. `probables` are the announced starters, visitors first."""
    detailed = "Completed Early" if fixture.fate == SHORTENED else "Final"
    played = {p for side in (game.away, game.home) for p in side.played}
    listed = (
        played | {p for side in (game.away, game.home) for p in (*side.bench, *side.bullpen)} | set(probables)
    )
    plays = game.plays
    lines = player_lines(plays)
    return {
        "copyright": COPYRIGHT,
        "gamePk": fixture.game_pk,
        "link": f"/api/v1.1/game/{fixture.game_pk}/feed/live",
        "metaData": {
            "wait": 10,
            "timeStamp": f"{game.ended_at:%Y%m%d_%H%M%S}",
            "gameEvents": [plays[-1]["result"]["eventType"], "game_finished"],
            "logicalEvents": ["gameStateChangeToGameOver"],
        },
        "gameData": {
            "game": {
                "pk": fixture.game_pk,
                "type": "R",
                "doubleHeader": fixture.doubleheader,
                "id": f"{fixture.day:%Y/%m/%d}/{TEAM[fixture.away].code.lower()}fab-"
                f"{TEAM[fixture.home].code.lower()}fab-{fixture.game_number}",
                "gamedayType": "P",
                "tiebreaker": "N",
                "gameNumber": fixture.game_number,
                "season": str(fixture.season),
                "seasonDisplay": str(fixture.season),
            },
            "datetime": _datetime(fixture),
            "status": status(detailed),
            "teams": {"away": _team(fixture.away, fixture), "home": _team(fixture.home, fixture)},
            "players": {f"ID{p}": _player(people, p, fixture) for p in sorted(listed)},
            "venue": _venue(TEAM[fixture.home], fixture),
            "officialVenue": {"id": TEAM[fixture.home].park.venue_id},
            "weather": weather.as_told(),
            "gameInfo": {"firstPitch": plays[0]["about"]["startTime"]},
            "probablePitchers": {
                side: {"id": p, "fullName": people.players[p].name}
                for side, p in zip(("away", "home"), probables, strict=True)
            },
        },
        "liveData": {
            "plays": {
                "allPlays": plays,
                "currentPlay": plays[-1],
                "scoringPlays": [p["about"]["atBatIndex"] for p in plays if p["about"]["isScoringPlay"]],
                "playsByInning": plays_by_inning(plays),
            },
            "linescore": linescore(plays, fixture.scheduled_innings),
            "boxscore": {
                "teams": {
                    "away": _box(people, game.away, lines),
                    "home": _box(people, game.home, lines),
                },
                "officials": [
                    {"official": {"id": u.umpire_id, "fullName": u.name}, "officialType": kind}
                    for u, kind in zip(
                        umpires, ("Home Plate", "First Base", "Second Base", "Third Base"), strict=False
                    )
                ],
            },
            "decisions": {},
        },
    }


def _datetime(fixture: Fixture) -> Json:
    team = TEAM[fixture.home]
    local = fixture.start_at + timedelta(hours=team.park.offset_hours)
    told: Json = {
        "dateTime": utc(fixture.resumed_at or fixture.start_at),
        "originalDate": (fixture.listed_on or fixture.day).isoformat(),
        "officialDate": fixture.day.isoformat(),
        "dayNight": fixture.day_night,
        "time": f"{local.hour % 12 or 12}:{local.minute:02d}",
        "ampm": "AM" if local.hour < 12 else "PM",
    }
    if fixture.resumed_at is not None:
        told |= {
            "resumeDate": f"{fixture.resumed_at:%Y-%m-%d}",
            "resumeDateTime": utc(fixture.resumed_at),
            "resumedFromDate": fixture.day.isoformat(),
            "resumedFromDateTime": utc(fixture.start_at),
        }
    return told


def _team(team_id: int, fixture: Fixture) -> Json:
    team = TEAM[team_id]
    return {
        "id": team_id,
        "name": team.name,
        "link": f"/api/v1/teams/{team_id}",
        "season": fixture.season,
        "venue": {"id": team.park.venue_id, "name": team.park.name},
        "teamCode": team.code.lower(),
        "abbreviation": team.code,
        "teamName": team.nickname,
        "locationName": team.place,
        "league": {"id": 9900, "name": "Fable League"},
        "sport": {"id": 1, "name": "Major League Baseball"},
        "shortName": team.place,
        "active": True,
    }


def _player(people: People, player_id: int, fixture: Fixture) -> Json:
    p = people.players[player_id]
    sides = {"L": "Left", "R": "Right", "S": "Switch"}
    told: Json = {
        "id": player_id,
        "fullName": p.name,
        "firstName": p.first_name,
        "lastName": p.last_name,
        "primaryNumber": str(p.number),
        "birthDate": p.born.isoformat(),
        "currentAge": fixture.day.year
        - p.born.year
        - ((fixture.day.month, fixture.day.day) < (p.born.month, p.born.day)),
        "active": True,
        "primaryPosition": position(p.position),
        "boxscoreName": p.last_name,
        "batSide": {"code": p.bats, "description": sides[p.bats]},
        "pitchHand": {"code": p.throws, "description": sides[p.throws]},
    }
    if p.debut is not None:
        told["mlbDebutDate"] = p.debut.isoformat()
    return told


def _venue(team: Team, fixture: Fixture) -> Json:
    park = team.park
    return {
        "id": park.venue_id,
        "name": park.name,
        "link": f"/api/v1/venues/{park.venue_id}",
        "location": {"city": team.place, "state": "Fable", "country": "Nowhere"},
        "timeZone": {
            "id": f"Etc/GMT+{-park.offset_hours}",
            "offset": park.offset_hours,
            "tz": park.time_zone,
        },
        "fieldInfo": {"turfType": "Grass", "roofType": park.roof_type},
        "active": True,
        "season": str(fixture.season),
    }


def _box(people: People, side: Side, lines: dict[int, Json]) -> Json:
    players: Json = {}
    for player in sorted({*side.played, *side.bench, *side.bullpen}):
        p = people.players[player]
        codes = side.played.get(player, [])
        told: Json = {
            "person": {"id": player, "fullName": p.name},
            "jerseyNumber": str(p.number),
            "position": position(codes[-1] if codes else p.position),
            "status": {"code": "A", "description": "Active"},
            "parentTeamId": side.nine.team_id,
            "stats": lines.get(player, {"batting": {}, "pitching": {}}),
            "gameStatus": {
                "isCurrentBatter": False,
                "isCurrentPitcher": player == side.pitcher,
                "isOnBench": player not in side.played,
                "isSubstitute": side.entered.get(player, "00")[-2:] != "00",
            },
        }
        if player in side.entered:
            told["battingOrder"] = side.entered[player]
        if codes:
            told["allPositions"] = [position(code) for code in codes]
        players[f"ID{player}"] = told
    team = TEAM[side.nine.team_id]
    return {
        "team": {"id": team.team_id, "name": team.name},
        "players": players,
        "batters": [*sorted(side.entered, key=lambda p: side.entered[p]), *side.pitchers],
        "pitchers": list(side.pitchers),
        "bench": list(side.bench),
        "bullpen": list(side.bullpen),
        "battingOrder": list(side.order),
    }


# -- the schedule ----------------------------------------------------------------------------------


def schedule_game(
    people: People,
    fixture: Fixture,
    detailed: str,
    *,
    runs: tuple[int, int] | None = None,
    probables: tuple[int, int] | None = None,
    resumption: bool = False,
) -> Json:
    """One game of a schedule response. `runs` and `probables` are the visitors' and the home team's;
    `resumption` lists a suspended game on the day it goes on."""

    def side(team_id: int, which: int) -> Json:
        team = TEAM[team_id]
        told: Json = {
            "leagueRecord": {"wins": 0, "losses": 0, "pct": ".000"},
            "team": {"id": team_id, "name": team.name, "link": f"/api/v1/teams/{team_id}"},
            "splitSquad": False,
        }
        if runs is not None:
            told |= {"score": runs[which], "isWinner": runs[which] > runs[1 - which]}
        if probables is not None:
            p = probables[which]
            told["probablePitcher"] = {
                "id": p,
                "fullName": people.players[p].name,
                "link": f"/api/v1/people/{p}",
            }
        return told

    park = TEAM[fixture.home].park
    start = fixture.resumed_at if resumption and fixture.resumed_at else fixture.start_at
    told: Json = {
        "gamePk": fixture.game_pk,
        "link": f"/api/v1.1/game/{fixture.game_pk}/feed/live",
        "gameType": "R",
        "season": str(fixture.season),
        "gameDate": utc(start),
        "officialDate": fixture.day.isoformat(),
        "status": status(detailed),
        "teams": {"away": side(fixture.away, 0), "home": side(fixture.home, 1)},
        "venue": {"id": park.venue_id, "name": park.name, "link": f"/api/v1/venues/{park.venue_id}"},
        "gameNumber": fixture.game_number,
        "publicFacing": True,
        "doubleHeader": fixture.doubleheader,
        "gamedayType": "P",
        "tiebreaker": "N",
        "seasonDisplay": str(fixture.season),
        "dayNight": fixture.day_night,
        "scheduledInnings": fixture.scheduled_innings,
        "reverseHomeAwayStatus": False,
        "gamesInSeries": 3,
        "seriesGameNumber": fixture.series_game,
        "seriesDescription": "Regular Season",
        "recordSource": "S",
        "ifNecessary": "N",
        "ifNecessaryDescription": "Normal Game",
    }
    if runs is not None and STATUS[detailed]["abstractGameState"] == "Final":
        told["isTie"] = runs[0] == runs[1]
    if fixture.fate == SUSPENDED and fixture.resumed_at is not None:
        if resumption:
            told |= {"resumedFrom": utc(fixture.start_at), "resumedFromDate": fixture.day.isoformat()}
        else:
            told |= {
                "resumeDate": utc(fixture.resumed_at),
                "resumeGameDate": f"{fixture.resumed_at:%Y-%m-%d}",
            }
    if fixture.fate == RAIN and fixture.listed_on is not None and fixture.first_start_at is not None:
        told |= {
            "rescheduledFrom": utc(fixture.first_start_at),
            "rescheduledFromDate": fixture.listed_on.isoformat(),
        }
    return told


def postponed_game(people: People, fixture: Fixture) -> Json:
    """A rained-out game on the day it was first listed for: its official date is already the new one."""
    told = schedule_game(people, fixture, "Postponed")
    for key in ("rescheduledFrom", "rescheduledFromDate"):
        del told[key]
    return told | {
        "gameDate": utc(fixture.first_start_at or fixture.start_at),
        "rescheduleDate": utc(fixture.start_at),
        "rescheduleGameDate": fixture.day.isoformat(),
        "doubleHeader": "N",
        "scheduledInnings": 9,
        "gameNumber": 1,
    }


def schedule(day: str, games: Sequence[Json]) -> Json:
    """A schedule response for one date."""
    live = sum(g["status"]["abstractGameState"] == "Live" for g in games)
    totals = {
        "totalItems": len(games),
        "totalEvents": 0,
        "totalGames": len(games),
        "totalGamesInProgress": live,
    }
    dates = [{"date": day, **totals, "games": list(games), "events": []}] if games else []
    return {"copyright": COPYRIGHT, **totals, "dates": dates}
