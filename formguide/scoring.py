"""Scores of probability forecasts, their errors, and comparisons on the same events.

Most functions score one event (one race, one plate appearance), so that a table of results can average
events, say how sure the average is (``mean_se``) and compare two forecasters on the same events (``paired``).
What happens within one race is dependent; a race, not a driver, is one observation.

Probabilities are scored by proper scores: the forecaster does best by saying what it believes (Gneiting and
Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102, 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Mean",
    "Paired",
    "Reliability",
    "binary_brier",
    "binary_log_loss",
    "brier",
    "central_coverage",
    "clustered_mean",
    "clustered_paired",
    "log_loss",
    "mean_se",
    "paired",
    "pinball_loss",
    "pit_histogram",
    "precision_at",
    "randomised_pit",
    "ranked_probability_score",
    "ranks",
    "reliability",
    "spearman",
    "top_1",
]

Floats = NDArray[np.float64]

_SURE = 1e-15


def log_loss(probability: ArrayLike, winner: int) -> float:
    """-ln p[winner], in nats: the logarithmic score (Good, "Rational decisions", JRSS B 14, 1952).

    ``probability`` holds one value per contestant and sums to one. A probability below 1e-15 counts as
    1e-15, so that one impossible winner costs 34.5 and not everything.

    Raises:
        ValueError: if the probabilities are not a distribution, or ``winner`` is not an index into it.
    """
    p = _distribution(probability, winner)
    return float(-np.log(max(p[winner], _SURE)))


def brier(probability: ArrayLike, winner: int) -> float:
    """Sum over contestants of (p - [is the winner])^2, from 0 to 2 (Brier, Mon. Wea. Rev. 78, 1950).

    Raises:
        ValueError: as ``log_loss``.
    """
    p = _distribution(probability, winner)
    return float(np.sum(p**2) - 2 * p[winner] + 1)


def binary_log_loss(probability: ArrayLike, happened: ArrayLike) -> float:
    """Mean over contestants of -ln of the probability of what happened to each; floored as ``log_loss``.

    Raises:
        ValueError: if the shapes differ or a probability is outside [0, 1].
    """
    p, y = _chances(probability, happened)
    return float(-np.log(np.maximum(np.where(y, p, 1 - p), _SURE)).mean())


def binary_brier(probability: ArrayLike, happened: ArrayLike) -> float:
    """Mean over contestants of (p - [it happened])^2, from 0 to 1; for instance of reaching the podium.

    Raises:
        ValueError: as ``binary_log_loss``.
    """
    p, y = _chances(probability, happened)
    return float(np.mean((p - y) ** 2))


def top_1(score: ArrayLike, winner: int) -> float:
    """1 if the winner has the highest score alone, 1/m if it shares it with m - 1 others, else 0."""
    s = np.asarray(score, dtype=np.float64)
    best = s == s.max()
    return float(best[winner] / best.sum())


def precision_at(k: int, score: ArrayLike, position: ArrayLike) -> float:
    """Share of the k highest scores that came home in the first k positions (1 = first).

    Scores level at the cut share the places that are left: the value expected if they were drawn by lot.

    Raises:
        ValueError: if the shapes differ or there are fewer than k contestants.
    """
    s, place = np.asarray(score, dtype=np.float64), np.asarray(position)
    if s.shape != place.shape or s.ndim != 1 or not 1 <= k <= len(s):
        raise ValueError(f"precision at {k} needs that many scores, and a position for each")
    cut = np.sort(s)[-k]
    above, level = s > cut, s == cut
    chosen = above + level * (k - above.sum()) / level.sum()
    return float(chosen[place <= k].sum() / k)


def ranks(values: ArrayLike) -> Floats:
    """The place of each value from the lowest, from 1; equal values share their mean place, and a NaN among
    them leaves none. (SciPy's `rankdata` says the same, but its module takes two seconds to load.)"""
    held = np.asarray(values, dtype=np.float64)
    if np.isnan(held).any():
        return np.full(len(held), np.nan)
    _, code, count = np.unique(held, return_inverse=True, return_counts=True)
    placed: Floats = (np.cumsum(count) - (count - 1) / 2)[code]
    return placed


def spearman(expected: ArrayLike, position: ArrayLike) -> float:
    """Correlation of the ranks of the expected and the real positions; tied values share their mean rank.

    NaN if one side is all ties, where no rank correlation exists. (Spearman, Am. J. Psychol. 15, 1904.)
    """
    a, b = ranks(expected), ranks(position)
    if len(a) != len(b):
        raise ValueError(f"{len(a)} expected positions for {len(b)} real ones")
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def ranked_probability_score(distribution: ArrayLike, position: ArrayLike) -> Floats:
    """Sum over k of (P(position <= k) - [position <= k])^2 / (K - 1), one value per row, from 0 to 1.

    ``distribution`` is (n, K): row i the probabilities of positions 1..K of contestant i; ``position`` is
    (n,), from 1. (Epstein, J. Appl. Meteorol. 8, 1969; normalised as in Murphy, J. Appl. Meteorol. 10, 1971.)

    Raises:
        ValueError: if the shapes differ or a position is outside 1..K.
    """
    p, place = _positions(distribution, position)
    places = p.shape[1]
    reached = np.arange(1, places + 1) >= place[:, None]
    score: Floats = np.sum((np.cumsum(p, axis=1) - reached) ** 2, axis=1) / max(places - 1, 1)
    return score


def randomised_pit(distribution: ArrayLike, position: ArrayLike, seed: int = 0) -> Floats:
    """F(position - 1) + v p(position) with v uniform: uniform on [0, 1] if the forecast is calibrated.

    Shapes as in ``ranked_probability_score``. ``seed`` fixes v: the same call gives the same values. (Smith,
    J. Forecasting 4, 1985; Czado, Gneiting and Held, Biometrics 65, 2009.)

    Raises:
        ValueError: as ``ranked_probability_score``.
    """
    p, place = _positions(distribution, position)
    row = np.arange(len(p))
    below = np.cumsum(p, axis=1)[row, place - 1] - p[row, place - 1]
    pit: Floats = np.clip(below + np.random.default_rng(seed).random(len(p)) * p[row, place - 1], 0.0, 1.0)
    return pit


def central_coverage(pit: ArrayLike, level: float = 0.8) -> Mean:
    """Share of ``randomised_pit`` values in the central interval (0.8: 0.1 to 0.9); calibrated: ``level``.

    The standard error takes the values as independent.
    """
    u = np.asarray(pit, dtype=np.float64)
    tail = (1 - level) / 2
    return mean_se((u >= tail) & (u <= 1 - tail))


def pit_histogram(pit: ArrayLike, bins: int = 10) -> Floats:
    """Share of the values in each of ``bins`` equal parts of [0, 1]; calibrated: each 1 / bins."""
    u = np.asarray(pit, dtype=np.float64)
    counts, _ = np.histogram(u, bins=bins, range=(0.0, 1.0))
    shares: Floats = counts / max(len(u), 1)
    return shares


@dataclass(frozen=True, eq=False)
class Reliability:
    """Forecast probabilities beside frequencies, per bin that holds any; all arrays of one length.

    Attributes:
        lower, upper: edges of the bin.
        n: forecasts in the bin.
        forecast: their mean probability.
        frequency: how often it happened.
        standard_error: of the frequency, if the forecasts were right: sqrt(forecast (1 - forecast) / n).
        calibration_error: n-weighted mean of |forecast - frequency|, the expected calibration error (Naeini,
            Cooper and Hauskrecht, AAAI 2015).
    """

    lower: Floats
    upper: Floats
    n: NDArray[np.int64]
    forecast: Floats
    frequency: Floats
    standard_error: Floats
    calibration_error: float


def reliability(probability: ArrayLike, happened: ArrayLike, bins: int = 10) -> Reliability:
    """Reliability of yes/no forecasts in ``bins`` equal bins of probability.

    Raises:
        ValueError: as ``binary_log_loss``.
    """
    p, y = _chances(probability, happened)
    which = np.minimum((p * bins).astype(np.int64), bins - 1)
    n = np.bincount(which, minlength=bins)
    used = np.flatnonzero(n)
    forecast = np.bincount(which, p, bins)[used] / n[used]
    frequency = np.bincount(which, y, bins)[used] / n[used]
    return Reliability(
        lower=used / bins,
        upper=(used + 1) / bins,
        n=n[used],
        forecast=forecast,
        frequency=frequency,
        standard_error=np.sqrt(forecast * (1 - forecast) / n[used]),
        calibration_error=float(np.sum(n[used] * np.abs(forecast - frequency)) / len(p)),
    )


@dataclass(frozen=True)
class Mean:
    """A mean over ``n`` events and its standard error (NaN for a single event)."""

    mean: float
    standard_error: float
    n: int


@dataclass(frozen=True)
class Paired:
    """Mean of a - b over the same ``n`` events, its standard error, and t = difference / standard_error.

    t is NaN where a and b agree everywhere, infinite where they differ by the same amount everywhere.
    """

    difference: float
    standard_error: float
    t: float
    n: int


def mean_se(values: ArrayLike) -> Mean:
    """Mean and standard error, s / sqrt(n) with s^2 = sum (x - mean)^2 / (n - 1), over independent events.

    Raises:
        ValueError: if there are no values, or one is NaN.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not len(x) or np.isnan(x).any():
        raise ValueError("a mean needs a one-dimensional array of at least one value, none of them NaN")
    error = float(x.std(ddof=1) / np.sqrt(len(x))) if len(x) > 1 else float("nan")
    return Mean(float(x.mean()), error, len(x))


def paired(a: ArrayLike, b: ArrayLike) -> Paired:
    """Compare two forecasters' scores event by event: differences a - b as in the paired t test.

    Raises:
        ValueError: if the two do not score the same number of events, or as ``mean_se``.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.shape != y.shape:
        raise ValueError(f"{x.size} scores cannot be paired with {y.size}")
    difference = mean_se(x - y)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = float(np.float64(difference.mean) / np.float64(difference.standard_error))
    return Paired(difference.mean, difference.standard_error, t, difference.n)


def clustered_mean(values: ArrayLike, cluster: ArrayLike) -> Mean:
    """Mean of values that hang together within a cluster (an athlete, a day, a race), and its standard error.

    The error is the root of the sum of squares of the clusters' summed deviations, over n, with Bessel's
    correction for the number of clusters (Liang and Zeger, Biometrika 73, 1986); NaN for a single cluster.

    Raises:
        ValueError: as ``mean_se``, or if there is not one cluster for each value.
    """
    x, names = np.asarray(values, dtype=np.float64), np.asarray(cluster)
    if x.shape != names.shape:
        raise ValueError(f"{names.size} clusters do not go with {x.size} values")
    centre = mean_se(x)
    _, code = np.unique(names, return_inverse=True)
    sums = np.bincount(code, weights=x - centre.mean)
    clusters = len(sums)
    if clusters < 2:
        return Mean(centre.mean, float("nan"), centre.n)
    error = float(np.sqrt((sums**2).sum() * clusters / (clusters - 1)) / centre.n)
    return Mean(centre.mean, error, centre.n)


def clustered_paired(a: ArrayLike, b: ArrayLike, cluster: ArrayLike) -> Paired:
    """``paired`` for events that hang together within a cluster: the error of a - b is ``clustered_mean``'s.

    Raises:
        ValueError: as ``paired`` and ``clustered_mean``.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.shape != y.shape:
        raise ValueError(f"{x.size} scores cannot be paired with {y.size}")
    difference = clustered_mean(x - y, cluster)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = float(np.float64(difference.mean) / np.float64(difference.standard_error))
    return Paired(difference.mean, difference.standard_error, t, difference.n)


def pinball_loss(quantile: ArrayLike, value: ArrayLike, level: ArrayLike) -> Floats:
    """max(l (y - q), (l - 1) (y - q)), one value per forecast of the l-quantile; half the absolute error at
    l = 0.5 (Koenker and Bassett, Econometrica 46, 1978). Shapes broadcast."""
    difference = np.asarray(value, dtype=np.float64) - np.asarray(quantile, dtype=np.float64)
    at = np.asarray(level, dtype=np.float64)
    loss: Floats = np.maximum(at * difference, (at - 1) * difference)
    return loss


def _distribution(probability: ArrayLike, winner: int) -> Floats:
    p = np.asarray(probability, dtype=np.float64)
    if p.ndim != 1 or (p < 0).any() or not abs(p.sum() - 1) < 1e-6:
        raise ValueError("probabilities must be a one-dimensional array of values >= 0 that sum to one")
    if not 0 <= winner < len(p):
        raise ValueError(f"winner {winner} is not one of {len(p)} contestants")
    return p


def _chances(probability: ArrayLike, happened: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    p, y = np.asarray(probability, dtype=np.float64), np.asarray(happened)
    if p.shape != y.shape or p.ndim != 1 or not len(p):
        raise ValueError(f"probabilities of shape {p.shape} do not match outcomes of shape {y.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("a probability is outside [0, 1]")
    return p, y.astype(np.bool_)


def _positions(distribution: ArrayLike, position: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    p, place = np.asarray(distribution, dtype=np.float64), np.asarray(position, dtype=np.int64)
    if p.ndim != 2 or place.shape != (len(p),):
        raise ValueError(f"distributions of shape {p.shape} do not match positions of shape {place.shape}")
    if len(place) and (place.min() < 1 or place.max() > p.shape[1]):
        raise ValueError(f"a position is outside 1..{p.shape[1]}")
    return p, place
