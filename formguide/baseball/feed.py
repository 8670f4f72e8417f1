"""Game documents of MLB's Stats API (feed/live), in any state from Preview to Final.

A document says everything about one game: who is to pitch, the line-ups once they are announced, every
play with every pitch, who came in for whom. Read are regular-season games only. A play that is not
complete is left out; one that cannot be read is set aside and the others go on. If an event within a play
cannot be read, the play stays, without what its pitches add up to.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from formguide import files
from formguide.baseball import events
from formguide.baseball.batting_order import PLACES
from formguide.baseball.feed_records import BoxPlayer, BoxTeam, Event, Feed, Person, Play, Weather
from formguide.baseball.pitches import summed
from formguide.baseball.states import PLAYED, game_state
from formguide.records import Reject, set_aside, what_is_wrong

SOURCE = "feed"
Row = dict[str, Any]

_WIND = re.compile(r"(\d+(?:\.\d+)?) mph(?:, (.+))?", re.IGNORECASE)
_CATCHER = "C"
_CATCHER_CHANGES = frozenset({"defensive_substitution", "defensive_switch", "offensive_substitution"})


@dataclass
class FeedReading:
    """What a document says: its game (None if it is not read), line-ups and plate appearances, as rows."""

    game: Row | None = None
    lineups: list[Row] = field(default_factory=list)
    plate_appearances: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_json(body: bytes) -> Any:
    """The JSON of a body, gzip'd or not, with or without a byte order mark. Raises `ValueError`."""
    try:
        plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        return from_json(plain.removeprefix(codecs.BOM_UTF8))
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"damaged gzip: {error}") from error


def read_feed(file: str, body: bytes) -> FeedReading:
    """Reads a document. Never raises for bad input: a document that cannot be read is a reject."""
    reading = FeedReading()
    try:
        feed = Feed.model_validate(read_json(body))
    except ValidationError as error:
        name, reason = what_is_wrong(error)
        reading.rejects.append(set_aside(file, None, name, reason, body))
        return reading
    except (ValueError, RecursionError) as error:
        reading.rejects.append(set_aside(file, None, None, f"not JSON: {str(error)[:200]}", body))
        return reading
    if feed.game_data.game.type != "R":
        reading.notes.append(f"{file}: game type {feed.game_data.game.type}, only the regular season is read")
        return reading
    game = _game(feed, files.content_hash(body))
    reading.game = game
    for side in ("away", "home"):
        reading.lineups += _lineup(feed, side, game, reading, file)
    if game["state"] in PLAYED:
        reading.plate_appearances = list(_plate_appearances(feed, game, reading, file))
    return reading


def wind(text: str | None) -> tuple[float | None, str | None]:
    """Speed in miles per hour and direction of `8 mph, Out To CF`; `0 mph, None` has no direction."""
    match = _WIND.fullmatch((text or "").strip())
    if match is None:
        return None, None
    direction = match.group(2)
    return float(match.group(1)), None if direction in (None, "None") else direction


