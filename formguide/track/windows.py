"""Windows over the seasons: what was known of an athlete in an event when a season began, and what came of
it.

A target is an athlete's season in an event of which he has an earlier season's peak under the same label
(indoor after indoor, outdoor after outdoor). Its window is made as of the season's first day: the last K = 4
seasons of the event family, whatever their label, the peaks so far, age and class. A season without marks is
a gap in time, no bad season. What a window holds is dated before its `as_of`, and its label, the peak that
came, is a column of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import ClassVar

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.schema import Table, dtypes, empty
from formguide.track.sequences import FAMILY_KEY, OPENING, SeasonSequences
from formguide.track.tables import FIRST_INDOOR_MONTH, GENDERS, INDOOR, LABELS, SPORT, season_start

SEASONS_BACK = 4
"""Seasons of the family that a window reaches back."""

WINDOW_KEY = ("athlete_id", "gender", "event", "season", "label")
_DAYS_IN_YEAR = 365.2425
_LAST_CLASS_YEAR = 8


class Windows(Table):
    """One row per athlete, event and season that follows a season of the same label in that event."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "windows"
    description: ClassVar[str] = (
        "What was known of an athlete's event on a season's first day, and the peak that came."
    )

    athlete_id = dy.String(nullable=False, primary_key=True, metadata={"doc": "Athlete"})
    gender = dy.Enum(list(GENDERS), nullable=False, primary_key=True, metadata={"doc": "Whose competition"})
    event = dy.String(nullable=False, primary_key=True, metadata={"doc": "Event"})
    season = dy.Int32(nullable=False, primary_key=True, metadata={"doc": "Year of the season asked for"})
    label = dy.Enum(list(LABELS), nullable=False, primary_key=True, metadata={"doc": "Indoor or Outdoor"})
    family = dy.String(nullable=False, metadata={"doc": "Event family"})
    unit = dy.Enum(["sec", "m", "points"], nullable=False, metadata={"doc": "Unit of the marks"})
    as_of = dy.Date(nullable=False, metadata={"doc": "First day of the season: all else is dated before it"})
    sequence_ids = dy.List(
        dy.String(nullable=False),
        nullable=False,
        metadata={"doc": "The family's last seasons before as_of, oldest first, as in season_sequences"},
    )
    n_seasons = dy.Int32(
        nullable=False, min=1, metadata={"doc": "Earlier seasons of the event under the label"}
    )
    last_season = dy.Int32(nullable=False, metadata={"doc": "The last of them"})
    last_peak = dy.Float64(nullable=False, min_exclusive=0.0, metadata={"doc": "Its peak in `unit`"})
    last_peak_date = dy.Date(nullable=False, metadata={"doc": "Day of that peak"})
    previous_peak = dy.Float64(
        nullable=True, min_exclusive=0.0, metadata={"doc": "Peak of the one before it"}
    )
    best_peak = dy.Float64(nullable=False, min_exclusive=0.0, metadata={"doc": "Best peak of them all"})
    last_wind_aided = dy.Bool(nullable=False, metadata={"doc": "Every mark of the last had too much wind"})
    last_n_marks = dy.Int32(nullable=False, min=1, metadata={"doc": "Marks in the last"})
    last_second = dy.Float64(
        nullable=True, min_exclusive=0.0, metadata={"doc": "Second best mark of the last"}
    )
    last_median = dy.Float64(nullable=False, min_exclusive=0.0, metadata={"doc": "Median mark of the last"})
    age_years = dy.Float64(nullable=True, min=0.0, metadata={"doc": "Age at as_of"})
    class_year = dy.Int8(
        nullable=True,
        min=1,
        max=8,
        metadata={"doc": "Class year expected in the season: the last told, moved on"},
    )
    peak = dy.Float64(
        nullable=True, min_exclusive=0.0, metadata={"doc": "Label: the season's peak; null if to come"}
    )
    peak_wind_aided = dy.Bool(nullable=True, metadata={"doc": "Of the label: every mark had too much wind"})
    fingerprint = dy.String(nullable=False, metadata={"doc": "Hash of the inputs and the label"})


