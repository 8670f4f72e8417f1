"""A frame as text: a table to read, CSV or JSON for the next program."""

from __future__ import annotations

import io
import json
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal

import polars as pl

Format = Literal["table", "csv", "json"]


def format_rows(frame: pl.DataFrame, how: Format = "table", width: int | None = None) -> str:
    """The rows as text, ending in a newline.

    table: aligned columns under a header, floats to four decimals, nothing for a null, and the number of
    rows below; wrapped to `width` characters if given. csv: a header and RFC 4180 rows at full precision,
    lists and structs as JSON. json: an array of objects, one per line, dates in ISO 8601, durations in
    seconds, null for what is not a finite number. Raises ValueError on any other `how`.
    """
    match how:
        case "table":
            return _table(frame, width)
        case "csv":
            return frame.with_columns(_flat(column) for column in frame).write_csv()
        case "json":
            rows = [_json({k: _plain(v) for k, v in row.items()}) for row in frame.iter_rows(named=True)]
            return "[" + ",\n ".join(rows) + "]\n"
    raise ValueError(f"format {how!r} is not table, csv or json")


def _table(frame: pl.DataFrame, width: int | None) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, dtype in frame.schema.items():
        table.add_column(Text(name), justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        table.add_row(*(Text(_cell(value)) for value in row))
    out = io.StringIO()
    console = Console(file=out, width=width or 10_000, color_system=None, legacy_windows=False)
    console.print(table)
    rows = "1 row" if frame.height == 1 else f"{frame.height:,} rows"
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return "\n".join([*lines, f"({rows})"]) + "\n"


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.4f}" if math.isfinite(value) else str(value)
        case datetime():
            return value.isoformat(sep=" ", timespec="auto")
        case list() | dict():
            return _json(_plain(value))
        case _:
            return str(value)


def _flat(column: pl.Series) -> pl.Series:
    """The column in a type that CSV can hold."""
    if column.dtype == pl.Duration:
        return column.dt.total_microseconds() / 1e6
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        texts = [None if v is None else _json(_plain(v)) for v in column.to_list()]
        return pl.Series(column.name, texts, dtype=pl.String)
    return column


def _plain(value: Any) -> Any:
    """The value in JSON's own types."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case bytes():
            return value.hex()
        case pl.Series():
            return [_plain(v) for v in value.to_list()]
        case list():
            return [_plain(v) for v in value]
        case dict():
            return {str(k): _plain(v) for k, v in value.items()}
        case _:
            return value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
