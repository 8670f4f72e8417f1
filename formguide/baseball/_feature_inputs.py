"""A frame of plate appearances or of queries as the pass reads it: everybody by number, facts by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from formguide.baseball._feature_columns import (
    Column,
    Days,
    Ids,
    coded,
    coded_runs,
    column,
    encode,
    frozen,
    look_up,
    pairs,
    seats,
)
from formguide.baseball.tables import PITCH_TYPES

HANDS = ("L", "R", "S")
"""The hands that pitchers throw with."""

_TYPES = tuple(f"pitches_{code}" for code in PITCH_TYPES)
_IDS = ("batter_id", "pitcher_id", "fielding_team_id", "catcher_id", "plate_umpire_id")
_NO_BITS = frozen(np.empty(0, np.uint8))
_MANY = 1 << 31

BARREL_MPH, HARD_MPH, SWEET_LOW_DEG, SWEET_HIGH_DEG = 98.0, 95.0, 8.0, 32.0


class Codes(NamedTuple):
    """Who and where, row by row: numbers from 0 (uint32), of which the last is nobody's."""

    batter: np.ndarray
    platoon: np.ndarray
    pitcher: np.ndarray
    pair: np.ndarray
    venue: np.ndarray
    team: np.ndarray
    umpire: np.ndarray


class Sizes(NamedTuple):
    """How many batters, batters against a hand, pitchers, pairs of pitcher and catcher, parks, teams and
    umpires there are: the number that is nobody's."""

    batter: int
    platoon: int
    pitcher: int
    pair: int
    venue: int
    team: int
    umpire: int


@dataclass(frozen=True)
class Places:
    """Who has a row in the tables of what is known: whoever is in the plate appearances."""

    ids: dict[str, Ids]
    batteries: Ids
    parks: list[str]

    @property
    def sizes(self) -> Sizes:
        ids = {name: known.key.size for name, known in self.ids.items()}
        return Sizes(
            batter=ids["batter_id"],
            platoon=len(HANDS) * ids["batter_id"],
            pitcher=ids["pitcher_id"],
            pair=self.batteries.key.size,
            venue=len(self.parks),
            team=ids["fielding_team_id"],
            umpire=ids["plate_umpire_id"],
        )

    def of(self, frame: pl.DataFrame) -> Codes:
        """Who and where the rows of a frame are, among those who have a row; else nobody."""
        found = {name: look_up(column(frame[name]), frame.height, ids) for name, ids in self.ids.items()}
        return self.seated(frame, found, look_up(_batteries(found), frame.height, self.batteries))

    def seated(self, frame: pl.DataFrame, found: dict[str, np.ndarray], battery: np.ndarray) -> Codes:
        """The same with the codes of ids at hand."""
        platoon = pairs(found["batter_id"], coded(frame["pitch_hand"], HANDS), len(HANDS))
        sizes = self.sizes
        return Codes(
            batter=seats(found["batter_id"], sizes.batter),
            platoon=seats(platoon, sizes.platoon),
            pitcher=seats(found["pitcher_id"], sizes.pitcher),
            pair=seats(battery, sizes.pair),
            venue=seats(coded_runs(frame["venue"], self.parks), sizes.venue),
            team=seats(found["fielding_team_id"], sizes.team),
            umpire=seats(found["plate_umpire_id"], sizes.umpire),
        )


def settle(rows: pl.DataFrame) -> tuple[Places, Codes]:
    """Gives everybody a row, and says which the plate appearances are about."""
    found, ids = {}, {}
    for name in _IDS:
        found[name], ids[name] = encode(column(rows[name]), rows.height)
    battery, batteries = encode(_batteries(found), rows.height)
    parks = rows["venue"].rle().struct.field("value").drop_nulls().unique().sort().to_list()
    places = Places(ids, batteries, parks)
    return places, places.seated(rows, found, battery)


def _batteries(found: dict[str, np.ndarray]) -> Column:
    return Column(frozen(pairs(found["pitcher_id"], found["catcher_id"], _MANY)), _NO_BITS, 0)


