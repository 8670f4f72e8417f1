"""Scores of yes/no forecasts whose errors hang together by day: values, standard errors, paired differences.

All standard errors are clustered by day: two batters of one day share weather, pitchers and luck. A score
that is a mean over rows has as its error that of the sum of its days' deviations; for the area under the ROC
curve the deviations are the placement values of DeLong et al. (Biometrics 44, 1988), clustered after
Obuchowski (Biometrics 53, 1997).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formguide.scoring import ranks


@dataclass(frozen=True)
class Score:
    """A score and how each row moves it. `influence` (n) sums to the score's deviation; None: no error."""

    value: float
    n: int
    influence: np.ndarray | None = None

    def error(self, day: np.ndarray) -> float | None:
        """Standard error, with rows of one day (codes from 0) hanging together."""
        return None if self.influence is None else clustered(self.influence, day)


def clustered(influence: np.ndarray, day: np.ndarray) -> float | None:
    """Root of the sum of squares of the days' summed influences, with Bessel's correction for the number of
    days; None for a single day."""
    _, code = np.unique(day, return_inverse=True)
    sums = np.bincount(code, weights=influence)
    days = len(sums)
    return float(np.sqrt((sums**2).sum() * days / (days - 1))) if days > 1 else None


def mean(values: np.ndarray) -> Score:
    """The mean of a value per row."""
    centre = float(values.mean())
    return Score(centre, len(values), (values - centre) / len(values))


def log_loss(p: np.ndarray, y: np.ndarray) -> Score:
    """Mean of −ln of the probability of what happened, in nats."""
    clipped = np.clip(p, 1e-15, 1 - 1e-15)
    return mean(-np.where(y, np.log(clipped), np.log1p(-clipped)))


def brier(p: np.ndarray, y: np.ndarray) -> Score:
    """Mean squared difference between forecast and outcome."""
    return mean((p - y) ** 2)


def auc(p: np.ndarray, y: np.ndarray) -> Score | None:
    """Chance that one who had a hit was ranked above one who had none, ties counting half; None without
    both."""
    hits, misses = int(y.sum()), int((~y).sum())
    if not hits or not misses:
        return None
    rank = ranks(p)
    above = np.empty(len(p))
    above[y] = (rank[y] - ranks(p[y])) / misses
    above[~y] = 1 - (rank[~y] - ranks(p[~y])) / hits
    value = float(above[y].mean())
    influence = np.where(y, (above - value) / hits, (above - value) / misses)
    return Score(value, len(p), influence)


def top_each_day(p: np.ndarray, y: np.ndarray, day: np.ndarray, k: int) -> Score:
    """Share of hits among each day's k highest forecasts, every day counting the same; ties go by row."""
    order = np.lexsort((np.arange(len(p)), -p, day))
    sorted_day = day[order]
    _, first, count = np.unique(sorted_day, return_index=True, return_counts=True)
    place = np.arange(len(p)) - np.repeat(first, count)
    chosen = place < k
    per_day = np.minimum(count, k)
    value = float((np.add.reduceat(np.where(chosen, y[order], False).astype(float), first) / per_day).mean())
    influence = np.zeros(len(p))
    weight = np.repeat(1 / per_day, count)
    influence[order] = np.where(chosen, (y[order] - value) * weight, 0.0) / len(count)
    return Score(value, len(count), influence)


def top(p: np.ndarray, y: np.ndarray, k: int) -> Score | None:
    """Share of hits among the k highest forecasts of all; None if there are not so many rows."""
    if len(p) < k:
        return None
    chosen = np.argsort(-p, kind="stable")[:k]
    value = float(y[chosen].mean())
    influence = np.zeros(len(p))
    influence[chosen] = (y[chosen] - value) / k
    return Score(value, k, influence)


def calibration(p: np.ndarray, y: np.ndarray) -> tuple[Score, Score] | None:
    """Slope and intercept of the outcome's log-odds on the forecast's (Cox, Biometrika 45, 1958): 1 and 0 for
    a forecast that means what it says. None where they do not exist."""
    x = np.log(np.clip(p, 1e-12, None) / np.clip(1 - p, 1e-12, None))
    if y.all() or not y.any() or x.std() < 1e-9:
        return None
    X = np.column_stack([np.ones(len(x)), x])
    weights = np.array([0.0, 1.0])
    for _ in range(50):
        q = 1 / (1 + np.exp(-(X @ weights)))
        inverse = np.linalg.inv((X.T * (q * (1 - q))) @ X)
        step = inverse @ (X.T @ (y - q))
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            break
    influence = (X * (y - q)[:, None]) @ inverse
    return (
        Score(float(weights[1]), len(p), influence[:, 1]),
        Score(float(weights[0]), len(p), influence[:, 0]),
    )
