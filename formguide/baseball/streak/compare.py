"""Two policies on the same days.

Each policy has its own analytic chance, on its own cut of the days with the rates counted in that cut. Where
both share the cut, these compare. Where they do not (other bins, recalibrated forecasts, another late
phase), each is measured with its own ruler, luck included, and the difference may even have the wrong sign.
What decides is the chance over seasons made of the same blocks of real days with their real outcomes: a
policy sees the forecast, not the outcome, and the two are played on identical seasons. That chance is exact
for the days at hand (`seasons.block_chances`); how much the days at hand might have been others is what the
paired bootstrap says: seasons, seeds and blocks are drawn anew, the same for both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formguide.baseball.streak import exact, seasons
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.profiles import Days
from formguide.baseball.streak.seasons import BLOCK_DAYS

LEVEL = 0.9
"""Of the intervals: from the 5 % to the 95 % quantile."""


@dataclass(frozen=True)
class Comparison:
    """a against b. analytic: each in its own bins; comparable: whether these are the same. same_days: chances
    over seasons of the same blocks; difference: a - b, low and high its interval over draws; ahead: share of
    draws in which a was better (ties half); groups_ahead of groups: in how many seed-seasons by themselves a
    was better (ties half). longest: mean longest streak over the same simulated seasons, with the Monte
    Carlo standard error of their difference. verdict: in one line."""

    analytic: tuple[float, float]
    comparable: bool
    same_days: tuple[float, float]
    difference: float
    low: float
    high: float
    ahead: float
    groups_ahead: float
    groups: int
    longest: tuple[float, float]
    longest_difference_se: float
    verdict: str


def compare(
    a: Policy,
    b: Policy,
    days: Days,
    *,
    draws: int = 400,
    simulated: int = 20_000,
    seed: int = 0,
    block_days: int = BLOCK_DAYS,
) -> Comparison:
    """Compare two policies on these days (best: days that neither was made for).

    Raises ValueError if their seasons differ in length or late phase, because their days then differ too.
    """
    late_days = a.bins.late_days
    if a.days != b.days or a.rules != b.rules or late_days != b.bins.late_days:
        raise ValueError(
            "the two policies are for other rules, lengths of season or late phases: they play other days"
        )
    same = tuple(float(seasons.block_chances(policy, days, block_days=block_days)[0]) for policy in (a, b))
    bags = seasons.resampled(days, draws, seed, late_days, block_days)
    drawn = [seasons.block_chances(policy, days, bags, block_days) for policy in (a, b)]
    gap = drawn[0] - drawn[1]
    low, high = np.quantile(gap, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    by_group = _groups_ahead(a, b, days, block_days)
    played = [seasons.simulate_days(policy, days, simulated, seed, block_days).longest for policy in (a, b)]
    each = (played[0] - played[1]).astype(np.float64)
    comparable = a.bins.edges.shape == b.bins.edges.shape and all(
        np.array_equal(x, y)
        for x, y in (
            (a.bins.edges, b.bins.edges),
            (a.bins.share, b.bins.share),
            (a.bins.p_hit, b.bins.p_hit),
            (a.bins.p_both, b.bins.p_both),
        )
    )
    return Comparison(
        analytic=(exact.p_goal(a), exact.p_goal(b)),
        comparable=comparable,
        same_days=(same[0], same[1]),
        difference=same[0] - same[1],
        low=float(low),
        high=float(high),
        ahead=float((gap > 0).mean() + (gap == 0).mean() / 2),
        groups_ahead=float(by_group.sum()),
        groups=len(by_group),
        longest=(float(played[0].mean()), float(played[1].mean())),
        longest_difference_se=float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else 0.0,
        verdict=_verdict(a.name, b.name, same[0] - same[1], float(low), float(high)),
    )


def _groups_ahead(a: Policy, b: Policy, days: Days, block_days: int) -> np.ndarray:
    """Per season and seed 1 where a is better on its days, ½ where equal, 0 where b is."""
    bags = []
    for season in days.seasons:
        for seed in days.seeds:
            mine = (days.season == season) & (days.seed == seed)
            late = days.days_left <= a.bins.late_days
            # A season without one of the phases cannot be played by itself if others have it.
            if all((mine & part).any() or not part.any() for part in (late, ~late)):
                bags.append(mine.astype(np.float64))
    if not bags:
        return np.empty(0)
    gap = np.subtract(*(seasons.block_chances(policy, days, np.array(bags), block_days) for policy in (a, b)))
    return np.where(gap > 0, 1.0, np.where(gap == 0, 0.5, 0.0))


def _verdict(a: str, b: str, difference: float, low: float, high: float) -> str:
    if low > 0 or high < 0:
        better, worse = (a, b) if difference > 0 else (b, a)
        return f"the same days decide: {better} is better than {worse}"
    if difference == 0:
        return f"the same days decide: {a} and {b} come to the same"
    leading = a if difference > 0 else b
    return f"the same days decide: {leading} is ahead, but other days could say otherwise"
