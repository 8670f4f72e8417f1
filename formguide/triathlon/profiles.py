"""Athlete profiles: what was known of everybody on the eve of every race.

Results are compared by their log total against the field's: the mean log total of the same race and gender,
so that a slow course or a hot day is nobody's form. All of it is past by the time it is used: a row knows
the races dated before its own day, and a race without a date knows those before its year.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.asof import fingerprint
from formguide.lake import Lake
from formguide.making import Made
from formguide.schema import dtypes
from formguide.triathlon._profile_kernel import eve_profiles, number_alike, order_by_athlete
from formguide.triathlon.incremental import current, up_to, versions_up_to
from formguide.triathlon.tables import (
    DISTANCES,
    DNF,
    DNS,
    LEGS,
    SPORT,
    AthleteProfiles,
    RaceResults,
    as_table,
)

VERSION = "1"
"""Changes when the same results would give other profiles."""

EWM_WEIGHT = 0.35
"""Weight of the newest result in the moving mean: the last three hold some three quarters."""

ANSWERS = (
    "starts_before",
    "dnfs_before",
    "races_before",
    "races_at_distance",
    "days_since",
    "mean_rel",
    "ewm_rel",
    "last_rel",
    "best_rel",
    "rel_sd",
    "slope_per_year",
    "swim_share_rel",
    "bike_share_rel",
    "run_share_rel",
    "best_total_sec",
    "last_total_sec",
    "consistency_cv",
    "best_swim_share",
    "best_bike_share",
    "best_run_share",
)
"""The kernel's columns, in its order."""

_KEYS = ("result_id", "year", "race_id", "distance", "known_on", "athlete_id")
_COUNTS = ("starts_before", "dnfs_before", "races_before", "races_at_distance")


def athlete_profiles(results: pl.DataFrame) -> pl.DataFrame:
    """`AthleteProfiles`: one row per start of the results (`RaceResults` of every season up to the last), in
    their order."""
    if results.is_empty():
        return pl.DataFrame(schema=dtypes(AthleteProfiles))
    in_order = results["known_on"].is_sorted()
    frame = results if in_order else results.sort("known_on", maintain_order=True)
    frame = frame.with_columns(*against_the_field())
    answers = run_kernel(kernel_inputs(frame))
    told = [pl.Series(name, values) for name, values in zip(ANSWERS, answers, strict=True)]
    found = frame.select(*_KEYS).with_columns(*told).with_columns(pl.col(ANSWERS).fill_nan(None))
    return as_table(found, AthleteProfiles)


def make_profiles(lake: Lake, seasons: Iterable[int]) -> dict[int, Made]:
    """The profiles of some seasons, each from the results of every season up to it."""
    made, due = current(lake, AthleteProfiles.name, seasons, lambda season: _made_from(lake, season))
    if due:
        known = up_to(lake, RaceResults.name, max(due))
        profiles = athlete_profiles(lake.read_table(SPORT, RaceResults.name, known, RaceResults))
        for season, made_from in due.items():
            frame = profiles.filter(pl.col("year") == season)
            returning = int((frame["races_before"] > 0).sum())
            facts = {"returning": returning, "newcomers": frame.height - returning}
            written = lake.write_table(
                SPORT, AthleteProfiles.name, str(season), frame, AthleteProfiles, made_from, facts
            )
            made[season] = Made(written.hash, frame.height, 1, 0, facts)
    return dict(sorted(made.items()))


def _made_from(lake: Lake, season: int) -> str:
    return fingerprint(VERSION, versions_up_to(lake, RaceResults.name, season))


def against_the_field() -> list[pl.Expr]:
    """`rel`, the log total, and `swim_rel` …, each leg's share of it, against the field of the same race and
    gender; `swim_share` … as they are. Null where models may not learn from the row."""
    total = pl.when("usable").then(pl.col("total_sec"))
    log_total = total.cast(pl.Float64).log()
    field = ("race_id", "gender")
    shares = {leg: pl.when("usable_splits").then(pl.col(f"{leg}_sec") / pl.col("total_sec")) for leg in LEGS}
    return [
        (log_total - log_total.mean().over(field)).alias("rel"),
        *(share.alias(f"{leg}_share") for leg, share in shares.items()),
        *((share - share.mean().over(field)).alias(f"{leg}_rel") for leg, share in shares.items()),
    ]


def numbered(names: pl.Series, hashes: pl.Series) -> NDArray[np.int64]:
    """A number from 0 for each name, the same for the same name: by the names' hashes, which are told apart
    in a tenth of the time, unless two names have the same."""
    number, first = number_alike(hashes.to_numpy())
    if names.equals(names.gather(first[number])):
        return np.asarray(number)
    codes = names.to_arrow().dictionary_encode().indices
    return np.asarray(codes.to_numpy(zero_copy_only=False), dtype=np.int64)


def kernel_inputs(frame: pl.DataFrame) -> tuple[Any, ...]:
    """What the one pass reads: arrays of the results (with `against_the_field`) in the order in which they
    became known."""
    athlete = numbered(frame["athlete_id"], frame["athlete_id"].hash())
    rows, start = order_by_athlete(athlete, int(athlete.max()) + 1)
    distances = {name: i for i, name in enumerate(DISTANCES)}
    distance = pl.col("distance").cast(pl.String).replace_strict(distances, default=-1, return_dtype=pl.Int8)
    whole = frame.select(
        day=pl.col("known_on"),
        new_year=pl.date(pl.col("year"), 1, 1),
        year=pl.col("year"),
        distance=distance,
        dated=pl.col("race_on").is_not_null(),
        counts=pl.col("usable"),
        did_not_finish=pl.col("status") == DNF,
        started=pl.col("status") != DNS,
    ).cast(pl.Int32)
    measures = frame.select(
        pl.col("total_sec").cast(pl.Float64).fill_null(0),
        pl.col("rel", *(f"{leg}_share" for leg in LEGS), *(f"{leg}_rel" for leg in LEGS)).fill_null(np.nan),
    )
    return rows, start, whole.to_numpy(order="c"), measures.to_numpy(order="c"), EWM_WEIGHT


def run_kernel(inputs: tuple[Any, ...]) -> NDArray[np.float64]:
    """The answers (len(ANSWERS), n) of the one pass."""
    found: NDArray[np.float64] = eve_profiles(*inputs)
    return found
