"""The features of a plate appearance: what the morning of its date knows of who takes part, and where.

`feature_frame` makes them all. **A feature of a date sees only earlier dates**: the
second game of a doubleheader does not know the first, and rows of the date itself or later may say what they
like. Where a source lacks a column, or too little has been seen, a feature is null.

What the names mean. "Rolling N" is the mean of per-date rates over the last N game-dates *of that batter,
pitcher, bullpen or umpire* before the date, over those dates that have such a rate: so a date with one plate
appearance counts as much as one with six. The number in brackets is how many dates must have one.

===============================  ==================================================================
batter_hr_7g, 30g, 60g, 120g     rolling hits per plate appearance (3; 7, 7, 7), see "rookies"
batter_whiff_60g                 rolling swinging strikes per swing (10); a swing misses, fouls or
                                 puts the ball in play
batter_count_tendency_30g        rolling balls less strikes at the end of the plate appearance (10)
batter_gb_hit_rate               hits per ground ball of the career, from 20 ground balls (no bunts)
platoon_hr                       hits per plate appearance of the career against pitchers of that
                                 hand, from 30 plate appearances
pitcher_hr_30g                   rolling hits allowed per plate appearance (7)
pitcher_entropy_30g              Shannon entropy in bits of the pitch types of the pitcher's last 30
                                 game-dates together (7 dates with pitches of a known type)
weather_temp                     temperature announced for the game, °F
park_factor                      hits per plate appearance in this park over the league's, both over
                                 all dates before, from 1000 plate appearances in the park
pitcher_catcher_framing          called strikes per called pitch of this pitcher with this catcher,
                                 over all dates before, from 100 called pitches
opp_bullpen_hr_30g               rolling hits allowed per plate appearance by the fielding team's
                                 relievers, over the dates on which any of them pitched (10)
days_rest                        days since the batter's last game-date
ump_hr_30g                       rolling hits per plate appearance with this plate umpire (7)
wind_out_cf                      wind speed in mph × how far it blows out: `WIND_SCORE`
batter_hard_contact_30g          rolling share of batted balls called hard (10)
is_indoor                        1 under a roof: see `_indoor`
batter_barrel_rate_30g           rolling share of batted balls of 98 mph or more at 8 to 32° (10)
batter_hard_hit_rate_30g         rolling share of 95 mph or more (10)
batter_sweet_spot_rate_30g       rolling share at 8 to 32° (10)
batter_avg_ev_30g                rolling exit velocity, mph (10)
pitcher_avg_velo_30g             rolling pitch speed, mph: on a date, the mean over the plate
                                 appearances of the mean of their pitches (7)
pitcher_avg_spin_30g             the same of the spin, revolutions per minute (7)
pitcher_avg_extension_30g        the same of the release extension, feet (7)
pitcher_break_total_30g          the same of the total break, inches (7)
batter_avg_velo_faced_30g        the same of the speed of the pitches that the batter saw (10)
batter_last_pitch_whiff_60g      as batter_whiff_60g, from the last pitches of plate appearances
pitcher_last_pitch_…, batter_…   as their namesakes, from the last pitches of plate appearances
===============================  ==================================================================

The last-pitch features stand in where a source has only the last pitch of each plate appearance. They are no
substitutes in disguise: last pitches are not like the others, hence names of their own.

Rookies, batters with fewer than 100 plate appearances before the date, have for 30, 60 and 120 dates instead
(hits + 20 · prior) / (plate appearances + 20), both over the window, from the first date on; `prior` is the
league's hit rate over all dates before. Their last 7 dates are like everybody's. Careers begin with the
frame's first row. With ``parity=True`` the prior is `PARITY_PRIOR`, a constant from later seasons that other
systems use; it knows more than the day did, and no forecast is made with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from formguide.baseball._feature_columns import Days, by_day, coded_runs, column
from formguide.baseball._feature_inputs import Codes, Facts, Sizes, settle
from formguide.baseball._feature_kernels import GameDates, game_dates, last_before
from formguide.baseball._feature_rates import (
    answers,
    daily,
    entropy,
    kinds,
    over_last,
    rate,
    rolling_mean,
    running,
    share,
)

CORE = (
    "batter_hr_7g",
    "batter_hr_30g",
    "batter_hr_60g",
    "batter_hr_120g",
    "batter_whiff_60g",
    "batter_count_tendency_30g",
    "batter_gb_hit_rate",
    "platoon_hr",
    "pitcher_hr_30g",
    "pitcher_entropy_30g",
    "weather_temp",
    "park_factor",
    "pitcher_catcher_framing",
    "opp_bullpen_hr_30g",
    "days_rest",
)
"""The features that every model has."""

CONTEXT = ("ump_hr_30g", "wind_out_cf", "batter_hard_contact_30g", "is_indoor")
"""What the shadow model has besides."""

STATCAST = (
    "batter_barrel_rate_30g",
    "batter_hard_hit_rate_30g",
    "batter_sweet_spot_rate_30g",
    "batter_avg_ev_30g",
    "pitcher_avg_velo_30g",
    "pitcher_avg_spin_30g",
    "pitcher_avg_extension_30g",
    "pitcher_break_total_30g",
    "batter_avg_velo_faced_30g",
)
"""The features of which each variant of the blend has one."""

LAST_PITCH = (
    "batter_last_pitch_whiff_60g",
    "pitcher_last_pitch_entropy_30g",
    "pitcher_last_pitch_velo_30g",
    "pitcher_last_pitch_spin_30g",
    "pitcher_last_pitch_break_30g",
    "batter_last_pitch_velo_faced_30g",
)
"""Stand-ins from the last pitch of each plate appearance."""

ALL = CORE + CONTEXT + STATCAST + LAST_PITCH

PARITY_PRIOR = 0.2195

ROOKIE_BELOW, ROOKIE_WEIGHT = 100, 20.0
"""Below how many plate appearances a batter is a rookie, and how many of the prior's are added."""

