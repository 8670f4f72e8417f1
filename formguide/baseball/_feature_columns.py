"""Columns of a frame as compiled code reads them, ids as places in tables, rows by date.

Nothing is copied that need not be: a column's values and the bits that say which are null are read where
polars holds them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
import polars as pl

F = TypeVar("F", bound=Callable[..., Any])


class Column(NamedTuple):
    """A column as it lies in memory: no values at all where the source has none.

    ``valid``: one bit per value, empty where none is null. ``shift``: how many bits to skip in front (a truth
    value's own bits, in ``values``, are skipped likewise).
    """

    values: np.ndarray
    valid: np.ndarray
    shift: int


class Ids(NamedTuple):
    """The ids by code, and a hash table (its size a power of two) of the codes."""

    key: np.ndarray
    table: np.ndarray


class Days(NamedTuple):
    """Rows by date: those of ``day[k]`` are ``order[start[k]:start[k + 1]]``."""

    order: np.ndarray
    day: np.ndarray
    start: np.ndarray


def compiled(function: F) -> F:
    """``numba.njit`` with an on-disk cache, keeping the type of the function."""
    return cast(F, numba.njit(cache=True, error_model="numpy")(function))


@compiled
def _has(column: Column, i: int) -> bool:
    if column.valid.size == 0:
        return True
    i += column.shift
    return bool((column.valid[i >> 3] >> (i & 7)) & 1)


@compiled
def _slot(table: np.ndarray, keys: np.ndarray, key: int) -> int:
    """Where in the table the key is, or where it would be."""
    mask = table.size - 1
    at = int((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)) & mask
    while table[at] >= 0 and keys[table[at]] != key:
        at = (at + 1) & mask
    return at


@compiled
def encode(ids: Column, rows: int) -> tuple[np.ndarray, Ids]:
    """Codes from 0 in the order of first appearance, -1 for null (and below 0), and how to look them up."""
    codes = np.full(rows, -1, np.int32)
    table = np.full(1 << 12, -1, np.int32)
    keys = np.empty(table.size, np.int64)
    known, before, code = 0, -1, -1
    for i in range(ids.values.size):
        key = ids.values[i] if _has(ids, i) else -1
        if key == before:
            codes[i] = code
            continue
        before, code = key, -1
        if key < 0:
            continue
        at = _slot(table, keys, key)
        if table[at] < 0:
            keys[known] = key
            table[at] = known
            known += 1
        code = table[at]
        codes[i] = code
        if 2 * known == table.size:
            more = np.empty(2 * table.size, np.int64)
            for other in range(known):
                more[other] = keys[other]
            keys = more
            table = np.full(keys.size, -1, np.int32)
            for other in range(known):
                table[_slot(table, keys, keys[other])] = other
    return codes, Ids(keys[:known].copy(), table)


@compiled
def look_up(ids: Column, rows: int, known: Ids) -> np.ndarray:
    """Codes of ids as `encode` gave them, -1 for an id that it did not see."""
    codes = np.full(rows, -1, np.int32)
    for i in range(ids.values.size):
        key = ids.values[i] if _has(ids, i) else -1
        if key >= 0:
            codes[i] = known.table[_slot(known.table, known.key, key)]
    return codes


@compiled
def pairs(first: np.ndarray, second: np.ndarray, most: int) -> np.ndarray:
    """One number for two codes, of which the second is below `most`; -1 if either is."""
    both = np.empty(first.size, np.int64)
    for i in range(both.size):
        both[i] = np.int64(first[i]) * most + second[i] if first[i] >= 0 and second[i] >= 0 else -1
    return both


@compiled
def by_day(day: np.ndarray) -> Days:
    """The rows in date order, those of a date in the order in which they came."""
    n = day.size
    if n == 0:
        return Days(np.empty(0, np.uint32), np.empty(0, np.int32), np.zeros(1, np.int64))
    low, high = day[0], day[0]
    for i in range(n):
        low, high = min(low, day[i]), max(high, day[i])
    place = np.zeros(np.int64(high) - low + 2, np.int64)
    for i in range(n):
        place[day[i] - low + 1] += 1
    distinct = 0
    for k in range(1, place.size):
        distinct += place[k] > 0
    days = np.empty(distinct, np.int32)
    start = np.empty(distinct + 1, np.int64)
    at = 0
    for k in range(1, place.size):
        if place[k] > 0:
            days[at] = low + k - 1
            start[at] = place[k - 1]
            at += 1
        place[k] += place[k - 1]
    start[distinct] = n
    order = np.empty(n, np.uint32)
    for i in range(n):
        order[place[day[i] - low]] = i
        place[day[i] - low] += 1
    return Days(order, days, start)


# -- columns ---------------------------------------------------------------------------------------


def column(series: pl.Series) -> Column:
    """A column of numbers or truth values where it lies; without values if all of it is null."""
    dtype = _numpy_type(series.dtype)
    if series.null_count() == series.len():
        return Column(frozen(np.empty(0, dtype)), frozen(np.empty(0, np.uint8)), 0)
    array = series.rechunk().to_arrow()
    valid, values = array.buffers()
    held = np.frombuffer(values, dtype)
    if dtype != np.uint8:
        held = held[array.offset : array.offset + len(array)]
    bits = np.empty(0, np.uint8) if array.null_count == 0 else np.frombuffer(valid, np.uint8)
    return Column(frozen(held), frozen(bits), array.offset)


def seats(codes: np.ndarray, nobody: int) -> np.ndarray:
    """Codes as rows of a table (uint32), with `nobody` for -1."""
    return np.minimum(codes.astype(np.int32, copy=False).view(np.uint32), np.uint32(nobody))


def coded(series: pl.Series, known: Sequence[str]) -> np.ndarray:
    """The place of each text in `known` (fewer than 128 texts), -1 for any other and for null."""
    place = series.cast(pl.Enum(known), strict=False).to_physical()
    return place.fill_null(255).to_numpy().view(np.int8)


def coded_runs(series: pl.Series, known: Sequence[str]) -> np.ndarray:
    """The same for a text that is the same for many rows on end, such as the park; any number of texts."""
    runs = series.rle().struct.unnest()
    place = runs["value"].replace_strict(list(known), range(len(known)), default=-1, return_dtype=pl.Int32)
    return np.repeat(place.to_numpy(), runs["len"].to_numpy())


def _numpy_type(dtype: pl.DataType) -> type[np.generic]:
    kinds: dict[pl.DataType, type[np.generic]] = {
        pl.Int32(): np.int32,
        pl.Int64(): np.int64,
        pl.Float64(): np.float64,
        pl.Boolean(): np.uint8,  # eight of them in a byte
    }
    return kinds[dtype]


def frozen(array: np.ndarray) -> np.ndarray:
    """One type of array for the compiler, wherever it came from."""
    array.flags.writeable = False
    return array
