"""Who it was: starts given to athletes in the order in which they became known.

The source's contact id is not always one person, and one person may hold two. Each start is given to an
athlete by what was known before its day and by what the entries of the day say (id, name, gender, country,
age group), so that neither later results nor its own ever change to whom it belongs:

- An athlete of the same contact id takes the start, unless it cannot be: another gender, an age group that
  the athlete cannot be in (ages more than a year apart), or two names on one day. Then the id is somebody
  else's as well, who begins there (`split_…`).
- A start under a new id, or under none, goes to an athlete of the same name, gender and country and of an
  age that fits to the year, if there is exactly one, only one athlete of the name is known, and nobody else
  asks on that day (`name_…`).
- Everybody else begins there (`first`). So does every relay team: a team is no athlete.

A race without a date may have been on any day of its year. It is forecast from what was known on New Year's
Day, and its starts are given to the athletes of that day too; what they say counts from the year's end on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from formguide.triathlon._identity_kernel import give
from formguide.triathlon.tables import GENDERS, IDENTITIES, RELAY

_ORDER = ("known_on", "race_id", "line")
_ENTRY = (
    "contact_id",
    "athlete",
    "gender",
    "country",
    "division",
    "age_low",
    "age_high",
    "race_id",
    "result_id",
)
"""What orders the starts of one day: nothing that came of them."""


@dataclass(frozen=True)
class Identities:
    """The records in the order in which they became known, with `athlete_id` and `identity`; `counts`: how
    often each decision was made."""

    records: pl.DataFrame
    counts: dict[str, int]


def identify(records: pl.DataFrame) -> Identities:
    """Gives every start (`RaceRecords`, of all years that there are) to an athlete."""
    frame = records.sort(_ORDER)
    if frame.is_empty():
        none = frame.with_columns(
            pl.lit(None, pl.Enum(IDENTITIES)).alias("identity"), pl.lit("", pl.String).alias("athlete_id")
        )
        return Identities(none, dict.fromkeys(IDENTITIES, 0))
    undated = pl.col("race_on").is_null()
    frame = frame.with_columns(
        pl.when(undated).then(pl.lit("race ") + pl.col("race_id")).otherwise(pl.lit("")).alias("_undated")
    ).sort("known_on", "_undated", *_ENTRY)
    entry = frame.select(
        pl.col("gender")
        .replace_strict(dict(zip(GENDERS, (0, 1), strict=True)), default=-1, return_dtype=pl.Int64)
        .fill_null(-1),
        _code("country"),
        _code("athlete"),
        (pl.col("year") - pl.col("age_high")).fill_null(_UNBORN).cast(pl.Int64).alias("from"),
        (pl.col("year") - pl.col("age_low")).fill_null(-_UNBORN).cast(pl.Int64).alias("to"),
    )
    person, how, begins, ordinal = give(
        frame.select(_code("contact_id")).to_series().to_numpy(),
        np.ascontiguousarray(entry.to_numpy()),
        frame["known_on"].dt.year().cast(pl.Int64).to_numpy(),
        frame.select(pl.struct("known_on", "_undated").rank("dense").cast(pl.Int64)).to_series().to_numpy(),
        frame["race_on"].is_not_null().to_numpy(),
        (frame["category"] == RELAY).to_numpy(),
    )
    frame = frame.with_columns(
        pl.Series("person", person),
        pl.Series("identity", [IDENTITIES[code] for code in how], dtype=pl.Enum(IDENTITIES)),
        pl.Series("begins", begins),
        pl.Series("ordinal", ordinal),
    )
    began = frame.filter("begins").select("person", _name().alias("athlete_id"))
    named = (
        frame.join(began, on="person", how="left", maintain_order="left", validate="m:1")
        .drop("person", "begins", "ordinal", "_undated")
        .sort(_ORDER)
    )
    counted = {name: int(n) for name, n in named.group_by("identity").len().iter_rows()}
    return Identities(named, {name: counted.get(name, 0) for name in IDENTITIES})


def _name() -> pl.Expr:
    """How an athlete is called who begins with a start: by its contact id, and what follows it where the
    id is somebody's already; a start without an id names its athlete itself."""
    contact, ordinal = pl.col("contact_id"), pl.col("ordinal")
    return (
        pl.when(contact.is_null() | (ordinal == 0))
        .then(pl.format("start:{}", pl.col("result_id")))
        .when(ordinal == 1)
        .then(contact)
        .otherwise(pl.format("{}~{}", contact, ordinal))
    )


_UNBORN = -9999
"""Before which year nobody was born; where an age group is not known, its athlete may be of any age."""


def _code(column: str) -> pl.Expr:
    """Texts as numbers from 0; -1 where there is none."""
    return (pl.col(column).rank("dense").cast(pl.Int64) - 1).fill_null(-1)
