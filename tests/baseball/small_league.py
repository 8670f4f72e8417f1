"""A small league made up from a seed: games, line-ups and plate appearances enough to learn from.

Every column that a forecast reads is there, batters and pitchers differ, and now and then two teams meet
twice in a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import polars as pl

from formguide import schema
from formguide.baseball.tables import PITCH_TYPES, Games, Lineups, PlateAppearances
from formguide.schema import Table

FIRST_DAY = {2023: date(2023, 4, 1), 2024: date(2024, 4, 3)}
"""The seasons and their opening days."""

TEAMS = 6
STARTERS, RELIEVERS, BATTERS = 5, 4, 12
_OUTS = ("field_out", "strikeout", "walk", "grounded_into_double_play")
_HITS = ("single", "double", "home_run")
_CALLS = ("swinging_strike", "called_strike", "foul", "in_play", "ball")


@dataclass(frozen=True)
class League:
    """The three tables, sorted as the lake keeps them."""

    games: pl.DataFrame
    lineups: pl.DataFrame
    plate_appearances: pl.DataFrame

    @property
    def tables(self) -> dict[type[Table], pl.DataFrame]:
        return {Games: self.games, Lineups: self.lineups, PlateAppearances: self.plate_appearances}


def small_league(seed: int = 7, days: dict[int, int] | None = None) -> League:
    """Plays so many days of each season (by default 24 of 2023 and 36 of 2024)."""
    rng = np.random.default_rng(seed)
    skill = {who: float(rng.normal(0, 0.05)) for who in range(1, 100 * (TEAMS + 1))}
    games: list[dict[str, Any]] = []
    lineups: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    for season, count in (days or {2023: 24, 2024: 36}).items():
        for k in range(count):
            day = FIRST_DAY[season] + timedelta(days=k)
            teams = (rng.permutation(TEAMS) + 1).tolist()
            meetings = [(home, away, 1) for home, away in zip(teams[::2], teams[1::2], strict=True)]
            if k % 4 == 2:
                meetings.append((*meetings[0][:2], 2))
            twice = meetings[0][:2] if k % 4 == 2 else None
            for home, away, number in meetings:
                pk = 1000 * (1000 * season + k) + 10 * home + number
                both = (home, away) == twice
                game = _game(rng, season, pk, day, home, away, number, both, turn=k + number)
                games.append(game)
                for team, other, at_home in ((home, away, True), (away, home, False)):
                    nine = (rng.permutation(BATTERS)[:9] + 100 * team + 1).tolist()
                    lineups += [_place(game, team, place, who) for place, who in enumerate(nine, start=1)]
                    turns += _turns(rng, game, team, other, at_home, nine, skill)
    return League(_table(games, Games), _table(lineups, Lineups), _numbered(turns))


def pitcher(team: int, turn: int) -> int:
    """A starting pitcher of the team, one after the other."""
    return 100 * team + 50 + turn % STARTERS


def sides(who: int) -> str:
    """How a batter bats: every fifth from both sides."""
    return "S" if who % 5 == 0 else "LR"[who % 2]


def _game(
    rng: np.random.Generator, season: int, pk: int, day: date, home: int, away: int, number: int,
    twice: bool, turn: int,
) -> dict[str, Any]:  # fmt: skip
    return {
        "season": season,
        "game_pk": pk,
        "game_date": day,
        "source": "feed",
        "fingerprint": f"{pk:016d}",
        "game_number": number,
        "doubleheader": twice,
        "scheduled_innings": 9,
        "start_at": datetime.combine(day, time(17 + 3 * number)),
        "day_night": "night",
        "state": "final",
        "home_team_id": home,
        "away_team_id": away,
        "home_team": f"Team {home}",
        "away_team": f"Team {away}",
        "venue_id": home,
        "venue": f"Park {home}",
        "roof_type": "Open" if home % 3 else "Retractable",
        "home_probable_id": pitcher(home, turn) if rng.random() < 0.6 else None,
        "away_probable_id": pitcher(away, turn) if rng.random() < 0.6 else None,
        "home_starter_id": pitcher(home, turn),
        "away_starter_id": pitcher(away, turn),
        "plate_umpire_id": int(rng.integers(901, 906)),
        "weather_condition": str(rng.choice(["Clear", "Cloudy", "Roof Closed"])),
        "temp_f": float(rng.integers(45, 95)),
        "wind_mph": float(rng.integers(0, 20)),
        "wind_direction": str(rng.choice(["Out To CF", "In From LF", "L To R"])),
    }


def _place(game: dict[str, Any], team: int, place: int, who: int) -> dict[str, Any]:
    told = {c: game[c] for c in ("season", "game_pk", "game_date", "source", "fingerprint")}
    return told | {
        "team_id": team,
        "slot": place,
        "batter_id": who,
        "batter": f"Batter {who}",
        "bat_side": sides(who),
        "position": "DH",
        "derived": False,
    }


def _turns(
    rng: np.random.Generator,
    game: dict[str, Any],
    team: int,
    other: int,
    at_home: bool,
    nine: list[int],
    skill: dict[int, float],
) -> list[dict[str, Any]]:
    """A team's plate appearances: now and then somebody is replaced, and relievers follow the starter."""
    starter = game["away_starter_id" if at_home else "home_starter_id"]
    bench = [who for who in range(100 * team + 1, 100 * team + 1 + BATTERS) if who not in nine]
    order, stays = list(nine), int(rng.integers(15, 28))
    rows = []
    for n in range(int(rng.integers(33, 44))):
        place = n % 9
        if n > 22 and bench and order[place] == nine[place] and rng.random() < 0.06:
            order[place] = bench.pop()
        batter = order[place]
        throws = starter if n < stays else 100 * other + 60 + (n + game["game_number"]) % RELIEVERS
        hand = "L" if throws % 3 == 0 else "R"
        side = ("R" if hand == "L" else "L") if sides(batter) == "S" else sides(batter)
        p = 0.22 + skill[batter] + skill[throws] + (0.03 if side != hand else 0.0)
        hit = bool(rng.random() < p)
        event = _HITS[rng.integers(3)] if hit else _OUTS[rng.integers(4)]
        call = "in_play" if hit else _CALLS[rng.integers(5)]
        played = call == "in_play"
        speed = 94.0 + 40 * skill[throws] + rng.normal(0, 1)
        strikes, balls = int(rng.integers(0, 3)), int(rng.integers(0, 4))
        counts = rng.integers(0, 3, len(PITCH_TYPES)).tolist()
        shared = ("season", "game_pk", "game_date", "source", "fingerprint", "game_number", "venue")
        weather = ("plate_umpire_id", "weather_condition", "roof_type", "temp_f", "wind_mph")
        rows.append(
            {c: game[c] for c in (*shared, *weather, "wind_direction")}
            | {f"pitches_{code}": c for code, c in zip(PITCH_TYPES, counts, strict=True)}
            | {
                "seven_inning": False,
                "inning": n // 5 + 1,
                "is_home_batting": at_home,
                "batting_team_id": team,
                "fielding_team_id": other,
                "slot": place + 1,
                "is_starter": batter == nine[place],
                "batter_id": batter,
                "batter": f"Batter {batter}",
                "bat_side": side,
                "pitcher_id": throws,
                "pitcher": f"Pitcher {throws}",
                "pitch_hand": hand,
                "pitcher_is_starter": throws == starter,
                "catcher_id": 100 * other + 90 + game["game_pk"] % 2,
                "event": event,
                "is_hit": hit,
                "balls": balls,
                "strikes": strikes,
                "pitches": sum(counts),
                "called_balls": balls,
                "called_strikes": int(rng.integers(0, 2)),
                "swinging_strikes": int(call == "swinging_strike"),
                "fouls": int(rng.integers(0, 2)),
                "in_play": int(played),
                "pitch_speed_mean_mph": speed,
                "spin_rate_mean_rpm": 2300 + rng.normal(0, 50),
                "extension_mean_ft": 6.3 + rng.normal(0, 0.1),
                "break_mean_in": 12 + rng.normal(0, 1),
                "last_pitch_type": PITCH_TYPES[rng.integers(6)].upper(),
                "last_pitch_call": call,
                "last_pitch_speed_mph": speed + rng.normal(0, 1),
                "last_pitch_spin_rpm": 2300 + rng.normal(0, 50),
                "last_pitch_break_in": 20 + rng.normal(0, 1),
                "launch_speed_mph": 88 + 60 * skill[batter] + rng.normal(0, 9) if played else None,
                "launch_angle_deg": rng.normal(14, 18) if played else None,
                "trajectory": str(rng.choice(["ground_ball", "fly_ball"])) if played else None,
                "hardness": str(rng.choice(["soft", "medium", "hard"])) if played else None,
                "outs_after": int(rng.integers(0, 4)),
                "runs_batted_in_after": 0,
            }
        )
    return rows


def _numbered(turns: list[dict[str, Any]]) -> pl.DataFrame:
    """The plate appearances, those of the home team before those of the visitors."""
    seen: dict[int, int] = {}
    for row in turns:
        row["at_bat_index"] = seen[row["game_pk"]] = seen.get(row["game_pk"], -1) + 1
    return _table(turns, PlateAppearances)


def _table(rows: list[dict[str, Any]], table: type[Table]) -> pl.DataFrame:
    types = schema.dtypes(table)
    frame = pl.DataFrame({name: [row.get(name) for row in rows] for name in types}, schema=types)
    return schema.check(frame, table).sort("game_date", *(c for c in schema.key_columns(table)))
