"""A tiny league on paper: a few games whose every moment a test writes down, and the documents of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from formguide.baseball.day.source import SourceDown
from formguide.baseball.forecast_tables import BatterForecasts
from formguide.lake import Lake
from formguide.schema import dtypes

DAY = date(2024, 6, 11)
STATUS = {
    "preview": ("Preview", "S", "Scheduled"),
    "live": ("Live", "I", "In Progress"),
    "final": ("Final", "F", "Final"),
    "postponed": ("Final", "D", "Postponed"),
}


def batter(team: int, slot: int) -> int:
    """The number of the batter who usually bats in a place."""
    return team * 100 + slot


@dataclass(frozen=True)
class TinyGame:
    """A game as it will go. `hits` and `outs`: minutes after the start at which batters come up, with the
    result; `nine`: who starts instead of the usual batter, by team and slot."""

    game_pk: int
    home: int
    away: int
    start_at: datetime
    lineups_at: datetime | None = None
    hits: tuple[tuple[int, int], ...] = ()
    outs: tuple[tuple[int, int], ...] = ()
    nine: dict[tuple[int, int], int] = field(default_factory=dict)
    ends_after: int = 180
    rained_out_at: datetime | None = None
    moved_to: date | None = None
    overturned_at: datetime | None = None
    overturned: int | None = None
    number: int = 1
    announced_at: datetime | None = None
    day: date = DAY

    def state(self, now: datetime) -> str:
        if self.rained_out_at is not None and now >= self.rained_out_at:
            return "postponed"
        if now < self.start_at:
            return "preview"
        return "final" if now >= self.start_at + timedelta(minutes=self.ends_after) else "live"

    def batting(self, now: datetime, player: int) -> tuple[int, int]:
        """Hits and plate appearances so far."""
        if self.state(now) == "postponed":
            return 0, 0
        minutes = (now - self.start_at) / timedelta(minutes=1)
        hits = sum(who == player and at <= minutes for at, who in self.hits)
        outs = sum(who == player and at <= minutes for at, who in self.outs)
        if self.overturned == player and self.overturned_at is not None and now >= self.overturned_at:
            return hits - 1, hits + outs
        return hits, hits + outs


@dataclass
class TinyLeague:
    """Answers like the API, at the time that its clock says; `down` lists when it does not answer."""

    games: list[TinyGame]
    clock: Callable[[], datetime]
    down: list[tuple[datetime, datetime]] = field(default_factory=list)
    asked: list[tuple[datetime, str]] = field(default_factory=list)

    def _up(self, what: str) -> datetime:
        now = self.clock()
        self.asked.append((now, what))
        if any(start <= now < end for start, end in self.down):
            raise SourceDown(f"{what}: no answer")
        return now

    def schedule(self, game_date: date) -> bytes:
        now = self._up(f"schedule {game_date}")
        listed = [self._listed(g, now) for g in self.games if g.day == game_date]
        dates = [{"date": game_date.isoformat(), "games": listed}] if listed else []
        return json.dumps({"dates": dates}).encode()

    def _listed(self, game: TinyGame, now: datetime) -> dict[str, Any]:
        unknown = game.announced_at is not None and now < game.announced_at
        return {
            "gamePk": game.game_pk,
            "gameType": "R",
            "season": str(game.day.year),
            "gameDate": f"{game.start_at:%Y-%m-%dT%H:%M:%SZ}",
            "officialDate": self._official(game, now),
            "status": {**self._status(game, now), "startTimeTBD": unknown},
            "teams": {
                "home": {"team": {"id": game.home, "name": f"Home {game.home}"}},
                "away": {"team": {"id": game.away, "name": f"Away {game.away}"}},
            },
            "venue": {"id": 1, "name": "Paper Park"},
            "gameNumber": game.number,
            "doubleHeader": "N" if game.number == 1 else "Y",
            "scheduledInnings": 9,
        }

    def _official(self, game: TinyGame, now: datetime) -> str:
        moved = game.state(now) == "postponed" and game.moved_to is not None
        return (game.moved_to if moved and game.moved_to else game.day).isoformat()

    def _status(self, game: TinyGame, now: datetime) -> dict[str, Any]:
        abstract, coded, detailed = STATUS[game.state(now)]
        return {"abstractGameState": abstract, "codedGameState": coded, "detailedState": detailed}

    def feed(self, game_pk: int) -> bytes:
        return json.dumps(self._document(game_pk, self._up(f"feed {game_pk}"))).encode()

    def _document(self, game_pk: int, now: datetime) -> dict[str, Any]:
        (game,) = (g for g in self.games if g.game_pk == game_pk)
        unknown = game.announced_at is not None and now < game.announced_at
        return {
            "gamePk": game_pk,
            "gameData": {
                "game": {
                    "pk": game_pk,
                    "type": "R",
                    "season": game.day.year,
                    "gameNumber": game.number,
                    "doubleHeader": "N",
                },
                "datetime": {
                    "dateTime": f"{game.start_at:%Y-%m-%dT%H:%M:%SZ}",
                    "officialDate": self._official(game, now),
                },
                "status": {**self._status(game, now), "startTimeTBD": unknown},
                "teams": {
                    "home": {"id": game.home, "name": f"Home {game.home}"},
                    "away": {"id": game.away, "name": f"Away {game.away}"},
                },
                "venue": {"id": 1, "name": "Paper Park"},
                "weather": {"condition": "Sunny", "temp": "75", "wind": "9 mph, Out To CF"},
            },
            "liveData": {
                "plays": {"allPlays": []},
                "boxscore": {
                    "teams": {
                        "home": self._box(game, game.home, now),
                        "away": self._box(game, game.away, now),
                    }
                },
            },
        }

    def _box(self, game: TinyGame, team: int, now: datetime) -> dict[str, Any]:
        announced = game.lineups_at is not None and now >= game.lineups_at
        players: dict[str, Any] = {}
        starters = {slot: game.nine.get((team, slot), batter(team, slot)) for slot in range(1, 10)}
        listed = {**starters, **{slot + 10: batter(team, slot) for slot in range(1, 10)}}
        for slot, player in listed.items():
            hits, appearances = game.batting(now, player)
            told: dict[str, Any] = {
                "person": {"id": player, "fullName": f"Batter {player}"},
                "position": {"abbreviation": "CF"},
                "stats": {"batting": {"hits": hits, "plateAppearances": appearances} if appearances else {}},
            }
            if announced and slot <= 9:
                told["battingOrder"] = f"{slot}00"
            players.setdefault(f"ID{player}", told)
        return {"players": players, "battingOrder": list(starters.values()) if announced else []}


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


def forecaster(chances: dict[int, float], shadow: dict[int, float] | None = None) -> Any:
    """Forecasts of a fixed chance per batter (0.5 unless named): the announced nine, else the usual nine."""

    def forecast(
        lake: Lake,
        game_date: date,
        games: pl.DataFrame,
        lineups: pl.DataFrame,
        *,
        shadow: bool = False,
    ) -> pl.DataFrame:
        p = (shadow_chances or chances) if shadow else chances
        rows = []
        for game in games.iter_rows(named=True):
            for team, other in (("home", "away"), ("away", "home")):
                team_id = game[f"{team}_team_id"]
                nine = {
                    slot: player
                    for pk, of, slot, player in lineups.select(
                        "game_pk", "team_id", "slot", "batter_id"
                    ).iter_rows()
                    if (pk, of) == (game["game_pk"], team_id)
                }
                status = "confirmed" if nine else "projected"
                for slot in range(1, 10):
                    player = nine.get(slot, batter(team_id, slot))
                    rows.append(_row(game, team_id, game[f"{other}_team_id"], slot, player, status, p))
        return pl.DataFrame(rows, schema=dtypes(BatterForecasts), orient="row")

    shadow_chances = shadow
    return forecast


def _row(
    game: dict[str, Any], team: int, other: int, slot: int, player: int, status: str, p: dict[int, float]
) -> list[Any]:
    chance = p.get(player, 0.5)
    values = {
        "season": game["season"],
        "game_date": game["game_date"],
        "game_pk": game["game_pk"],
        "batter_id": player,
        "batter": f"Batter {player}",
        "game_number": game["game_number"],
        "start_at": game["start_at"],
        "team_id": team,
        "opponent_id": other,
        "is_home": team == game["home_team_id"],
        "venue": game["venue"],
        "slot": slot,
        "lineup_status": status,
        "pitcher_id": None,
        "pitcher": None,
        "pitcher_status": "unknown",
        "as_of": game["game_date"],
        "expected_pa": 4.0,
        "p_hit_pa": 0.25,
        "p_hit_pa_starter": 0.25,
        "p_hit_pa_bullpen": 0.25,
        "p_game_hit": chance,
        "p_game_hit_low": chance,
        "p_game_hit_high": chance,
        "seeds": 1,
        "variants": 1,
    }
    return [values[name] for name in dtypes(BatterForecasts)]


def forecasts(rows: Iterable[tuple[int, int, float, str]], start_at: datetime) -> pl.DataFrame:
    """BatterForecasts of (game, batter, chance, line-up status)."""
    return pl.DataFrame(
        [
            _row(
                {
                    "season": 2024,
                    "game_date": DAY,
                    "game_pk": game,
                    "game_number": 1,
                    "start_at": start_at,
                    "home_team_id": 1,
                    "venue": "Paper Park",
                },
                1,
                2,
                1,
                player,
                status,
                {player: p},
            )
            for game, player, p, status in rows
        ],
        schema=dtypes(BatterForecasts),
        orient="row",
    )
