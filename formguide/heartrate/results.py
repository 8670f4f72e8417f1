"""Files → the workouts of a month, their samples, and what the rules of cleaning find in them.

A file may hold workouts of several months: each month keeps those that began in it. Nothing is lost: a file
(or line of a file of many) is a workout, belongs to another month, or is set aside with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from formguide.heartrate import cleaning, readers
from formguide.heartrate.clock import Clocked, clocked
from formguide.heartrate.readings import CHANNELS, Floats, Unreadable
from formguide.heartrate.tables import (
    DEVICE,
    OTHER,
    RIDE,
    RUN,
    WALK,
    QualityFindings,
    Samples,
    Workouts,
    as_table,
)
from formguide.records import Reject, set_aside
from formguide.schema import empty

SLOWEST_RUN_MPS, FASTEST_RUN_MPS = 1.9, 6.5
"""Where nobody says what a workout was: slower on the whole is a walk, faster a ride."""

HEART_RATE = "heart_rate_bpm"

CLIMB_STEP_M = 1.0
"""How much higher than the last counted altitude a climb must be to count: below it is noise."""


@dataclass(frozen=True)
class Month:
    """A month's workouts, samples and findings; what was set aside, each with its place and reason.

    refused: the files (or lines) of which nothing is kept; elsewhere: files whose workouts began in other
    months; points, points_set_aside: of the workouts that are kept.
    """

    workouts: pl.DataFrame
    samples: pl.DataFrame
    findings: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    points: int = 0
    points_set_aside: int = 0


def read_month(month: int, files: Mapping[str, Mapping[str, bytes]]) -> Month:
    """A month from its files by source and path."""
    kept, rejects, refused, elsewhere = list[tuple[str, Clocked]](), list[Reject](), list[str](), list[str]()
    for source in sorted(files):
        for path in sorted(files[source]):
            claimed = readers.months_of(source, path, files[source])
            for found in readers.read(source, path, files[source][path]):
                if isinstance(found, Reject):
                    rejects.append(found)
                    refused.append(found.file)
                    continue
                try:
                    workout = clocked(found)
                except Unreadable as error:
                    rejects.append(error.reject(found.path, b""))
                    refused.append(found.path)
                    continue
                if workout.month not in claimed:
                    # Its first points are dated otherwise than the rest, and no month would take it in.
                    reason = f"begins on {workout.started_at:%Y-%m-%d}, but its first point says otherwise"
                    rejects.append(set_aside(found.path, 1, "timestamp", reason, b""))
                    refused.append(found.path)
                    continue
                if workout.month != month:
                    elsewhere.append(found.path)
                    continue
                rejects += found.notes
                kept.append((source, workout))
    once, again = each_once(kept)
    for path, workout_id, other in again:
        rejects.append(set_aside(path, None, None, f"is the workout {workout_id} again: see {other}", b""))
        refused.append(path)
    samples = samples_of(workout for _, workout in once)
    workouts, findings = tables_of(once, samples)
    return Month(
        workouts,
        samples,
        findings,
        rejects,
        sorted(refused),
        sorted(elsewhere),
        sum(workout.points for _, workout in once),
        sum(sum(workout.set_aside.values()) for _, workout in once),
    )


def samples_of(workouts: Iterable[Clocked]) -> pl.DataFrame:
    """The samples of some workouts, in the order of workout and second."""
    parts: dict[str, list[Floats]] = {name: [] for name in ("t_sec", *CHANNELS)}
    names, lengths = list[str](), list[int]()
    for workout in sorted(workouts, key=lambda workout: workout.workout_id):
        names.append(workout.workout_id)
        lengths.append(len(workout.t_sec))
        parts["t_sec"].append(workout.t_sec.astype(float))
        missing = np.full(len(workout.t_sec), np.nan)
        for name in CHANNELS:
            parts[name].append(workout.channels.get(name, missing))
    if not names:
        return empty(Samples)
    ids = pl.Series("workout_id", names)[np.repeat(np.arange(len(names)), lengths).tolist()]
    frame = pl.DataFrame({"workout_id": ids, **{name: np.concatenate(part) for name, part in parts.items()}})
    return as_table(frame.with_columns(pl.col(*CHANNELS).fill_nan(None)), Samples)


def tables_of(
    workouts: Iterable[tuple[str, Clocked]], samples: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Workouts (each with the source it is from) and findings as tables, from the workouts' samples."""
    rows, counted = [], []
    for source, workout in workouts:
        reading = workout.reading
        rows.append(
            {
                "workout_id": workout.workout_id,
                "month": workout.month,
                "user_id": reading.user_id,
                "activity": reading.activity or by_speed(workout),
                "gender": reading.gender,
                "started_at": workout.started_at,
                "source": source,
                "path": reading.path,
                "format": reading.format,
                "speed_from": workout.speed_from,
                "ascent_m": _climbed(workout.channels.get("altitude_m")),
            }
        )
        counted += [
            {
                "workout_id": workout.workout_id,
                "rule": reason,
                "seconds": n,
                "whole_workout": False,
                "example": f"{n} of {workout.points} points",
            }
            for reason, n in workout.set_aside.items()
        ]
    head = pl.DataFrame(rows, schema=_HEAD).sort("started_at", "workout_id")
    found, verdicts = cleaning.inspect(samples, head)
    numbers = samples.group_by("workout_id").agg(
        samples=pl.len(),
        duration_sec=pl.col("t_sec").max().cast(pl.Float64),
        way_=pl.col("distance_m").drop_nulls().last() - pl.col("distance_m").drop_nulls().first(),
        mean_speed_mps=pl.col("speed_mps").mean().clip(lower_bound=0),
        mean_heart_rate_bpm=pl.col("heart_rate_bpm").mean(),
        max_heart_rate_bpm=pl.col("heart_rate_bpm").max(),
        largest_gap_sec=pl.col("t_sec").diff().max().fill_null(0).cast(pl.Float64),
        has_heart_rate=pl.col("heart_rate_bpm").is_not_null().any(),
        has_altitude=pl.col("altitude_m").is_not_null().any(),
        has_cadence=pl.col("cadence_rpm").is_not_null().any(),
        has_power=pl.col("power_w").is_not_null().any(),
    )
    table = (
        head.join(numbers, on="workout_id", how="left", maintain_order="left")
        .join(verdicts, on="workout_id", how="left", maintain_order="left")
        .with_columns(distance_m=pl.when(pl.col("way_") >= 0).then("way_"))
    )
    findings = pl.concat([found, pl.DataFrame(counted, schema=found.schema)]).join(
        head.select("workout_id", "month"), on="workout_id", how="left"
    )
    return as_table(table, Workouts), as_table(findings.sort("workout_id", "rule"), QualityFindings)


