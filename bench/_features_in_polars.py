"""The features of `formguide.baseball.features` written as polars expressions, with the same answers.

By date and entity first (a tenth to a third of the rows), rolled there and shifted by one date, then joined
back: one join per kind of entity.
"""

from __future__ import annotations

import polars as pl

from formguide.baseball.features import ALL, INDOORS, PARITY_PRIOR, WIND_SCORE
from formguide.baseball.tables import PITCH_TYPES

TYPES = [f"pitches_{code}" for code in PITCH_TYPES]
LAST_TYPES = [f"last_{code}" for code in PITCH_TYPES]


def _rolled(name: str, window: int, least: int, by: str, rate: str) -> pl.Expr:
    rolled = pl.col(rate).rolling_mean(window, min_samples=least)
    return rolled.shift(1).over(by).alias(name)


def _entropy(counts: list[str], by: str, name: str) -> list[pl.Expr]:
    """The window's counts and how many of its dates have any, to be made an entropy by `_to_bits`."""
    sums = [pl.col(c).rolling_sum(30, min_samples=1).shift(1).over(by).alias(f"{name}_{c}") for c in counts]
    filled = (pl.sum_horizontal(counts) > 0).cast(pl.Int32)
    return [*sums, filled.rolling_sum(30, min_samples=1).shift(1).over(by).alias(f"{name}_filled")]


def _to_bits(counts: list[str], name: str) -> pl.Expr:
    total = pl.sum_horizontal(f"{name}_{c}" for c in counts)
    shares = [pl.col(f"{name}_{c}") / total for c in counts]
    bits = pl.sum_horizontal(pl.when(p > 0).then(-p * p.log(2)) for p in shares)
    return pl.when(pl.col(f"{name}_filled") >= 7).then(bits).alias(name)


def _batters(rows: pl.LazyFrame, league: pl.LazyFrame, parity: bool) -> pl.LazyFrame:
    by = "batter_id"
    days = (
        rows.group_by(by, "game_date")
        .agg(
            pl.col("is_hit").sum().alias("hits"),
            pl.len().cast(pl.Int64).alias("times"),
            pl.col("is_hit").mean().alias("hr"),
            (pl.col("missed").sum() / pl.col("swings").sum()).fill_nan(None).alias("whiff"),
            pl.col("count", "hard_contact", "barrel", "hard_hit", "sweet", "last_whiff").mean(),
            pl.col("launch_speed_mph", "pitch_speed_mean_mph", "last_pitch_speed_mph").mean(),
            pl.col("grounder").count().cast(pl.Int64).alias("grounders"),
            pl.col("grounder").sum().cast(pl.Int64).alias("ground_hits"),
        )
        .join(league, on="game_date", how="left")
        .sort(by, "game_date")
    )
    rookie = pl.col("career").fill_null(0) < 100
    prior = pl.lit(PARITY_PRIOR) if parity else pl.col("prior")
    grounders, ground_hits = (pl.col(c).cum_sum().shift(1).over(by) for c in ("grounders", "ground_hits"))
    days = days.with_columns(
        _rolled("batter_hr_7g", 7, 3, by, "hr"),
        *(_rolled(f"batter_hr_{n}g", n, 7, by, "hr") for n in (30, 60, 120)),
        *(
            pl.col(c).rolling_sum(n, min_samples=1).shift(1).over(by).alias(f"{c}_{n}")
            for c in ("hits", "times")
            for n in (30, 60, 120)
        ),
        pl.col("times").cum_sum().shift(1).over(by).alias("career"),
        _rolled("batter_whiff_60g", 60, 10, by, "whiff"),
        _rolled("batter_count_tendency_30g", 30, 10, by, "count"),
        _rolled("batter_hard_contact_30g", 30, 10, by, "hard_contact"),
        _rolled("batter_barrel_rate_30g", 30, 10, by, "barrel"),
        _rolled("batter_hard_hit_rate_30g", 30, 10, by, "hard_hit"),
        _rolled("batter_sweet_spot_rate_30g", 30, 10, by, "sweet"),
        _rolled("batter_avg_ev_30g", 30, 10, by, "launch_speed_mph"),
        _rolled("batter_avg_velo_faced_30g", 30, 10, by, "pitch_speed_mean_mph"),
        _rolled("batter_last_pitch_whiff_60g", 60, 10, by, "last_whiff"),
        _rolled("batter_last_pitch_velo_faced_30g", 30, 10, by, "last_pitch_speed_mph"),
        pl.when(grounders >= 20).then(ground_hits / grounders).alias("batter_gb_hit_rate"),
        (pl.col("game_date") - pl.col("game_date").shift(1).over(by))
        .dt.total_days()
        .cast(pl.Float64)
        .alias("days_rest"),
    )
    shrunk = [
        pl.when(rookie)
        .then((pl.col(f"hits_{n}") + 20.0 * prior) / (pl.col(f"times_{n}") + 20.0))
        .otherwise(pl.col(f"batter_hr_{n}g"))
        .alias(f"batter_hr_{n}g")
        for n in (30, 60, 120)
    ]
    return days.with_columns(shrunk).select(
        by, "game_date", *(c for c in ALL if c.startswith(("batter", "days_rest")))
    )


