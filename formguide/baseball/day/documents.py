"""What the day reads out of a schedule and of a game's document: who plays, how far it is, who bats where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from formguide.baseball.day.source import SourceDown
from formguide.baseball.day.tables import DayGames, DayLineups
from formguide.baseball.feed import read_feed, read_json
from formguide.baseball.feed_records import Status
from formguide.baseball.schedule import read_schedule
from formguide.baseball.states import game_state
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


def read(body: bytes) -> Document:
    """A feed/live document as it came. Raises ValueError if it is none."""
    document = read_json(body)
    if not isinstance(document, dict) or not isinstance(document.get("gameData"), dict):
        raise ValueError("not a feed/live document")
    return document


def state_of(document: Document) -> str:
    """The state of a feed/live document's game, as `Games.state` names it."""
    return game_state(Status.model_validate(document["gameData"]["status"]))


def schedule_games(body: bytes, game_date: date) -> pl.DataFrame:
    """The regular-season games that a schedule has for a day (DayGames, without what only feeds know).

    A game that was put off is listed on its old day with its new official date: on the old day it is
    postponed. One that goes on after a suspension is listed with its old date, and is not of this day. Raises
    SourceDown if it is no schedule.
    """
    reading = read_schedule(f"schedule {game_date}", body)
    if reading.rejects and not reading.entries:
        raise SourceDown(str(reading.rejects[0]))
    unannounced = _unannounced(body)
    rows = {}
    for entry in reading.entries:
        if entry["listed_on"] == game_date.isoformat() and entry["game_date"] >= game_date:
            moved = {"state": "postponed"} if entry["game_date"] > game_date else {}
            start = {"start_at": None} if entry["game_pk"] in unannounced else {}
            rows[entry["game_pk"]] = {**entry, **moved, **start, "game_date": game_date}
    return _frame(DayGames, list(rows.values()))


def feed_seen(game_pk: int, body: bytes) -> FeedSeen:
    """A game as its document shows it. Raises ValueError if it cannot be read."""
    reading = read_feed(f"game {game_pk}", body)
    if reading.game is None:
        said = [str(reject) for reject in reading.rejects] + reading.notes
        raise ValueError("; ".join(said) or f"game {game_pk}: nothing in it")
    return FeedSeen(_frame(DayGames, [reading.game]), _frame(DayLineups, reading.lineups))


def completed(games: pl.DataFrame, feeds: Iterable[pl.DataFrame], held: pl.DataFrame) -> pl.DataFrame:
    """The schedule's games, those whose document was read as it shows them. What neither tells any more (the
    weather of a game that has begun) stays as it was held; a game that is no longer listed was put off."""
    key = ["game_pk", "game_date"]
    # A document of another day is of a game that was moved since the schedule was read.
    fresh = pl.concat([empty(DayGames), *feeds]).join(games, on=key, how="semi")
    gone = held.join(games, on="game_pk", how="anti").with_columns(state=pl.lit("postponed"))
    unannounced = games.filter(pl.col("start_at").is_null())["game_pk"].to_list()
    start = pl.when(~pl.col("game_pk").is_in(unannounced)).then("start_at")
    fresh = fresh.with_columns(start_at=start)
    now = pl.concat([games.join(fresh, on="game_pk", how="anti"), fresh, gone])
    before = held.select("game_pk", *(pl.col(c).alias(f"{c}_held") for c in _ENRICHED))
    return (
        now.join(before, on="game_pk", how="left")
        .with_columns(pl.coalesce(c, f"{c}_held").alias(c) for c in _ENRICHED)
        .select(list(dtypes(DayGames)))
    )


def _unannounced(body: bytes) -> set[int]:
    """The games whose start is to be announced, whatever time stands in its place."""
    listed = [game for day in read_json(body)["dates"] for game in day["games"] if isinstance(game, dict)]
    return {game["gamePk"] for game in listed if (game.get("status") or {}).get("startTimeTBD")}


def _frame(table: type[DayGames] | type[DayLineups], rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(
        [[row.get(name) for name in dtypes(table)] for row in rows], schema=dtypes(table), orient="row"
    )
