"""Who it was: starts given to athletes in the order in which they became known.

The source's contact id is not always one person, and one person may hold two. Start by start, each is given
to an athlete by what came before it and by nothing else, so that later results never change to whom an
earlier one belongs:

- An athlete of the same contact id takes the start, unless it cannot be: another gender, an age group that
  the athlete cannot be in (ages more than a year apart), or a second race with other times on the same day.
  Then the id is somebody else's as well, who begins there (`split_…`).
- A start under a new id, or under none, goes to an athlete of the same name, gender and country and of an
  age that fits to the year, if there is exactly one and only one athlete of the name is known (`name_…`).
- Everybody else begins there (`first`). So does every relay team: a team is no athlete.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from formguide.triathlon._identity_kernel import give
from formguide.triathlon.tables import GENDERS, IDENTITIES, RELAY

_ORDER = ("known_on", "race_id", "line")


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
    person, how, ordinal = give(
        _codes(frame["contact_id"]),
        _codes(frame["athlete"]),
        frame["gender"]
        .replace_strict(dict(zip(GENDERS, (0, 1), strict=True)), default=-1, return_dtype=pl.Int8)
        .fill_null(-1)
        .to_numpy(),
        _codes(frame["country"]),
        (frame["year"] - frame["age_high"]).fill_null(_UNBORN).to_numpy(),
        (frame["year"] - frame["age_low"]).fill_null(-_UNBORN).to_numpy(),
        frame["race_on"].cast(pl.Int32).fill_null(-1).to_numpy(),
        _codes(frame["race_id"]),
        frame["total_sec"].fill_null(-1).to_numpy(),
        (frame["category"] == RELAY).to_numpy(),
    )
    frame = frame.with_columns(
        pl.Series("person", person),
        pl.Series("identity", [IDENTITIES[code] for code in how], dtype=pl.Enum(IDENTITIES)),
        pl.Series("ordinal", ordinal),
    )
    began = frame.unique("person", keep="first", maintain_order=True).select(
        "person", _name().alias("athlete_id")
    )
    named = frame.join(began, on="person", how="left", maintain_order="left").drop("person", "ordinal")
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


def _codes(texts: pl.Series) -> np.ndarray:
    """Texts as numbers from 0, in the order in which they appear; -1 where there is none."""
    codes = texts.rank("dense").cast(pl.Int64) - 1
    return codes.fill_null(-1).to_numpy()
