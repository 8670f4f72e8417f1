"""What was known of an athlete when a season began, as numbers.

Marks of all events become one scale, the logarithm of speed, height or distance in percent (`speed`): 1 is
about one percent better, whatever the event. Nearly every feature is a difference of two such numbers, most
often from the last peak of the event under the label, which is where a forecast starts.

What the numbers are:

    best, previous            the best peak so far and the one before the last, from the last
    depth, gap                earlier seasons of the event under the label; seasons missed since the last
    marks, second, median,    how often and how evenly the last season's marks came
      top_three, wind
    two_years, decayed        the last two years, and all years with half-lives of .7 and 1.5
    other_label               the same event in the other half of the year: in the last twelve months, in the
                              twelve before, and from the one to the other
    other_change, family      from season to season in whatever else was done in the last 400 days
    cross                     how much better the athlete's other events are than this one, in standard
                              deviations of each event's season bests, given back in percent of this event
    level                     how good the last peak is among the season bests of the event and gender
    age, class                a curve through the age at the season's first day; the class year expected then

Every one is made of marks dated before the window's `as_of`, and of the population of marks that the model
was fitted on. A number that cannot be had is 0 with a column that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.track import events, programme
from formguide.track.peaks import is_legal, season_by_date
from formguide.track.tables import FIRST_INDOOR_MONTH, INDOOR

Floats = NDArray[np.float64]

LEAST_PEAKS = 15
"""Season bests that an event's level and spread are told from, at least."""

_YEAR_DAYS = 365.25
_RECENT_DAYS = 400
_KEYS = ("athlete_id", "gender")


def speed(mark: str = "mark", unit: str = "unit") -> pl.Expr:
    """Percent of log speed, height, distance or points: more is better."""
    sign = pl.when(pl.col(unit) == "sec").then(-100.0).otherwise(100.0)
    return sign * pl.col(mark).log()


def from_percent(reference: Floats, percent: Floats, unit: NDArray[np.str_]) -> Floats:
    """The mark that is `percent` (of log speed) better than a reference mark."""
    sign = np.where(unit == "sec", -0.01, 0.01)
    marks: Floats = reference * np.exp(sign * percent)
    return marks


def season_over(season: str = "season", label: str = "label") -> pl.Expr:
    """The day by which a season's peaks are known: 1 April of an indoor season, 1 November of an outdoor one.

    Stragglers come later (the southern summer's meets of November and December), and are in nobody's way.
    """
    month = pl.when(pl.col(label) == INDOOR).then(4).otherwise(FIRST_INDOOR_MONTH)
    return pl.date(pl.col(season), month, 1)


def targets(windows: pl.DataFrame) -> Floats:
    """What came, [n]: how much better the season's peak was than the last one, percent of log speed."""
    better = speed("peak") - speed("last_peak")
    return windows.select(better.alias("y"))["y"].to_numpy().astype(np.float64)


@dataclass(frozen=True)
class Features:
    """Numbers of n windows. values: [n, p]; names: of the columns; group: index into `programme.GROUPS`."""

    names: tuple[str, ...]
    values: Floats
    group: NDArray[np.int64]

    def columns(self, *names: str) -> Floats:
        """Some of the columns, [n, k]."""
        return self.values[:, [self.names.index(name) for name in names]]


def population(performances: pl.DataFrame) -> pl.DataFrame:
    """Mean, standard deviation and number of season bests per gender and event, in `speed`, from all of the
    given performances; events of fewer than `LEAST_PEAKS` are left out."""
    line = [*_KEYS, "event", "season", "label"]
    # Sorted, because a sum in another order is another number in its last digit.
    bests = _legal(performances).group_by(line).agg(pl.col("speed").max()).sort(line)
    return (
        bests.group_by("gender", "event")
        .agg(pl.col("speed").mean().alias("mean"), pl.col("speed").std().alias("sd"), pl.len().alias("n"))
        .filter((pl.col("n") >= LEAST_PEAKS) & (pl.col("sd") > 0))
        .with_columns(pl.col("gender").cast(pl.String), pl.col("n").cast(pl.Int64))
        .sort("gender", "event")
    )


def window_features(windows: pl.DataFrame, performances: pl.DataFrame, among: pl.DataFrame) -> Features:
    """The features of windows, in their order.

    performances: the athletes' marks; those of a window's `as_of` or later are not used. among: the
    `population` to compare with.
    """
    asked = windows.with_row_index("row").with_columns(start=speed("last_peak"))
    known = _known_marks(asked, performances)
    parts = [
        asked.select("row", *_of_the_windows()),
        _same_event(known),
        _other_label(known),
        _changes(known),
        _cross(known, among),
    ]
    frame = parts[0]
    for part in parts[1:]:
        frame = frame.join(part, on="row", how="left")
    frame = frame.sort("row").with_columns(
        level=(pl.col("start") - pl.col("event_mean")).clip(-30, 30),
        other_label_step=(pl.col("other_label") - pl.col("other_label_before")).clip(-8, 8),
    )
    group = np.array([_group(event) for event in windows["event"].to_list()], dtype=np.int64)
    return _as_matrix(frame, group)