def naive_utc(moment: datetime | None) -> datetime | None:
    """A moment in UTC without saying so, as tables hold it."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment and moment.tzinfo else moment


def _game(feed: Feed, fingerprint: str) -> Row:
    data, box = feed.game_data, feed.live_data.boxscore
    state = game_state(data.status)
    date = data.datetime.official_date
    # A suspended game stays on the day it began, whatever day it is finished on.
    if data.datetime.resumed_from_date is not None:
        date = min(date, data.datetime.resumed_from_date)
    umpire = next((o.official.id for o in box.officials if o.official_type == "Home Plate"), None)
    innings = feed.live_data.linescore.scheduled_innings
    starters = {
        side: team.pitchers[0] if team.pitchers and state in PLAYED else None
        for side, team in (("home", box.teams.home), ("away", box.teams.away))
    }
    probable = data.probable_pitchers
    return {
        "season": data.game.season,
        "game_pk": data.game.pk,
        "game_date": date,
        "source": SOURCE,
        "fingerprint": fingerprint,
        "game_number": data.game.game_number,
        "doubleheader": data.game.double_header in ("Y", "S"),
        "scheduled_innings": innings,
        "start_at": naive_utc(data.datetime.date_time),
        "day_night": data.datetime.day_night,
        "state": state,
        "home_team_id": data.teams.home.id,
        "away_team_id": data.teams.away.id,
        "home_team": data.teams.home.name,
        "away_team": data.teams.away.name,
        "venue_id": data.venue.id,
        "venue": data.venue.name,
        "roof_type": data.venue.field_info.roof_type,
        "home_probable_id": probable.home.id if probable.home else None,
        "away_probable_id": probable.away.id if probable.away else None,
        "home_starter_id": starters["home"],
        "away_starter_id": starters["away"],
        "plate_umpire_id": umpire,
        **_weather(data.weather),
    }


def _weather(weather: Weather) -> Row:
    speed, direction = wind(weather.wind)
    return {
        "weather_condition": weather.condition or None,
        "temp_f": weather.temp,
        "wind_mph": speed,
        "wind_direction": direction,
    }


def _team(feed: Feed, side: str) -> BoxTeam:
    teams = feed.live_data.boxscore.teams
    return teams.home if side == "home" else teams.away


def _is_starter(player: BoxPlayer) -> bool:
    return bool(player.batting_order) and (player.batting_order or 0) % 100 == 0


def _started_at(player: BoxPlayer) -> str | None:
    positions = player.all_positions or ([player.position] if player.position else [])
    return positions[0].abbreviation if positions else None


def _lineup(feed: Feed, side: str, game: Row, reading: FeedReading, file: str) -> list[Row]:
    """The nine who started, or are to start. Fewer than nine are not a line-up yet."""
    starters = [player for player in _team(feed, side).players.values() if _is_starter(player)]
    slots = {(player.batting_order or 0) // 100: player for player in starters}
    if not starters:
        return []
    if sorted(slots) != list(range(1, PLACES + 1)) or len(starters) != PLACES:
        reading.notes.append(f"{file}: the {side} team's line-up has {len(starters)} of {PLACES} places")
        return []
    rows = []
    for slot, player in sorted(slots.items()):
        known = feed.game_data.players.get(f"ID{player.person.id}")
        rows.append(
            {
                **{name: game[name] for name in ("season", "game_pk", "game_date", "source", "fingerprint")},
                "team_id": game[f"{side}_team_id"],
                "slot": slot,
                "batter_id": player.person.id,
                "batter": known.full_name if known else player.person.full_name,
                "bat_side": known.bat_side.code if known else None,
                "position": _started_at(player),
                "derived": False,
            }
        )
    return rows


def _plate_appearances(feed: Feed, game: Row, reading: FeedReading, file: str) -> Iterator[Row]:
    catchers = {side: _starting_catcher(_team(feed, side)) for side in ("home", "away")}
    starters: dict[str, int] = {}
    seen: set[int] = set()
    for place, raw in enumerate(feed.live_data.plays.all_plays):
        try:
            play = Play.model_validate(raw)
        except ValidationError as error:
            if _is_unfinished(raw):
                continue
            name, reason = what_is_wrong(error)
            reading.rejects.append(set_aside(file, place, name, reason, raw))
            continue
        happened, whole = _events(play, place, reading, file)
        batting, fielding = ("away", "home") if play.about.is_top_inning else ("home", "away")
        _follow_catchers(catchers, happened, feed, fielding)
        pitchers = _team(feed, fielding).pitchers
        starters.setdefault(fielding, pitchers[0] if pitchers else play.matchup.pitcher.id)
        event = play.result.event_type or ""
        counts = events.is_plate_appearance(event)
        if not play.about.is_complete or counts is False:
            continue
        if counts is None:
            reason = f"{event!r} is no event that is known"
            reading.rejects.append(set_aside(file, place, "result.eventType", reason, raw))
            continue
        if play.about.at_bat_index in seen:
            reading.rejects.append(set_aside(file, place, "about.atBatIndex", "is there twice", raw))
            continue
        seen.add(play.about.at_bat_index)
        batter = _team(feed, batting).players.get(f"ID{play.matchup.batter.id}")
        order = batter.batting_order if batter else None
        yield {
            **{name: game[name] for name in _FROM_THE_GAME},
            "at_bat_index": play.about.at_bat_index,
            "seven_inning": game["scheduled_innings"] == 7,
            "inning": play.about.inning,
            "is_home_batting": batting == "home",
            "batting_team_id": game[f"{batting}_team_id"],
            "fielding_team_id": game[f"{fielding}_team_id"],
            "slot": order // 100 if order else None,
            "is_starter": order % 100 == 0 if order else None,
            **_person("batter", play.matchup.batter),
            "bat_side": play.matchup.bat_side.code,
            **_person("pitcher", play.matchup.pitcher),
            "pitch_hand": play.matchup.pitch_hand.code,
            "pitcher_is_starter": play.matchup.pitcher.id == starters[fielding],
            "catcher_id": catchers[fielding],
            "event": event,
            "is_hit": event in events.HITS,
            "balls": play.count.balls,
            "strikes": play.count.strikes,
            "outs_after": play.count.outs,
            "runs_batted_in_after": play.result.rbi,
            **(summed(happened) if whole else {}),
        }


_FROM_THE_GAME = (
    *("season", "game_pk", "game_date", "source", "fingerprint", "game_number", "venue"),
    *("plate_umpire_id", "weather_condition", "roof_type", "temp_f", "wind_mph", "wind_direction"),
)


def _is_unfinished(raw: object) -> bool:
    """Whether a play that does not fit is one that has only just begun, which nobody expects to fit."""
    about = raw.get("about") if isinstance(raw, dict) else None
    return isinstance(about, dict) and about.get("isComplete") is False


def _person(what: str, person: Person) -> Row:
    return {f"{what}_id": person.id, what: person.full_name}


def _events(play: Play, place: int, reading: FeedReading, file: str) -> tuple[list[Event], bool]:
    """A play's events, and whether all of them could be read."""
    happened = []
    for number, raw in enumerate(play.play_events):
        try:
            happened.append(Event.model_validate(raw))
        except ValidationError as error:
            name, reason = what_is_wrong(error)
            where = f"playEvents.{number}" + (f".{name}" if name else "")
            reading.rejects.append(set_aside(file, place, where, reason, raw))
    return happened, len(happened) == len(play.play_events)


def _starting_catcher(team: BoxTeam) -> int | None:
    for player in team.players.values():
        if _is_starter(player) and _started_at(player) == _CATCHER:
            return player.person.id
    return None


def _follow_catchers(
    catchers: dict[str, int | None], happened: list[Event], feed: Feed, fielding: str
) -> None:
    """Whoever goes behind the plate stays there until the next one does."""
    for event in happened:
        if event.details.event_type not in _CATCHER_CHANGES or event.player is None:
            continue
        if event.position is None or event.position.abbreviation != _CATCHER:
            continue
        name = f"ID{event.player.id}"
        others = "away" if fielding == "home" else "home"
        here = name in _team(feed, fielding).players or name not in _team(feed, others).players
        catchers[fielding if here else others] = event.player.id