def season_windows(
    peaks: pl.DataFrame, sequences: SeasonSequences, seasons_back: int = SEASONS_BACK
) -> pl.DataFrame:
    """The `Windows` of every target among `SeasonPeaks`, in the order of their key.

    Peaks of toplists (`complete` false) are neither targets nor history. The sequences must reach back as far
    as the peaks do; a window over a target without any known sequence is not made.
    """
    whole = peaks.filter(pl.col("complete")).with_columns(asked=pl.lit(True))
    return _windows(whole, sequences, seasons_back)


def windows_ahead(
    peaks: pl.DataFrame,
    sequences: SeasonSequences,
    season: int,
    label: str,
    active_within: int = 2,
    seasons_back: int = SEASONS_BACK,
) -> pl.DataFrame:
    """The `Windows` of a season that is still to come (`peak` null): one per athlete and event with a peak
    under the label in one of the `active_within` seasons before it. Whatever is dated on or after its first
    day is not used.
    """
    before = pl.col("last_date") < season_start(season, label)
    earlier = peaks.filter(
        pl.col("complete") & before & (pl.col("label") == label) & (pl.col("season") < season)
    )
    active = earlier.filter(pl.col("season") >= season - active_within)
    who = active.select("athlete_id", "gender", "event").unique()
    asked = (
        earlier.join(who, on=["athlete_id", "gender", "event"], how="semi")
        .group_by("athlete_id", "gender", "event")
        .agg(pl.col("family", "unit").first(), pl.col("birth_date").min())
        .with_columns(
            season=pl.lit(season, pl.Int32), label=pl.lit(label, pl.Enum(list(LABELS))), asked=pl.lit(True)
        )
    )
    history = earlier.with_columns(asked=pl.lit(False))
    return _windows(pl.concat([history, asked], how="diagonal"), sequences, seasons_back)


@dataclass(frozen=True)
class WindowChanges:
    """How new windows stand to those made before: as they were, with another input or label, or new; and
    gone.
    """

    carried: int
    changed: int
    added: int
    removed: int


def window_changes(made: pl.DataFrame, previous: pl.DataFrame) -> WindowChanges:
    """Counts, by fingerprint, of which of `made` are those of `previous`."""
    key = list(WINDOW_KEY)
    both = made.select(*key, "fingerprint").join(
        previous.select(*key, pl.col("fingerprint").alias("was")), on=key
    )
    carried = both.filter(pl.col("fingerprint") == pl.col("was")).height
    return WindowChanges(
        carried, both.height - carried, made.height - both.height, previous.height - both.height
    )


def _windows(rows: pl.DataFrame, sequences: SeasonSequences, seasons_back: int) -> pl.DataFrame:
    """Windows of the rows that are `asked`; the other rows are history only."""
    if rows.is_empty():
        return empty(Windows)
    line = ["athlete_id", "gender", "event", "label"]
    worth = pl.when(pl.col("unit") == "sec").then(-pl.col("peak")).otherwise(pl.col("peak"))
    before = {
        "last_season": pl.col("season"),
        "last_peak": pl.col("peak"),
        "last_peak_date": pl.col("peak_date"),
        "last_wind_aided": pl.col("wind_aided"),
        "last_n_marks": pl.col("n_marks"),
        "last_second": pl.col("second"),
        "last_median": pl.col("median"),
        "last_date_": pl.col("last_date"),
        "best_peak": worth.cum_max().abs(),
        "born": pl.col("birth_date").forward_fill(),
        "class_then": pl.col("class_year").forward_fill(),
        "class_season": pl.when(pl.col("class_year").is_not_null()).then(pl.col("season")).forward_fill(),
    }
    frame = (
        rows.sort([*line, "season"])
        .with_columns(_as_of())
        .with_columns(
            previous_peak=pl.col("peak").shift(2).over(line),
            n_seasons=pl.int_range(pl.len(), dtype=pl.Int32).over(line),
            **{name: made.shift(1).over(line) for name, made in before.items()},
        )
        .filter(pl.col("asked") & (pl.col("n_seasons") > 0) & (pl.col("last_date_") < pl.col("as_of")))
    )
    age = (pl.col("as_of") - pl.col("born")).dt.total_days() / _DAYS_IN_YEAR
    expected = pl.col("class_then") + (pl.col("season") - pl.col("class_season"))
    frame = frame.with_columns(
        age_years=pl.when(age >= 0).then(age),
        class_year=pl.when(expected <= _LAST_CLASS_YEAR).then(expected).cast(pl.Int8),
        peak_wind_aided="wind_aided",
    )
    frame = frame.join(_known_sequences(frame, sequences.table, seasons_back), on=list(WINDOW_KEY))
    frame = frame.select(c for c in dtypes(Windows) if c != "fingerprint").sort(WINDOW_KEY)
    return frame.with_columns(fingerprint=_fingerprints(frame))


