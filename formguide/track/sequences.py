"""Performances → season sequences: an athlete's marks of one season and event family, in the order they came.

Of a family's events the one that the athlete did most in that season stands for it (then the one done last,
then by name): 60 and 100 metres are not one scale. A sequence keeps the last 32 marks.

A season has up to two sequences. `whole` is all of it. `opening` is what of it is known when the other
label's next season begins: an outdoor season is forecast on 1 January, in the middle of the indoor one, and
an indoor season on 1 November, when the southern hemisphere's outdoor season has begun. It is there only
where it differs from the whole. So every window over seasons finds a sequence without a mark that it may not
know.

Sequences lie one behind the other in flat arrays, because most seasons are short; `padded` lays out those of
a batch.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, ClassVar

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.schema import Table, dtypes, empty
from formguide.track.peaks import is_legal, season_by_date
from formguide.track.tables import FIRST_INDOOR_MONTH, GENDERS, INDOOR, LABELS, SPORT, Performances

MARKS = 32
"""Marks of a season that are kept, the last ones."""

WHOLE, OPENING = "whole", "opening"
FAMILY_KEY = ("athlete_id", "gender", "family")
SEQUENCE_KEY = (*FAMILY_KEY, "season", "label", "part")

_PARTS = pl.Enum([WHOLE, OPENING])
_TEXTS = ("sequence_id", "athlete_id", "gender", "family", "label", "part", "event", "unit")

Float32s = NDArray[np.float32]


class SequenceKeys(Table):
    """One row per season sequence: whose and which it is, and what a model needs besides its marks."""

    sport: ClassVar[str] = SPORT
    name: ClassVar[str] = "season_sequences"
    description: ClassVar[str] = "The seasons whose marks, in order, are in the arrays beside this table."

    sequence_id = dy.String(
        nullable=False, metadata={"doc": "Hash of whose season it is and of every mark kept"}
    )
    athlete_id = dy.String(nullable=False, primary_key=True, metadata={"doc": "Athlete"})
    gender = dy.Enum(list(GENDERS), nullable=False, primary_key=True, metadata={"doc": "Whose competition"})
    family = dy.String(nullable=False, primary_key=True, metadata={"doc": "Event family"})
    season = dy.Int32(nullable=False, primary_key=True, metadata={"doc": "Year of the season"})
    label = dy.Enum(list(LABELS), nullable=False, primary_key=True, metadata={"doc": "Indoor or Outdoor"})
    part = dy.Enum(
        [WHOLE, OPENING], nullable=False, primary_key=True, metadata={"doc": "Whole season or its opening"}
    )
    event = dy.String(nullable=False, metadata={"doc": "Event used: the family's main event of the season"})
    unit = dy.Enum(["sec", "m", "points"], nullable=False, metadata={"doc": "Unit of the marks"})
    length = dy.Int32(nullable=False, min=1, metadata={"doc": "Marks kept"})
    n_marks = dy.Int32(nullable=False, min=1, metadata={"doc": "Marks in the event used, kept or not"})
    best = dy.Float64(
        nullable=False, min_exclusive=0.0, metadata={"doc": "Peak of the event used, as in season_peaks"}
    )
    first_date = dy.Date(nullable=False, metadata={"doc": "First mark in the event used"})
    last_date = dy.Date(
        nullable=False, metadata={"doc": "Last mark of the family: the sequence is known after it"}
    )


@dataclass(frozen=True)
class SeasonSequences:
    """Sequences as flat arrays: sequence i has the marks start[i] to start[i + 1].

    table: `SequenceKeys`, [S]; start: [S + 1]; value: marks in the event's unit, [T]; gap_days: days since
    the mark before in that event and season, 0 for its first, [T]; wind_mps: wind, NaN where nobody says,
    [T].
    """

    table: pl.DataFrame
    start: NDArray[np.int64]
    value: Float32s
    gap_days: Float32s
    wind_mps: Float32s

    def __len__(self) -> int:
        return self.table.height

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Marks per sequence, [S]."""
        return np.diff(self.start)

    def take(self, rows: NDArray[Any]) -> SeasonSequences:
        """The sequences of the given row numbers, in that order."""
        lengths = self.lengths[rows]
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        flat = np.repeat(self.start[rows] - start[:-1], lengths) + np.arange(start[-1])
        arrays = (a[flat] for a in (self.value, self.gap_days, self.wind_mps))
        return SeasonSequences(self.table[rows], start, *arrays)

    def padded(self, length: int = MARKS, left: bool = False) -> tuple[Float32s, NDArray[np.int64]]:
        """All sequences as [S, length, 3] (value, gap, wind; zeros behind the last mark) and their lengths,
        [S].

        The last `length` marks of longer ones; an unknown wind is 0; `left` puts the zeros before the first
        mark.
        """
        kept = np.minimum(self.lengths, length)
        out = np.zeros((len(self), length, 3), dtype=np.float32)
        row = np.repeat(np.arange(len(self)), kept)
        step = np.arange(kept.sum()) - np.repeat(np.cumsum(kept) - kept, kept)
        flat = np.repeat(self.start[1:] - kept, kept) + step
        place = step + np.repeat(length - kept, kept) if left else step
        for k, array in enumerate((self.value, self.gap_days, np.nan_to_num(self.wind_mps))):
            out[row, place, k] = array[flat]
        return out, kept

    def to_npz(self) -> bytes:
        """The sequences as an npz archive without pickles (`lengths`, `event`, …); equal ones give equal
        bytes.
        """
        texts = {c: self.table[c].cast(pl.String).to_numpy().astype(np.str_) for c in _TEXTS}
        dates = {c: self.table[c].to_physical().to_numpy() for c in ("first_date", "last_date")}
        numbers = {c: self.table[c].to_numpy() for c in ("season", "n_marks", "best")}
        arrays: dict[str, Any] = {
            "lengths": self.lengths.astype(np.int32),
            "value": self.value,
            "gap_days": self.gap_days,
            "wind_mps": self.wind_mps,
        }
        out = io.BytesIO()
        np.savez_compressed(out, **(arrays | texts | dates | numbers))
        return out.getvalue()

    @classmethod
    def from_npz(cls, data: bytes) -> SeasonSequences:
        """What `to_npz` wrote; raises ValueError naming what is missing."""
        with np.load(io.BytesIO(data), allow_pickle=False) as npz:
            arrays = dict(npz)
        declared = dtypes(SequenceKeys)
        arrays["length"] = arrays.get("lengths", np.zeros(0))
        wanted = {*declared, "lengths", "value", "gap_days", "wind_mps"}
        if missing := sorted(wanted - arrays.keys()):
            raise ValueError(f"the season sequences have no {', '.join(missing)}")
        columns = [pl.Series(c, arrays[c]).cast(t) for c, t in declared.items()]
        start = np.concatenate([[0], np.cumsum(arrays["lengths"])]).astype(np.int64)
        return cls(pl.DataFrame(columns), start, arrays["value"], arrays["gap_days"], arrays["wind_mps"])


