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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from formguide.baseball.streak import exact, seasons
from formguide.baseball.streak.evaluation import Fold, over_parts
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.profiles import Days
from formguide.baseball.streak.rules import LATE_DAYS
from formguide.baseball.streak.seasons import BLOCK_DAYS


class Match(NamedTuple):
    """Two policies and the days that both are played on."""

    a: Policy
    b: Policy
    days: Days


@dataclass(frozen=True)
class Comparison:
    """a against b; every number is the mean over the matches.

    analytic: each in its own bins; comparable: whether these are the same bins. same_days: chances over
    seasons of the same blocks; difference: a - b, with low and high its interval (5 % to 95 %) over draws;
    ahead: share of draws in which a was better (ties half); groups_ahead of groups: in how many seed-seasons
    by themselves (ties half). longest: mean longest streak over the same simulated seasons, with the Monte
    Carlo standard error of their difference. verdict: in one line.
    """

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


def matches(a: Sequence[Fold], b: Sequence[Fold]) -> list[Match]:
    """The policies of two sets of folds on the held-out days that they share. Raises ValueError if not."""
    pairs = list(zip(a, b, strict=True))
    if any(one.name != other.name for one, other in pairs):
        raise ValueError("the two hold out different days")
    return [Match(one.policy, other.policy, one.held_out) for one, other in pairs]


def compare(
    pairs: Sequence[Match],
    names: tuple[str, str],
    *,
    draws: int = 400,
    simulated: int = 20_000,
    seed: int = 0,
    block_days: int = BLOCK_DAYS,
) -> Comparison:
    """Compare two policies on the same days, best those that neither was made for.

    Raises ValueError if their seasons differ in length or rules.
    """
    if any(pair.a.days != pair.b.days or pair.a.rules != pair.b.rules for pair in pairs):
        raise ValueError("the two policies are for seasons of other lengths or rules")
    analytic, same, drawn, longest, groups, variance = [], [], [], [], [], 0.0
    for i, pair in enumerate(pairs):
        both = pair[:2]
        analytic.append([exact.p_goal(policy) for policy in both])
        same.append([seasons.block_chances(p, pair.days, block_days=block_days)[0] for p in both])
        bags = seasons.resampled(pair.days, draws, seed + i, block_days)
        drawn.append(np.subtract(*(seasons.block_chances(p, pair.days, bags, block_days) for p in both)))
        groups.append(_groups_ahead(pair, block_days))
        played = [seasons.simulate_days(p, pair.days, simulated, seed + i, block_days).longest for p in both]
        longest.append([x.mean() for x in played])
        variance += float((played[0] - played[1]).var(ddof=1)) / simulated
    gap = over_parts(np.stack(drawn, axis=1), seed)
    low, high = (float(x) for x in np.quantile(gap, [0.05, 0.95]))
    ahead_in = np.concatenate(groups)
    a, b = (float(x) for x in np.mean(same, axis=0))
    return Comparison(
        analytic=_pair(analytic),
        comparable=all(_same_bins(pair) for pair in pairs),
        same_days=(a, b),
        difference=a - b,
        low=low,
        high=high,
        ahead=float((gap > 0).mean() + (gap == 0).mean() / 2),
        groups_ahead=float(ahead_in.sum()),
        groups=len(ahead_in),
        longest=_pair(longest),
        longest_difference_se=float(np.sqrt(variance)) / len(pairs),
        verdict=_verdict(names, a - b, low, high),
    )


def _groups_ahead(pair: Match, block_days: int) -> np.ndarray:
    """Per season and seed 1 where a is better on its days, ½ where equal, 0 where b is."""
    days = pair.days
    late = days.days_left <= LATE_DAYS
    bags = []
    for season in days.seasons:
        for seed in days.seeds:
            mine = (days.season == season) & (days.seed == seed)
            # A season without one of the phases cannot be played by itself if others have it.
            if all((mine & part).any() or not part.any() for part in (late, ~late)):
                bags.append(mine.astype(np.float64))
    if not bags:
        return np.empty(0)
    gap = np.subtract(
        *(seasons.block_chances(policy, days, np.array(bags), block_days) for policy in pair[:2])
    )
    return np.where(gap > 0, 1.0, np.where(gap == 0, 0.5, 0.0))


def _same_bins(pair: Match) -> bool:
    one, other = pair.a.bins, pair.b.bins
    return one.late_days == other.late_days and all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("edges", "share", "p_hit", "p_both")
    )


def _pair(values: Sequence[Sequence[float]]) -> tuple[float, float]:
    a, b = np.mean(np.asarray(values), axis=0)
    return float(a), float(b)


def _verdict(names: tuple[str, str], difference: float, low: float, high: float) -> str:
    better, worse = names if difference > 0 else names[::-1]
    if low > 0 or high < 0:
        return f"the same days decide: {better} is better than {worse}"
    if difference == 0:
        return f"the same days decide: {names[0]} and {names[1]} come to the same"
    return f"the same days decide: {better} is ahead of {worse}, but other days could say otherwise"