def _group(event: str) -> int:
    found = events.find(event).group
    return programme.GROUPS.index(found)


def _legal(performances: pl.DataFrame) -> pl.DataFrame:
    return performances.filter(is_legal() & pl.col("complete")).with_columns(
        speed=speed(), season=season_by_date()
    )


def _known_marks(asked: pl.DataFrame, performances: pl.DataFrame) -> pl.DataFrame:
    """Every legal mark of the asked athletes before each window's as_of, with the window beside it."""
    window = asked.select("row", *_KEYS, "event", "label", "family", "as_of", "start", "last_season")
    marks = _legal(performances).select(
        *_KEYS,
        pl.col("event").alias("of_event"),
        pl.col("label").alias("of_label"),
        pl.col("family").alias("of_family"),
        pl.col("season").alias("of_season"),
        "date",
        "speed",
    )
    return (
        window.join(marks, on=list(_KEYS))
        .filter(pl.col("date") < pl.col("as_of"))
        .with_columns(
            ago=(pl.col("as_of") - pl.col("date")).dt.total_days() / _YEAR_DAYS,
            better=pl.col("speed") - pl.col("start"),
        )
        # Sums are told in one order, whatever the order of the records: the same marks, the same bytes.
        .sort("row", "of_event", "of_label", "date", "speed")
    )


def _of_the_windows() -> list[pl.Expr]:
    age = pl.col("age_years")
    curve: dict[str, pl.Expr] = {
        "age": (age - 24).clip(-9, 12),
        "age_squared": (age - 24).clip(-9, 12) ** 2 / 10,
        "age_below_20": (20 - age).clip(0, 8),
        "age_below_18": (18 - age).clip(0, 6),
        "age_above_30": (age - 30).clip(0, 15),
    }
    start = pl.col("start")
    second, median = speed("last_second") - start, speed("last_median") - start
    return [
        start,
        (speed("best_peak") - start).clip(0, 10).alias("best"),
        (speed("previous_peak") - start).clip(-12, 12).alias("previous"),
        *((pl.col("n_seasons") >= n).cast(pl.Float64).alias(f"depth_{n}") for n in (2, 3, 5)),
        pl.col("n_seasons").log().alias("log_depth"),
        (pl.col("season") - pl.col("last_season") - 1).clip(0, 3).cast(pl.Float64).alias("gap"),
        (pl.col("season") - pl.col("last_season") > 1).cast(pl.Float64).alias("any_gap"),
        pl.col("last_n_marks").log().alias("log_marks"),
        (pl.col("last_n_marks") == 1).cast(pl.Float64).alias("single_mark"),
        second.clip(-8, 8).alias("second"),
        median.clip(-8, 8).alias("median"),
        pl.col("last_wind_aided").cast(pl.Float64).alias("wind_aided"),
        *(expr.alias(name) for name, expr in curve.items()),
        *((pl.col("class_year") == n).cast(pl.Float64).alias(f"class_{n}") for n in (2, 3, 4)),
        (pl.col("class_year") >= 5).cast(pl.Float64).alias("class_5"),
        (pl.col("label") == INDOOR).cast(pl.Float64).alias("indoor"),
        (pl.col("gender") == "women").cast(pl.Float64).alias("women"),
    ]


def _same_event(known: pl.DataFrame) -> pl.DataFrame:
    """The event under the label: the last season, the last two years, and everything with what is long ago
    counting less."""
    same = known.filter(pl.col("of_event") == pl.col("event"))
    under = same.filter(pl.col("of_label") == pl.col("label"))
    last = under.filter(pl.col("of_season") == pl.col("last_season"))
    recent = under.filter(pl.col("ago") <= 2.2)

    def best_three(name: str) -> pl.Expr:
        return pl.col("better").top_k(3).mean().clip(-8, 8).alias(name)

    weight = {name: 0.5 ** (pl.col("ago") / half) for name, half in (("fast", 0.7), ("slow", 1.5))}
    decayed = under.group_by("row").agg(
        ((w * pl.col("better")).sum() / w.sum()).clip(-10, 10).alias(f"decayed_{name}")
        for name, w in weight.items()
    )
    career = same.group_by("row").agg(
        pl.len().cast(pl.Float64).log().alias("log_all_marks"),
        pl.col("ago").max().log1p().alias("log_career_years"),
        pl.col("ago").min().log1p().alias("log_years_since"),
    )
    return (
        career.join(last.group_by("row").agg(best_three("top_three")), on="row", how="left")
        .join(recent.group_by("row").agg(best_three("two_years")), on="row", how="left")
        .join(decayed, on="row", how="left")
    )


