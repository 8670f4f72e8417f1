"""The columns of the pace model: what a start looks like to it, from what was known on the eve.

Every column is of order one. Newcomers are starts without an earlier finish over the distance; those who have
one over the other distance bring what is known from there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from formguide.triathlon import _ability_kernel as kernel
from formguide.triathlon.starts import Starts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEWCOMER, CROSSING, ONCE, FEW, MANY = range(5)
EXPERIENCE = ("newcomer", "other distance only", "1 finish", "2-4 finishes", "5+ finishes")
"""Classes by earlier finishes over the distance."""

MEAN_NAMES = (
    "female", "age", "age_squared", "female_age", "female_age_squared",
    "climate", "climate_unknown",
    "returning", "crossing", "ability", "ability_crossing", "log_same", "log_other", "ability_log_same",
    "log_pause", "log_pause_crossing", "ability_log_pause", "last", "last_when_few", "best",
    "ability_squared", "ability_female", "ability_age", "returning_female", "returning_age",
    "returning_age_squared", "doubt",
)  # fmt: skip
VARIANCE_NAMES = (
    "constant", "returning", "crossing", "log_same", "doubt", "ability", "ability_squared", "female", "age",
    "age_squared", "log_pause",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Columns:
    """mean: (n, len(MEAN_NAMES)); variance: (n, len(VARIANCE_NAMES)); experience: (n,) place in
    EXPERIENCE."""

    mean: Floats
    variance: Floats
    experience: Ints


def experience_of(same: Floats, other: Floats) -> Ints:
    """The class of each start by its earlier finishes over this and the other distance."""
    by_same = np.where(same >= 5, MANY, np.where(same >= 2, FEW, ONCE))
    found: Ints = np.where(same > 0, by_same, np.where(other > 0, CROSSING, NEWCOMER)).astype(np.int64)
    return found


def columns(rows: Starts, known: Floats, climate: Floats) -> Columns:
    """What the pace model knows of starts: `known` from `ability.as_of`, `climate` (n,) the course's usual
    maximum in °C before the day, NaN where no earlier race of it has a temperature."""
    n = len(rows)
    same, other = known[:, kernel.SAME], known[:, kernel.OTHER]
    h, o = (same > 0) * 1.0, ((same == 0) & (other > 0)) * 1.0
    m = known[:, kernel.MEAN] / 0.1
    age, female = (rows.age - 4.0) / 3.0, rows.female * 1.0
    log_same, log_other = np.log1p(same), np.log1p(other)
    pause = np.log1p(np.maximum(known[:, kernel.LAG], 0.0))
    doubt = known[:, kernel.VARIANCE] / 0.01
    last, best = known[:, kernel.LAST] / 0.1, known[:, kernel.BEST] / 0.1
    unknown = np.isnan(climate)
    warm = np.where(unknown, 0.0, (climate - 25.0) / 10.0)
    mean = (
        female, age, age**2, female * age, female * age**2,
        warm, unknown * 1.0,
        h, o, m * h, m * o, log_same, log_other, m * log_same,
        h * pause, o * pause, m * h * pause, last * h, last * h / (same + 1), best * h, m**2 * h,
        m * female * h, m * age * h, h * female, h * age, h * age**2, doubt * h,
    )  # fmt: skip
    seen = h + o
    variance = (
        np.ones(n), h, o, log_same, doubt * seen, m * seen, m**2 * seen, female, age, age**2, pause * seen
    )  # fmt: skip
    return Columns(np.column_stack(mean), np.column_stack(variance), experience_of(same, other))