def _as_of() -> pl.Expr:
    indoor = pl.col("label") == INDOOR
    year = pl.when(indoor).then(pl.col("season") - 1).otherwise(pl.col("season"))
    return pl.date(year, pl.when(indoor).then(FIRST_INDOOR_MONTH).otherwise(1), 1).alias("as_of")


def _known_sequences(targets: pl.DataFrame, sequences: pl.DataFrame, seasons_back: int) -> pl.DataFrame:
    """Per target the last `seasons_back` sequences of its family that end before its as_of, whole where
    known.
    """
    known = sequences.select(
        *FAMILY_KEY,
        "sequence_id",
        "last_date",
        is_whole=pl.col("part") != OPENING,
        place=2 * pl.col("season") + (pl.col("label") != INDOOR).cast(pl.Int32),
    )
    asked = targets.select(*FAMILY_KEY, "as_of").unique(maintain_order=True)
    at = [*FAMILY_KEY, "as_of"]
    found = (
        asked.join(known, on=list(FAMILY_KEY))
        .filter(pl.col("last_date") < pl.col("as_of"))
        .sort([*at, "place", "is_whole"])
        .unique(subset=[*at, "place"], keep="last", maintain_order=True)
        .group_by(at, maintain_order=True)
        .agg(pl.col("sequence_id").tail(seasons_back).alias("sequence_ids"))
    )
    return (
        targets.select(*WINDOW_KEY, "family", "as_of").join(found, on=at).select(*WINDOW_KEY, "sequence_ids")
    )


def _fingerprints(windows: pl.DataFrame) -> pl.Series:
    columns = [
        pl.col("sequence_ids").list.join(" ") if name == "sequence_ids" else pl.col(name).cast(pl.String)
        for name in windows.columns
    ]
    text = windows.select(pl.concat_str([c.fill_null("-") for c in columns], separator="\x1f")).to_series()
    return pl.Series(
        [blake2b(t.encode(), digest_size=8).hexdigest() for t in text.to_list()], dtype=pl.String
    )


@dataclass(frozen=True)
class WindowArrays:
    """Windows with the sequences they point to, as a model takes them.

    table: `Windows`, [n]; sequences: the S that any of them uses, each once; season_index: row numbers into
    `sequences`, oldest season first, -1 behind the last, [n, K].
    """

    table: pl.DataFrame
    sequences: SeasonSequences
    season_index: NDArray[np.int64]

    def __len__(self) -> int:
        return self.table.height

    @property
    def n_known(self) -> NDArray[np.int64]:
        """Seasons in each window, [n]."""
        return np.asarray((self.season_index >= 0).sum(axis=1), dtype=np.int64)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> WindowArrays:
        """The windows of the given row numbers, or of the rows that are true; the sequences stay."""
        chosen = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return WindowArrays(self.table[chosen], self.sequences, self.season_index[chosen])


def window_arrays(
    windows: pl.DataFrame, sequences: SeasonSequences, seasons_back: int = SEASONS_BACK
) -> WindowArrays:
    """The windows and their sequences as arrays; raises ValueError if a sequence is not among those given."""
    order = {name: row for row, name in enumerate(sequences.table["sequence_id"].to_list())}
    lists = windows["sequence_ids"].to_list()
    index = np.full((len(lists), seasons_back), -1, dtype=np.int64)
    for row, names in enumerate(lists):
        kept = names[-seasons_back:]
        try:
            index[row, : len(kept)] = [order[name] for name in kept]
        except KeyError as error:
            raise ValueError(f"a window points to the season sequence {error}, which is not there") from None
    used, renumbered = np.unique(index, return_inverse=True)
    padded = int(used.size > 0 and used[0] < 0)
    return WindowArrays(windows, sequences.take(used[padded:]), renumbered.reshape(index.shape) - padded)