def season_sequences(performances: pl.DataFrame, length: int = MARKS) -> SeasonSequences:
    """The sequences of any `Performances`, by athlete, gender, family, season, label and part.

    Rows of lists that end at their top N (`complete` false) make no sequence: nobody knows what is missing
    between them.
    """
    frame = performances.filter(pl.col("complete")).with_columns(
        season=season_by_date(), part=pl.lit(WHOLE, _PARTS), legal=is_legal()
    )
    early = frame.filter(pl.col("date") < _opening_ends()).with_columns(part=pl.lit(OPENING, _PARTS))
    season = [*FAMILY_KEY, "season", "label"]
    sizes = frame.group_by(season).agg(pl.len().alias("whole_size"))
    sizes = sizes.join(early.group_by(season).agg(pl.len().alias("size")), on=season)
    early = early.join(sizes.filter(pl.col("size") < pl.col("whole_size")), on=season, how="semi")
    frame = pl.concat([frame, early])
    key = list(SEQUENCE_KEY)
    events = frame.group_by([*key, "event"]).agg(
        pl.len().cast(pl.Int32).alias("n_marks"), pl.col("date").max().alias("until")
    )
    events = events.sort(["n_marks", "until", "event"], descending=[True, True, False])
    main = events.group_by(key).agg(
        pl.col("event", "n_marks").first(), pl.col("until").max().alias("last_date")
    )
    marks = frame.join(main, on=[*key, "event"])
    marks = marks.sort([*key, "date", pl.col("round").fill_null("").str.starts_with("F"), "performance_id"])
    return _sequences(marks, key, length)


