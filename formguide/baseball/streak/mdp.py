"""The best thing to do on every day of a season, by backward induction.

The state is the streak, the days left, whether the saver is unspent, and the quality bin of today. Its value
is the chance of ever reaching the goal; it is a reachability problem, with no reward on the way. Given that
today is in bin b, with V the value tomorrow before tomorrow's bin is known and M what a miss leads to,

    skip  V(s)          single  M + p_b (V(s + 1) - M)          double  M + r_b (V(s + 2) - M)

with p_b the chance that the first pick gets a hit and r_b that both do. Bins are drawn afresh every day,
with the shares of the phase the day is in. (Puterman, Markov Decision Processes, 1994, section 4.5.)

Ties: of equal values the more careful action, skip before single before double. So where the goal is out of
reach the policy says skip: it is worth nothing any more, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from formguide.baseball.streak import _kernels
from formguide.baseball.streak._kernels import FIVE, PAD
from formguide.baseball.streak.bins import Bins
from formguide.baseball.streak.rules import DAYS, DOUBLE, SINGLE, Rules, phases_by_day


@dataclass(frozen=True)
class Policy:
    """What to do in every state.

    actions: int8, shape (days, 2, goal, bins): days left - 1, saver spent or not, streak, bin; 0 skip,
    1 single, 2 double. bins: the cut that the last axis refers to, and the rates the policy was made for.
    """

    name: str
    rules: Rules
    bins: Bins
    actions: np.ndarray

    @property
    def days(self) -> int:
        """Days left up to which it has an answer."""
        return len(self.actions)

    @cached_property
    def words(self) -> np.ndarray:
        """The actions as the kernels take them."""
        return pack(self.actions)

    @cached_property
    def value(self) -> np.ndarray:
        """`values` of the policy on the days it was made for."""
        return values(self)

    def action(self, streak: int, days_left: int, saver: bool, quality: int) -> int:
        """What to do; more days left than the policy knows count as all it knows."""
        return int(self.actions[min(days_left, self.days) - 1, int(saver), streak, quality])


def solve(
    bins: Bins,
    days: int = DAYS,
    rules: Rules | None = None,
    *,
    name: str = "optimal",
    skips: bool = True,
    doubles: bool = True,
) -> Policy:
    """The policy that reaches the goal with the largest chance, if days come as `bins` says.

    skips, doubles: whether these actions exist; days: the length of the season.
    """
    rules = rules or Rules()
    rates = kernel_rates(bins)
    if not doubles:
        # A sure miss: no streak is worth less than none, and ties go to the smaller action.
        rates = (rates[0], rates[1], np.zeros_like(rates[2]))
    words, value = _buffers(days, rules, rates[0].shape[1])
    _kernels.best_policy(
        *rates, phases_by_day(days, bins.late_days), *_numbers(rules), 0.0 if skips else 2.0, words, value
    )
    return Policy(name, rules, bins, unpack(words, rules.goal, bins.count))


def values(policy: Policy, bins: Bins | None = None) -> np.ndarray:
    """The chance of the goal from every state under the policy, before the day's bin is known.

    Shape (days + 1, 2, goal + 1): days left, saver, streak. bins: the rates that days really come with
    (default: those the policy was made for).
    """
    bins = bins or policy.bins
    words, value = _buffers(policy.days, policy.rules, policy.words.shape[1] * FIVE)
    words[:] = policy.words
    _kernels.backward(
        *kernel_rates(bins),
        phases_by_day(policy.days, bins.late_days),
        *_numbers(policy.rules),
        words,
        value,
    )
    goal = policy.rules.goal
    return value[:, : 2 * (goal + PAD)].reshape(-1, 2, goal + PAD)[:, :, : goal + 1].copy()


def action_values(policy: Policy, value: np.ndarray, streak: int, days_left: int, saver: bool) -> np.ndarray:
    """What each action is worth today in each bin if the policy is followed from tomorrow on.

    value: as from `values`. Shape (3, bins).
    """
    rules, bins = policy.rules, policy.bins
    later = value[min(days_left, policy.days) - 1]
    phase = bins.phase(days_left)
    half = int(saver)
    miss = later[0, streak] if rules.saves(streak, saver) else later[half, 0]
    one, two = (later[half, min(streak + step, rules.goal)] - miss for step in (SINGLE, DOUBLE))
    stay = np.full(bins.count, later[half, streak])
    return np.stack([stay, miss + bins.p_hit[phase] * one, miss + bins.p_both[phase] * two])


def kernel_rates(bins: Bins) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share, chance of a hit and of two, filled up to a multiple of five bins."""
    fill = ((0, 0), (0, -bins.count % FIVE))
    return np.pad(bins.share, fill), np.pad(bins.p_hit, fill), np.pad(bins.p_both, fill)


def pack(actions: np.ndarray) -> np.ndarray:
    """Actions, shape (days, 2, goal, bins), as words for the kernels, shape (days, groups, strip)."""
    days, _, goal, bins = actions.shape
    groups = -(-bins // FIVE)
    padded = np.zeros((days, 2, goal + PAD, groups * FIVE), np.int16)
    padded[:, :, :goal, :bins] = actions
    bits = padded.reshape(days, 2 * (goal + PAD), groups, FIVE) << (2 * np.arange(FIVE, dtype=np.int16))
    return np.ascontiguousarray(bits.sum(axis=-1, dtype=np.int16).transpose(0, 2, 1))


def unpack(words: np.ndarray, goal: int, bins: int) -> np.ndarray:
    """The reverse of `pack`."""
    days, groups, _ = words.shape
    strip = words.reshape(days, groups, 2, goal + PAD)[:, :, :, :goal].transpose(0, 2, 3, 1)
    actions = (strip[..., None] >> (2 * np.arange(FIVE, dtype=np.int16))) & 3
    return np.ascontiguousarray(actions.reshape(days, 2, goal, groups * FIVE)[..., :bins].astype(np.int8))


def _buffers(days: int, rules: Rules, bins: int) -> tuple[np.ndarray, np.ndarray]:
    if days < 1:
        raise ValueError(f"a season of {days} days")
    strip = 2 * (rules.goal + PAD)
    return np.empty((days, bins // FIVE, strip), np.int16), np.empty((days + 1, strip + 2))


def _numbers(rules: Rules) -> tuple[int, int, int]:
    return rules.goal, rules.saver_from, rules.last_saved


def cell_of(rules: Rules, streak: int, saver: bool) -> int:
    """The cell of the kernels' strip that a state has. Raises ValueError for a streak outside 0 … goal."""
    if not 0 <= streak <= rules.goal:
        raise ValueError(f"a streak of {streak}: it is 0 to {rules.goal}")
    return int(saver) * (rules.goal + PAD) + streak