def _pitchers(rows: pl.LazyFrame) -> pl.LazyFrame:
    by = "pitcher_id"
    means = ["pitch_speed_mean_mph", "spin_rate_mean_rpm", "extension_mean_ft", "break_mean_in"]
    last_means = ["last_pitch_speed_mph", "last_pitch_spin_rpm", "last_pitch_break_in"]
    features = ["pitcher_avg_velo_30g", "pitcher_avg_spin_30g", "pitcher_avg_extension_30g"]
    features += ["pitcher_break_total_30g"]
    features += [f"pitcher_last_pitch_{what}_30g" for what in ("velo", "spin", "break")]
    days = (
        rows.group_by(by, "game_date")
        .agg(
            pl.col("is_hit").mean().alias("hr"),
            pl.col(*means, *last_means).mean(),
            pl.col(TYPES).sum(),
            *(
                (pl.col("last_pitch_type") == code.upper()).sum().cast(pl.Int32).alias(name)
                for code, name in zip(PITCH_TYPES, LAST_TYPES, strict=True)
            ),
        )
        .sort(by, "game_date")
        .with_columns(
            _rolled("pitcher_hr_30g", 30, 7, by, "hr"),
            *(
                _rolled(name, 30, 7, by, rate)
                for name, rate in zip(features, means + last_means, strict=True)
            ),
            *_entropy(TYPES, by, "pitcher_entropy_30g"),
            *_entropy(LAST_TYPES, by, "pitcher_last_pitch_entropy_30g"),
        )
        .with_columns(
            _to_bits(TYPES, "pitcher_entropy_30g"), _to_bits(LAST_TYPES, "pitcher_last_pitch_entropy_30g")
        )
    )
    return days.select(
        by, "game_date", "pitcher_hr_30g", *features, "pitcher_entropy_30g", "pitcher_last_pitch_entropy_30g"
    )


def _ever(
    rows: pl.LazyFrame, by: list[str], above: pl.Expr, below: pl.Expr, least: int, name: str
) -> pl.LazyFrame:
    """Ratio of two sums over all earlier dates."""
    days = rows.group_by(*by, "game_date").agg(
        above.sum().cast(pl.Int64).alias("above"), below.sum().cast(pl.Int64).alias("below")
    )
    before = (pl.col(c).cum_sum().shift(1).over(by) for c in ("above", "below"))
    ratio = pl.col("above") / pl.col("below")
    return (
        days.sort(*by, "game_date")
        .with_columns(before)
        .select(*by, "game_date", pl.when(pl.col("below") >= least).then(ratio).alias(name))
    )


def _umpires(rows: pl.LazyFrame) -> pl.LazyFrame:
    by = "plate_umpire_id"
    days = rows.group_by(by, "game_date").agg(pl.col("is_hit").mean().alias("hr")).sort(by, "game_date")
    return days.select(by, "game_date", _rolled("ump_hr_30g", 30, 7, by, "hr"))


