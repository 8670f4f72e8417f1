"""The features once more, in plain Python from the definitions: every query looks through what was before."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import polars as pl

from formguide.baseball.tables import PITCH_TYPES

Row = dict[str, Any]
Dates = list[list[Row]]
"""Rows by date, in order."""
Rate = Callable[[list[Row]], float | None]


def _share(rows: Iterable[Row], of: Callable[[Row], Any], among: Callable[[Row], Any]) -> float | None:
    asked = [row for row in rows if among(row)]
    return sum(bool(of(row)) for row in asked) / len(asked) if asked else None


def _mean(rows: list[Row], name: str) -> float | None:
    values = [row[name] for row in rows if row[name] is not None]
    return math.fsum(values) / len(values) if values else None


def _hits(rows: list[Row]) -> float | None:
    return _share(rows, lambda r: r["is_hit"], lambda r: True)


def _whiffs(rows: list[Row]) -> float | None:
    known = [r for r in rows if None not in (r["swinging_strikes"], r["fouls"], r["in_play"])]
    swings = sum(r["swinging_strikes"] + r["fouls"] + r["in_play"] for r in known)
    return sum(r["swinging_strikes"] for r in known) / swings if swings else None


def _count(rows: list[Row]) -> float | None:
    known = [r["balls"] - r["strikes"] for r in rows if None not in (r["balls"], r["strikes"])]
    return sum(known) / len(known) if known else None


def _last_whiffs(rows: list[Row]) -> float | None:
    swings = ("swinging_strike", "foul", "in_play")
    return _share(
        rows, lambda r: r["last_pitch_call"] == "swinging_strike", lambda r: r["last_pitch_call"] in swings
    )


def _speed_share(least: float) -> Rate:
    return lambda rows: _share(
        rows, lambda r: r["launch_speed_mph"] >= least, lambda r: r["launch_speed_mph"] is not None
    )


def _sweet(row: Row) -> bool:
    return bool(8 <= row["launch_angle_deg"] <= 32)


def _barrels(rows: list[Row]) -> float | None:
    return _share(
        rows,
        lambda r: r["launch_speed_mph"] >= 98 and _sweet(r),
        lambda r: None not in (r["launch_speed_mph"], r["launch_angle_deg"]),
    )


def _named(name: str) -> Rate:
    return lambda rows: _mean(rows, name)


BATTER: dict[str, tuple[Rate, int, int]] = {
    "batter_hr_7g": (_hits, 7, 3),
    "batter_hr_30g": (_hits, 30, 7),
    "batter_hr_60g": (_hits, 60, 7),
    "batter_hr_120g": (_hits, 120, 7),
    "batter_whiff_60g": (_whiffs, 60, 10),
    "batter_count_tendency_30g": (_count, 30, 10),
    "batter_hard_contact_30g": (
        lambda rows: _share(rows, lambda r: r["hardness"] == "hard", lambda r: r["hardness"] is not None),
        30,
        10,
    ),
    "batter_barrel_rate_30g": (_barrels, 30, 10),
    "batter_hard_hit_rate_30g": (_speed_share(95), 30, 10),
    "batter_sweet_spot_rate_30g": (
        lambda rows: _share(rows, _sweet, lambda r: r["launch_angle_deg"] is not None),
        30,
        10,
    ),
    "batter_avg_ev_30g": (_named("launch_speed_mph"), 30, 10),
    "batter_avg_velo_faced_30g": (_named("pitch_speed_mean_mph"), 30, 10),
    "batter_last_pitch_whiff_60g": (_last_whiffs, 60, 10),
    "batter_last_pitch_velo_faced_30g": (_named("last_pitch_speed_mph"), 30, 10),
}
PITCHER: dict[str, tuple[Rate, int, int]] = {
    "pitcher_hr_30g": (_hits, 30, 7),
    "pitcher_avg_velo_30g": (_named("pitch_speed_mean_mph"), 30, 7),
    "pitcher_avg_spin_30g": (_named("spin_rate_mean_rpm"), 30, 7),
    "pitcher_avg_extension_30g": (_named("extension_mean_ft"), 30, 7),
    "pitcher_break_total_30g": (_named("break_mean_in"), 30, 7),
    "pitcher_last_pitch_velo_30g": (_named("last_pitch_speed_mph"), 30, 7),
    "pitcher_last_pitch_spin_30g": (_named("last_pitch_spin_rpm"), 30, 7),
    "pitcher_last_pitch_break_30g": (_named("last_pitch_break_in"), 30, 7),
}
WINDS = {
    "Out To CF": 1.0,
    "Out To LF": 0.7,
    "Out To RF": 0.7,
    "In From CF": -1.0,
    "In From LF": -0.7,
    "In From RF": -0.7,
} | dict.fromkeys(("L To R", "R To L", "Varies"), 0.0)


class Book:
    """Everything that happened, by who took part."""

    def __init__(self, plate_appearances: pl.DataFrame) -> None:
        self.of: dict[tuple[str, Any], list[Row]] = defaultdict(list)
        self.tally: dict[Any, dict[date, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        for row in plate_appearances.iter_rows(named=True):
            self.of["batter", row["batter_id"]].append(row)
            self.of["pitcher", row["pitcher_id"]].append(row)
            self.of["umpire", row["plate_umpire_id"]].append(row)
            self.of["battery", (row["pitcher_id"], row["catcher_id"])].append(row)
            if not row["pitcher_is_starter"]:
                self.of["bullpen", row["fielding_team_id"]].append(row)
            for place in ("league", ("park", row["venue"])):
                self.tally[place][row["game_date"]][0] += row["is_hit"]
                self.tally[place][row["game_date"]][1] += 1

    def before(self, kind: str, who: Any, day: date) -> list[Row]:
        if who is None or (isinstance(who, tuple) and None in who):
            return []
        return [row for row in self.of.get((kind, who), []) if row["game_date"] < day]

    def until(self, place: Any, day: date) -> tuple[int, int]:
        days = [tally for when, tally in self.tally.get(place, {}).items() if when < day]
        return sum(hits for hits, _ in days), sum(times for _, times in days)

    def answer(self, query: Row, prior: float | None = None) -> dict[str, float | None]:
        """All features of one query; prior: instead of the league's hit rate as of the day."""
        day = query["game_date"]
        batter = self.before("batter", query["batter_id"], day)
        pitcher = self.before("pitcher", query["pitcher_id"], day)
        umpire = self.before("umpire", query.get("plate_umpire_id"), day)
        bullpen = self.before("bullpen", query["fielding_team_id"], day)
        batted, pitched = by_date(batter), by_date(pitcher)
        found: dict[str, float | None] = {name: rolling(batted, *how) for name, how in BATTER.items()} | {
            name: rolling(pitched, *how) for name, how in PITCHER.items()
        }
        hits, times = self.until("league", day)
        league = hits / times if times else None
        if len(batter) < 100:
            for window in (30, 60, 120):
                rows = [row for rows in batted[-window:] for row in rows]
                towards = league if prior is None else prior
                hits = sum(r["is_hit"] for r in rows)
                shrunk = (hits + 20 * towards) / (len(rows) + 20) if rows and towards is not None else None
                found[f"batter_hr_{window}g"] = shrunk
        found["opp_bullpen_hr_30g"] = rolling(by_date(bullpen), _hits, 30, 10)
        found["ump_hr_30g"] = rolling(by_date(umpire), _hits, 30, 7)
        found["pitcher_entropy_30g"] = entropy(pitched, _all_types)
        found["pitcher_last_pitch_entropy_30g"] = entropy(pitched, _last_type)
        grounders = [r for r in batter if r["trajectory"] == "ground_ball"]
        found["batter_gb_hit_rate"] = _hits(grounders) if len(grounders) >= 20 else None
        hand = [r for r in batter if r["pitch_hand"] == query["pitch_hand"]]
        found["platoon_hr"] = _hits(hand) if len(hand) >= 30 else None
        park_hits, park_times = self.until(("park", query["venue"]), day)
        found["park_factor"] = park_hits / park_times / league if park_times >= 1000 and league else None
        found["pitcher_catcher_framing"] = self._framing(query)
        found["days_rest"] = (day - max(r["game_date"] for r in batter)).days if batter else None
        found["weather_temp"] = query.get("temp_f")
        blows, wind = WINDS.get(query.get("wind_direction") or "?"), query.get("wind_mph")
        found["wind_out_cf"] = 0.0 if wind == 0 else None if wind is None or blows is None else blows * wind
        sky, roof = query.get("weather_condition"), query.get("roof_type")
        indoor = sky in ("Dome", "Roof Closed") if sky else roof != "Open" if roof else None
        found["is_indoor"] = None if indoor is None else float(indoor)
        return found

    def _framing(self, query: Row) -> float | None:
        battery = (query["pitcher_id"], query.get("catcher_id"))
        known = [
            (r["called_strikes"], r["called_balls"])
            for r in self.before("battery", battery, query["game_date"])
            if None not in (r["called_strikes"], r["called_balls"])
        ]
        called = sum(strikes + balls for strikes, balls in known)
        return sum(strikes for strikes, _ in known) / called if called >= 100 else None


