"""The first stage of cleaning: rules that say what of a record cannot be, each with a name and a count.

A rule objects to seconds (a heart rate of 0, a speed that nobody runs) or to a workout as a whole (too short,
hardly a heart rate in it). The `samples` table keeps what the sensors said; `clean` gives the same samples
without what the rules object to. What they decide is what models learn from: no rule takes a workout, or a
second of it, away from those that are scored.

Whatever becomes of speed, altitude, cadence and power goes by the second itself and those before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from formguide.heartrate.tables import DISTANCE, GPS, OTHER, RIDE, RUN, WALK, Samples, as_table

LOWEST_BPM, HIGHEST_BPM = 30.0, 230.0
MOST_BPM_A_SECOND = 25.0
STUCK_SEC, STUCK_SAMPLES = 180, 15
MOVING_MPS = 0.5
FASTEST_MPS = {RUN: 12.5, WALK: 8.0, RIDE: 35.0, OTHER: 35.0}
"""Metres a second that nobody exceeds: the fastest sprint of a human is 12.4."""
STEEPEST_MPS = {RUN: 5.0, WALK: 5.0, RIDE: 10.0, OTHER: 10.0}
"""Metres of altitude a second."""
LOWEST_M, HIGHEST_M = -450.0, 9000.0
MOST_RPM, MOST_W = 200.0, 2500.0
GAP_SEC = 30
SHORTEST_SEC, FEWEST_SAMPLES = 300, 60
LEAST_SHARE = 0.5
SMOOTHED_SEC = 5


@dataclass(frozen=True)
class Rule:
    """What a record must keep to. whole: it speaks of the workout and not of its seconds; empties: the column
    that `clean` empties in the seconds it objects to."""

    name: str
    says: str
    whole: bool = False
    empties: str | None = None


_HR, _SPEED = "heart_rate_bpm", "speed_mps"

RULES: tuple[Rule, ...] = (
    Rule("heart_rate_zero", "a heart rate of 0: the sensor had lost contact", empties=_HR),
    Rule("heart_rate_range", f"a heart rate outside {LOWEST_BPM:.0f}–{HIGHEST_BPM:.0f} bpm", empties=_HR),
    Rule(
        "heart_rate_jump", f"more than {MOST_BPM_A_SECOND:.0f} bpm a second up or down in a step", empties=_HR
    ),
    Rule(
        "heart_rate_stuck",
        f"the same heart rate for {STUCK_SEC} s or longer ({STUCK_SAMPLES} samples or more) while moving",
        empties=_HR,
    ),
    Rule("heart_rate_missing", "no heart rate in a second in which something else was measured"),
    Rule(
        "speed_range",
        "a speed below 0 or above what the sport allows: "
        + ", ".join(f"{activity} {most:g} m/s" for activity, most in FASTEST_MPS.items()),
        empties=_SPEED,
    ),
    Rule("altitude_range", f"an altitude outside {LOWEST_M:.0f} to {HIGHEST_M:,.0f} m", empties="altitude_m"),
    Rule(
        "altitude_jump",
        "a step of altitude that nobody climbs: "
        + ", ".join(f"{activity} {most:g} m a second" for activity, most in STEEPEST_MPS.items()),
        empties="altitude_m",
    ),
    Rule("cadence_range", f"a cadence outside 0–{MOST_RPM:.0f} a minute", empties="cadence_rpm"),
    Rule("power_range", f"a power outside 0–{MOST_W:,.0f} W", empties="power_w"),
    Rule("sampling_gap", f"more than {GAP_SEC} s since the sample before"),
    Rule("no_heart_rate", "there is no heart rate in it", whole=True),
    Rule("no_speed", "there is no speed in it, nor what it could come from", whole=True),
    Rule(
        "too_short",
        f"it lasts less than {SHORTEST_SEC / 60:.0f} minutes, or has fewer than {FEWEST_SAMPLES} samples",
        whole=True,
    ),
    Rule(
        "little_heart_rate",
        f"less than {LEAST_SHARE:.0%} of its samples have a heart rate that no rule objects to",
        whole=True,
    ),
    Rule(
        "little_speed",
        f"less than {LEAST_SHARE:.0%} of its samples have a speed that no rule objects to",
        whole=True,
    ),
    Rule(
        "mostly_gaps",
        f"more than {LEAST_SHARE:.0%} of its time lies in gaps of more than {GAP_SEC} s",
        whole=True,
    ),
)
"""Every rule, in the order in which they are reported."""

OF_SECONDS = tuple(rule for rule in RULES if not rule.whole)
OF_WORKOUTS = tuple(rule for rule in RULES if rule.whole)


def clean(samples: pl.DataFrame, workouts: pl.DataFrame) -> pl.DataFrame:
    """The samples without what the rules object to: those values are null, no row goes.

    samples: rows of `tables.Samples`; workouts: rows of `tables.Workouts` that hold their workouts. A speed
    from coordinates or distance becomes its mean over the last five seconds.
    """
    said = objections(samples, workouts)
    emptied: dict[str, list[str]] = {}
    for rule in OF_SECONDS:
        if rule.empties is not None:
            emptied.setdefault(rule.empties, []).append(rule.name)
    cleaned = said.with_columns(
        pl.when(~pl.any_horizontal(names)).then(column).alias(column) for column, names in emptied.items()
    )
    return as_table(_smoothed(cleaned), Samples)


def objections(samples: pl.DataFrame, workouts: pl.DataFrame) -> pl.DataFrame:
    """The samples in the order of workout and second, with a true or false for every rule of `OF_SECONDS`,
    and the activity and the origin of the speed beside them."""
    about = workouts.select("workout_id", pl.col("activity", "speed_from").cast(pl.String))
    frame = samples.sort("workout_id", "t_sec").join(
        about, on="workout_id", how="left", maintain_order="left"
    )
    same = pl.col("workout_id") == pl.col("workout_id").shift(1)
    frame = frame.with_columns(
        step_=pl.when(same).then(pl.col("t_sec") - pl.col("t_sec").shift(1)),
        run_=((pl.col(_HR) != pl.col(_HR).shift(1)) | ~same).fill_null(True).cum_sum(),
    )
    heart_rate, speed, altitude = pl.col(_HR), pl.col(_SPEED), pl.col("altitude_m")
    beats = heart_rate.is_between(LOWEST_BPM, HIGHEST_BPM)
    stuck = (
        frame.lazy()
        .group_by("run_")
        .agg(
            span=pl.col("t_sec").max() - pl.col("t_sec").min(),
            n=pl.col(_HR).count(),
            moving=pl.col(_SPEED).mean(),
        )
        .filter(
            (pl.col("span") >= STUCK_SEC)
            & (pl.col("n") >= STUCK_SAMPLES)
            & (pl.col("moving") > MOVING_MPS).fill_null(False)
        )
        .select("run_", is_stuck_=True)
        .collect()
    )
    frame = frame.join(stuck, on="run_", how="left", maintain_order="left")
    steep = (altitude - altitude.shift(1)).abs() / pl.col("step_")
    beat_step = (heart_rate - heart_rate.shift(1)).abs() / pl.col("step_")
    rules = {
        "heart_rate_zero": heart_rate == 0,
        "heart_rate_range": ~beats & (heart_rate != 0),
        "heart_rate_jump": beats & beats.shift(1) & (beat_step > MOST_BPM_A_SECOND),
        "heart_rate_stuck": pl.col("is_stuck_") & beats,
        "heart_rate_missing": heart_rate.is_null(),
        "speed_range": (speed < 0) | (speed > _limit(FASTEST_MPS)),
        "altitude_range": ~altitude.is_between(LOWEST_M, HIGHEST_M),
        "altitude_jump": steep > _limit(STEEPEST_MPS),
        "cadence_range": ~pl.col("cadence_rpm").is_between(0, MOST_RPM),
        "power_range": ~pl.col("power_w").is_between(0, MOST_W),
        "sampling_gap": pl.col("step_") > GAP_SEC,
    }
    return frame.with_columns(rule.fill_null(False).alias(name) for name, rule in rules.items()).drop(
        "run_", "is_stuck_"
    )


def inspect(samples: pl.DataFrame, workouts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the rules find, and what follows for each workout.

    Returns the findings (workout_id, rule, seconds, whole_workout, example) and, by workout_id, quality (the
    share of its samples that no rule objects to), failed_rules and usable.
    """
    said = objections(samples, workouts)
    names = [rule.name for rule in OF_SECONDS]
    good_beat = ~pl.any_horizontal(rule.name for rule in OF_SECONDS if rule.empties == _HR)
    totals = (
        said.with_columns(
            any_=pl.any_horizontal(names),
            beat_=pl.col(_HR).is_not_null() & good_beat,
            pace_=pl.col(_SPEED).is_not_null() & ~pl.col("speed_range"),
        )
        .group_by("workout_id", maintain_order=True)
        .agg(
            *(pl.col(name).sum() for name in names),
            *(pl.col("t_sec").filter(name).first().alias(f"{name}_at") for name in names),
            *(_value(name).filter(name).first().alias(f"{name}_was") for name in names),
            n=pl.len(),
            bad=pl.col("any_").sum(),
            beats=pl.col(_HR).count(),
            good_beats=pl.col("beat_").sum(),
            paces=pl.col(_SPEED).count(),
            good_paces=pl.col("pace_").sum(),
            last=pl.col("t_sec").max(),
            silent=pl.col("step_").filter(pl.col("step_") > GAP_SEC).sum(),
        )
    )
    whole = totals.select(
        "workout_id",
        no_heart_rate=pl.col("beats") == 0,
        no_speed=pl.col("paces") == 0,
        too_short=(pl.col("last") < SHORTEST_SEC) | (pl.col("n") < FEWEST_SAMPLES),
        little_heart_rate=(pl.col("beats") > 0) & (pl.col("good_beats") < LEAST_SHARE * pl.col("n")),
        little_speed=(pl.col("paces") > 0) & (pl.col("good_paces") < LEAST_SHARE * pl.col("n")),
        mostly_gaps=pl.col("silent") > LEAST_SHARE * pl.col("last"),
    )
    failed = pl.concat_list(
        pl.when(rule.name).then(pl.lit(rule.name)) for rule in OF_WORKOUTS
    ).list.drop_nulls()
    verdicts = whole.with_columns(failed_=failed).select(
        "workout_id",
        quality=1 - totals["bad"] / totals["n"],
        failed_rules=pl.when(pl.col("failed_").list.len() > 0).then(pl.col("failed_").list.join(",")),
        usable=pl.col("failed_").list.len() == 0,
    )
    return pl.concat([_of_seconds(totals), _of_workouts(whole)]).sort("workout_id", "rule"), verdicts


