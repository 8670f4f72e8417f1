"""Columns of tables, declared with what they hold: `text("Name of the park")`, `number("…", null=True)`."""

from __future__ import annotations

import dataframely as dy


def text(doc: str, *, null: bool = False, key: bool = False) -> dy.String:
    """A text."""
    return dy.String(primary_key=key, nullable=null, metadata={"doc": doc})


def identifier(doc: str, *, null: bool = False, key: bool = False) -> dy.Int64:
    """A source's number for something, from 1."""
    return dy.Int64(primary_key=key, nullable=null, min=1, metadata={"doc": doc})


def whole(
    doc: str, *, null: bool = False, key: bool = False, least: int | None = 0, most: int | None = None
) -> dy.Int32:
    """A whole number, from 0 unless told otherwise."""
    return dy.Int32(primary_key=key, nullable=null, min=least, max=most, metadata={"doc": doc})


def number(
    doc: str, *, null: bool = False, key: bool = False, least: float | None = None, most: float | None = None
) -> dy.Float64:
    """A number; its unit belongs into the column's name."""
    return dy.Float64(primary_key=key, nullable=null, min=least, max=most, metadata={"doc": doc})


def probability(doc: str, *, null: bool = False) -> dy.Float64:
    """A number from 0 to 1, give or take what rounding leaves of a sum."""
    return number(doc, null=null, least=-1e-9, most=1 + 1e-9)


def flag(doc: str, *, null: bool = False) -> dy.Bool:
    """True or false."""
    return dy.Bool(nullable=null, metadata={"doc": doc})


def day(doc: str, *, null: bool = False, key: bool = False) -> dy.Date:
    """A date."""
    return dy.Date(primary_key=key, nullable=null, metadata={"doc": doc})


def moment(doc: str, *, null: bool = False, key: bool = False) -> dy.Datetime:
    """A moment in naive UTC, to the millisecond."""
    return dy.Datetime(primary_key=key, nullable=null, time_unit="ms", metadata={"doc": doc})
