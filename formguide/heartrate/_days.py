"""What differs from day to day in a linear model of a heart: the algebra that `response` and `_mixed_model`
share.

A workout's heart rate is y = X β + Z b + e: β is the user's, normal around the population's; b is the day's,
normal around 0; Z are the first `DAY_TERMS` columns of X. A workout is known by the products of its columns
and its heart rate, cross = [X y]' [X y], (d + 1, d + 1), so that a history is a sum (Laird and Ware,
Biometrics 38, 1982).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np

from formguide.heartrate.sequences import Floats

DAY_TERMS = 3
"""The first terms vary from day to day as well."""

FATIGUE_HOURS = 24.0


def precision(cross: Floats, day: Floats, noise: float) -> Floats:
    """[X y]' R⁻¹ [X y] with R = noise I + Z day Z', by Woodbury's identity."""
    z = cross[:DAY_TERMS]
    inner = noise * np.linalg.inv(day) + z[:, :DAY_TERMS]
    return np.asarray((cross - z.T @ np.linalg.solve(inner, z)) / noise)


def day_posterior(cross: Floats, beta: Floats, day: Floats, noise: float) -> tuple[Floats, Floats]:
    """What the day adds to a user's β, (DAY_TERMS,), with its covariance."""
    d = len(beta)
    weight = np.linalg.inv(day) + cross[:DAY_TERMS, :DAY_TERMS] / noise
    covariance = np.linalg.inv(weight)
    return np.asarray(covariance @ (cross[:DAY_TERMS, d] - cross[:DAY_TERMS, :d] @ beta) / noise), np.asarray(
        covariance
    )


def over_users(means: Sequence[Floats], covariances: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Mean and covariance of β over users of whom each is known so well."""
    mean = np.mean(means, axis=0)
    apart = np.array(means) - mean
    return mean, apart.T @ apart / len(means) + np.mean(covariances, axis=0)


def still_felt(at: datetime, done: Iterable[tuple[datetime, float]]) -> float:
    """Work that is still felt at a moment, kJ/kg, of (end, kJ/kg) of workouts: each that had ended before it
    is worth 1/e less a day later."""
    hours = [((at - ended).total_seconds() / 3600, work) for ended, work in done if ended < at]
    return sum(work * float(np.exp(-since / FATIGUE_HOURS)) for since, work in hours)
