"""From files to results: what the sources say of a season, merged into the canonical table.

Every file is read by itself (`readings`); a season is put together from the rows that fall into it. Marks
that several files tell are one row (`merging`), and a mark far beyond anything ever done is set aside: nobody
runs 100 m in 8 seconds, but a page may put a mark under the wrong event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from formguide.records import Reject, set_aside
from formguide.schema import dtypes
from formguide.track.identity import NAMED
from formguide.track.merging import merge
from formguide.track.naming import who_is_who
from formguide.track.readings import Readings
from formguide.track.records import MARGIN, beyond_record
from formguide.track.tables import Performances

PREFERENCE = ("tfrrs", "openath", "qnolan", "lukejsd", "csv")
"""The sources, the one to believe first."""

_SHOWN = 20
"""How many conflicts are told in words."""


@dataclass(frozen=True)
class Season:
    """A season's performances, what was set aside, and what came up on the way."""

    season: int
    performances: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


def build_season(season: int, readings: Readings, names: pl.DataFrame) -> Season:
    """A season's performances from what its files say. Never raises for bad input.

    names: who was named in earlier seasons (see `naming`). What is wrong with a file as a whole is told with
    the last season that it speaks of.
    """
    rows = readings.rows.filter(pl.col("season") == season)
    found = beyond_record(who_is_who(rows, names))
    rejects = [*readings.told_in(season), *_too_good(found.too_good)]
    merged = merge(found.rows, PREFERENCE)
    frame = merged.rows.select(dtypes(Performances).keys()).sort(
        "date", "athlete_id", "event", "performance_id"
    )
    facts = {
        "rejects": sorted(str(reject) for reject in rejects),
        "notes": [*readings.notes_in(season), *_told(merged.conflicts)],
        "rows_read": rows.height,
        "named_without_id": int(rows["athlete_id"].str.starts_with(NAMED).sum()),
        "said_twice": merged.said_twice,
        "conflicts": merged.conflicts.height,
        "beyond_the_best_ever": found.too_good.height,
        "files": readings.counts_in(season),
    }
    return Season(season, frame, rejects, facts)


def _too_good(rows: pl.DataFrame) -> list[Reject]:
    """Marks that nobody can have done, set aside."""
    return [
        set_aside(
            row["file"],
            None,
            "mark",
            f"{row['mark_text']} of {row['athlete_id']} in {row['event']} ({row['gender']}, {row['date']}) "
            f"is more than {MARGIN:.0%} beyond the best ever, {row['best_ever']:g} {row['unit']}",
            row,
        )
        for row in rows.sort("file", "performance_id").iter_rows(named=True)
    ]


def _told(conflicts: pl.DataFrame) -> list[str]:
    """The first conflicts in words, and how many more there are."""
    rows = conflicts.sort("date", "athlete_id", "event", "mark").head(_SHOWN)
    said = [
        f"{row['file']}: {row['mark_text']} of {row['athlete_id']}, {row['event']} at {row['meet']} "
        f"({row['date']}, {row['round']}): another file says otherwise"
        for row in rows.iter_rows(named=True)
    ]
    more = conflicts.height - len(said)
    return [*said, f"and {more} more marks on which two files differ"] if more > 0 else said
