"""Good days and bad days: bins of equal frequency by the first pick's chance, with what they are worth.

What a day offers is one number, the chance of its best pick, and what matters of it is how it compares with
other days. So days are cut into bins with equally many days each, separately for the early and the late
phase of the season; in each bin the chance of a hit and of two are how often they happened there.

All seeds are pooled: one seed's bins are as lucky as its picks. Pooling makes the cut finer and the picks
more typical, but the days are the same days, so the number that tells how well a bin's chances are known is
the number of its *dates*, not of its seed-days. With 30 late dates in five bins a season that is six, and a
policy would chase the luck of six dates. `shrink_dates` counts as so many more dates on which picks hit as
often as forecast, corrected for the mean error of all forecasts:

    chance = (dates · frequency + shrink_dates · (mean forecast + offset)) / (dates + shrink_dates)

where offset = frequency - mean forecast over all days. 0 leaves the frequencies as they are, infinity takes
the corrected forecasts; k stands for the belief that a bin's forecasts are off by some sqrt(p (1 - p) / k),
so 400 for two percentage points. On made-up days with known truth, a policy made from two seasons of plain
frequencies keeps about a third of the chance that could be had, one shrunk so some 85 %.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from formguide.baseball.streak.profiles import Days
from formguide.baseball.streak.rules import LATE_DAYS

EARLY, LATE = 0, 1
PHASES = ("early", "late")


@dataclass(frozen=True)
class Bins:
    """Bins of quality in two phases. Arrays of shape (2, bins), phase first, but for `edges`.

    edges: shape (2, bins - 1), ascending: a day with a first pick of chance p is in bin number of edges <= p;
    infinite where a phase has fewer bins than the other. late_days: days left up to which the late phase
    counts; 0 for one phase all season. share: how often a day is in the bin; sums to 1 in each phase. p_hit,
    p_both: chances that the first pick, and that both picks, get a hit. p_first, p_second: means of their
    forecasts. dates, days: how many dates and seed-days that is known from.
    """

    edges: np.ndarray
    late_days: int
    share: np.ndarray
    p_hit: np.ndarray
    p_both: np.ndarray
    p_first: np.ndarray
    p_second: np.ndarray
    dates: np.ndarray
    days: np.ndarray

    @property
    def count(self) -> int:
        """Number of bins in a phase."""
        return int(self.share.shape[1])

    def phase(self, days_left: int) -> int:
        """0 (early) or 1 (late)."""
        return LATE if days_left <= self.late_days else EARLY

    def bin_of(self, p: float, days_left: int) -> int:
        """The bin of a day, from 0 (the worst), by its first pick's chance."""
        if not 0 <= p <= 1:
            raise ValueError(f"a chance of {p}")
        return int(np.searchsorted(self.edges[self.phase(days_left)], p, side="right"))

    def bins_of(self, p: np.ndarray, phase: int) -> np.ndarray:
        """The bins of many days as if they were all of one phase."""
        return np.searchsorted(self.edges[phase], p, side="right")

    def forecast(self) -> Bins:
        """The same bins if every forecast were exactly right and games were independent of each other."""
        return replace(self, p_hit=self.p_first, p_both=self.p_first * self.p_second)


def quality_bins(
    days: Days,
    bins: int = 5,
    late_days: int = LATE_DAYS,
    shrink_dates: float = 0.0,
    weight: np.ndarray | None = None,
) -> Bins:
    """Bins of equal frequency by the first pick's chance, from days pooled over seeds.

    weight: how often each day counts (default once). A phase without days takes over the other's bins. Days
    with one game only do not count for doubles. Raises ValueError if there is nothing to cut.
    """
    if bins < 1 or late_days < 0 or shrink_dates < 0:
        raise ValueError(f"{bins} bins, {late_days} late days, {shrink_dates} dates of shrinkage")
    w = np.ones(len(days)) if weight is None else np.asarray(weight, dtype=np.float64)
    if not (w > 0).any():
        raise ValueError("no days to make bins of")
    late = days.days_left <= late_days
    edges = np.full((2, bins - 1), np.inf)
    for phase, mine in ((EARLY, ~late), (LATE, late)):
        here = mine & (w > 0)
        chosen = here if here.any() else w > 0
        edges[phase] = _edges(days.p_first[chosen], w[chosen], bins)
    cut = Bins(edges, late_days, *(np.empty((2, bins)) for _ in range(7)))
    return rates_on(cut, days, w, shrink_dates)


def rates_on(bins: Bins, days: Days, weight: np.ndarray | None = None, shrink_dates: float = 0.0) -> Bins:
    """The same cut with its rates counted on other days: what a policy made for `bins` would meet there."""
    w = np.ones(len(days)) if weight is None else np.asarray(weight, dtype=np.float64)
    late = days.days_left <= bins.late_days
    pair = w * days.has_second
    off_hit = _mean(w, days.hit_first - days.p_first)
    off_both = _mean(pair, days.hit_both - days.p_first * days.p_second)
    columns = np.zeros((7, 2, bins.count))
    for phase, mine in ((EARLY, ~late), (LATE, late)):
        here = np.flatnonzero((mine if (mine & (w > 0)).any() else np.ones(len(days), bool)) & (w > 0))
        index = bins.bins_of(days.p_first[here], phase)
        for b in range(bins.count):
            of_bin = here[index == b]
            if not len(of_bin):
                continue
            v, v2 = w[of_bin], pair[of_bin]
            p1, p2 = days.p_first[of_bin], days.p_second[of_bin]
            seen = len(np.unique(days.date[of_bin]))
            first, second = _mean(v, p1), _mean(v2, p2)
            more = 1.0 if np.isinf(shrink_dates) else shrink_dates / (seen + shrink_dates)
            hit = (1 - more) * _mean(v, days.hit_first[of_bin]) + more * (first + off_hit)
            both = (1 - more) * _mean(v2, days.hit_both[of_bin]) + more * (_mean(v2, p1 * p2) + off_both)
            hit = min(max(hit, 0.0), 1.0)
            columns[:, phase, b] = (
                v.sum() / w[here].sum(), hit, min(max(both, 0.0), hit), first, second, seen, len(of_bin)
            )  # fmt: skip
    return Bins(bins.edges, bins.late_days, *columns)


def _edges(p: np.ndarray, weight: np.ndarray, bins: int) -> np.ndarray:
    """Where to cut so that bins have the same weight as nearly as can be; equal chances stay together.

    A cut lies halfway between the two chances it parts. Infinite for a cut that would leave a bin empty.
    """
    chances, which = np.unique(p, return_inverse=True)
    below = np.cumsum(np.bincount(which, weight))
    places = {
        int(np.argmin(np.abs(below[:-1] - below[-1] * k / bins))) for k in range(1, bins) if len(chances) > 1
    }
    cuts = [(chances[i] + chances[i + 1]) / 2 for i in sorted(places)]
    return np.array(cuts + [np.inf] * (bins - 1 - len(cuts)))


def _mean(weight: np.ndarray, values: np.ndarray) -> float:
    """Weighted mean; 0 without weight."""
    total = weight.sum()
    return float((weight * values).sum() / total) if total > 0 else 0.0