LEAST_GROUND_BALLS, LEAST_PLATOON, LEAST_IN_PARK, LEAST_CALLED = 20, 30, 1000, 100
"""Least numbers of ground balls, plate appearances (two) and called pitches."""

MIX_WINDOW, LEAST_MIX_DATES = 30, 7
"""Game-dates over which pitch types are counted, and how many of them must have any."""


class Rolling(NamedTuple):
    """A rolling feature: the rate that it is a mean of (`_feature_inputs.RATES`), over how many game-dates,
    how many must have it."""

    name: str
    rate: str
    window: int
    least: int


BATTER_ROLLING = (
    Rolling("batter_hr_7g", "hit", 7, 3),
    Rolling("batter_hr_30g", "hit", 30, 7),
    Rolling("batter_hr_60g", "hit", 60, 7),
    Rolling("batter_hr_120g", "hit", 120, 7),
    Rolling("batter_whiff_60g", "whiff", 60, 10),
    Rolling("batter_count_tendency_30g", "count", 30, 10),
    Rolling("batter_hard_contact_30g", "hard_contact", 30, 10),
    Rolling("batter_barrel_rate_30g", "barrel", 30, 10),
    Rolling("batter_hard_hit_rate_30g", "hard_hit", 30, 10),
    Rolling("batter_sweet_spot_rate_30g", "sweet_spot", 30, 10),
    Rolling("batter_avg_ev_30g", "exit_speed", 30, 10),
    Rolling("batter_avg_velo_faced_30g", "speed", 30, 10),
    Rolling("batter_last_pitch_whiff_60g", "last_whiff", 60, 10),
    Rolling("batter_last_pitch_velo_faced_30g", "last_speed", 30, 10),
)
PITCHER_ROLLING = (
    Rolling("pitcher_hr_30g", "hit", 30, 7),
    Rolling("pitcher_avg_velo_30g", "speed", 30, 7),
    Rolling("pitcher_avg_spin_30g", "spin", 30, 7),
    Rolling("pitcher_avg_extension_30g", "extension", 30, 7),
    Rolling("pitcher_break_total_30g", "break", 30, 7),
    Rolling("pitcher_last_pitch_velo_30g", "last_speed", 30, 7),
    Rolling("pitcher_last_pitch_spin_30g", "last_spin", 30, 7),
    Rolling("pitcher_last_pitch_break_30g", "last_break", 30, 7),
)
BULLPEN_ROLLING = (Rolling("opp_bullpen_hr_30g", "hit", 30, 10),)
UMPIRE_ROLLING = (Rolling("ump_hr_30g", "hit", 30, 7),)
ROOKIES = (("batter_hr_30g", 30), ("batter_hr_60g", 60), ("batter_hr_120g", 120))
"""What rookies have instead, and over how many game-dates."""

