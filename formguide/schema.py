"""What a table is: its columns with types, units, ranges and a key, declared once.

A `Table` is a dataframely schema with a sport, a name and a description. The lake checks a frame
against it on every write, the warehouse takes its comments from it, and `split` parts the rows of a
source into those that fit and those that do not, each of the latter with one line saying why.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, NamedTuple, cast

import dataframely as dy
import polars as pl

from formguide.plain import PlainError

_REASONS_SHOWN = 5
_ROW = "row_number_"


class TableError(PlainError, ValueError):
    """A frame does not fit the table it claims to be. The message is one line naming row and field."""


class Table(dy.Schema):
    """Base of every table. Subclasses set the three names below and declare their columns.

    A column is documented by `metadata={"doc": "…"}` (or dataframely's own `description=`), with its
    unit in its name (`total_sec`, `wind_mps`); the columns with `primary_key=True` are the row's key.
    """

    sport: ClassVar[str] = ""
    name: ClassVar[str] = ""
    description: ClassVar[str] = ""


class Split(NamedTuple):
    """The rows of a frame that fit a table (in its column order), and those that do not, with a `reason`."""

    good: pl.DataFrame
    bad: pl.DataFrame


def table_doc(table: type[Table]) -> str:
    """The table's description: its `description`, else the first paragraph of its docstring, on one line."""
    text = table.description or (table.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(text.split())


def column_docs(table: type[Table]) -> dict[str, str]:
    """What each documented column says, on one line, in column order."""
    docs = {}
    for name, column in table.columns().items():
        text = (column.metadata or {}).get("doc") or column.description or ""
        if text:
            docs[name] = " ".join(str(text).split())
    return docs


def key_columns(table: type[Table]) -> list[str]:
    """The columns that name a row."""
    return list(table.primary_key())


def dtypes(table: type[Table]) -> dict[str, pl.DataType]:
    """The polars type of every column, in column order."""
    return dict(_declared(table))


def empty(table: type[Table]) -> pl.DataFrame:
    """A frame of the table's columns and types without a row."""
    return _empty(table).clone()


@cache
def _empty(table: type[Table]) -> pl.DataFrame:
    """Built once: a day at the ballpark asks for it hundreds of times, which took a tenth of its time."""
    return pl.DataFrame(schema=dtypes(table))


def check(frame: pl.DataFrame, table: type[Table]) -> pl.DataFrame:
    """The frame, in the table's column order, if it is exactly the table; raises `TableError` if not.

    Exactly: no column missing or unknown, every type as declared, every rule met.
    """
    declared = dtypes(table)
    missing = [c for c in declared if c not in frame.columns]
    unknown = [c for c in frame.columns if c not in declared]
    if missing or unknown:
        parts = [f"no column {', '.join(missing)}"] if missing else []
        parts += [f"unknown column {', '.join(unknown)}"] if unknown else []
        raise TableError(f"{_label(table)}: {'; '.join(parts)}")
    wrong = [f"{c} is {frame.schema[c]}, not {t}" for c, t in declared.items() if frame.schema[c] != t]
    if wrong:
        raise TableError(f"{_label(table)}: {'; '.join(wrong)}")
    ordered = frame.select(list(declared))
    # Every write asks, and nearly every answer is yes: what is wrong is looked for only where something is.
    if not table.is_valid(ordered):
        bad = split(ordered, table).bad
        raise TableError(f"{_label(table)}: {_some(bad['reason'].to_list())}")
    return ordered


def split(frame: pl.DataFrame, table: type[Table]) -> Split:
    """Parts the rows that fit the table from those that do not.

    Columns the table does not know are dropped, nullable ones that are absent are filled with nulls, and
    values are cast where that loses nothing they say (`"12"` to 12, but `"DNF"` as an integer is a bad row).
    The bad rows keep their values as they came, with a `reason` in one line, such as
    `race_id=2024-monaco, driver_id=lando-norris: points: -1.0 is below 0`. Rows that share a key are all
    bad: which one is right is not for a reader to guess. Raises `TableError` if a required column is absent.
    """
    columns = table.columns()
    declared = dtypes(table)
    absent = [c for c in declared if c not in frame.columns]
    required = [c for c in absent if not columns[c].nullable]
    if required:
        raise TableError(f"{_label(table)}: no column {', '.join(required)}")
    given = frame.with_columns(pl.lit(None, dtype=declared[c]).alias(c) for c in absent)
    given = given.select(list(declared))
    typed = given.select(_cast(c, given.schema[c], t) for c, t in declared.items())
    retyped = [c for c, t in declared.items() if given.schema[c] != t]
    lost = given.select((pl.col(c).is_not_null() & typed[c].is_null()).alias(c) for c in retyped)
    uncast = pl.Series([False] * given.height, dtype=pl.Boolean)
    for column in lost:
        uncast = uncast | column

    numbered = typed.with_columns(pl.int_range(given.height, dtype=pl.Int64).alias(_ROW)).filter(~uncast)
    result, failure = _numbered(table).filter(numbered)
    reasons: dict[int, list[str]] = {}
    for i in uncast.arg_true():
        reasons[i] = [f"{c}: {given[c][i]!r} is not {declared[c]}" for c in lost.columns if lost[c][i]]
    for verdict in failure.details().iter_rows(named=True):
        values = given.row(verdict[_ROW], named=True)
        broken = [rule for rule, says in verdict.items() if says == "invalid" and rule not in declared]
        reasons[verdict[_ROW]] = [_explain(table, values, rule) for rule in broken]

    keys = key_columns(table)
    bad_rows = sorted(reasons)
    texts = [f"{_row_key(given.row(i, named=True), keys, i)}: {'; '.join(reasons[i])}" for i in bad_rows]
    bad = given[bad_rows].with_columns(pl.Series("reason", texts, dtype=pl.String))
    return Split(pl.DataFrame(result).drop(_ROW), bad)


@cache
def _declared(table: type[Table]) -> dict[str, pl.DataType]:
    """The same, asked of dataframely once: small tables are read and written all day long."""
    return dict(table.create_empty().schema)


@cache
def _numbered(table: type[Table]) -> type[Table]:
    """The table with a row number, so that a rejected row can be told from its neighbours."""
    metaclass: Any = type(table)
    return cast("type[Table]", metaclass(table.__name__, (table,), {_ROW: dy.Int64()}))


def _cast(name: str, given: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if given == wanted:
        return column
    if given.is_float() and wanted.is_integer():
        # 3.7 is not an integer that happens to be written long: do not round it.
        column = pl.when(column == column.floor()).then(column)
    return column.cast(wanted, strict=False).alias(name)


def _explain(table: type[Table], values: dict[str, Any], rule: str) -> str:
    """One broken rule in words; a rule without a column is named as the table names it."""
    name, _, kind = rule.partition("|")
    column = table.columns().get(name)
    if rule == "primary_key":
        return f"key ({', '.join(key_columns(table))}) is not unique"
    if column is None or not kind:
        return rule.replace("_", " ")
    said = repr(values[name])
    bound = getattr(column, kind, None)
    words = {
        "nullability": "is missing",
        "min": f"{said} is below {bound}",
        "min_exclusive": f"{said} is not above {bound}",
        "max": f"{said} is above {bound}",
        "max_exclusive": f"{said} is not below {bound}",
        "is_in": f"{said} is not one of {bound}",
        "regex": f"{said} does not look like {bound}",
        "unique": f"{said} is not unique",
        "nan": "is not a number",
        "inf": "is infinite",
    }
    return f"{name}: {words.get(kind, f'{said} breaks {kind}')}"


def _row_key(values: dict[str, Any], keys: list[str], index: int) -> str:
    return ", ".join(f"{k}={values[k]}" for k in keys) if keys else f"row {index + 1}"


def _label(table: type[Table]) -> str:
    return "/".join(part for part in (table.sport, table.name or table.__name__) if part)


def _some(reasons: list[str]) -> str:
    more = len(reasons) - _REASONS_SHOWN
    return "; ".join(reasons[:_REASONS_SHOWN]) + (f"; and {more} more rows" if more > 0 else "")
