"""The quality of the workouts: what each rule of cleaning found, where, and what is left to learn from.

As frames for a terminal and as one HTML page that loads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from formguide.heartrate import pages
from formguide.heartrate.cleaning import RULES
from formguide.heartrate.sequences import Floats
from formguide.heartrate.tables import SPORT, Corrections, QualityFindings, Workouts
from formguide.lake import Lake
from formguide.schema import empty

EXAMPLES, GROUPS_SHOWN = 3, 40
GROUPS = {"source": "source", "sport": "activity", "user": "user_id", "month": "month"}

GAPS_SEC = (0, 1.5, 2.5, 5.5, 10.5, 30.5, 60.5, 300.5, 1800.5, np.inf)
_GAP_NAMES = ("1", "2", "3–5", "6–10", "11–30", "31–60", "1–5 min", "5–30 min", "more")
MINUTES = (0, 10, 20, 30, 40, 50, 60, 75, 90, 120, 180, np.inf)
QUALITY = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, np.inf)


def totals(workouts: pl.DataFrame) -> dict[str, float]:
    """workouts, users, hours, with_heart_rate and usable (shares of the workouts), quality (mean)."""
    n = max(workouts.height, 1)
    return {
        "workouts": workouts.height,
        "users": workouts["user_id"].n_unique(),
        "hours": float(workouts["duration_sec"].sum()) / 3600,
        "with_heart_rate": int(workouts["has_heart_rate"].sum()) / n,
        "usable": int(workouts["usable"].sum()) / n,
        "quality": float(workouts["quality"].sum()) / n,
    }


def by_rule(workouts: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """One row a rule, those that cost most workouts first: workouts it objects to, their share of all, how
    many of them as a whole, samples, users, and examples (workout: what was found), at most three."""
    known = findings.join(workouts.select("workout_id", "user_id"), on="workout_id")
    said = pl.format("{}: {}", "workout_id", "example")
    return (
        known.sort("whole_workout", "seconds", "workout_id", descending=[True, True, False])
        .group_by("rule", maintain_order=True)
        .agg(
            workouts=pl.len(),
            share=pl.len() / max(workouts.height, 1),
            as_a_whole=pl.col("whole_workout").sum(),
            samples=pl.col("seconds").sum(),
            users=pl.col("user_id").n_unique(),
            examples=said.head(EXAMPLES),
        )
        .sort("as_a_whole", "workouts", "rule", descending=[True, True, False])
    )


def by_group(workouts: pl.DataFrame, findings: pl.DataFrame, group: str) -> pl.DataFrame:
    """One row a source, sport, user or month: workouts, hours, with a heart rate, usable, mean quality
    (shares of 1), and the rule that objects most often. Months in their order, others the largest first."""
    column = GROUPS[group]
    rows = workouts.with_columns(group=pl.col(column).cast(pl.String))
    often = (
        findings.join(rows.select("workout_id", "group"), on="workout_id")
        .group_by("group", "rule")
        .agg(times=pl.len())
        .sort("times", "rule", descending=[True, False])
        .group_by("group", maintain_order=True)
        .agg(most_often=pl.format("{} ({})", "rule", "times").first())
    )
    made = (
        rows.group_by("group")
        .agg(
            workouts=pl.len(),
            hours=pl.col("duration_sec").sum() / 3600,
            with_heart_rate=pl.col("has_heart_rate").mean(),
            usable=pl.col("usable").mean(),
            quality=pl.col("quality").mean(),
        )
        .join(often, on="group", how="left")
    )
    order = ["group"] if group == "month" else ["workouts", "group"]
    return made.sort(order, descending=[group != "month", False][: len(order)]).rename({"group": group})


def shifted_or_late(corrections: pl.DataFrame) -> pl.DataFrame:
    """One row a workout whose heart rate does not fit its speed and grade, the latest first: workout, found,
    too_high_by_bpm and late_by_sec (what was corrected in a column of its own)."""
    return (
        corrections.filter(pl.col("found") != "none")
        .sort("started_at", "workout_id", descending=[True, False])
        .select(
            pl.col("workout_id").alias("workout"),
            "found",
            pl.col("applied_offset_bpm").alias("too_high_by_bpm"),
            pl.col("applied_lag_sec").alias("late_by_sec"),
        )
    )


def distribution(values: pl.Series, edges: Sequence[float]) -> list[int]:
    """How many values lie in each part, its lower edge included; the last part has no end."""
    found = np.histogram(np.minimum(_known(values), 1e300), bins=[*edges[:-1], 1e301])[0]
    return [int(n) for n in found]


def of_lake(lake: Lake, title: str = "Quality of the workouts") -> str:
    """The report of everything in a lake."""
    workouts = lake.read_table(SPORT, Workouts.name, None, Workouts)
    findings = lake.read_table(SPORT, QualityFindings.name, None, QualityFindings)
    corrections = lake.read_table(SPORT, Corrections.name, None, Corrections)
    said = {rule.name: rule.says for rule in RULES}
    return page(workouts, findings, corrections, described=said, title=title)


def page(
    workouts: pl.DataFrame,
    findings: pl.DataFrame,
    corrections: pl.DataFrame | None = None,
    *,
    described: Mapping[str, str] | None = None,
    title: str = "Quality of the workouts",
) -> str:
    """The report as one HTML file. corrections: rows of `Corrections`, None where nobody looked for shifts
    and lags; described: what each rule says, by its name."""
    shifted = shifted_or_late(empty(Corrections) if corrections is None else corrections)
    rules = by_rule(workouts, findings)
    gaps, minutes = workouts["largest_gap_sec"], workouts["duration_sec"] / 60
    quality = workouts["quality"]
    charts = [
        _chart("largest gap between two samples, seconds", _GAP_NAMES, distribution(gaps, GAPS_SEC)),
        _chart("length, minutes", _between(MINUTES, 1), distribution(minutes, MINUTES)),
        _chart(
            "quality: share of seconds without objection, %",
            _between(QUALITY, 100),
            distribution(quality, QUALITY),
        ),
    ]
    groups = []
    for group in GROUPS:
        rows = by_group(workouts, findings, group)
        shown = rows.tail(GROUPS_SHOWN) if group == "month" else rows.head(GROUPS_SHOWN)
        groups.append({"name": group, "rows": shown.rename({group: "name"}).to_dicts(), "of": rows.height})
    return pages.render(
        "quality",
        title=title,
        totals=totals(workouts),
        rules=rules.to_dicts(),
        shifted=shifted.head(GROUPS_SHOWN).to_dicts(),
        n_shifted=shifted.height,
        described=dict(described or {}),
        charts=charts,
        groups=groups,
    )


def _known(values: pl.Series) -> Floats:
    return np.asarray(values.cast(pl.Float64).fill_nan(None).drop_nulls().to_numpy())


def _between(edges: Sequence[float], scale: float) -> list[str]:
    """Names of the parts: 0–10, 10–20, … , 180 and more."""
    said = [f"{scale * edge:g}" for edge in edges[:-1]]
    inner = [f"{a}–{b}" for a, b in pairwise(said)]
    top = edges[-2] * scale
    return [*inner, f"{top:g}–100" if scale == 100 else f"{top:g} and more"]


def _chart(name: str, labels: Sequence[str], counts: Sequence[int]) -> dict[str, Any]:
    """Bars for the template: label, count, and width in percent of the longest."""
    most = max([*counts, 1])
    bars = [
        {"label": label, "n": n, "width": round(100 * n / most, 2)}
        for label, n in zip(labels, counts, strict=True)
    ]
    return {"name": name, "bars": bars}