def by_date(rows: list[Row]) -> Dates:
    """The rows of every date that there is."""
    dates: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        dates[row["game_date"]].append(row)
    return [dates[day] for day in sorted(dates)]


def rolling(dates: Dates, rate: Rate, window: int, least: int) -> float | None:
    """The mean of the rates of the last `window` dates, if at least `least` of them have one."""
    rates = [value for day in dates[-window:] if (value := rate(day)) is not None]
    return math.fsum(rates) / len(rates) if len(rates) >= least else None


def _all_types(row: Row) -> Counter[str]:
    return Counter({code: row[f"pitches_{code}"] or 0 for code in PITCH_TYPES})


def _last_type(row: Row) -> Counter[str]:
    kind = row["last_pitch_type"]
    return Counter([kind.lower()] if kind and kind.lower() in PITCH_TYPES else [])


def entropy(dates: Dates, types: Callable[[Row], Counter[str]]) -> float | None:
    """Bits, over the last 30 dates together, if seven of them have pitches of a known type."""
    days = [sum((types(row) for row in day), Counter()) for day in dates[-30:]]
    if sum(day.total() > 0 for day in days) < 7:
        return None
    pitches = sum(days, Counter())
    return -sum(n / pitches.total() * math.log2(n / pitches.total()) for n in pitches.values() if n)
