"""A live scorecard of a game: how far each batter is from the plate, and what he has done so far.

Everything is read from one feed/live document as it stands, Preview, Live or Final. A batter's distance is
counted along the batting order from whoever bats for his team now; while his team is in the field, from the
place that leads off when it comes to bat again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from formguide.baseball.tally import HIT_EVENTS, is_plate_appearance

Json = dict[str, Any]
SIDES = ("away", "home")
LineupStatus = Literal[
    "at_bat", "on_deck", "in_hole", "upcoming", "out_of_game", "not_in_lineup", "pre_game", "final"
]
_NEAR: tuple[LineupStatus, ...] = ("at_bat", "on_deck", "in_hole")


@dataclass(frozen=True)
class Pitch:
    """One pitch: its call and type by code, its speed (mph), and the count after it."""

    number: int
    call: str
    description: str
    pitch_type: str | None
    speed_mph: float | None
    balls: int
    strikes: int


@dataclass(frozen=True)
class AtBat:
    """A plate appearance, finished or under way (`event` is then None). `is_hit`: one of the four hits."""

    at_bat_index: int
    inning: int
    is_top: bool
    pitcher_id: int
    pitcher: str
    event: str | None
    description: str
    is_complete: bool
    is_hit: bool
    runs_batted_in: int
    balls: int
    strikes: int
    outs: int
    pitches: tuple[Pitch, ...]


@dataclass(frozen=True)
class BatterLine:
    """A batter's game so far. `slot` is his place in the order (1 to 9), `batters_away` (0 to 8) how many bat
    before him; both are None where he has none or will not bat again."""

    game_pk: int
    batter_id: int
    batter: str
    team_id: int | None
    slot: int | None
    lineup_status: LineupStatus
    batters_away: int | None
    hits: int
    plate_appearances: tuple[AtBat, ...]


@dataclass(frozen=True)
class GameLine:
    """Where a game stands. `state` is pre_game, live or final; `detailed_state` is the API's own word."""

    game_pk: int
    state: Literal["pre_game", "live", "final"]
    detailed_state: str
    away: str
    home: str
    away_runs: int
    home_runs: int
    inning: int | None
    inning_state: str | None
    balls: int | None
    strikes: int | None
    outs: int | None


@dataclass(frozen=True)
class Scorecard:
    """Batters and the games they play in, in the order asked for. `hits` counts those of all batters."""

    games: tuple[GameLine, ...]
    batters: tuple[BatterLine, ...]

    @property
    def hits(self) -> int:
        """Hits of all batters together."""
        return sum(b.hits for b in self.batters)


def game_state(feed: Json) -> Literal["pre_game", "live", "final"]:
    """pre_game, live or final. A game that is warming up, delayed or postponed has not begun; a suspended
    one is live."""
    status = feed["gameData"]["status"]
    coded = status.get("codedGameState")
    if status.get("abstractGameState") == "Final" and coded not in ("D", "C"):
        return "final"
    if status.get("abstractGameState") == "Live" and coded != "P":
        return "live"
    return "pre_game"


def lineup_status(feed: Json, batter: int) -> tuple[LineupStatus, int | None]:
    """Where a batter stands, and how many of his team bat before him (None where that means nothing).

    at_bat (0 away), on_deck (1), in_hole (2) and upcoming while his team bats; upcoming at any distance while
    it is in the field; out_of_game once he has been replaced; not_in_lineup if he is on no announced line-up
    (he may still come in); pre_game before the first pitch, or before the line-ups; final when it is over.
    """
    state = game_state(feed)
    side = _side(feed, batter)
    teams = feed["liveData"]["boxscore"]["teams"]
    order: list[int] = list(teams[side].get("battingOrder", ())) if side else []
    if state == "final":
        return "final", None
    announced = any(teams[s].get("battingOrder") for s in SIDES)
    if state == "pre_game":
        return (
            "pre_game" if batter in order or not (order or (announced and side is None)) else "not_in_lineup"
        ), None
    if side is None or batter not in order:
        entered = side is not None and "battingOrder" in teams[side]["players"].get(f"ID{batter}", {})
        return ("out_of_game" if entered else "not_in_lineup"), None
    away = (order.index(batter) - due_slot(feed, side)) % 9
    if side == batting_side(feed) and away < len(_NEAR):
        return _NEAR[away], away
    return "upcoming", away


def batting_side(feed: Json) -> str:
    """Who bats, or comes to bat if the half inning has just ended: away or home."""
    plays = feed["liveData"]["plays"]["allPlays"]
    if not plays:
        return "away"
    last = plays[-1]
    top = bool(last["about"]["isTopInning"])
    if last["about"].get("isComplete") and last["count"]["outs"] >= 3:
        top = not top
    return "away" if top else "home"