def _other_label(known: pl.DataFrame) -> pl.DataFrame:
    """The event in the other half of the year: its best within a year, and in the year before that."""
    other = known.filter((pl.col("of_event") == pl.col("event")) & (pl.col("of_label") != pl.col("label")))
    best = pl.col("better").clip(-10, 10)
    return other.group_by("row").agg(
        best.filter(pl.col("ago") <= 1).max().alias("other_label"),
        best.filter((pl.col("ago") > 1) & (pl.col("ago") <= 2)).max().alias("other_label_before"),
    )


def _changes(known: pl.DataFrame) -> pl.DataFrame:
    """From season to season in whatever else the athlete did lately, events of the family apart.

    Only seasons that are over by the calendar count: what is known of one that has begun is not its best.
    """
    line = ["row", "of_event", "of_label"]
    best = (
        known.filter(season_over("of_season", "of_label") <= pl.col("as_of"))
        .group_by(*line, "of_season")
        .agg(
            pl.col("speed").max().alias("best_speed"),
            pl.col("ago").min(),
            pl.col("of_family").first() == pl.col("family").first(),
            own=((pl.col("of_event") == pl.col("event")) & (pl.col("of_label") == pl.col("label"))).first(),
        )
        .sort(*line, "of_season")
        .with_columns(change=(pl.col("best_speed") - pl.col("best_speed").shift(1).over(line)).clip(-6, 6))
    )
    lately = best.filter((pl.col("ago") <= _RECENT_DAYS / _YEAR_DAYS) & ~pl.col("own"))
    return lately.group_by("row").agg(
        pl.col("change").mean().alias("other_change"),
        pl.col("change").filter(pl.col("of_family")).mean().alias("family_change"),
    )


def _cross(known: pl.DataFrame, among: pl.DataFrame) -> pl.DataFrame:
    """How much better the athlete's best of the last two years is in other events than in this one."""
    gender = known.schema["gender"]
    levels = among.select(
        pl.col("gender").cast(gender),
        pl.col("event").alias("of_event"),
        pl.col("mean").alias("of_mean"),
        pl.col("sd").alias("of_sd"),
    )
    compared = known.join(levels, on=["gender", "of_event"], how="left").with_columns(
        z=(pl.col("speed") - pl.col("of_mean")) / pl.col("of_sd")
    )
    own, near = pl.col("of_event") == pl.col("event"), pl.col("ago") <= 2
    family = ~own & (pl.col("of_family") == pl.col("family"))
    found = compared.group_by("row").agg(
        pl.col("z").filter(own & near).max().alias("own_z"),
        pl.col("of_sd").filter(own).first().alias("event_sd"),
        pl.col("of_mean").filter(own).first().alias("event_mean"),
        pl.col("z").filter(family & near).max().alias("family_z"),
        pl.col("z").filter(family & (pl.col("ago") <= 1)).max().alias("family_year_z"),
        pl.col("z").filter(~own & near).max().alias("other_z"),
    )
    scale = pl.col("event_sd").clip(1, 15)

    def ahead(name: str) -> pl.Expr:
        return ((pl.col(name) - pl.col("own_z")) * scale).clip(-20, 20)

    return found.select(
        "row",
        "event_mean",
        ahead("family_z").alias("cross_family"),
        ahead("family_year_z").alias("cross_family_year"),
        ahead("other_z").alias("cross_other"),
        pl.col("own_z").clip(-4, 4),
        scale.alias("event_sd"),
    )


_TOLD = (
    "best", "previous", "depth_2", "depth_3", "depth_5", "log_depth", "gap", "any_gap", "log_marks",
    "single_mark", "second", "median", "wind_aided", "top_three", "two_years", "decayed_fast",
    "decayed_slow", "other_label", "other_label_before", "other_label_step", "other_change",
    "family_change", "cross_family", "cross_family_year", "cross_other", "own_z", "event_sd", "level",
    "log_all_marks", "log_career_years", "log_years_since", "age", "age_squared", "age_below_20",
    "age_below_18", "age_above_30", "class_2", "class_3", "class_4", "class_5", "indoor", "women",
)  # fmt: skip
_SAID_MISSING = (
    "previous", "second", "other_label", "other_label_before", "other_label_step", "other_change",
    "family_change", "cross_family", "cross_other", "level", "age", "class_2",
)  # fmt: skip
"""Columns whose absence is a number of its own."""


def _as_matrix(frame: pl.DataFrame, group: NDArray[np.int64]) -> Features:
    filled: list[Any] = [frame[name].fill_null(0.0).fill_nan(0.0).to_numpy() for name in _TOLD]
    missing: list[Any] = [frame[name].is_null().to_numpy() for name in _SAID_MISSING]
    groups = [group == index for index in range(len(programme.GROUPS))]
    values = np.column_stack([np.asarray(c, dtype=np.float64) for c in [*filled, *missing, *groups]])
    names = (*_TOLD, *(f"no_{name}" for name in _SAID_MISSING), *(f"is_{name}" for name in programme.GROUPS))
    return Features(names, values, group)