COMPUTED = (
    *(feature.name for feature in BATTER_ROLLING + PITCHER_ROLLING + BULLPEN_ROLLING + UMPIRE_ROLLING),
    "pitcher_entropy_30g",
    "pitcher_last_pitch_entropy_30g",
    "batter_gb_hit_rate",
    "platoon_hr",
    "park_factor",
    "pitcher_catcher_framing",
    "days_rest",
)
"""What `Pass.run` computes, in its order; the others are read off the query."""

_SWINGS = ("swinging_strikes", "fouls", "in_play")

NEEDS: dict[str, tuple[str, ...]] = {
    "batter_whiff_60g": _SWINGS,
    "batter_count_tendency_30g": ("balls", "strikes"),
    "batter_gb_hit_rate": ("trajectory",),
    "pitcher_catcher_framing": ("called_strikes", "called_balls", "catcher_id"),
    "ump_hr_30g": ("plate_umpire_id",),
    "batter_hard_contact_30g": ("hardness",),
    "batter_barrel_rate_30g": ("launch_speed_mph", "launch_angle_deg"),
    "batter_hard_hit_rate_30g": ("launch_speed_mph",),
    "batter_sweet_spot_rate_30g": ("launch_angle_deg",),
    "batter_avg_ev_30g": ("launch_speed_mph",),
    "pitcher_avg_velo_30g": ("pitch_speed_mean_mph",),
    "pitcher_avg_spin_30g": ("spin_rate_mean_rpm",),
    "pitcher_avg_extension_30g": ("extension_mean_ft",),
    "pitcher_break_total_30g": ("break_mean_in",),
    "batter_avg_velo_faced_30g": ("pitch_speed_mean_mph",),
    "batter_last_pitch_whiff_60g": ("last_pitch_call",),
    "pitcher_last_pitch_entropy_30g": ("last_pitch_type",),
    "pitcher_last_pitch_velo_30g": ("last_pitch_speed_mph",),
    "pitcher_last_pitch_spin_30g": ("last_pitch_spin_rpm",),
    "pitcher_last_pitch_break_30g": ("last_pitch_break_in",),
    "batter_last_pitch_velo_faced_30g": ("last_pitch_speed_mph",),
}
"""Columns of the plate appearances without which a feature is null throughout."""

ASKED: dict[str, pl.DataType] = {
    "game_date": pl.Date(),
    "batter_id": pl.Int64(),
    "pitcher_id": pl.Int64(),
    "pitch_hand": pl.String(),
    "fielding_team_id": pl.Int64(),
    "venue": pl.String(),
    "catcher_id": pl.Int64(),
    "plate_umpire_id": pl.Int64(),
    "weather_condition": pl.String(),
    "roof_type": pl.String(),
    "temp_f": pl.Float64(),
    "wind_mph": pl.Float64(),
    "wind_direction": pl.String(),
}
"""What a query may tell; what it does not tell is null, but it must have a date."""

WIND_SCORE = {
    "Out To CF": 1.0,
    "Out To LF": 0.7,
    "Out To RF": 0.7,
    "In From CF": -1.0,
    "In From LF": -0.7,
    "In From RF": -0.7,
    "L To R": 0.0,
    "R To L": 0.0,
    "Varies": 0.0,
}
"""The share of the wind that blows from the plate to centre field; towards the corners the cosine of 45°,
rounded. The names are those of MLB's weather line; under any other or none the feature is null, if there is
any wind."""

INDOORS = ("Dome", "Roof Closed")
"""What MLB's weather line says of a game under a roof."""


