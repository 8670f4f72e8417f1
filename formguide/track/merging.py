"""Marks that several files tell: one row each.

A mark is on the athlete's page, again in the event's history below it, on the list of the season's best, and
with whoever else has read the same site. Rows of different files are one mark where athlete, event and mark
are the same, the days at most three apart (a list dates a meet by its last day, a page by its first), the
rounds not different, and not both another day and another meet. The row of a whole career goes before one of
a list, one that knows its round before one that does not; what it lacks is filled in from the others. Where
two files tell different marks of one round of one meet, that is a conflict: the first row stands, and the
conflict is counted and told.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

SAME_MEET_DAYS = 3
"""How many days apart two files may date one meet."""

_ROW, _RANK = "row_", "rank_"
_ATHLETE_EVENT = ["athlete_id", "gender", "event", "season", "label"]
_FILLED = ["team", "class_year", "birth_date", "wind_mps", "wind_legal", "place", "round", "meet"]


class Merged(NamedTuple):
    """rows: one per mark, in the columns that came in; said_twice: how many rows told a mark that another
    told too; conflicts: rows that were left out because a better one tells another mark of the same round."""

    rows: pl.DataFrame
    said_twice: int
    conflicts: pl.DataFrame


def merge(rows: pl.DataFrame, sources: tuple[str, ...]) -> Merged:
    """Makes marks that several files tell one.

    rows: `Performances` with a column `file`; sources: the sources, the best first. Rows of one file are
    never merged unless they say the same of everything that names a mark (`performance_id`).
    """
    ranked = _ranked(rows, sources)
    once = ranked.unique(["performance_id", "file"], keep="first", maintain_order=True)
    pairs = _same_mark(once)
    filled = _filled(once, pairs)
    kept = filled.filter(~pl.col(_ROW).is_in(pairs["other"].implode()))
    kept = kept.unique("performance_id", keep="first", maintain_order=True)
    conflicts = _conflicts(kept)
    kept = kept.filter(~pl.col(_ROW).is_in(conflicts[_ROW].implode()))
    return Merged(kept.drop(_ROW), rows.height - kept.height - conflicts.height, conflicts.drop(_ROW))


def _ranked(rows: pl.DataFrame, sources: tuple[str, ...]) -> pl.DataFrame:
    """The rows with the ones to prefer first, numbered."""
    source = pl.col("source").replace_strict(
        {name: place for place, name in enumerate(sources)}, default=len(sources), return_dtype=pl.Int32
    )
    order = [~pl.col("complete"), pl.col("round").is_null(), source, pl.col("file"), pl.col("performance_id")]
    return rows.sort(order, maintain_order=True).with_row_index(_ROW)


def _same_mark(rows: pl.DataFrame) -> pl.DataFrame:
    """Pairs of rows (`best`, `other`) that tell one mark, the other the less good of the two."""
    key = [*_ATHLETE_EVENT, "cents"]
    names = rows.select(
        _ROW,
        *_ATHLETE_EVENT,
        "date",
        "file",
        round=_round(),
        meet=_meet(),
        cents=(pl.col("mark") * 100).round().cast(pl.Int64),
    )
    shared = names.filter(pl.col("file").n_unique().over(key) > 1)
    both = shared.join(shared, on=key, suffix="_other")
    apart = (pl.col("date") - pl.col("date_other")).dt.total_days().abs()
    rounds = pl.col("round").eq(pl.col("round_other")).fill_null(True)
    meets = pl.col("meet").eq(pl.col("meet_other")).fill_null(True)
    pairs = both.filter(
        (pl.col(_ROW) < pl.col(f"{_ROW}_other"))
        & (pl.col("file") != pl.col("file_other"))
        & (apart <= SAME_MEET_DAYS)
        & rounds
        & (meets | (apart == 0))
    ).sort(f"{_ROW}_other", _ROW)
    return (
        pairs.unique(f"{_ROW}_other", keep="first", maintain_order=True)
        .select(pl.col(_ROW).alias("best"), pl.col(f"{_ROW}_other").alias("other"))
        .sort("best", "other")
    )


def _round() -> pl.Expr:
    """A round by its first letter: F and Final are one."""
    return pl.col("round").str.slice(0, 1).str.to_uppercase()


def _meet() -> pl.Expr:
    """A meet's name without what is only writing."""
    return pl.col("meet").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")


def _filled(rows: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """The rows with what they lack filled in from those that tell the same mark."""
    if pairs.is_empty():
        return rows
    more = pairs.join(rows.select(pl.col(_ROW).alias("other"), *_FILLED), on="other")
    more = more.group_by("best", maintain_order=True).agg(
        pl.col(column).drop_nulls().first() for column in _FILLED
    )
    joined = rows.join(more, left_on=_ROW, right_on="best", how="left", suffix="_more", maintain_order="left")
    return joined.with_columns(pl.coalesce(column, f"{column}_more") for column in _FILLED).select(
        rows.columns
    )


def _conflicts(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that tell another mark of a round of a meet than a better row of another file does."""
    known = rows.filter(pl.col("meet").is_not_null() & pl.col("round").is_not_null())
    key = [*_ATHLETE_EVENT, "date", "meet_key", "round_key"]
    keyed = known.with_columns(meet_key=_meet(), round_key=_round())
    return keyed.filter(pl.col("file") != pl.col("file").first().over(key)).select(rows.columns)
