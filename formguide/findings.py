"""What a check of a table found, in words and rows that people can read."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import polars as pl

from formguide import schema
from formguide.schema import Table

SHOWN = 20
"""How many rows of what is wrong are shown."""


@dataclass(frozen=True)
class Finding:
    """Whether something holds, in how many rows it does not, and the rows (or the first of them) that show
    it."""

    passed: bool
    said: str
    count: int = 0
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)


def fits(frame: pl.DataFrame, table: type[Table]) -> Finding:
    """Columns, types, ranges and a unique key are as the table declares."""
    try:
        schema.check(frame, table)
    except schema.TableError as error:
        bad = (
            schema.split(frame, table).bad
            if set(frame.columns) >= set(schema.dtypes(table))
            else frame.head(0)
        )
        return Finding(False, str(error), max(bad.height, 1), bad.head(SHOWN))
    return Finding(True, f"{frame.height} rows fit")


def as_markdown(frame: pl.DataFrame) -> str:
    """A small frame as a markdown table, floats to three decimals."""
    head = "| " + " | ".join(frame.columns) + " |\n|" + " --- |" * frame.width
    rows = ["| " + " | ".join(_cell(value) for value in row) + " |" for row in frame.iter_rows()]
    return "\n".join([head, *rows])


def as_markdown_image(png: bytes, text: str) -> str:
    """A picture as markdown that carries it along."""
    return f"![{text}](data:image/png;base64,{base64.b64encode(png).decode()})"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value).replace("|", "\\|")
