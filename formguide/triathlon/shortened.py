"""Races that did not hold a leg in full: a swim called off for sharks, a bike cut short by a storm.

Nobody's page says so. It is seen in the race's own distribution, held against the distance's floors and
against the same course in earlier years, and never against later ones, so that what models may learn from a
race is settled when it is over:

- cancelled: hardly anybody has the leg's time, and totals leave no room for it;
- shortened: the field's median is below what a whole field's median can be over the distance
  (`FIELD_FLOOR_SEC`), or below `OF_EARLIER` of the median of the course's earlier years;
- of a page with only some finishers, a median total that no field has (Taupo 2006);
- where two legs or more are short the race was another one (Taupo 2012: half the distance), and all three are
  marked.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from formguide.triathlon.plausible import parts_fit
from formguide.triathlon.tables import FINISHED, FULL, HALF, LEGS

FIELD_FLOOR_SEC = {
    HALF: {"swim": 1500, "bike": 8700, "run": 5600},
    FULL: {"swim": 3000, "bike": 17800, "run": 11800},
}
"""Medians that no whole field of age-groupers has: 1:19 per 100 m, 37 km/h, 4:26 per km, a little less
over the full distance. The fastest fields of record are some eighth slower."""

TOTAL_FLOOR_SEC = {HALF: 14000, FULL: 29500}
"""Median totals that no field has, however few and fast: 3:53 and 8:12."""

OF_EARLIER = {"swim": 0.62, "bike": 0.82, "run": 0.80}
"""How much of the course's usual median a leg's median must be; currents move a swim, wind a bike ride."""

MIN_FIELD = 30
"""Fewer finishers than that say nothing of a course's distance."""

_A_FEW = 5
"""Fewer finishers than that say nothing at all."""

_ROOM = 0.05
"""A cancelled leg leaves no room in the totals: less than this share of them is not accounted for."""


def shortened_legs(results: pl.DataFrame) -> pl.DataFrame:
    """race_id and shortened_legs (`swim`, `swim,bike,run`) of the races that did not hold a leg in full.

    results: every race that there is, with distance, course, known_on, status and splits.
    """
    marked: list[tuple[str, str]] = []
    usual: dict[tuple[str, str], dict[str, list[float]]] = {}
    for race in _fields(results).iter_rows(named=True):
        if race["distance"] not in FIELD_FLOOR_SEC:
            continue
        if race["finishers"] < MIN_FIELD:
            if race["finishers"] >= _A_FEW and race["total"] < TOTAL_FLOOR_SEC[race["distance"]]:
                marked.append((race["race_id"], ",".join(LEGS)))
            continue
        earlier = usual.setdefault((race["course"], race["distance"]), {leg: [] for leg in LEGS})
        short = [leg for leg in LEGS if _is_short(race, leg, earlier[leg])]
        if len(short) > 1:
            short = list(LEGS)
        if short:
            marked.append((race["race_id"], ",".join(short)))
        for leg in LEGS:
            if leg not in short and race[leg] is not None:
                earlier[leg].append(race[leg])
    return pl.DataFrame(marked, schema={"race_id": pl.String, "shortened_legs": pl.String}, orient="row")


def _fields(results: pl.DataFrame) -> pl.DataFrame:
    """One row per race in the order in which they became known: finishers, each leg's median, the share
    that has it, and the share of the totals that the other parts leave."""
    finished = results.filter((pl.col("status") == FINISHED) & parts_fit())
    rest = pl.col("total_sec") - pl.sum_horizontal("swim_sec", "t1_sec", "bike_sec", "t2_sec", "run_sec")
    return (
        finished.group_by("race_id", "course", "known_on", pl.col("distance").cast(pl.String))
        .agg(
            pl.len().alias("finishers"),
            pl.col("total_sec").median().alias("total"),
            *(pl.col(f"{leg}_sec").median().alias(leg) for leg in LEGS),
            *(pl.col(f"{leg}_sec").is_not_null().mean().alias(f"has_{leg}") for leg in LEGS),
            (rest / pl.col("total_sec")).median().alias("room"),
        )
        .sort("known_on", "race_id")
    )


def _is_short(race: dict[str, Any], leg: str, earlier: list[float]) -> bool:
    median = race[leg]
    if median is None or race[f"has_{leg}"] < 0.2:
        return bool(race["room"] < _ROOM)
    if median < FIELD_FLOOR_SEC[race["distance"]][leg]:
        return True
    return bool(earlier) and median < OF_EARLIER[leg] * sorted(earlier)[len(earlier) // 2]
