"""Who is who: the site's id where a page gives it, else name, team and class year where they agree.

A printed list names an athlete, a team and a class (SR-4), and no id. Within one team, two seasons are taken
for one athlete's if the name is the same and the class has not gone back, has not risen by more years than
have passed, and stands still within one season; standing still over a year (a redshirt, a lost season) is
possible and lowers the confidence. Where the class contradicts, it is another athlete of the same name.

Seasons are followed in the order of time and an athlete is numbered when first met, so that an id and its
confidence depend on nothing later than the row that carries them.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from formguide.track.rows import performance_id

NAMED = "tfrrs-name:"
"""What an id begins with that was made from a name."""

LONGEST_CAREER_YEARS = 7
"""How many years one college career may span: four of eligibility, redshirts and a lost season."""

_FIRST_SIGHT = 0.9
_REDSHIRT, _NO_CLASS, _SEVERAL = 0.9, 0.8, 0.6
"""By what the confidence falls: where a class stands still over a year, where none is told, and where several
athletes could be meant."""


class Seen(NamedTuple):
    """One season of somebody on a page: who is named, for which team, in which class, and the site's id."""

    season: int
    class_year: int | None
    site_id: str | None = None


@dataclass
class _Career:
    """An athlete so far."""

    athlete_id: str
    first: int
    last: int
    class_year: int | None
    confidence: float
    named: bool

    def can_be(self, seen: Seen) -> bool:
        """Whether a season can be this athlete's next."""
        if seen.season - self.first >= LONGEST_CAREER_YEARS:
            return False
        if seen.class_year is None or self.class_year is None:
            return True
        risen = seen.class_year - self.class_year
        return 0 <= risen <= seen.season - self.last

    def goes_on(self, seen: Seen, doubt: float) -> None:
        """Takes a season for this athlete's."""
        passed = seen.season - self.last
        if passed == 0:
            doubt = 1.0  # another mark of a season that was doubted when it began
        elif seen.class_year is None:
            doubt *= _NO_CLASS
        elif self.class_year is not None and seen.class_year - self.class_year < passed:
            doubt *= _REDSHIRT
        self.last = seen.season
        self.class_year = seen.class_year if seen.class_year is not None else self.class_year
        if self.named:
            self.confidence *= doubt


@lru_cache(maxsize=16_384)
def name_key(name: str) -> str:
    """A name without what pages write differently: "Núñez, Ana María" and "ANA MARÍA NUÑEZ" are one."""
    last, comma, first = name.partition(",")
    ordered = f"{first} {last}" if comma else name
    plain = "".join(
        c for c in unicodedata.normalize("NFKD", ordered.casefold()) if not unicodedata.combining(c)
    )
    return " ".join(re.findall(r"\w+", plain))


@lru_cache(maxsize=16_384)
def named_id(name: str, team: str | None, gender: str, number: int = 0) -> str:
    """An id made from a name, a team and a gender; `number` tells apart athletes who share all three."""
    said = "\x1f".join((name_key(name), name_key(team or ""), gender, str(number)))
    return f"{NAMED}{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def follow(name: str, team: str | None, gender: str, seen: Iterable[Seen]) -> list[tuple[str, float]]:
    """The athlete's id and its confidence of each season of one name at one team, given in order of time."""
    careers: list[_Career] = []
    found = []
    for season in seen:
        if season.site_id is not None:
            career = next((c for c in careers if c.athlete_id == season.site_id), None)
            if career is None:
                career = _Career(season.site_id, season.season, season.season, season.class_year, 1.0, False)
                careers.append(career)
            career.goes_on(season, 1.0)
            found.append((career.athlete_id, 1.0))
            continue
        # Of several who could be meant, the one whose class has moved on with the years, then the last met.
        fitting = [c for c in careers if c.can_be(season)]
        fitting.sort(key=lambda c: (_moved_on(c, season), c.last), reverse=True)
        doubt = 1.0 if len(fitting) < 2 else _SEVERAL
        if fitting:
            career = fitting[0]
            career.goes_on(season, doubt)
        else:
            number = sum(c.named for c in careers)
            career = _Career(
                named_id(name, team, gender, number),
                season.season,
                season.season,
                season.class_year,
                _FIRST_SIGHT * (1.0 if season.class_year is not None else _NO_CLASS),
                True,
            )
            careers.append(career)
        found.append((career.athlete_id, career.confidence if career.named else _FIRST_SIGHT * doubt))
    return found


def _moved_on(career: _Career, seen: Seen) -> bool:
    if career.class_year is None or seen.class_year is None:
        return False
    return seen.class_year - career.class_year == seen.season - career.last


def resolve(rows: pl.DataFrame) -> pl.DataFrame:
    """Performances with one id per athlete over all the pages they were read from.

    rows: `Performances` (further columns are kept). Rows that carry the site's id keep it; a name without one
    takes over the id of the one athlete of that name, team and gender whose class agrees, or gets one made
    from the name. Rows that no name-made id concerns come back as they are, in the order in which they came.
    """
    named = pl.col("athlete_id").str.starts_with(NAMED)
    if rows.is_empty() or not rows.select(named.any()).item():
        return rows
    numbered = rows.with_row_index("row_")
    keys = numbered.select(
        "row_", "athlete_id", "gender", "season", "class_year", "athlete", "team", "date", named=named
    ).with_columns(
        name_key=pl.col("athlete").map_elements(name_key, return_dtype=pl.String),
        team_key=pl.col("team").fill_null("").map_elements(name_key, return_dtype=pl.String),
    )
    group = ["gender", "name_key", "team_key"]
    concerned = keys.filter(pl.col("named").any().over(group))
    # Of one day, rows that carry an id come first: those without may then be theirs.
    ordered = concerned.sort("season", "date", "named", "row_", maintain_order=True)
    changed: list[tuple[int, str, float]] = []
    for _, one in ordered.group_by(group, maintain_order=True):
        first = one.row(0, named=True)
        seen = [
            Seen(season, class_year, None if is_named else athlete_id)
            for season, class_year, is_named, athlete_id in one.select(
                "season", "class_year", "named", "athlete_id"
            ).iter_rows()
        ]
        told = follow(first["athlete"], first["team"], first["gender"], seen)
        for row, is_named, (athlete_id, confidence) in zip(one["row_"], one["named"], told, strict=True):
            if is_named:
                changed.append((row, athlete_id, confidence))
    found = pl.DataFrame(
        changed,
        schema={"row_": pl.UInt32, "found_id": pl.String, "found_confidence": pl.Float64},
        orient="row",
    )
    joined = numbered.join(found, on="row_", how="left", maintain_order="left").with_columns(
        athlete_id=pl.coalesce("found_id", "athlete_id"),
        identity_confidence=pl.coalesce("found_confidence", "identity_confidence"),
    )
    renamed = joined.filter(pl.col("found_id").is_not_null())
    ids = pl.DataFrame(
        {
            "row_": renamed["row_"],
            "found_performance": [performance_id(r) for r in renamed.iter_rows(named=True)],
        },
        schema={"row_": pl.UInt32, "found_performance": pl.String},
    )
    return (
        joined.join(ids, on="row_", how="left", maintain_order="left")
        .with_columns(performance_id=pl.coalesce("found_performance", "performance_id"))
        .select(rows.columns)
    )
