"""Preview and Live documents derived from a Final one, by cutting it at any play.

Archives hold games that are over, but what happens during a day is decided on games that are not. A document
cut here is what the API would have said at that moment, as far as the Final one tells: the plays so far, the
one under way, who stands in the line-ups now, and line and box score counted again from those plays. Nothing
that was only known later is left in it; figures that cannot be counted again (season statistics, notes) are
left out. `metaData.derivedFrom` names it for what it is: no document of the API has that key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from formguide.baseball.tally import is_plate_appearance, linescore, player_lines, plays_by_inning

Json = dict[str, Any]
SIDES = ("away", "home")
_SUBSTITUTIONS = frozenset({"offensive_substitution", "defensive_substitution"})
_MOVES = frozenset({"defensive_switch", *_SUBSTITUTIONS})
_FIELD = {
    "1": "pitcher", "2": "catcher", "3": "first", "4": "second", "5": "third", "6": "shortstop", "7": "left",
    "8": "center", "9": "right",
}  # fmt: skip
_BASES = {"1B": "first", "2B": "second", "3B": "third"}
SCHEDULED = {
    "abstractGameState": "Preview", "codedGameState": "S", "detailedState": "Scheduled", "statusCode": "S",
    "startTimeTBD": False, "abstractGameCode": "P",
}  # fmt: skip
IN_PROGRESS = {
    "abstractGameState": "Live", "codedGameState": "I", "detailedState": "In Progress", "statusCode": "I",
    "startTimeTBD": False, "abstractGameCode": "L",
}  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """A team at a moment of a game: who stands in each of the nine places, who has entered, who pitches.

    `entered` maps everybody who was in the game to his batting order code ("400" started fourth, "401" came
    in for him; None for a pitcher), `codes` to the positions he has played, in order. `due` is the place
    (0 to 8) that bats next, or is batting now.
    """

    order: tuple[int, ...]
    entered: Mapping[int, str | None]
    codes: Mapping[int, tuple[Json, ...]]
    pitchers: tuple[int, ...]
    due: int


def preview(document: Json, *, lineups: bool, status: Mapping[str, Any] = SCHEDULED) -> Json:
    """The document as it stood before the game: with its line-ups announced, or not even those.

    Umpires and weather are known once the line-ups are.
    """
    standings = {side: standing(document, side, (), None) for side in SIDES}
    cut = _frame(document, status, "before the game" + ("" if lineups else " and its line-ups"))
    game, live = cut["gameData"], cut["liveData"]
    game["gameInfo"] = {}
    if not lineups:
        game["weather"] = {}
    live["plays"] = {"allPlays": [], "scoringPlays": [], "playsByInning": []}
    live["linescore"] = linescore((), _scheduled_innings(document))
    live["boxscore"] = {
        "teams": {s: _box(document, s, standings[s] if lineups else None, {}, None) for s in SIDES},
        "officials": document["liveData"]["boxscore"].get("officials", []) if lineups else [],
    }
    return cut


def cut(document: Json, plays: int, *, pitches: int | None = 0) -> Json:
    """The document as it stood after its first `plays` plays.

    The next play is under way: its batter has stepped in and seen `pitches` pitches (all of them but the
    last, if it took fewer). With `pitches=None` nobody has stepped in yet: the last play shown is complete.
    Raises ValueError where the document has no such number of plays.
    """
    every: list[Json] = document["liveData"]["plays"]["allPlays"]
    if not 0 <= plays <= len(every):
        raise ValueError(f"the document has {len(every)} plays, so it cannot be cut after {plays}")
    under_way = None
    if plays < len(every) and pitches is not None:
        under_way = _under_way(document, every[:plays], every[plays], pitches)
    shown = [*every[:plays], *([under_way] if under_way else [])]
    if not shown:
        return preview(document, lineups=True, status=IN_PROGRESS)
    standings = {side: standing(document, side, every[:plays], under_way) for side in SIDES}
    count = f"after {plays} of {len(every)} plays" + (
        f", {sum(bool(e.get('isPitch')) for e in under_way['playEvents'])} pitches into the next"
        if under_way
        else ""
    )
    told = _frame(document, IN_PROGRESS, count)
    told["gameData"]["gameInfo"] = {
        k: v for k, v in document["gameData"].get("gameInfo", {}).items() if k == "firstPitch"
    }
    ended = _last_moment(shown)
    if ended:
        told["metaData"]["timeStamp"] = f"{datetime.fromisoformat(ended):%Y%m%d_%H%M%S}"
    live = told["liveData"]
    live["plays"] = {
        "allPlays": shown,
        "currentPlay": shown[-1],
        "scoringPlays": [p["about"]["atBatIndex"] for p in shown if p["about"].get("isScoringPlay")],
        "playsByInning": plays_by_inning(shown),
    }
    live["linescore"] = _linescore(document, shown, standings)
    lines = player_lines(shown)
    batter = shown[-1]["matchup"]["batter"]["id"]
    live["boxscore"] = {
        "teams": {side: _box(document, side, standings[side], lines, batter) for side in SIDES},
        "officials": document["liveData"]["boxscore"].get("officials", []),
    }
    return told


def cut_at(document: Json, moment: datetime) -> Json:
    """The document as it stood at a moment (UTC): plays that had ended, and the pitches thrown since.

    A play whose pitches carry no time of their own shows none of them while it is under way.
    """
    every: list[Json] = document["liveData"]["plays"]["allPlays"]
    done = sum(_when(p["about"].get("endTime")) <= moment for p in every)
    if done == len(every):
        return cut(document, done)
    following = every[done]
    if _when(following["about"].get("startTime")) > moment:
        return cut(document, done, pitches=None if done else 0)
    thrown = [e for e in following["playEvents"] if e.get("isPitch") and _when(e.get("endTime")) <= moment]
    return cut(document, done, pitches=len(thrown))


def standing(document: Json, side: str, plays: Sequence[Json], under_way: Json | None) -> Standing:
    """How a side stood after some plays, and what has been shown of the one under way."""
    box = document["liveData"]["boxscore"]["teams"][side]
    players: dict[int, Json] = {p["person"]["id"]: p for p in box["players"].values()}
    started = {
        int(p["battingOrder"][0]) - 1: player
        for player, p in players.items()
        if str(p.get("battingOrder", "")).endswith("00")
    }
    order = [started[i] for i in range(9)] if len(started) == 9 else list(box.get("battingOrder", ()))
    entered: dict[int, str | None] = {player: f"{i + 1}00" for i, player in enumerate(order)}
    codes = {p: tuple(players[p].get("allPositions", [players[p]["position"]])[:1]) for p in order}
    pitchers = list(box.get("pitchers", ())[:1])
    for p in pitchers:
        entered.setdefault(p, None)
        codes.setdefault(p, tuple(players[p].get("allPositions", ())[:1]))
    due = 0
    for play in (*plays, *([under_way] if under_way else [])):
        for event in play["playEvents"]:
            _enter(event, players, order, entered, codes, pitchers)
        batting = "away" if play["about"]["isTopInning"] else "home"
        batter = play["matchup"]["batter"]["id"]
        if batting == side and batter in order:
            due = (order.index(batter) + is_plate_appearance(play)) % 9
    return Standing(tuple(order), entered, codes, tuple(pitchers), due)


def _enter(
    event: Json,
    players: Mapping[int, Json],
    order: list[int],
    entered: dict[int, str | None],
    codes: dict[int, tuple[Json, ...]],
    pitchers: list[int],
) -> None:
    """What a substitution or a change of positions does to a side."""
    kind = event.get("details", {}).get("eventType")
    player = event.get("player", {}).get("id")
    if player not in players or kind not in {"pitching_substitution", *_MOVES}:
        return
    place = event.get("position")
    if place:
        codes[player] = (*codes.get(player, ()), place)
    if kind == "pitching_substitution":
        entered.setdefault(player, None)
        if player not in pitchers:
            pitchers.append(player)
    elif kind in _SUBSTITUTIONS:
        code = str(event.get("battingOrder") or players[player].get("battingOrder") or "")
        if code[:1].isdigit() and 1 <= int(code[0]) <= 9:
            entered[player] = code
            order[int(code[0]) - 1] = player


# -- the play under way ----------------------------------------------------------------------------


def _under_way(document: Json, before: Sequence[Json], play: Json, pitches: int) -> Json:
    """A play before its end: its first `pitches` pitches and whatever else came before the next one."""
    events: list[Json] = []
    thrown, last = 0, sum(bool(e.get("isPitch")) for e in play["playEvents"]) - 1
    wanted = min(pitches, max(last, 0))
    for event in play["playEvents"]:
        if event.get("isPitch"):
            if thrown == wanted:
                break
            thrown += 1
        events.append(event)
    if last < 0 and events:  # no pitch at all (a runner out, a walk on purpose): only who came in is shown
        events = [e for e in events if e.get("isSubstitution")]
    previous = before[-1] if before else None
    same_half = previous is not None and _half(previous) == _half(play)
    outs = previous["count"]["outs"] if previous is not None and same_half else 0
    counts = [e["count"] for e in events if e.get("count")]
    score = previous["result"] if previous is not None else {"awayScore": 0, "homeScore": 0}
    about = {
        k: play["about"][k]
        for k in ("atBatIndex", "halfInning", "isTopInning", "inning", "startTime")
        if k in play["about"]
    }
    matchup = {
        k: play["matchup"][k] for k in ("batter", "batSide", "pitcher", "pitchHand") if k in play["matchup"]
    }
    for event in play["playEvents"][len(events) :]:  # who came in later has not come in yet
        kind = event.get("details", {}).get("eventType")
        gone = event.get("replacedPlayer", {}).get("id")
        if kind == "offensive_substitution" and gone and event["player"]["id"] == matchup["batter"]["id"]:
            person = document["gameData"]["players"].get(f"ID{gone}", {})
            matchup["batter"] = {"id": gone, "fullName": person.get("fullName", "")}
    indices = {e.get("index") for e in events}
    return {
        "result": {
            "type": "atBat",
            "rbi": 0,
            "awayScore": score["awayScore"],
            "homeScore": score["homeScore"],
            "isOut": False,
        },
        "about": {**about, "isComplete": False, "isScoringPlay": False, "hasReview": False, "hasOut": False},
        "count": counts[-1] if counts else {"balls": 0, "strikes": 0, "outs": outs},
        "matchup": matchup,
        "pitchIndex": [e["index"] for e in events if e.get("isPitch")],
        "actionIndex": [e["index"] for e in events if e.get("type") == "action"],
        "runnerIndex": [],
        "runners": [r for r in play["runners"] if r["details"].get("playIndex", -1) in indices],
        "playEvents": events,
        "atBatIndex": play["atBatIndex"],
    }


# -- putting a document together -------------------------------------------------------------------


def _frame(document: Json, status: Mapping[str, Any], what: str) -> Json:
    """The parts of a document that do not depend on its plays."""
    game = dict(document["gameData"])
    game["status"] = dict(status)
    for key in ("flags", "review", "alerts", "moundVisits", "officialScorer", "primaryDatacaster"):
        game.pop(key, None)
    game["teams"] = {
        side: {k: v for k, v in team.items() if k != "record"} for side, team in game["teams"].items()
    }
    return {
        **{k: document[k] for k in ("copyright", "gamePk", "link") if k in document},
        "metaData": {
            "wait": 10,
            "timeStamp": "",
            "gameEvents": [],
            "logicalEvents": [],
            "derivedFrom": f"the Final document of game {document['gamePk']}, cut {what}",
        },
        "gameData": game,
        "liveData": {},
    }


def _box(
    document: Json, side: str, now: Standing | None, lines: Mapping[int, Json], batter: int | None
) -> Json:
    """A side of the box score; before its line-up is announced (`now` None) everybody waits."""
    box = document["liveData"]["boxscore"]["teams"][side]
    entered: Mapping[int, str | None] = now.entered if now else {}
    players: Json = {}
    for key, player in box["players"].items():
        who = player["person"]["id"]
        told: Json = {
            k: player[k] for k in ("person", "jerseyNumber", "status", "parentTeamId") if k in player
        }
        codes = now.codes.get(who, ()) if now else ()
        told["position"] = codes[-1] if codes else player.get("allPositions", [player["position"]])[0]
        told["stats"] = lines.get(who, {"batting": {}, "pitching": {}})
        code = entered.get(who)
        told["gameStatus"] = {
            "isCurrentBatter": who == batter,
            "isCurrentPitcher": bool(now and lines and now.pitchers[-1:] == (who,)),
            "isOnBench": who not in entered,
            "isSubstitute": bool(code and not code.endswith("00")),
        }
        if code:
            told["battingOrder"] = code
        if codes:
            told["allPositions"] = list(codes)
        players[key] = told
    later = [p for p in (*box.get("batters", ()), *box.get("pitchers", ())) if p not in entered]
    waiting = dict.fromkeys([*box.get("bench", ()), *box.get("bullpen", ()), *later])
    pitching = {p["person"]["id"] for p in box["players"].values() if p["position"].get("code") == "1"}
    batters = sorted((p for p in entered if entered[p]), key=lambda p: str(entered[p]))
    return {
        "team": box["team"],
        "players": players,
        "batters": [*batters, *(p for p in entered if not entered[p])],
        "pitchers": list(now.pitchers) if now else [],
        "bench": [p for p in waiting if p not in pitching],
        "bullpen": [p for p in waiting if p in pitching],
        "battingOrder": list(now.order) if now else [],
    }


def _linescore(document: Json, shown: Sequence[Json], standings: Mapping[str, Standing]) -> Json:
    last = shown[-1]
    offense = "away" if last["about"]["isTopInning"] else "home"
    defense = "home" if offense == "away" else "away"
    people = {p["id"]: p for p in document["gameData"]["players"].values()}

    def person(player: int) -> Json:
        return {"id": player, "fullName": people.get(player, {}).get("fullName", "")}

    def coming(side: str, first: int) -> Json:
        now = standings[side]
        order = [person(now.order[(first + i) % 9]) for i in range(3)] if len(now.order) == 9 else []
        names = dict(zip(("batter", "onDeck", "inHole"), order, strict=False))
        team = document["gameData"]["teams"][side]
        return {**names, "battingOrder": first + 1, "team": {"id": team["id"], "name": team["name"]}}

    at_bat = standings[offense].due
    if is_plate_appearance(last):  # he has had his turn, and stands there until the next one steps in
        at_bat = (at_bat - 1) % 9
    told = linescore(shown, _scheduled_innings(document))
    told["offense"] = coming(offense, at_bat)
    if standings[offense].pitchers:
        told["offense"]["pitcher"] = person(standings[offense].pitchers[-1])
    told["offense"] |= _on_base(shown, person)
    told["defense"] = coming(defense, standings[defense].due) | {
        _FIELD[codes[-1]["code"]]: person(player)
        for player, codes in standings[defense].codes.items()
        if player in {*standings[defense].order, *standings[defense].pitchers[-1:]}
        and codes
        and codes[-1].get("code") in _FIELD
    }
    return told


def _on_base(shown: Sequence[Json], person: Callable[[int], Json]) -> Json:
    """Who stands on which base: left there by the last play, moved since by the one under way."""
    last = shown[-1]
    done = bool(last["about"].get("isComplete"))
    before = last if done else shown[-2] if len(shown) > 1 else None
    bases: dict[str, int] = {}
    if before is not None and _half(before) == _half(last) and before["count"]["outs"] < 3:
        posts = zip(_BASES.values(), ("postOnFirst", "postOnSecond", "postOnThird"), strict=True)
        bases = {base: before["matchup"][post]["id"] for base, post in posts if post in before["matchup"]}
    if not done:
        for event in last["playEvents"]:
            kind, gone = event["details"].get("eventType"), event.get("replacedPlayer", {}).get("id")
            if kind == "runner_placed":
                bases["second"] = event["player"]["id"]
            elif kind == "offensive_substitution":  # a pinch runner
                bases = {base: event["player"]["id"] if p == gone else p for base, p in bases.items()}
        for runner in last["runners"]:
            who, move = runner["details"]["runner"]["id"], runner["movement"]
            bases = {base: p for base, p in bases.items() if p != who}
            if move["end"] in _BASES:
                bases[_BASES[move["end"]]] = who
    return {base: person(p) for base, p in bases.items()}


def _half(play: Json) -> tuple[int, bool]:
    return play["about"]["inning"], bool(play["about"]["isTopInning"])


def _scheduled_innings(document: Json) -> int:
    return int(document["liveData"].get("linescore", {}).get("scheduledInnings", 9))


def _last_moment(plays: Sequence[Json]) -> str | None:
    for play in reversed(plays):
        times = [e["endTime"] for e in play["playEvents"] if e.get("endTime")]
        told = (
            play["about"].get("endTime") or (times[-1] if times else None) or play["about"].get("startTime")
        )
        if told:
            return str(told)
    return None


_NEVER = datetime.fromisoformat("9999-12-31T00:00:00+00:00")


def _when(text: str | None) -> datetime:
    """A document's moment; what has none never comes."""
    return datetime.fromisoformat(text) if text else _NEVER