def feature_frame(
    plate_appearances: pl.DataFrame, queries: pl.DataFrame | None = None, parity: bool = False
) -> pl.DataFrame:
    """All features (`ALL`, Float64) of the queries, row by row as they stand.

    plate_appearances: a frame of the table PlateAppearances, in any order. queries: what is known before a
    plate appearance (the columns `ASKED`; any order, dates also after the last plate appearance); ``None``:
    the plate appearances themselves, each seen from the morning of its date. Nothing else in `queries` is
    looked at. parity: shrink rookies towards `PARITY_PRIOR` (see above), only to compare with other systems.

    Raises ValueError if a row has no date.
    """
    pass_ = prepare(plate_appearances, queries, parity)
    asked, computed = pass_.asked, np.empty((len(pass_.wanted), pass_.asked.height))
    pass_.run(computed)
    found = dict(zip(pass_.wanted, computed, strict=True))
    found |= {"weather_temp": asked["temp_f"].to_numpy(), "wind_out_cf": _wind_out(asked)}
    nothing = pl.repeat(None, asked.height, dtype=pl.Float64, eager=True)
    told = {name: pl.Series(name, values, nan_to_null=True) for name, values in found.items()}
    told["is_indoor"] = asked.select(_indoor()).to_series()
    return pl.DataFrame([told.get(name, nothing).alias(name) for name in ALL])


@dataclass(frozen=True)
class Pass:
    """Plate appearances and queries by date, everybody by number, and which features there are to compute.

    ``prior``: the hit rate that rookies are shrunk towards, None for the league's as of the day.
    """

    played: Days
    codes: Codes
    facts: Facts
    sizes: Sizes
    queried: Days
    asked_codes: Codes
    asked: pl.DataFrame
    wanted: list[str]
    prior: float | None

    def run(self, out: np.ndarray) -> None:
        """Fills `out`, a row per wanted feature and a column per query; NaN where too little is known."""
        row = {name: out[k] for k, name in enumerate(self.wanted)}
        league = self._league()
        dates, at = self._of("batter")
        self._rolling(BATTER_ROLLING, dates, at, row)
        self._rookies(dates, at, league, row)
        self._days_rest(dates, at, row["days_rest"])
        self._share("batter_gb_hit_rate", dates, at, "ground_ball_hit", LEAST_GROUND_BALLS, row)
        dates, at = self._of("pitcher")
        self._rolling(PITCHER_ROLLING, dates, at, row)
        if "pitcher_entropy_30g" in row:
            counts = np.column_stack([daily(dates, thrown)[0] for thrown in self.facts.types])
            answers(entropy(dates, counts, MIX_WINDOW, LEAST_MIX_DATES), at, row["pitcher_entropy_30g"])
        if (name := "pitcher_last_pitch_entropy_30g") in row:
            counts = kinds(dates, self.facts.last_type, len(self.facts.types))
            answers(entropy(dates, counts, MIX_WINDOW, LEAST_MIX_DATES), at, row[name])
        self._rolling(BULLPEN_ROLLING, *self._of("team", self.facts.bullpen), row)
        if "ump_hr_30g" in row:
            self._rolling(UMPIRE_ROLLING, *self._of("umpire"), row)
        self._share("platoon_hr", *self._of("platoon"), "hit", LEAST_PLATOON, row)
        if "pitcher_catcher_framing" in row:
            self._share("pitcher_catcher_framing", *self._of("pair"), "called_strike", LEAST_CALLED, row)
        self._share("park_factor", *self._of("venue"), "hit", LEAST_IN_PARK, row)
        with np.errstate(invalid="ignore", divide="ignore"):
            row["park_factor"] /= league

    def _of(self, kind: str, played: np.ndarray | None = None) -> tuple[GameDates, np.ndarray]:
        """The game-dates of a kind of player, and the last one that each query may know of."""
        nobody: int = getattr(self.sizes, kind)
        dates = game_dates(self.played, getattr(self.codes, kind) if played is None else played, nobody)
        return dates, last_before(self.queried, getattr(self.asked_codes, kind), dates)

    def _rolling(
        self, features: tuple[Rolling, ...], dates: GameDates, at: np.ndarray, row: dict[str, np.ndarray]
    ) -> None:
        rates = {
            feature.rate: rate(dates, *self.facts.rates[feature.rate])
            for feature in features
            if feature.name in row
        }
        for name, key, window, least in features:
            if name in row:
                answers(rolling_mean(dates, rates[key], window, least), at, row[name])

    def _share(
        self,
        name: str,
        dates: GameDates,
        at: np.ndarray,
        fact: str,
        least: int,
        row: dict[str, np.ndarray],
    ) -> None:
        """A share over all dates before."""
        if name in row:
            above, below = self.facts.rates[fact]
            total, count = daily(dates, above)
            if below is not None:
                count, _ = daily(dates, below)
            answers(share(dates, total, count, least), at, row[name])

    def _league(self) -> np.ndarray:
        """Hits per plate appearance over all dates before each query's, NaN before the first."""
        hits, appearances = self.facts.by_day(self.played)
        before = np.searchsorted(self.played.day, self.queried.day)
        with np.errstate(invalid="ignore", divide="ignore"):
            rates = running(hits)[before] / running(appearances)[before]
        league = np.empty(self.queried.order.size)
        league[self.queried.order] = np.repeat(rates, np.diff(self.queried.start))
        return league

    def _rookies(
        self, dates: GameDates, at: np.ndarray, league: np.ndarray, row: dict[str, np.ndarray]
    ) -> None:
        hits, appearances = (running(count) for count in daily(dates, self.facts.rates["hit"][0]))
        career = np.append(over_last(dates, appearances), 0)
        rookie = np.flatnonzero(career[at] < ROOKIE_BELOW)
        at = at[rookie]
        prior = league[rookie] if self.prior is None else self.prior
        for name, window in ROOKIES:
            hit = np.append(over_last(dates, hits, window), 0)[at]
            among = np.append(over_last(dates, appearances, window), 0)[at]
            shrunk = (hit + ROOKIE_WEIGHT * prior) / (among + ROOKIE_WEIGHT)
            row[name][rookie] = np.where(among > 0, shrunk, np.nan)

    def _days_rest(self, dates: GameDates, at: np.ndarray, out: np.ndarray) -> None:
        answers(dates.day.astype(np.float64), at, out)
        np.subtract(self.asked["game_date"].to_physical().to_numpy(), out, out=out)


