"""What must hold of track's tables before a model may use them, as findings that people can read.

Every check looks at what lies in the lake, not at what was just computed.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from formguide.findings import SHOWN, Finding
from formguide.lake import Lake
from formguide.track.arrivals import SPORT
from formguide.track.peaks import PEAK_KEY
from formguide.track.records import MARGIN, beyond_record
from formguide.track.tables import FIRST_INDOOR_MONTH, INDOOR, Performances

_SLOWEST = 6.0
"""How many times the best ever a race may take; a hammer or a jump may be as short as it likes."""

_FAR = 0.35
"""How far, in log speed, distance or points, a forecast may be from the last peak."""

_COVERAGE = (0.77, 0.83)
"""Between which shares the 80 % interval ought to cover."""

_ODD = 0.005
"""Which share of a season's rows may look odd before it is told."""


def every_row_accounted_for(lake: Lake, seasons: Iterable[int]) -> Finding:
    """Every row that a file holds, by its own count, is a performance, no mark, no individual event or set
    aside."""
    files: dict[str, dict[str, int]] = {}
    for season in seasons:
        manifest = lake.manifest(SPORT, Performances.name, str(season))
        files |= (manifest.extra.get("files") or {}) if manifest else {}
    rows = pl.DataFrame(
        [
            (name, said["rows"], sum(n for what, n in said.items() if what != "rows"))
            for name, said in sorted(files.items())
        ],
        schema={"file": pl.String, "rows": pl.Int64, "accounted_for": pl.Int64},
        orient="row",
    )
    wrong = rows.filter(pl.col("rows") != pl.col("accounted_for"))
    said = f"{rows['rows'].sum()} rows of {rows.height} files, {wrong.height} files whose rows do not add up"
    return Finding(wrong.is_empty(), said, wrong.height, wrong.head(SHOWN))


def marks_in_range(performances: pl.DataFrame) -> Finding:
    """No mark is beyond the best ever done by more than a margin, and no race takes many times as long."""
    found = beyond_record(performances, slowest=_SLOWEST)
    wrong = pl.concat([found.too_good, found.too_slow]).sort("date", "athlete_id", "event", "mark")
    said = (
        f"{performances.height} marks, {found.too_good.height} more than {MARGIN:.0%} beyond the best ever, "
        f"{found.too_slow.height} races of more than {_SLOWEST:g} times the best"
    )
    shown = wrong.select("date", "athlete_id", "event", "mark", "mark_text", "source").head(SHOWN)
    allowed = max(1, int(_ODD * performances.height))
    return Finding(found.too_good.is_empty() and found.too_slow.height <= allowed, said, wrong.height, shown)


def indoor_in_winter(performances: pl.DataFrame) -> Finding:
    """Indoor marks are from November to April, as far as all but a few are concerned."""
    indoor = performances.filter(pl.col("label") == INDOOR)
    month = pl.col("date").dt.month()
    odd = indoor.filter((month > 4) & (month < FIRST_INDOOR_MONTH)).sort("date", "athlete_id", "event")
    said = f"{indoor.height} indoor marks, {odd.height} of them from May to October"
    shown = odd.select("date", "athlete_id", "event", "mark_text", "meet", "source").head(SHOWN)
    return Finding(odd.height <= max(1, 0.02 * indoor.height), said, odd.height, shown)


def one_family_per_event(performances: pl.DataFrame) -> Finding:
    """Every event has one family and one unit."""
    kinds = performances.group_by("event").agg(
        families=pl.col("family").n_unique(), units=pl.col("unit").n_unique()
    )
    wrong = kinds.filter((pl.col("families") > 1) | (pl.col("units") > 1)).sort("event")
    said = f"{kinds.height} events, {wrong.height} of more than one family or unit"
    return Finding(wrong.is_empty(), said, wrong.height, wrong.head(SHOWN))


def peaks_are_the_best(peaks: pl.DataFrame, performances: pl.DataFrame) -> Finding:
    """Every season peak is one of the season's marks, and none of the season's legal marks is better."""
    key = list(PEAK_KEY)
    legal = pl.coalesce(pl.col("wind_legal"), pl.col("wind_mps") <= 2.0, pl.lit(True))
    lower = pl.col("unit").first() == "sec"
    mark = pl.col("mark")
    best = performances.group_by(key).agg(
        best_legal=pl.when(lower).then(mark.filter(legal).min()).otherwise(mark.filter(legal).max()),
        best_any=pl.when(lower).then(mark.min()).otherwise(mark.max()),
        unit=pl.col("unit").first(),
    )
    both = peaks.select(*key, "peak").join(best, on=key, how="full", coalesce=True, nulls_equal=True)
    expected = pl.coalesce("best_legal", "best_any")
    wrong = both.filter(~pl.col("peak").eq(expected).fill_null(False)).sort(key)
    said = f"{peaks.height} peaks, {wrong.height} that are not the season's best mark"
    return Finding(wrong.is_empty(), said, wrong.height, wrong.head(SHOWN))


def nothing_from_later(windows: pl.DataFrame, sequences: pl.DataFrame) -> Finding:
    """No window leans on a mark of its `as_of` or later, in its last peak or in its sequences."""
    dated = windows.explode("sequence_ids").join(
        sequences.select(sequence_ids="sequence_id", known_after="last_date"), on="sequence_ids", how="left"
    )
    late = dated.filter(
        (pl.col("last_peak_date") >= pl.col("as_of"))
        | (pl.col("known_after") >= pl.col("as_of"))
        | (pl.col("known_after").is_null() & pl.col("sequence_ids").is_not_null())
    )
    shown = late.select(*PEAK_KEY, "as_of", "last_peak_date", "known_after").unique().sort(PEAK_KEY)
    said = f"{windows.height} windows, {shown.height} that lean on what came later or is not there"
    return Finding(shown.is_empty(), said, shown.height, shown.head(SHOWN))


def intervals_in_order(forecasts: pl.DataFrame) -> Finding:
    """Every forecast lies inside its interval, whose worse end is worse than its better, and near to what the
    athlete has done."""
    better = pl.when(pl.col("unit") == "sec").then(-1.0).otherwise(1.0)
    worth = [better * pl.col(name) for name in ("low", "median", "high")]
    ordered = (worth[0] <= worth[1]) & (worth[1] <= worth[2])
    far = (pl.col("median") / pl.col("last")).log().abs() > _FAR
    wrong = forecasts.filter(~ordered | far).sort("athlete_id", "event", "label")
    shown = wrong.select("athlete_id", "event", "season", "label", "last", "low", "median", "high")
    said = f"{forecasts.height} forecasts, {wrong.height} out of order or far from the last peak"
    return Finding(wrong.is_empty(), said, wrong.height, shown.head(SHOWN))


def intervals_cover(scorecard: pl.DataFrame) -> Finding:
    """Of the peaks that came, 77 to 83 in a hundred lie in the 80 % interval, give or take two standard
    errors."""
    rows = scorecard.filter((pl.col("metric") == "coverage_80") & (pl.col("event_group") == "all"))
    slack = 2 * pl.col("standard_error").fill_null(1.0)
    low, high = _COVERAGE
    wrong = rows.filter((pl.col("value") < low - slack) | (pl.col("value") > high + slack))
    told = [
        f"{name}: {value:.1%} of {n}" for name, value, n in rows.select("population", "value", "n").rows()
    ]
    said = "; ".join(told) or "nothing has been scored"
    shown = wrong.select("population", "n", "value", "standard_error")
    return Finding(wrong.is_empty(), said, wrong.height, shown)
