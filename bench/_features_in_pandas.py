"""The features of `formguide.baseball.features` in pandas, as they are usually written there.

A frame of dates per kind of entity, `groupby` and `transform` with a shift by one date and a rolling mean,
merges back. pandas is no dependency of this project: ``python -m pip install pandas`` to compare with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formguide.baseball.features import ALL, INDOORS, WIND_SCORE
from formguide.baseball.tables import PITCH_TYPES

Frame = Any  # pandas is not installed where the types are checked
TYPES = [f"pitches_{code}" for code in PITCH_TYPES]
MEANS = {
    "pitcher_avg_velo_30g": "pitch_speed_mean_mph",
    "pitcher_avg_spin_30g": "spin_rate_mean_rpm",
    "pitcher_avg_extension_30g": "extension_mean_ft",
    "pitcher_break_total_30g": "break_mean_in",
    "pitcher_last_pitch_velo_30g": "last_pitch_speed_mph",
    "pitcher_last_pitch_spin_30g": "last_pitch_spin_rpm",
    "pitcher_last_pitch_break_30g": "last_pitch_break_in",
}
BATTER = {
    "batter_hr_7g": ("hr", 7, 3),
    "batter_hr_30g": ("hr", 30, 7),
    "batter_hr_60g": ("hr", 60, 7),
    "batter_hr_120g": ("hr", 120, 7),
    "batter_whiff_60g": ("whiff", 60, 10),
    "batter_count_tendency_30g": ("count_tendency", 30, 10),
    "batter_hard_contact_30g": ("hard_contact", 30, 10),
    "batter_barrel_rate_30g": ("barrel", 30, 10),
    "batter_hard_hit_rate_30g": ("hard_hit", 30, 10),
    "batter_sweet_spot_rate_30g": ("sweet", 30, 10),
    "batter_avg_ev_30g": ("launch_speed_mph", 30, 10),
    "batter_avg_velo_faced_30g": ("pitch_speed_mean_mph", 30, 10),
    "batter_last_pitch_whiff_60g": ("last_whiff", 60, 10),
    "batter_last_pitch_velo_faced_30g": ("last_pitch_speed_mph", 30, 10),
}


def rolled(days: Frame, by: Any, column: str, window: int, least: int) -> Frame:
    """Rolling mean of the dates before."""
    return days.groupby(by)[column].transform(lambda s: s.shift(1).rolling(window, min_periods=least).mean())


def summed(days: Frame, by: Any, column: str, window: int) -> Frame:
    """Rolling sum of the dates before."""
    return days.groupby(by)[column].transform(lambda s: s.shift(1).rolling(window, min_periods=1).sum())


def so_far(days: Frame, by: Any, column: str) -> Frame:
    """Sum over all dates before."""
    return days.groupby(by)[column].cumsum() - days[column]


def entropy(days: Frame, columns: list[str]) -> Frame:
    """Bits of the last thirty dates' counts together."""
    sums = np.column_stack([summed(days, "pitcher_id", c, 30) for c in columns])
    filled = (days[columns].sum(axis=1) > 0).astype(float)
    dates = filled.groupby(days["pitcher_id"]).transform(
        lambda s: s.shift(1).rolling(30, min_periods=1).sum()
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = sums / sums.sum(axis=1, keepdims=True)
        bits = -np.where(shares > 0, shares * np.log2(shares), 0.0).sum(axis=1)
    return np.where(dates >= 7, bits, np.nan)


def by_date(rows: Frame, by: list[str], **named: tuple[str, str]) -> Frame:
    """Aggregates by entity and date, in date order."""
    return rows.groupby([*by, "game_date"], as_index=False).agg(**named).sort_values([*by, "game_date"])


def features_in_pandas(rows: Frame) -> Frame:
    """What `feature_frame` gives, for a pandas frame of plate appearances in date order (null is NaN)."""
    rows = rows.copy()
    rows["hit"] = rows["is_hit"].astype(float)
    rows["swings"] = rows["swinging_strikes"] + rows["fouls"] + rows["in_play"]
    rows["missed"] = rows["swinging_strikes"].where(rows["swings"].notna())
    rows["count_tendency"] = rows["balls"] - rows["strikes"]
    rows["grounder"] = rows["hit"].where(rows["trajectory"] == "ground_ball")
    rows["hard_contact"] = (rows["hardness"] == "hard").astype(float).where(rows["hardness"].notna())
    speed, angle = rows["launch_speed_mph"], rows["launch_angle_deg"]
    sweet = angle.between(8, 32)
    both = speed.notna() & angle.notna()
    rows["barrel"] = ((speed >= 98) & sweet).astype(float).where(both)
    rows["hard_hit"] = (speed >= 95).astype(float).where(speed.notna())
    rows["sweet"] = sweet.astype(float).where(angle.notna())
    call = rows["last_pitch_call"]
    swung = call.isin(["swinging_strike", "foul", "in_play"])
    rows["last_whiff"] = (call == "swinging_strike").astype(float).where(swung)
    rows["called"] = rows["called_strikes"] + rows["called_balls"]
    rows["strikes_called"] = rows["called_strikes"].where(rows["called"].notna())
    last_types = [f"last_{code}" for code in PITCH_TYPES]
    for code, name in zip(PITCH_TYPES, last_types, strict=True):
        rows[name] = (rows["last_pitch_type"] == code.upper()).astype(float)

    league = rows.groupby("game_date", as_index=False).agg(hits=("hit", "sum"), times=("hit", "size"))
    league["league"] = (league["hits"].cumsum() / league["times"].cumsum()).shift(1)
    league = league[["game_date", "league"]]
    rows = rows.merge(league, on="game_date", how="left")

    means = sorted({column for column, _, _ in BATTER.values()} - {"hr", "whiff"})
    days = by_date(
        rows,
        ["batter_id"],
        hits=("hit", "sum"),
        times=("hit", "size"),
        missed=("missed", "sum"),
        swings=("swings", "sum"),
        grounders=("grounder", "count"),
        ground_hits=("grounder", "sum"),
        **{name: (name, "mean") for name in means},
    ).merge(league, on="game_date", how="left")
    days["hr"] = days["hits"] / days["times"]
    days["whiff"] = (days["missed"] / days["swings"]).where(days["swings"] > 0)
    for name, (column, window, least) in BATTER.items():
        days[name] = rolled(days, "batter_id", column, window, least)
    rookie = so_far(days, "batter_id", "times") < 100
    for window in (30, 60, 120):
        hits, times = (summed(days, "batter_id", column, window) for column in ("hits", "times"))
        shrunk = (hits + 20 * days["league"]) / (times + 20)
        days[f"batter_hr_{window}g"] = days[f"batter_hr_{window}g"].where(~rookie, shrunk)
    grounders = so_far(days, "batter_id", "grounders")
    days["batter_gb_hit_rate"] = (so_far(days, "batter_id", "ground_hits") / grounders).where(grounders >= 20)
    days["days_rest"] = days.groupby("batter_id")["game_date"].diff().dt.days
    batter_features = [*BATTER, "batter_gb_hit_rate", "days_rest"]
    rows = rows.merge(
        days[["batter_id", "game_date", *batter_features]],
        on=["batter_id", "game_date"],
        how="left",
    )

    days = by_date(
        rows,
        ["pitcher_id"],
        hr=("hit", "mean"),
        **{column: (column, "mean") for column in MEANS.values()},
        **{column: (column, "sum") for column in TYPES + last_types},
    )
    for name, column in {"pitcher_hr_30g": "hr", **MEANS}.items():
        days[name] = rolled(days, "pitcher_id", column, 30, 7)
    days["pitcher_entropy_30g"] = entropy(days, TYPES)
    days["pitcher_last_pitch_entropy_30g"] = entropy(days, last_types)
    pitcher_features = ["pitcher_hr_30g", *MEANS, "pitcher_entropy_30g", "pitcher_last_pitch_entropy_30g"]
    rows = rows.merge(
        days[["pitcher_id", "game_date", *pitcher_features]], on=["pitcher_id", "game_date"], how="left"
    )

    for by, above, below, how, least, name in (
        (["batter_id", "pitch_hand"], "hit", "hit", "size", 30, "platoon_hr"),
        (["venue"], "hit", "hit", "size", 1000, "park_hr"),
        (["pitcher_id", "catcher_id"], "strikes_called", "called", "sum", 100, "pitcher_catcher_framing"),
    ):
        days = by_date(rows, by, above=(above, "sum"), below=(below, how))
        among = so_far(days, by, "below")
        days[name] = (so_far(days, by, "above") / among).where(among >= least)
        rows = rows.merge(days[[*by, "game_date", name]], on=[*by, "game_date"], how="left")

    days = by_date(rows, ["plate_umpire_id"], hr=("hit", "mean"))
    days["ump_hr_30g"] = rolled(days, "plate_umpire_id", "hr", 30, 7)
    keys = ["plate_umpire_id", "game_date"]
    rows = rows.merge(days[[*keys, "ump_hr_30g"]], on=keys, how="left")

    keys = ["fielding_team_id", "game_date"]
    relief = rows["hit"].where(~rows["pitcher_is_starter"])
    days = by_date(rows.assign(relief=relief), ["fielding_team_id"], hr=("relief", "mean"))
    pitched = days[days["hr"].notna()].copy()
    pitched["now"] = pitched.groupby("fielding_team_id")["hr"].transform(
        lambda s: s.rolling(30, min_periods=10).mean()
    )
    days = days.merge(pitched[[*keys, "now"]], on=keys, how="left")
    days["now"] = days.groupby("fielding_team_id")["now"].ffill()
    days["opp_bullpen_hr_30g"] = days.groupby("fielding_team_id")["now"].shift(1)
    rows = rows.merge(days[[*keys, "opp_bullpen_hr_30g"]], on=keys, how="left")

    rows["weather_temp"] = rows["temp_f"]
    rows["park_factor"] = rows["park_hr"] / rows["league"]
    wind = rows["wind_direction"].map(WIND_SCORE) * rows["wind_mph"]
    rows["wind_out_cf"] = wind.where(rows["wind_mph"] != 0, 0.0)
    roof = (rows["roof_type"] != "Open").astype(float).where(rows["roof_type"].notna())
    sky = rows["weather_condition"].isin(INDOORS).astype(float)
    rows["is_indoor"] = sky.where(rows["weather_condition"].notna(), roof)
    return rows[list(ALL)]