def _rates() -> dict[str, tuple[pl.Expr, pl.Expr | None]]:
    """What is above and what is below the line of each rate, null where a plate appearance has no part in
    it; below: None where those above are counted."""
    speed, angle, call = pl.col("launch_speed_mph"), pl.col("launch_angle_deg"), pl.col("last_pitch_call")
    missed, swings = pl.col("swinging_strikes"), pl.sum_horizontal(_SWINGS, ignore_nulls=False)
    strikes, called = pl.col("called_strikes"), pl.col("called_strikes") + pl.col("called_balls")
    hard, barrel = (speed >= least for least in (HARD_MPH, BARREL_MPH))
    # For polars a value that is none (NaN) is the largest.
    sweet = (angle >= SWEET_LOW_DEG) & (angle <= SWEET_HIGH_DEG)
    both = speed.is_not_null() & angle.is_not_null()
    single = {
        "hit": pl.col("is_hit"),
        "ground_ball_hit": pl.when(pl.col("trajectory") == "ground_ball").then(pl.col("is_hit")),
        "count": pl.col("balls") - pl.col("strikes"),
        "hard_contact": pl.col("hardness") == "hard",
        "hard_hit": hard & speed.is_not_nan(),
        "sweet_spot": sweet,
        "barrel": pl.when(both).then(sweet & barrel & speed.is_not_nan()),
        "exit_speed": speed,
        # Neither true nor false where the batter did not swing at the last pitch.
        "last_whiff": pl.when(call == "swinging_strike")
        .then(True)
        .when((call == "foul") | (call == "in_play"))
        .then(False),
    }
    single |= {rate: pl.col(name) for rate, name in _MEANS.items()}
    rates: dict[str, tuple[pl.Expr, pl.Expr | None]] = {name: (above, None) for name, above in single.items()}
    rates["whiff"] = (pl.when(swings.is_not_null()).then(missed), swings)
    rates["called_strike"] = (pl.when(called.is_not_null()).then(strikes), called)
    return rates


_SWINGS = ("swinging_strikes", "fouls", "in_play")
_MEANS = {
    "speed": "pitch_speed_mean_mph",
    "spin": "spin_rate_mean_rpm",
    "extension": "extension_mean_ft",
    "break": "break_mean_in",
    "last_speed": "last_pitch_speed_mph",
    "last_spin": "last_pitch_spin_rpm",
    "last_break": "last_pitch_break_in",
}
RATES = _rates()
"""The rates of a date, by what is summed up above and below the line."""


@dataclass(frozen=True)
class Facts:
    """What the plate appearances tell.

    ``rates``: the two sides of `RATES`. ``types``: how many pitches were of each type;
    ``last_type``: the last one's, by number, -1 where it is not known. ``bullpen``: the fielding team where a
    reliever pitched, else nobody.
    """

    rates: dict[str, tuple[Column, Column | None]]
    types: tuple[Column, ...]
    last_type: np.ndarray
    bullpen: np.ndarray

    @classmethod
    def of(cls, rows: pl.DataFrame, team: np.ndarray, nobody: int) -> Facts:
        """`team`: the numbers of the fielding teams, `nobody`: the one that is nobody's."""
        wanted = {f"above_{name}": above for name, (above, _) in RATES.items()}
        wanted |= {f"below_{name}": below for name, (_, below) in RATES.items() if below is not None}
        wanted |= {name: pl.col(name) for name in _TYPES}
        told = rows.select(**wanted)
        found = {part.name: column(part.cast(_ONE.get(part.dtype, part.dtype))) for part in told}
        return cls(
            {name: (found[f"above_{name}"], found.get(f"below_{name}")) for name in RATES},
            tuple(found[name] for name in _TYPES),
            coded(rows["last_pitch_type"], [code.upper() for code in PITCH_TYPES]),
            np.where(rows["pitcher_is_starter"].to_numpy(), np.uint32(nobody), team),
        )

    def by_day(self, played: Days) -> tuple[np.ndarray, np.ndarray]:
        """Hits and plate appearances of each day."""
        hits = self.rates["hit"][0].values[played.order]
        if hits.size == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        return np.add.reduceat(hits, played.start[:-1], dtype=np.int64), np.diff(played.start)


_ONE: dict[pl.DataType, pl.DataType] = {pl.Boolean(): pl.Int32()}
"""A type less for the compiler."""
