"""Thousands of workouts on one page: look, sort, filter, open one.

The page is one HTML file that works from a disk without a network. It holds what the table of workouts says
and each workout's thumbnail, never a coordinate; only the cards that can be seen are drawn.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import polars as pl

from formguide.heartrate import pages
from formguide.heartrate.tables import SPORT, QualityFindings, Samples, Workouts
from formguide.heartrate.thumbnails import POINTS, Thumbnails, joined, thumbnails
from formguide.lake import Lake

MOST = 20_000
"""How many workouts a page holds at most, the newest ones: some ten megabytes."""

_FINDINGS_SHOWN = 8


def of_lake(lake: Lake, most: int = MOST, title: str = "Workouts") -> str:
    """The page of the newest workouts in a lake, read month by month."""
    workouts = lake.read_table(SPORT, Workouts.name, None, Workouts)
    chosen = workouts.sort("started_at", "workout_id", descending=True).head(most)
    months = [str(month) for month in chosen["month"].unique().sort()]
    findings = lake.read_table(SPORT, QualityFindings.name, months, QualityFindings)
    samples = (lake.read_table(SPORT, Samples.name, [month], Samples) for month in months)
    return page(chosen, samples, findings, title=title, of=workouts.height)


def page(
    workouts: pl.DataFrame,
    samples: pl.DataFrame | Iterable[pl.DataFrame],
    findings: pl.DataFrame | None = None,
    *,
    title: str = "Workouts",
    of: int | None = None,
) -> str:
    """The page of some workouts, as HTML.

    workouts, samples, findings: rows of `tables.Workouts`, `tables.Samples` (in one frame or in parts, of
    which each holds whole workouts) and `tables.QualityFindings`; of: how many workouts there are, if the
    page does not hold all.
    """
    parts = [samples] if isinstance(samples, pl.DataFrame) else samples
    ordered, drawn = _drawn(workouts.sort("started_at", "workout_id"), parts)
    note = f"The newest {ordered.height:,} of {of:,} workouts." if of and of > ordered.height else ""
    data = pages.as_json(_data(ordered, drawn, findings))
    return pages.render("gallery", "gallery.js", title=title, note=note, data=data)


def _drawn(workouts: pl.DataFrame, parts: Iterable[pl.DataFrame]) -> tuple[pl.DataFrame, Thumbnails]:
    """The workouts in the order of their thumbnails: those of each part, then those without samples."""
    left, frames, made = workouts, [], []
    for part in parts:
        here = left.join(
            part.select("workout_id").unique(), on="workout_id", how="semi", maintain_order="left"
        )
        left = left.join(here, on="workout_id", how="anti", maintain_order="left")
        frames.append(here)
        made.append(thumbnails(here, part))
    frames.append(left)
    made.append(thumbnails(left, pl.DataFrame(schema=_SAMPLES)))
    return pl.concat(frames), joined(made)


_SAMPLES = {
    "workout_id": pl.String,
    "t_sec": pl.Int32,
    "heart_rate_bpm": pl.Float64,
    "speed_mps": pl.Float64,
    "altitude_m": pl.Float64,
}


def _data(workouts: pl.DataFrame, drawn: Thumbnails, findings: pl.DataFrame | None) -> dict[str, Any]:
    """What the page's script reads: columns, words as numbers of a list in their order."""
    users, user = _numbered(workouts["user_id"])
    sports, sport = _numbered(workouts["activity"].cast(pl.String))
    sources, source = _numbered(workouts["source"])
    rules, found = _found(workouts, findings)
    return {
        "points": POINTS,
        "users": users,
        "sports": sports,
        "sources": sources,
        "rules": rules,
        "id": workouts["workout_id"].to_list(),
        "user": user,
        "sport": sport,
        "source": source,
        "path": workouts["path"].to_list(),
        "start": (workouts["started_at"].dt.timestamp("ms") // 1000).to_list(),
        "duration": _rounded(workouts["duration_sec"], 0),
        "distance": _rounded(workouts["distance_m"], 0),
        "ascent": _rounded(workouts["ascent_m"], 0),
        "speed": _rounded(workouts["mean_speed_mps"], 2),
        "hr": _rounded(workouts["mean_heart_rate_bpm"], 0),
        "hrmax": _rounded(workouts["max_heart_rate_bpm"], 0),
        "gap": _rounded(workouts["largest_gap_sec"], 0),
        "quality": _rounded(workouts["quality"], 3),
        "usable": workouts["usable"].cast(pl.Int8).to_list(),
        "found": found,
        "topSpeed": [round(float(top), 3) for top in drawn.top_speed_mps],
        "low": [round(float(low), 1) for low in drawn.low_m],
        "high": [round(float(high), 1) for high in drawn.high_m],
        "series": base64.b64encode(drawn.series.tobytes()).decode(),
    }


def _numbered(words: pl.Series) -> tuple[list[str], list[int]]:
    known = words.unique().sort().to_list()
    place = {word: i for i, word in enumerate(known)}
    return known, [place[word] for word in words]


def _rounded(values: pl.Series, digits: int) -> list[float | int | None]:
    """To so many digits; whole numbers without a point, and null for what is no number."""
    rounded = values.cast(pl.Float64).fill_nan(None).round(digits)
    return (rounded.cast(pl.Int64) if digits == 0 else rounded).to_list()


def _found(workouts: pl.DataFrame, findings: pl.DataFrame | None) -> tuple[list[str], list[Any]]:
    """The rules, and for each workout what they found: rule, seconds, whether as a whole, example; or 0."""
    if findings is None or findings.is_empty():
        return [], [0] * workouts.height
    here = findings.join(workouts.select("workout_id"), on="workout_id", how="semi")
    rules = here["rule"].unique().sort().to_list()
    place = {rule: i for i, rule in enumerate(rules)}
    of: dict[str, list[Any]] = {}
    ranked = here.sort("whole_workout", "seconds", "rule", descending=[True, True, False])
    for row in ranked.iter_rows(named=True):
        said = of.setdefault(row["workout_id"], [])
        if len(said) < _FINDINGS_SHOWN:
            said.append([place[row["rule"]], row["seconds"], int(row["whole_workout"]), row["example"][:160]])
    return rules, [of.get(workout, 0) for workout in workouts["workout_id"]]