def _opening_ends() -> pl.Expr:
    """The first day of the other label's next season, of each row."""
    indoor = pl.col("label") == INDOOR
    month = pl.when(indoor).then(1).otherwise(FIRST_INDOOR_MONTH)
    return pl.date(pl.col("season"), month, 1)


def join_sequences(parts: Iterable[SeasonSequences]) -> SeasonSequences:
    """The sequences of several seasons as one, in the order given."""
    parts = list(parts)
    if not parts:
        return season_sequences(empty(Performances))
    lengths = np.concatenate([p.lengths for p in parts])
    return SeasonSequences(
        pl.concat([p.table for p in parts]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate([p.value for p in parts]),
        np.concatenate([p.gap_days for p in parts]),
        np.concatenate([p.wind_mps for p in parts]),
    )


def _sequences(marks: pl.DataFrame, key: list[str], length: int) -> SeasonSequences:
    gap = (pl.col("date") - pl.col("date").shift(1).over(key)).dt.total_days().fill_null(0)
    worth = pl.when(pl.col("unit") == "sec").then(-pl.col("mark")).otherwise(pl.col("mark"))
    legal = pl.when(pl.col("legal")).then(worth)
    by_season = (
        marks.with_columns(gap=gap)
        .group_by(key, maintain_order=True)
        .agg(
            pl.col("event", "unit", "n_marks", "last_date").first(),
            pl.col("date").first().alias("first_date"),
            legal.max().fill_null(worth.max()).abs().alias("best"),
            pl.col("mark").tail(length),
            pl.col("gap").tail(length),
            pl.col("wind_mps").fill_null(float("nan")).tail(length),
        )
        .with_columns(length=pl.col("mark").list.len().cast(pl.Int32))
    )
    arrays = [
        by_season[c].explode(empty_as_null=False).cast(pl.Float32).to_numpy()
        for c in ("mark", "gap", "wind_mps")
    ]
    start = np.concatenate([[0], np.cumsum(by_season["length"].to_numpy())]).astype(np.int64)
    # Not by its part: what was the whole when it was all there was is the opening once more has come.
    named = by_season.select(*key[:-1], "event", "best", "last_date", "n_marks")
    keyed = by_season.with_columns(sequence_id=_ids(named, start, arrays))
    return SeasonSequences(keyed.select(dtypes(SequenceKeys).keys()), start, *arrays)


def _ids(keys: pl.DataFrame, start: NDArray[np.int64], arrays: list[Float32s]) -> pl.Series:
    """A name for the content of each sequence, equal in every process."""
    texts = keys.select(pl.concat_str(pl.all().cast(pl.String), separator="\x1f")).to_series().to_list()
    flat = np.stack(arrays, axis=1).tobytes()
    width = 4 * len(arrays)
    return pl.Series(
        [
            blake2b(text.encode() + flat[width * a : width * b], digest_size=8).hexdigest()
            for text, a, b in zip(texts, start[:-1].tolist(), start[1:].tolist(), strict=True)
        ],
        dtype=pl.String,
    )
