"""What the day reads out of a schedule and of a game's document: who plays, how far it is, who bats where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from formguide.asof import fingerprint
from formguide.baseball.day.source import SourceDown
from formguide.baseball.day.tables import DayGames, DayLineups
from formguide.schema import dtypes, empty

Document = Mapping[str, Any]
_ENRICHED = (
    "roof_type",
    "home_probable_id",
    "away_probable_id",
    "plate_umpire_id",
    "weather_condition",
    "temp_f",
    "wind_mph",
    "wind_direction",
)


@dataclass(frozen=True)
class FeedSeen:
    """A game's document as read: its row, and the line-ups that it announces (none, one or two teams')."""

    game: pl.DataFrame
    lineups: pl.DataFrame


def state_of(document: Document) -> str:
    """The state of a feed/live document's game, as `Games.state` names it."""
    return state(document["gameData"]["status"])


def state(status: Document) -> str:
    """A status in the words of `Games.state`. A game that is warming up is still to come, although its
    abstract state says Live; one that is delayed after it began is live."""
    coded, detailed = status.get("codedGameState", ""), status.get("detailedState", "")
    if coded == "D" or detailed.startswith("Postponed"):
        return "postponed"
    if coded == "C" or detailed.startswith("Cancelled"):
        return "cancelled"
    if coded in ("U", "T") or detailed.startswith("Suspended"):
        return "suspended"
    if coded in ("S", "P"):
        return "preview"
    return {"Final": "final", "Live": "live"}.get(status.get("abstractGameState", ""), "preview")


