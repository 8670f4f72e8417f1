"""The exact chance that a fixed policy reaches the goal: an absorbing Markov chain, walked forward.

The distribution over streak and saver is carried from the first day to the last; the goal absorbs. The same
number comes out of the values at the start, computed backward; that both agree to the last digits is what
the tests look at first. No simulation, no error but rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formguide.baseball.streak import _kernels
from formguide.baseball.streak._kernels import PAD
from formguide.baseball.streak.bins import Bins
from formguide.baseball.streak.mdp import Policy, cell_of, kernel_rates
from formguide.baseball.streak.rules import phases_by_day


@dataclass(frozen=True)
class Outcome:
    """What becomes of a policy.

    p_goal: the chance that the goal is reached; by_day: the same by the end of each day, in playing order;
    final: distribution over (saver, streak) at the end, shape (2, goal + 1).
    """

    p_goal: float
    by_day: np.ndarray
    final: np.ndarray


def evaluate(
    policy: Policy,
    bins: Bins | None = None,
    *,
    days_left: int | None = None,
    streak: int = 0,
    saver: bool = True,
) -> Outcome:
    """Follow the policy from a state on (default: the first day).

    bins: the rates that days really come with, in the policy's own cut; default those it was made for. Raises
    ValueError if they are cut into another number of bins, or the season is longer than the policy.
    """
    bins = bins or policy.bins
    rules = policy.rules
    days_left = policy.days if days_left is None else days_left
    if bins.count != policy.bins.count:
        raise ValueError(f"a policy for {policy.bins.count} bins cannot be played with {bins.count}")
    if not 0 <= days_left <= policy.days:
        raise ValueError(f"{days_left} days left: the policy knows 0 to {policy.days}")
    start = cell_of(rules, streak, saver)
    reached, cell = np.empty(days_left), np.empty(2 * (rules.goal + PAD))
    _kernels.forward(
        *kernel_rates(bins),
        phases_by_day(policy.days, bins.late_days),
        rules.goal,
        rules.saver_from,
        rules.last_saved,
        policy.words,
        start,
        reached,
        cell,
    )
    halves = cell.reshape(2, rules.goal + PAD)
    final = np.concatenate([halves[:, : rules.goal], halves[:, rules.goal :].sum(1, keepdims=True)], axis=1)
    p_goal = float(reached[-1]) if days_left else float(streak >= rules.goal)
    return Outcome(p_goal, reached, final)


def p_goal(policy: Policy, bins: Bins | None = None) -> float:
    """The chance that the policy reaches the goal in a season, from a streak of 0 with the saver."""
    return evaluate(policy, bins).p_goal
