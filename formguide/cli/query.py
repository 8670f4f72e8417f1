"""`formguide sql`: questions to the warehouse."""

from __future__ import annotations

import shutil
import sys
from enum import StrEnum
from typing import Annotated

import typer

from formguide import warehouse
from formguide.cli.base import LakeOption, open_lake
from formguide.show import format_rows


class Format(StrEnum):
    """How rows are written."""

    table = "table"
    csv = "csv"
    json = "json"


def sql(
    query: Annotated[
        str, typer.Argument(help="One SELECT, in DuckDB's SQL. SHOW ALL TABLES lists what there is.")
    ],
    how: Annotated[
        Format, typer.Option("--format", help="table to read, csv or json for the next program.")
    ] = Format.table,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Give up after this many seconds.")
    ] = 60,
    lake: LakeOption = None,
) -> None:
    """Ask the warehouse. It is read-only, and a query reaches nothing outside it.

    A schema per sport, a table per asset: formula1.race_results, formula1.race_forecasts,
    formula1.forecast_scorecard, …
    """
    rows = warehouse.query(open_lake(lake), query, timeout_sec=timeout)
    width = shutil.get_terminal_size().columns if how is Format.table and sys.stdout.isatty() else None
    sys.stdout.write(format_rows(rows, how.value, width))
