"""Seven ways to play that a person can keep in the head, as measures for the best policy.

A strategy looks at the streak, the days left and how good a day is: its *quality*, the share of days of that
phase that are worse, from 0 to 1. In bins that is the middle of the bin, (b + ½) / bins, so with five bins
"the better 60 % of days" are bins 2, 3 and 4. None of them looks at the saver.

| name | what it does |
|---|---|
| always-single | one batter every day |
| always-double | two batters every day |
| skip-bad-days | one batter on the better 60 % of days, else nobody |
| double-good-days | two batters on the best 40 % of days, else one |
| sprint-then-careful | two every day up to a streak of 29, then one on the better 60 % of days |
| streak-aware | below 10 two every day; 10–29 two on the better 60 %, else one; 30–45 two on the best 40 %,
  one on the better 60 %; from 46 one on the best 40 % only |
| clock-aware | by the pace that is needed, (57 - streak) / days left: above 0.8 two every day; 0.5–0.8 two on
  the better 60 %, else one; 0.3–0.5 one every day; below 0.3 one on the best 40 % only |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from formguide.baseball.streak.bins import Bins
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.rules import DAYS, DOUBLE, SINGLE, SKIP, Rules

Rule = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]

BETTER = 0.4
"""Quality from which a day is of the better 60 %."""

BEST = 0.6
"""Quality from which a day is of the best 40 %."""

SPRINT_TO = 30
BUILD_TO, CLIMB_TO, HOLD_FROM = 10, 30, 46
FAST, BRISK, EASY = 0.8, 0.5, 0.3


@dataclass(frozen=True)
class Strategy:
    """A way to play: `rule(streak, days_left, quality, goal)` gives the action, arrays in, array out."""

    name: str
    says: str
    rule: Rule


def _always_single(streak: np.ndarray, left: np.ndarray, quality: np.ndarray, goal: int) -> np.ndarray:
    return np.full(np.broadcast_shapes(streak.shape, left.shape, quality.shape), SINGLE)


def _always_double(streak: np.ndarray, left: np.ndarray, quality: np.ndarray, goal: int) -> np.ndarray:
    return np.full(np.broadcast_shapes(streak.shape, left.shape, quality.shape), DOUBLE)


def _skip_bad_days(streak: np.ndarray, left: np.ndarray, quality: np.ndarray, goal: int) -> np.ndarray:
    return np.where(quality >= BETTER, SINGLE, SKIP)


def _double_good_days(streak: np.ndarray, left: np.ndarray, quality: np.ndarray, goal: int) -> np.ndarray:
    return np.where(quality >= BEST, DOUBLE, SINGLE)


def _sprint_then_careful(streak: np.ndarray, left: np.ndarray, quality: np.ndarray, goal: int) -> np.ndarray:
    return np.where(streak < SPRINT_TO, DOUBLE, np.where(quality >= BETTER, SINGLE, SKIP))


def _streak_aware(streak: np.ndarray, left: np.ndarray, quality: np.ndarray, goal: int) -> np.ndarray:
    better, best = quality >= BETTER, quality >= BEST
    climbing = np.where(better, DOUBLE, SINGLE)
    high = np.where(best, DOUBLE, np.where(better, SINGLE, SKIP))
    holding = np.where(best, SINGLE, SKIP)
    late = np.where(streak < HOLD_FROM, high, holding)
    return np.where(streak < BUILD_TO, DOUBLE, np.where(streak < CLIMB_TO, climbing, late))


def _clock_aware(streak: np.ndarray, left: np.ndarray, quality: np.ndarray, goal: int) -> np.ndarray:
    pace = (goal - streak) / left
    brisk = np.where(quality >= BETTER, DOUBLE, SINGLE)
    slow = np.where(pace >= EASY, SINGLE, np.where(quality >= BEST, SINGLE, SKIP))
    return np.where(pace > FAST, DOUBLE, np.where(pace >= BRISK, brisk, slow))


STRATEGIES = {
    strategy.name: strategy
    for strategy in (
        Strategy("always-single", "one batter every day", _always_single),
        Strategy("always-double", "two batters every day", _always_double),
        Strategy("skip-bad-days", "one batter on the better 60 % of days, else nobody", _skip_bad_days),
        Strategy("double-good-days", "two batters on the best 40 % of days, else one", _double_good_days),
        Strategy(
            "sprint-then-careful",
            "two batters every day below a streak of 30, then one on the better 60 % of days",
            _sprint_then_careful,
        ),
        Strategy(
            "streak-aware",
            "below 10 two every day; to 29 two on the better 60 %, else one; to 45 two on the best 40 %, one "
            "on the next 20 %; then one on the best 40 %",
            _streak_aware,
        ),
        Strategy(
            "clock-aware",
            "by the pace needed, (goal - streak) / days left: above 0.8 two; from 0.5 two on the better "
            "60 %, else one; from 0.3 one; below, one on the best 40 %",
            _clock_aware,
        ),
    )
}
"""The seven, by name."""


def strategy_policy(name: str, bins: Bins, days: int = DAYS, rules: Rules | None = None) -> Policy:
    """A named strategy as a policy over these bins. Raises KeyError for a name that is none of the seven."""
    rules = rules or Rules()
    left = np.arange(1, days + 1)[:, None, None, None]
    streak = np.arange(rules.goal)[:, None]
    # Bins that never come (where a phase has fewer) are at the top; the quality of the others is unhurt.
    used = np.maximum((bins.share > 0).sum(axis=1), 1)
    quality_of = (np.arange(bins.count) + 0.5) / used[:, None]
    quality = quality_of[(left[:, 0, 0, 0] <= bins.late_days).astype(int)][:, None, None, :]
    actions = STRATEGIES[name].rule(streak, left, quality, rules.goal)
    shape = (days, 2, rules.goal, bins.count)
    return Policy(name, rules, bins, np.ascontiguousarray(np.broadcast_to(actions, shape), np.int8))