_HEAD: dict[str, pl.DataType | type[pl.DataType]] = {
    "workout_id": pl.String,
    "month": pl.Int32,
    "user_id": pl.String,
    "activity": pl.String,
    "gender": pl.String,
    "started_at": pl.Datetime("ms"),
    "source": pl.String,
    "path": pl.String,
    "format": pl.String,
    "speed_from": pl.String,
    "ascent_m": pl.Float64,
}


def each_once(
    workouts: list[tuple[str, Clocked]],
) -> tuple[list[tuple[str, Clocked]], list[tuple[str, str, str]]]:
    """Of records of one user that lie over each other the richest, and the others with what they repeat.

    Which is kept is not for a heart rate to say: the speed that a run is forecast from would depend on it. A
    kept record without one takes it, second by second, from the richest of the others that has one.
    """
    once, again = dict[str, list[tuple[str, Clocked]]](), list[tuple[str, str, str]]()
    for source, workout in sorted(workouts, key=_richness):
        own = once.setdefault(workout.reading.user_id, [])
        place = next((place for place, (_, other) in enumerate(own) if _same(workout, other)), None)
        if place is None:
            own.append((source, workout))
            continue
        of, twin = own[place]
        see = twin.reading.path
        if _beats(workout) and not _beats(twin):
            own[place] = of, _with_heart_rate(twin, workout)
            see += ", which takes its heart rate" if _beats(own[place][1]) else ""
        again.append((workout.reading.path, twin.workout_id, see))
    every = (kept for own in once.values() for kept in own)
    return sorted(every, key=lambda kept: kept[1].workout_id), sorted(again)


def _richness(kept: tuple[str, Clocked]) -> tuple[int, bool, int, str]:
    """The richest first: the most that was measured beside the heart rate, then the device's own speed."""
    _, workout = kept
    said = sum(int(np.isfinite(of).sum()) for name, of in workout.channels.items() if name != HEART_RATE)
    return -said, workout.speed_from != DEVICE, len(workout.reading.path), workout.reading.path


def _beats(workout: Clocked) -> int:
    """How many heart rates a record has."""
    return int(np.isfinite(workout.channels.get(HEART_RATE, np.array([]))).sum())


def _with_heart_rate(workout: Clocked, other: Clocked) -> Clocked:
    """A record with the heart rate that another one has in the same seconds."""
    later = int((other.started_at - workout.started_at).total_seconds())
    _, here, there = np.intersect1d(
        workout.t_sec, other.t_sec + later, assume_unique=True, return_indices=True
    )
    beats = np.full(len(workout.t_sec), np.nan)
    beats[here] = other.channels[HEART_RATE][there]
    return replace(workout, channels={**workout.channels, HEART_RATE: beats})


def _same(one: Clocked, other: Clocked) -> bool:
    """Whether two records of a user are of one workout: one of them lies over most of the other."""
    if one.started_at == other.started_at:
        return True
    later = (other.started_at - one.started_at).total_seconds()
    ends = int(one.t_sec[-1]), later + int(other.t_sec[-1])
    shared = min(ends) - max(0.0, later)
    return shared > 0.5 * min(int(one.t_sec[-1]), int(other.t_sec[-1]))


def by_speed(workout: Clocked) -> str:
    """What a workout was by the speed at which it moved, where nobody says it."""
    speed = workout.channels.get("speed_mps", np.array([]))
    moving = speed[np.isfinite(speed) & (speed > cleaning.MOVING_MPS)]
    if not len(moving):
        return OTHER
    typical = float(np.median(moving))
    return WALK if typical < SLOWEST_RUN_MPS else RUN if typical <= FASTEST_RUN_MPS else RIDE


def _climbed(altitude: Floats | None) -> float | None:
    """Metres climbed, steps of less than a metre left out; None without two altitudes."""
    known = np.array([]) if altitude is None else altitude[np.isfinite(altitude)]
    if len(known) < 2:
        return None
    climbed, at = 0.0, float(known[0])
    for height in known.tolist():
        if height - at >= CLIMB_STEP_M:
            climbed += height - at
            at = height
        elif height < at:
            at = height
    return climbed
