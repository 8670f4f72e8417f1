"""What must hold of the tables before a model may use them, as findings that people can read."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from formguide.findings import SHOWN, Finding
from formguide.heartrate import readers
from formguide.heartrate.arrivals import ARRIVALS
from formguide.heartrate.tables import SPORT, Workouts
from formguide.lake import Lake


def nothing_lost(lake: Lake, months: Sequence[int]) -> Finding:
    """Every file (or line of a file of many) of a month is a workout, belongs to another month, or was set
    aside; and every point of a workout is a sample, or was."""
    wrong, files, refused = [], 0, 0
    for month in months:
        manifest = lake.manifest(SPORT, Workouts.name, str(month))
        said = manifest.extra if manifest else {}
        frame = lake.read_table(SPORT, Workouts.name, [str(month)], Workouts)
        named = {*frame["path"], *said.get("set_aside", []), *said.get("elsewhere", [])}
        there = [
            name
            for source, tree in ARRIVALS.season_reader(lake, month).items()
            for path in tree
            for name in readers.names_in(source, path, tree[path] if source == readers.FITREC else b"")
        ]
        files, refused = files + len(there), refused + len(said.get("set_aside", []))
        wrong += [
            {"month": month, "lost": path}
            for path in there
            if path not in named and not any(name.startswith(f"{path}:") for name in named)
        ]
        points = int(frame["samples"].sum()) + int(said.get("points_set_aside", 0))
        if points != int(said.get("points", 0)):
            wrong.append({"month": month, "lost": f"{said.get('points', 0)} points, {points} told of"})
    said_of_all = f"{files} files and lines, {refused} workouts set aside, {len(wrong)} lost"
    return Finding(not wrong, said_of_all, len(wrong), pl.DataFrame(wrong).head(SHOWN))


def samples_are_the_workouts(workouts: pl.DataFrame, samples: pl.DataFrame) -> Finding:
    """Every workout has the samples it says it has, from its first second on, and no sample is without its
    workout."""
    counted = samples.group_by("workout_id").agg(
        n=pl.len(), first=pl.col("t_sec").min(), last=pl.col("t_sec").max()
    )
    both = workouts.join(counted, on="workout_id", how="full", coalesce=True)
    wrong = both.filter(
        pl.any_horizontal(
            pl.col("samples").ne_missing(pl.col("n")),
            pl.col("first").ne_missing(0),
            pl.col("duration_sec").ne_missing(pl.col("last").cast(pl.Float64)),
        )
    ).select("workout_id", "samples", "n", "first", "last")
    said = f"{workouts.height} workouts with {samples.height} samples, {wrong.height} that do not agree"
    return Finding(wrong.is_empty(), said, wrong.height, wrong.sort("workout_id").head(SHOWN))


def nobody_in_two_places(workouts: pl.DataFrame) -> Finding:
    """No user's workout begins before the one before it has ended."""
    ordered = workouts.sort("user_id", "started_at").with_columns(
        ended_at=pl.col("started_at") + pl.duration(milliseconds=1000 * pl.col("duration_sec"))
    )
    wrong = ordered.with_columns(before=pl.col("ended_at").shift(1).over("user_id")).filter(
        pl.col("started_at") < pl.col("before")
    )
    said = f"{workouts['user_id'].n_unique()} users, {wrong.height} workouts that lie over another"
    shown = wrong.select("workout_id", "started_at", "before")
    return Finding(wrong.is_empty(), said, wrong.height, shown.head(SHOWN))


def most_are_usable(workouts: pl.DataFrame, least: float = 0.5) -> Finding:
    """At least half of the workouts with a heart rate can be learnt from; where fewer can, it is a reader or
    a rule that is at fault."""
    measured = workouts.filter("has_heart_rate")
    wrong = measured.filter(~pl.col("usable")).select("workout_id", "path", "failed_rules")
    said = f"{measured.height} workouts with a heart rate, {wrong.height} of them not usable"
    passed = wrong.height <= (1 - least) * measured.height
    return Finding(passed, said, 0 if passed else wrong.height, wrong.sort("workout_id").head(SHOWN))
