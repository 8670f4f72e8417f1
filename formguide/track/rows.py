"""Rows of performances as one frame, each with the id that follows from what it says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from formguide.schema import dtypes, empty
from formguide.track.tables import Performances, season_of

_SAID_BY = ("athlete_id", "event", "date", "meet", "round", "place", "mark_text")
"""What tells one performance from another."""

_ID_CHARS = 16


def performance_id(row: Mapping[str, Any]) -> str:
    """The id of a performance: the first 16 hex digits of the SHA-256 of what it says."""
    said = "\x1f".join(str(row.get(name)) for name in _SAID_BY)
    return hashlib.sha256(said.encode()).hexdigest()[:_ID_CHARS]


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows as the Performances table, in its order of columns.

    A row names at least athlete, event, mark, date and label as the table does; season and id follow from
    them, what it leaves out is null, and an identity that nobody doubts is certain. Rows that say the same
    are one.
    """
    found = {}
    for row in rows:
        key = performance_id(row)
        found[key] = {
            "identity_confidence": 1.0,
            **row,
            "performance_id": key,
            "season": season_of(row["date"], row["label"]),
        }
    if not found:
        return empty(Performances)
    return pl.DataFrame(list(found.values()), schema=dtypes(Performances), orient="row")
