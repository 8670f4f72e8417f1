"""The honesty rule as code: what was known before a moment, and a way to test that nothing else was used.

A forecast made as of a moment is a function of the records dated before that moment, and of nothing
else. `before` is the one place where "before" is defined; `scramble` changes everything that was not
known, so that a test can forecast again and demand the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import polars as pl

_FINGERPRINT_CHARS = 16
_DAY_MS = 86_400_000


def before(frame: pl.DataFrame, as_of: datetime | date, column: str = "session_at") -> pl.DataFrame:
    """The rows dated strictly before `as_of`, in their order.

    frame: any table with a Datetime (naive UTC) or Date `column`; as_of: naive UTC, or aware (converted).
    On a Date column the unit is the day: whatever happened on the day of `as_of` is left out, whatever
    its hour. Raises ValueError if a row has no date, because nobody can say when it was known.
    """
    _require_dates(frame, column)
    return frame.filter(_known(frame, as_of, column))


def is_before(at: datetime, as_of: datetime) -> bool:
    """Whether what is dated `at` was known at `as_of`: `before` for a single moment, both naive UTC."""
    return at < as_of


def scramble(
    frame: pl.DataFrame,
    as_of: datetime | date,
    seed: int,
    column: str = "session_at",
    keep: Sequence[str] = (),
) -> pl.DataFrame:
    """The frame with everything dated on or after `as_of` made wrong, for time-travel tests.

    Rows before `as_of` are as they were and in their order. Of the others a quarter is dropped, half as
    many again are invented, every column but `keep` is dealt out anew over the rows, numbers are
    shifted, dates moved (never to before `as_of`), and the rows are strewn among the known ones. The
    schema is unchanged; keys may repeat. The same seed gives the same frame.
    """
    _require_dates(frame, column)
    known = _known(frame, as_of, column)
    past, future = frame.filter(known), frame.filter(~known)
    if future.is_empty():
        return frame
    rng = np.random.default_rng(seed)
    kept = future.filter(pl.Series(rng.random(future.height) > 0.25))
    invented = future[rng.integers(0, future.height, size=(future.height + 1) // 2)]
    wrong = pl.concat([kept, invented])
    wrong = wrong.select(s if s.name in keep else _deal(s, rng, fixed=s.name == column) for s in wrong)
    places = np.concatenate([np.arange(past.height), rng.uniform(-1, max(past.height, 1), wrong.height)])
    strewn: pl.DataFrame = pl.concat([past, wrong])[np.argsort(places, kind="stable")]
    return strewn


def fingerprint(*parts: Any) -> str:
    """A short name for the content of `parts`: the first 16 hex digits of a SHA-256.

    Parts are bytes, text, numbers, booleans, None, dates, frames, or lists and mappings of them (a
    mapping's order does not count). Equal content gives the same name in every process; types are told
    apart, so that 1, "1" and True differ. Raises TypeError on anything else.
    """
    digest = hashlib.sha256()
    for part in parts:
        body = _encode(part)
        digest.update(len(body).to_bytes(8, "big"))
        digest.update(body)
    return digest.hexdigest()[:_FINGERPRINT_CHARS]


def compact(frame: pl.DataFrame) -> pl.DataFrame:
    """The same frame, laid out afresh, so that equal frames write equal Parquet bytes.

    A filtered list column keeps the values of the rows that are gone, and the writer cuts its pages by them.
    """
    if any(dtype.is_nested() for dtype in frame.dtypes):
        frame = frame.select(pl.all().gather(pl.int_range(pl.len())))
    return frame.rechunk()


def _require_dates(frame: pl.DataFrame, column: str) -> None:
    if undated := frame[column].null_count():
        raise ValueError(f"{undated} rows have no {column}: nobody can say when they were known")


def _known(frame: pl.DataFrame, as_of: datetime | date, column: str) -> pl.Series:
    dtype = frame.schema[column]
    if isinstance(as_of, datetime) and as_of.tzinfo is not None:
        as_of = as_of.astimezone(UTC).replace(tzinfo=None)
    if dtype == pl.Date:
        day = as_of.date() if isinstance(as_of, datetime) else as_of
        return frame[column] < day
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
        moment = as_of if isinstance(as_of, datetime) else datetime.combine(as_of, time())
        # Compared as microseconds: a cut at 14:00:00.0005 must not be rounded to the column's milliseconds.
        exact = pl.col(column).cast(pl.Datetime("us"))
        return frame.select(exact < pl.lit(moment, pl.Datetime("us"))).to_series()
    raise TypeError(f"{column} is {dtype}; a date must be Date or a naive UTC Datetime")


def _deal(series: pl.Series, rng: np.random.Generator, fixed: bool) -> pl.Series:
    """The values dealt out anew (in place if `fixed`), numbers shifted and dates moved later."""
    dealt = series if fixed else series[rng.permutation(series.len())]
    n, dtype = series.len(), series.dtype
    if dtype.is_float():
        dealt = dealt + pl.Series(rng.normal(0, 1, n))
    elif dtype.is_integer():
        dealt = (dealt.cast(pl.Int64) + pl.Series(rng.integers(0, 3, n))).cast(dtype, strict=False)
    elif dtype == pl.Boolean:
        dealt = dealt ^ pl.Series(rng.random(n) < 0.5)
    elif dtype.is_temporal() and dtype != pl.Time and not isinstance(dtype, pl.Duration):
        dealt = dealt + (pl.Series(rng.integers(0, 30, n)) * _DAY_MS).cast(pl.Duration("ms"))
    return dealt.cast(dtype).alias(series.name)


def _encode(part: Any) -> bytes:
    match part:
        case bytes():
            return b"b" + part
        case str():
            return b"s" + part.encode()
        case pl.DataFrame():
            # Parquet holds no bytes for what a null hides and does not show how a frame was cut up.
            buffer = io.BytesIO()
            compact(part).write_parquet(buffer, compression="uncompressed", statistics=False)
            return b"f" + buffer.getvalue()
        case list() | tuple():
            return b"l" + fingerprint(*part).encode()
        case dict():
            items = sorted((fingerprint(k), fingerprint(v)) for k, v in part.items())
            return b"d" + json.dumps(items).encode()
        case date() | datetime():
            return b"t" + part.isoformat().encode()
        case None | bool() | int() | float() | np.integer() | np.floating() | np.bool_():
            value = part.item() if isinstance(part, np.generic) else part
            return b"n" + repr(value).encode()
        case _:
            raise TypeError(f"cannot fingerprint a {type(part).__name__}")