def schedule_games(document: Document, game_date: date) -> pl.DataFrame:
    """The regular-season games that a schedule has for a day (DayGames, without what only feeds know).

    A game that was put off is listed on its old day with its new official date: on the old day it is
    postponed. One that goes on after a suspension is listed with its old date, and is not of this day. Raises
    SourceDown if it is no schedule.
    """
    try:
        listed = [game for day in document["dates"] for game in day["games"]]
        rows = [
            _schedule_row(game, game_date)
            for game in listed
            if game["gameType"] == "R" and date.fromisoformat(game["officialDate"]) >= game_date
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise SourceDown(f"the schedule of {game_date} cannot be read: {error!r}") from error
    return _frame(DayGames, rows).unique("game_pk", keep="last", maintain_order=True)


def feed_seen(document: Document) -> FeedSeen:
    """A game as its document shows it. Raises ValueError if it is none."""
    try:
        row = _feed_row(document)
        lineups = [slot for side in ("away", "home") for slot in _lineup(document, side, row)]
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a feed/live document: {error!r}") from error
    return FeedSeen(_frame(DayGames, [row]), _frame(DayLineups, lineups))


def completed(games: pl.DataFrame, feeds: Iterable[pl.DataFrame], held: pl.DataFrame) -> pl.DataFrame:
    """The schedule's games, those whose document was read as it shows them. What neither tells any more (the
    weather of a game that has begun) stays as it was held; a game that is no longer listed was put off."""
    key = ["game_pk", "game_date"]
    # A document of another day is of a game that was moved since the schedule was read.
    fresh = pl.concat([empty(DayGames), *feeds]).join(games, on=key, how="semi")
    gone = held.join(games, on="game_pk", how="anti").with_columns(state=pl.lit("postponed"))
    now = pl.concat([games.join(fresh, on="game_pk", how="anti"), fresh, gone])
    before = held.select("game_pk", *(pl.col(c).alias(f"{c}_held") for c in _ENRICHED))
    return (
        now.join(before, on="game_pk", how="left")
        .with_columns(pl.coalesce(c, f"{c}_held").alias(c) for c in _ENRICHED)
        .select(list(dtypes(DayGames)))
    )


# -- inside ----------------------------------------------------------------------------------------


def _schedule_row(game: Document, game_date: date) -> dict[str, Any]:
    home, away = game["teams"]["home"], game["teams"]["away"]
    moved = date.fromisoformat(game["officialDate"]) != game_date
    return {
        "season": int(game["season"]),
        "game_pk": game["gamePk"],
        "game_date": game_date,
        "source": "schedule",
        "fingerprint": fingerprint(repr(game)),
        "game_number": game.get("gameNumber", 1),
        "doubleheader": game.get("doubleHeader", "N") != "N",
        "scheduled_innings": game.get("scheduledInnings", 9),
        "start_at": _moment(game["gameDate"], game["status"]),
        "day_night": game.get("dayNight"),
        "state": "postponed" if moved else state(game["status"]),
        "home_team_id": home["team"]["id"],
        "away_team_id": away["team"]["id"],
        "home_team": home["team"]["name"],
        "away_team": away["team"]["name"],
        "venue_id": game["venue"].get("id"),
        "venue": game["venue"]["name"],
        "home_probable_id": home.get("probablePitcher", {}).get("id"),
        "away_probable_id": away.get("probablePitcher", {}).get("id"),
    }


def _feed_row(document: Document) -> dict[str, Any]:
    data = document["gameData"]
    game, weather = data["game"], data.get("weather", {})
    mph, direction = _wind(weather.get("wind"))
    probables = data.get("probablePitchers", {})
    umpires = document["liveData"]["boxscore"].get("officials", ())
    return {
        "season": int(game["season"]),
        "game_pk": document["gamePk"],
        "game_date": date.fromisoformat(data["datetime"]["officialDate"]),
        "source": "feed",
        "fingerprint": fingerprint(repr((data.get("status"), weather, probables))),
        "game_number": game.get("gameNumber", 1),
        "doubleheader": game.get("doubleHeader", "N") != "N",
        "scheduled_innings": document["liveData"].get("linescore", {}).get("scheduledInnings", 9),
        "start_at": _moment(data["datetime"]["dateTime"], data["status"]),
        "day_night": data["datetime"].get("dayNight"),
        "state": state(data["status"]),
        "home_team_id": data["teams"]["home"]["id"],
        "away_team_id": data["teams"]["away"]["id"],
        "home_team": data["teams"]["home"]["name"],
        "away_team": data["teams"]["away"]["name"],
        "venue_id": data["venue"].get("id"),
        "venue": data["venue"]["name"],
        "roof_type": data["venue"].get("fieldInfo", {}).get("roofType"),
        "home_probable_id": probables.get("home", {}).get("id"),
        "away_probable_id": probables.get("away", {}).get("id"),
        "plate_umpire_id": next(
            (u["official"]["id"] for u in umpires if u.get("officialType") == "Home Plate"), None
        ),
        "weather_condition": weather.get("condition"),
        "temp_f": float(weather["temp"]) if weather.get("temp") else None,
        "wind_mph": mph,
        "wind_direction": direction,
    }


def _lineup(document: Document, side: str, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A team's announced nine; none while there are not nine of them."""
    team = document["liveData"]["boxscore"]["teams"][side]
    people = document["gameData"].get("players", {})
    nine = {}
    for player in team.get("players", {}).values():
        order = str(player.get("battingOrder") or "")
        if len(order) == 3 and order.endswith("00"):
            nine[int(order[0])] = player
    if not nine and len(team.get("battingOrder", ())) == 9:
        players = team.get("players", {})
        nine = {slot: players[f"ID{batter}"] for slot, batter in enumerate(team["battingOrder"], 1)}
    if len(nine) != 9:
        return []
    shared = {name: row[name] for name in ("season", "game_pk", "game_date", "source")}
    order_of = [nine[slot]["person"]["id"] for slot in sorted(nine)]
    return [
        {
            **shared,
            "fingerprint": fingerprint(order_of),
            "team_id": row[f"{side}_team_id"],
            "slot": slot,
            "batter_id": player["person"]["id"],
            "batter": player["person"]["fullName"],
            "bat_side": people.get(f"ID{player['person']['id']}", {}).get("batSide", {}).get("code"),
            "position": player.get("position", {}).get("abbreviation"),
            "derived": False,
        }
        for slot, player in sorted(nine.items())
    ]


def _moment(text: str, status: Document) -> datetime | None:
    if status.get("startTimeTBD"):
        return None
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC).replace(tzinfo=None)


def _wind(text: str | None) -> tuple[float | None, str | None]:
    """ "9 mph, Out To CF" as 9.0 and "Out To CF"."""
    speed, _, direction = (text or "").partition(",")
    number = speed.strip().removesuffix("mph").strip()
    return (float(number) if number.replace(".", "", 1).isdigit() else None, direction.strip() or None)


def _frame(table: type[DayGames] | type[DayLineups], rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(
        [[row.get(name) for name in dtypes(table)] for row in rows], schema=dtypes(table), orient="row"
    )
