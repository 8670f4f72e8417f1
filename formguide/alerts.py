"""What went wrong, kept where people look for it: a log in the lake that no later run overwrites."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import dataframely as dy
import polars as pl

from formguide.lake import Lake, Written
from formguide.schema import Table, dtypes

PLATFORM = "platform"


class RunFailures(Table):
    """One row per step that failed."""

    sport: ClassVar[str] = PLATFORM
    name: ClassVar[str] = "run_failures"
    description: ClassVar[str] = "Runs that failed: which step of which run, when, and why."

    run_id = dy.String(
        nullable=False, primary_key=True, metadata={"doc": "Id of the run, as the UI shows it"}
    )
    step = dy.String(
        nullable=False, primary_key=True, metadata={"doc": "What failed; empty if the run itself did"}
    )
    failed_at = dy.Datetime(nullable=False, time_unit="ms", metadata={"doc": "When (UTC)"})
    job = dy.String(nullable=False, metadata={"doc": "Name of the job"})
    reason = dy.String(nullable=False, metadata={"doc": "The error, in one line"})


def record_failure(
    lake: Lake, run_id: str, job: str, failed_at: datetime, reasons: Mapping[str, str]
) -> Written:
    """Adds a failed run to the log; `reasons` maps each failed step to its error."""
    rows = [
        (run_id, step, failed_at, job, " ".join(reason.split())) for step, reason in sorted(reasons.items())
    ]
    return lake.append_log(
        PLATFORM, pl.DataFrame(rows, schema=dtypes(RunFailures), orient="row"), RunFailures
    )