def by_rule(findings: pl.DataFrame) -> pl.DataFrame:
    """`tables.QualityFindings` by rule: how many workouts and seconds it objects to, and an example."""
    order = {rule.name: place for place, rule in enumerate(RULES)}
    return (
        findings.group_by("rule")
        .agg(
            workouts=pl.len(),
            seconds=pl.col("seconds").sum(),
            example=(pl.col("workout_id") + " " + pl.col("example")).sort_by("workout_id").first(),
        )
        .sort(pl.col("rule").replace_strict(order, default=len(order)), "rule")
    )


def _of_seconds(totals: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        totals.filter(pl.col(rule.name) > 0).select(
            "workout_id",
            rule=pl.lit(rule.name),
            seconds=pl.col(rule.name).cast(pl.Int32),
            whole_workout=pl.lit(False),
            example=_example(rule),
        )
        for rule in OF_SECONDS
    )


def _of_workouts(whole: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(
        whole.filter(pl.col(rule.name)).select(
            "workout_id",
            rule=pl.lit(rule.name),
            seconds=pl.lit(0, pl.Int32),
            whole_workout=pl.lit(True),
            example=pl.lit(rule.says),
        )
        for rule in OF_WORKOUTS
    )


_UNITS = {
    _HR: "bpm",
    _SPEED: "m/s",
    "altitude_m": "m",
    "cadence_rpm": "a minute",
    "power_w": "W",
    "sampling_gap": "s since the sample before",
}


def _value(name: str) -> pl.Expr:
    """What the example of a rule shows."""
    column = next((rule.empties for rule in OF_SECONDS if rule.name == name), None)
    if column is not None:
        return pl.col(column)
    return pl.col("step_" if name == "sampling_gap" else _SPEED).cast(pl.Float64)


def _example(rule: Rule) -> pl.Expr:
    place = pl.format("at {} s", pl.col(f"{rule.name}_at"))
    if rule.name == "heart_rate_missing":
        return pl.concat_str([place, pl.lit(": no heart rate")])
    shown = pl.col(f"{rule.name}_was").round(1).cast(pl.String)
    return pl.concat_str([place, pl.lit(": "), shown, pl.lit(f" {_UNITS[rule.empties or rule.name]}")])


def _limit(by_activity: dict[str, float]) -> pl.Expr:
    return pl.col("activity").replace_strict(by_activity, default=by_activity[OTHER], return_dtype=pl.Float64)


def _smoothed(samples: pl.DataFrame) -> pl.DataFrame:
    """Speeds that were worked out, as the mean of the last seconds; those that a device gave, as they are."""
    worked_out = pl.col("speed_from").is_in([GPS, DISTANCE])
    if not samples.select(worked_out.any()).item():
        return samples
    means = (
        samples.filter(worked_out)
        .rolling("t_sec", period=f"{SMOOTHED_SEC}i", group_by="workout_id")
        .agg(mean_=pl.col(_SPEED).mean())
    )
    joined = samples.join(means, on=["workout_id", "t_sec"], how="left", maintain_order="left")
    return joined.with_columns(
        pl.when(worked_out & pl.col(_SPEED).is_not_null()).then("mean_").otherwise(_SPEED).alias(_SPEED)
    ).drop("mean_")