def prepare(rows: pl.DataFrame, queries: pl.DataFrame | None = None, parity: bool = False) -> Pass:
    """The first half of `feature_frame`: everybody has a number, everything its place in date order."""
    asked = _asked(rows if queries is None else queries)
    for frame in (rows, asked):
        if undated := frame["game_date"].null_count():
            raise ValueError(f"{undated} rows have no game_date: nobody can say what was known")
    places, codes = settle(rows)
    played = by_day(column(rows["game_date"].to_physical()).values)
    return Pass(
        played,
        codes,
        Facts.of(rows, codes.team, places.sizes.team),
        places.sizes,
        played if queries is None else by_day(column(asked["game_date"].to_physical()).values),
        codes if queries is None else places.of(asked),
        asked,
        [name for name in COMPUTED if all(_any(rows, needed) for needed in NEEDS.get(name, ()))],
        PARITY_PRIOR if parity else None,
    )


def _asked(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in ASKED.items()
    )


def _any(rows: pl.DataFrame, name: str) -> bool:
    return rows[name].null_count() < rows.height


def _wind_out(asked: pl.DataFrame) -> np.ndarray:
    score = np.array([*WIND_SCORE.values(), np.nan])  # the last, -1, for any other direction
    blows = score[coded_runs(asked["wind_direction"], list(WIND_SCORE))]
    speed = asked["wind_mph"].to_numpy()
    return np.where(speed == 0.0, 0.0, blows * speed)


def _indoor() -> pl.Expr:
    """By the weather line; where there is none, a roof that can be closed counts as closed."""
    indoors = pl.any_horizontal(pl.col("weather_condition") == sky for sky in INDOORS)
    return pl.coalesce(indoors, pl.col("roof_type") != "Open").cast(pl.Float64)
