"""A frame of plate appearances or of queries as the pass reads it: everybody by number, facts by column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from formguide.baseball._feature_columns import (
    Column,
    Ids,
    coded,
    coded_runs,
    column,
    encode,
    look_up,
    pairs,
    seats,
)
from formguide.baseball._feature_state import Codes, Facts, Sizes
from formguide.baseball.tables import PITCH_TYPES

HANDS = ("L", "R", "S")
"""The hands that pitchers throw with."""

_TYPES = tuple(f"pitches_{code}" for code in PITCH_TYPES)
_IDS = ("batter_id", "pitcher_id", "fielding_team_id", "catcher_id", "plate_umpire_id")
_NO_BITS = np.empty(0, np.uint8)
_MANY = 1 << 31
_FACTS = {
    "balls": "balls",
    "strikes": "strikes",
    "called_balls": "called_balls",
    "called_strikes": "called_strikes",
    "swinging": "swinging_strikes",
    "fouls": "fouls",
    "in_play": "in_play",
    "exit_speed": "launch_speed_mph",
    "exit_angle": "launch_angle_deg",
    "speed": "pitch_speed_mean_mph",
    "spin": "spin_rate_mean_rpm",
    "extension": "extension_mean_ft",
    "break_": "break_mean_in",
    "last_speed": "last_pitch_speed_mph",
    "last_spin": "last_pitch_spin_rpm",
    "last_break": "last_pitch_break_in",
}


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
            platoon=seats(platoon, len(HANDS) * sizes.batter),
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
    return Column(pairs(found["pitcher_id"], found["catcher_id"], _MANY), _NO_BITS, 0)


def facts(rows: pl.DataFrame, team: np.ndarray, nobody: int) -> Facts:
    """What the plate appearances tell; `team`: the rows of the fielding teams, `nobody`: the last row."""
    call = pl.col("last_pitch_call")
    flags = rows.select(
        hit="is_hit",
        ground_ball=pl.col("trajectory") == "ground_ball",
        hard_contact=pl.col("hardness") == "hard",
        # Null, neither true nor false, where the batter did not swing at the last pitch.
        last_whiff=pl.when(call == "swinging_strike")
        .then(True)
        .when((call == "foul") | (call == "in_play"))
        .then(False),
    )
    return Facts(
        **{flag.name: column(flag) for flag in flags},
        **{fact: column(rows[name]) for fact, name in _FACTS.items()},
        last_type=coded(rows["last_pitch_type"], [code.upper() for code in PITCH_TYPES]),
        bullpen=np.where(rows["pitcher_is_starter"].to_numpy(), np.uint32(nobody), team),
        types=tuple(column(rows[name]) for name in _TYPES),
    )