def due_slot(feed: Json, side: str) -> int:
    """The place in the order (0 to 8) that bats for a side now, or leads off when it next comes to bat."""
    players = feed["liveData"]["boxscore"]["teams"][side]["players"]
    for play in reversed(feed["liveData"]["plays"]["allPlays"]):
        if ("away" if play["about"]["isTopInning"] else "home") != side:
            continue
        # The place, not the man: he may have been replaced since.
        code = str(players.get(f"ID{play['matchup']['batter']['id']}", {}).get("battingOrder", ""))
        if code[:1] in "123456789" and code:
            # An inning that ends on the bases leaves its batter to lead off the next.
            return (int(code[0]) - 1 + is_plate_appearance(play)) % 9
    return 0


def plate_appearances(feed: Json, batter: int) -> tuple[AtBat, ...]:
    """A batter's plate appearances so far, in order, the one under way last. Those that an out on the bases
    cut short are none."""
    found = []
    for play in feed["liveData"]["plays"]["allPlays"]:
        complete = bool(play["about"].get("isComplete"))
        if play["matchup"]["batter"]["id"] != batter or (complete and not is_plate_appearance(play)):
            continue
        result, count = play["result"], play["count"]
        event = result.get("eventType") if complete else None
        found.append(
            AtBat(
                at_bat_index=play["about"]["atBatIndex"],
                inning=play["about"]["inning"],
                is_top=bool(play["about"]["isTopInning"]),
                pitcher_id=play["matchup"]["pitcher"]["id"],
                pitcher=play["matchup"]["pitcher"].get("fullName", ""),
                event=event,
                description=result.get("description", "") if complete else "",
                is_complete=complete,
                is_hit=event in HIT_EVENTS,
                runs_batted_in=int(result.get("rbi") or 0) if complete else 0,
                balls=count.get("balls", 0),
                strikes=count.get("strikes", 0),
                outs=count.get("outs", 0),
                pitches=tuple(_pitches(play)),
            )
        )
    return tuple(found)


def scorecard(feed: Json, batters: Iterable[int]) -> Scorecard:
    """The scorecard of some batters in one game. A batter who is in neither team is not in the line-up."""
    return Scorecard((_game_line(feed),), tuple(_batter_line(feed, batter) for batter in batters))


def merge_scorecards(*cards: Scorecard) -> Scorecard:
    """One scorecard of batters in different games. A game or batter that is in several is shown as the last
    one has it."""
    games = {game.game_pk: game for card in cards for game in card.games}
    batters = {(b.game_pk, b.batter_id): b for card in cards for b in card.batters}
    return Scorecard(tuple(games.values()), tuple(batters.values()))


def _side(feed: Json, batter: int) -> str | None:
    for side in SIDES:
        if f"ID{batter}" in feed["liveData"]["boxscore"]["teams"][side]["players"]:
            return side
    return None


def _pitches(play: Json) -> Iterable[Pitch]:
    for event in play["playEvents"]:
        if not event.get("isPitch"):
            continue
        details, count = event["details"], event.get("count", {})
        yield Pitch(
            number=event.get("pitchNumber", 0),
            call=details.get("call", {}).get("code") or details.get("code", ""),
            description=details.get("description", ""),
            pitch_type=details.get("type", {}).get("code"),
            speed_mph=event.get("pitchData", {}).get("startSpeed"),
            balls=count.get("balls", 0),
            strikes=count.get("strikes", 0),
        )


def _batter_line(feed: Json, batter: int) -> BatterLine:
    status, away = lineup_status(feed, batter)
    side = _side(feed, batter)
    box = feed["liveData"]["boxscore"]["teams"][side] if side else {}
    code = str(box.get("players", {}).get(f"ID{batter}", {}).get("battingOrder", "")) if side else ""
    turns = plate_appearances(feed, batter)
    person = feed["gameData"]["players"].get(f"ID{batter}", {})
    return BatterLine(
        game_pk=feed["gamePk"],
        batter_id=batter,
        batter=person.get("fullName", str(batter)),
        team_id=feed["gameData"]["teams"][side]["id"] if side else None,
        slot=int(code[0]) if code else None,
        lineup_status=status,
        batters_away=away,
        hits=sum(t.is_hit for t in turns),
        plate_appearances=turns,
    )


def _game_line(feed: Json) -> GameLine:
    game, line = feed["gameData"], feed["liveData"].get("linescore", {})
    teams = line.get("teams", {})
    return GameLine(
        game_pk=feed["gamePk"],
        state=game_state(feed),
        detailed_state=game["status"].get("detailedState", ""),
        away=game["teams"]["away"]["name"],
        home=game["teams"]["home"]["name"],
        away_runs=int(teams.get("away", {}).get("runs") or 0),
        home_runs=int(teams.get("home", {}).get("runs") or 0),
        inning=line.get("currentInning"),
        inning_state=line.get("inningState"),
        balls=line.get("balls"),
        strikes=line.get("strikes"),
        outs=line.get("outs"),
    )