def _bullpens(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Over the dates on which a reliever pitched, for every date on which the team did."""
    by = "fielding_team_id"
    pitched = rows.filter(~pl.col("pitcher_is_starter")).group_by(by, "game_date")
    rolled = pl.col("hr").rolling_mean(30, min_samples=10).over(by)
    days = (
        pitched.agg(pl.col("is_hit").mean().alias("hr"))
        .sort(by, "game_date")
        .select(by, "game_date", rolled.alias("opp_bullpen_hr_30g"))
    )
    dates = rows.select(by, "game_date").unique()
    return dates.sort("game_date").join_asof(
        days.sort("game_date"),
        on="game_date",
        by=by,
        allow_exact_matches=False,
        check_sortedness=False,
    )


def features_in_polars(plate_appearances: pl.DataFrame, parity: bool = False) -> pl.DataFrame:
    """What ``feature_frame(plate_appearances, parity=parity)`` gives, for plate appearances in any order."""
    call, speed, angle = pl.col("last_pitch_call"), pl.col("launch_speed_mph"), pl.col("launch_angle_deg")
    swings = pl.col("swinging_strikes") + pl.col("fouls") + pl.col("in_play")
    called = pl.col("called_strikes") + pl.col("called_balls")
    both = speed.is_not_null() & angle.is_not_null()
    rows = plate_appearances.lazy().with_columns(
        swings.alias("swings"),
        pl.when(swings.is_not_null()).then("swinging_strikes").alias("missed"),
        (pl.col("balls") - pl.col("strikes")).alias("count"),
        pl.when(pl.col("trajectory") == "ground_ball").then("is_hit").alias("grounder"),
        (pl.col("hardness") == "hard").alias("hard_contact"),
        pl.when(both).then((speed >= 98) & angle.is_between(8, 32)).alias("barrel"),
        (speed >= 95).alias("hard_hit"),
        angle.is_between(8, 32).alias("sweet"),
        pl.when(call == "swinging_strike")
        .then(True)
        .when((call == "foul") | (call == "in_play"))
        .then(False)
        .alias("last_whiff"),
        called.alias("called"),
        pl.when(called.is_not_null()).then("called_strikes").alias("strikes_called"),
    )
    league = (
        rows.group_by("game_date")
        .agg(pl.col("is_hit").sum(), pl.len())
        .sort("game_date")
        .select("game_date", (pl.col("is_hit").cum_sum() / pl.col("len").cum_sum()).shift(1).alias("prior"))
    )
    hit, one = pl.col("is_hit"), pl.col("is_hit").is_not_null()
    strikes, called_pitches = pl.col("strikes_called"), pl.col("called")
    kinds = [
        _batters(rows, league, parity),
        _pitchers(rows),
        _ever(rows, ["batter_id", "pitch_hand"], hit, one, 30, "platoon_hr"),
        _ever(rows, ["venue"], hit, one, 1000, "park_hr"),
        _ever(rows, ["pitcher_id", "catcher_id"], strikes, called_pitches, 100, "pitcher_catcher_framing"),
        _bullpens(rows),
        _umpires(rows),
    ]
    for known in kinds:
        keys = [c for c in known.collect_schema() if c in _KEYS]
        rows = rows.join(known, on=keys, how="left", maintain_order="left")
    return (
        rows.join(league, on="game_date", how="left", maintain_order="left")
        .select(*(_READ_OFF.get(name, pl.col(name)).alias(name) for name in ALL))
        .collect()
    )


_KEYS = {
    *("game_date", "batter_id", "pitcher_id", "catcher_id", "pitch_hand"),
    *("venue", "fielding_team_id", "plate_umpire_id"),
}
_READ_OFF = {
    "weather_temp": pl.col("temp_f"),
    "park_factor": pl.col("park_hr") / pl.col("prior"),
    "wind_out_cf": pl.when(pl.col("wind_mph") == 0)
    .then(0.0)
    .otherwise(
        pl.col("wind_mph")
        * pl.col("wind_direction").replace_strict(WIND_SCORE, default=None, return_dtype=pl.Float64)
    ),
    "is_indoor": pl.coalesce(pl.col("weather_condition").is_in(INDOORS), pl.col("roof_type") != "Open").cast(
        pl.Float64
    ),
}
