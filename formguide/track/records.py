"""The best marks ever, to tell a misread mark from a great one.

World records and world bests as ratified by World Athletics, end of 2024, indoors or out whichever is better;
the indoor yard-and-mile events of American colleges after their own lists. A mark further beyond them than
`MARGIN` is no mark: a wrong column, a wrong unit, another event. The margin leaves room for wind, hand timing
and records yet to be set, and the same bounds hold for every season, so they tell nothing of any one.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from formguide.track.tables import GENDERS

MARGIN = 0.05
"""How much faster, further or more than the best ever a mark may be before it is taken for misread."""

_BEST: dict[str, tuple[float | None, float | None]] = {
    "50 Meters": (5.56, 5.96),
    "55 Meters": (5.99, 6.56),
    "60 Meters": (6.34, 6.92),
    "100 Meters": (9.58, 10.49),
    "150 Meters": (14.35, 16.23),
    "200 Meters": (19.19, 21.34),
    "300 Meters": (30.69, 34.41),
    "400 Meters": (43.03, 47.60),
    "500 Meters": (59.32, 65.31),
    "600 Meters": (72.81, 81.63),
    "800 Meters": (100.91, 113.28),
    "1000 Meters": (131.96, 148.98),
    "1500 Meters": (206.00, 229.04),
    "Mile": (223.13, 247.64),
    "2000 Meters": (283.13, 319.70),
    "3000 Meters": (437.55, 486.11),
    "2 Miles": (474.09, 537.0),
    "5000 Meters": (755.36, 840.21),
    "10,000 Meters": (1571.00, 1734.14),
    "50 Hurdles": (6.25, 6.58),
    "55 Hurdles": (6.89, 7.30),
    "60 Hurdles": (7.27, 7.65),
    "100 Hurdles": (None, 12.12),
    "110 Hurdles": (12.80, None),
    "300 Hurdles": (33.26, 36.86),
    "400 Hurdles": (45.94, 50.37),
    "2000 Steeplechase": (310.68, 346.28),
    "3000 Steeplechase": (472.11, 524.32),
    "High Jump": (2.45, 2.10),
    "Pole Vault": (6.27, 5.06),
    "Long Jump": (8.95, 7.52),
    "Triple Jump": (18.29, 15.74),
    "Shot Put": (23.56, 22.63),
    "Discus": (74.35, 76.80),
    "Hammer": (86.74, 82.98),
    "Weight Throw": (26.35, 26.02),
    "Javelin": (98.48, 72.28),
    "Pentathlon": (4479.0, 5055.0),
    "Heptathlon": (6645.0, 7291.0),
    "Decathlon": (9126.0, 8358.0),
    "5 km Road": (769.0, 834.0),
    "10 km Road": (1571.0, 1726.0),
    "Half Marathon": (3451.0, 3772.0),
    "Marathon": (7235.0, 7796.0),
    "3000 Race Walk": (630.16, 693.0),
    "5000 Race Walk": (1085.23, 1208.5),
    "10,000 Race Walk": (2259.8, 2501.0),
    "10 km Race Walk": (2231.0, 2461.0),
    "20 km Race Walk": (4596.0, 5029.0),
    "35 km Race Walk": (8515.0, 9475.0),
    "50 km Race Walk": (12753.0, 14356.0),
}
"""Event → men's and women's best, in seconds, metres or points."""


class Plausible(NamedTuple):
    """Performances that somebody may have done, those that nobody can have, and races that took too long."""

    rows: pl.DataFrame
    too_good: pl.DataFrame
    too_slow: pl.DataFrame


def beyond_record(performances: pl.DataFrame, slowest: float = float("inf")) -> Plausible:
    """Parts what is further beyond the best ever than `MARGIN`, and races that took more than `slowest` times
    as long, from what is not; events without an entry here stay."""
    best = pl.DataFrame(
        [
            (event, gender, value)
            for event, pair in _BEST.items()
            for gender, value in zip(GENDERS, pair, strict=True)
            if value is not None
        ],
        schema={"event": pl.String, "gender": performances.schema["gender"], "best_ever": pl.Float64},
        orient="row",
    )
    rows = performances.join(best, on=["event", "gender"], how="left", maintain_order="left")
    # A share of the speed: 5 % faster is a time divided by 1.05.
    race = pl.col("unit") == "sec"
    ratio = (
        pl.when(race)
        .then(pl.col("best_ever") / pl.col("mark"))
        .otherwise(pl.col("mark") / pl.col("best_ever"))
    )
    too_good = (ratio > 1 + MARGIN).fill_null(False)
    too_slow = (race & (ratio < 1 / slowest)).fill_null(False)
    return Plausible(
        rows.filter(~too_good & ~too_slow).drop("best_ever"),
        rows.filter(too_good),
        rows.filter(too_slow),
    )
