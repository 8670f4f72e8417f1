"""Compiled core of the streak: backward for the best policy, forward for the chances of any.

Both walk day by day over one *strip* of cells that holds both halves of the state: the streaks 0 … goal - 1
without the saver, three cells that stand for the goal, then the same again with the saver. Width
2 (goal + 3), 120 for a goal of 57. A hit moves one or two cells to the right whatever the half, a skip
stays, and only a miss jumps; so a day is one straight loop over the strip, which the compiler turns into
vector instructions. Bins of quality are taken five at a time, unrolled by hand, because the loop over a strip
has to be the inner one; a number of bins that is no multiple of five is filled up with bins that never come.

A *word* is the action in each of five bins, two bits each, the lowest bin in the lowest bits.
The shapes: words (days, groups of five, strip), word d - 1 for d days left; value (days + 1, strip + 2).
`share`, `hit` and `both`, shape (phases, bins): how often a day is in the bin, and the chances there that
one batter, or both of two, get a hit. `phase`, shape (days + 1,): which row counts at so many days left.
No sum is reassociated and no product fused with a sum: results are those of the same arithmetic in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., Any])
FIVE = 5
PAD = 3
WORDS = 4**FIVE


def compiled(function: F) -> F:
    """``numba.njit`` with an on-disk cache, keeping the type of the function."""
    return cast(F, numba.njit(cache=True, error_model="numpy")(function))


def _inlined(function: F) -> F:
    return cast(F, numba.njit(inline="always", error_model="numpy")(function))


@_inlined
def _best(stay: float, one: float, two: float, unit: int) -> tuple[float, int]:
    """The largest of three gains, the first of equals, and its action times ``unit``: its bits of a word."""
    better = one if one > stay else stay
    best = two if two > better else better
    return best, (unit if best > stay else 0) + (unit if two > better else 0)


@compiled
def _choose(
    cells: int,
    forbid_skip: float,
    later: np.ndarray,
    miss: np.ndarray,
    base: np.ndarray,
    word: np.ndarray,
    value: np.ndarray,
    w: np.ndarray,
    p: np.ndarray,
    q: np.ndarray,
) -> None:
    """One day and five bins: the best action of every cell, and its gain over a miss added to ``base``."""
    w0, w1, w2, w3, w4 = w[0], w[1], w[2], w[3], w[4]
    p0, p1, p2, p3, p4 = p[0], p[1], p[2], p[3], p[4]
    q0, q1, q2, q3, q4 = q[0], q[1], q[2], q[3], q[4]
    for s in range(cells):
        fallen = miss[s]
        stay = later[s] - fallen - forbid_skip
        one = later[s + 1] - fallen
        two = later[s + 2] - fallen
        gain0, bits0 = _best(stay, p0 * one, q0 * two, 1)
        gain1, bits1 = _best(stay, p1 * one, q1 * two, 4)
        gain2, bits2 = _best(stay, p2 * one, q2 * two, 16)
        gain3, bits3 = _best(stay, p3 * one, q3 * two, 64)
        gain4, bits4 = _best(stay, p4 * one, q4 * two, 256)
        word[s] = bits0 | bits1 | bits2 | bits3 | bits4
        value[s] = base[s] + ((((w0 * gain0 + w1 * gain1) + w2 * gain2) + w3 * gain3) + w4 * gain4)


@compiled
def _misses(value: np.ndarray, goal: int, saver_from: int, saver_to: int, miss: np.ndarray) -> None:
    """What each cell is worth after a miss."""
    width = goal + PAD
    for saver in range(2):
        fallen = value[saver * width]
        for s in range(width):
            miss[saver * width + s] = fallen
    for s in range(saver_from, saver_to + 1):
        miss[width + s] = value[s]


@compiled
def _reached(goal: int, value: np.ndarray) -> None:
    """The cells that stand for the goal are worth 1."""
    for saver in range(2):
        for k in range(goal, goal + PAD):
            value[saver * (goal + PAD) + k] = 1.0


@compiled
def best_policy(
    share: np.ndarray,
    hit: np.ndarray,
    both: np.ndarray,
    phase: np.ndarray,
    goal: int,
    saver_from: int,
    saver_to: int,
    forbid_skip: float,
    words: np.ndarray,
    value: np.ndarray,
) -> None:
    """Backward induction: fills ``words`` and ``value``.

    ``forbid_skip``: 0, or 2 where one must name somebody every day. In the cells that stand for the goal the
    words are skips only if one may skip; nobody reads them otherwise.
    """
    width = goal + PAD
    cells = 2 * width
    groups = share.shape[1] // FIVE
    miss = np.empty(cells)
    value[0] = 0.0
    _reached(goal, value[0])
    for day in range(1, len(phase)):
        now = phase[day]
        later = value[day - 1]
        today = value[day]
        today[cells:] = 0.0
        _misses(later, goal, saver_from, saver_to, miss)
        for group in range(groups):
            five = slice(FIVE * group, FIVE * group + FIVE)
            base = today if group else miss
            _choose(
                cells,
                forbid_skip,
                later,
                miss,
                base,
                words[day - 1, group],
                today,
                share[now, five],
                hit[now, five],
                both[now, five],
            )
        _reached(goal, today)


@compiled
def _chances_by_word(share: np.ndarray, hit: np.ndarray, both: np.ndarray, chances: np.ndarray) -> None:
    """What every word there is does in every phase: fills ``chances``, shape (phases, groups, 3, WORDS).

    The chances, over the bins of its group, that a cell stays, moves by one and moves by two.
    """
    for phase in range(share.shape[0]):
        for group in range(share.shape[1] // FIVE):
            stay, one, two = chances[phase, group]
            stay[0] = one[0] = two[0] = 0.0
            known = 1
            for b in range(FIVE * group, FIVE * group + FIVE):
                w = share[phase, b]
                p = w * hit[phase, b]
                q = w * both[phase, b]
                for word in range(known):
                    single = known + word
                    double = known + single
                    stay[single] = stay[double] = stay[word]
                    one[single] = one[word] + p
                    one[double] = one[word]
                    two[single] = two[word]
                    two[double] = two[word] + q
                    stay[word] += w
                known *= 4


@compiled
def _move(words: np.ndarray, chances: np.ndarray, old: np.ndarray, new: np.ndarray, miss: np.ndarray) -> None:
    """One day of the chain: what does not miss goes where it goes; ``miss`` takes what does."""
    first = words[0]
    stay, one, two = chances[0]
    next_up = 0.0
    after_next = 0.0
    for s in range(len(miss)):
        word = first[s]
        p0, p1, p2 = stay[word], one[word], two[word]
        for group in range(1, len(words)):
            word = words[group, s]
            p0 += chances[group, 0, word]
            p1 += chances[group, 1, word]
            p2 += chances[group, 2, word]
        here = old[s]
        kept = here * p0
        up = here * p1
        leap = here * p2
        miss[s] = ((here - kept) - up) - leap
        new[s] = kept + next_up
        next_up = after_next + up
        after_next = leap


@compiled
def _total(values: np.ndarray, count: int) -> float:
    """The sum of the first ``count`` values, which are lost: halves are added to halves."""
    while count > 8:
        half = count // 2
        rest = count - half
        for s in range(half):
            values[s] += values[rest + s]
        count = rest
    total = 0.0
    for s in range(count):
        total += values[s]
    return total


@compiled
def forward(
    share: np.ndarray,
    hit: np.ndarray,
    both: np.ndarray,
    phase: np.ndarray,
    goal: int,
    saver_from: int,
    saver_to: int,
    words: np.ndarray,
    start: int,
    reached: np.ndarray,
    cell: np.ndarray,
) -> None:
    """The chain under a fixed policy from the cell ``start`` with ``len(reached)`` days left.

    Fills ``reached`` with the chance that the goal is reached by the end of each day, in playing order, and
    ``cell``, shape (strip,), with the distribution over cells at the end.
    """
    width = goal + PAD
    cells = 2 * width
    chances = np.empty((share.shape[0], share.shape[1] // FIVE, 3, WORDS))
    _chances_by_word(share, hit, both, chances)
    old = np.zeros(cells)
    new = np.empty(cells)
    miss = np.empty(cells)
    old[start] = 1.0
    days = len(reached)
    for played in range(days):
        day = days - played
        _move(words[day - 1], chances[phase[day]], old, new, miss)
        total = 0.0
        for saver in range(2):  # nothing leaves the goal
            for k in range(saver * width + goal, saver * width + width):
                new[k] += miss[k]
                total += new[k]
        reached[played] = total
        for s in range(saver_from, saver_to + 1):
            new[s] += miss[width + s]
            miss[width + s] = 0.0
        new[width] += _total(miss[width:], goal)
        new[0] += _total(miss, goal)
        old, new = new, old
    cell[:] = old


@compiled
def backward(
    share: np.ndarray,
    hit: np.ndarray,
    both: np.ndarray,
    phase: np.ndarray,
    goal: int,
    saver_from: int,
    saver_to: int,
    words: np.ndarray,
    value: np.ndarray,
) -> None:
    """What every cell is worth under a fixed policy: fills ``value``."""
    cells = 2 * (goal + PAD)
    groups = share.shape[1] // FIVE
    chances = np.empty((share.shape[0], groups, 3, WORDS))
    _chances_by_word(share, hit, both, chances)
    miss = np.empty(cells)
    value[0] = 0.0
    _reached(goal, value[0])
    for day in range(1, len(phase)):
        later = value[day - 1]
        today = value[day]
        today[cells:] = 0.0
        _misses(later, goal, saver_from, saver_to, miss)
        for s in range(cells):
            fallen = miss[s]
            gain = 0.0
            for group in range(groups):
                word = words[day - 1, group, s]
                stay, one, two = chances[phase[day], group, :, word]
                gain += stay * (later[s] - fallen) + one * (later[s + 1] - fallen)
                gain += two * (later[s + 2] - fallen)
            today[s] = fallen + gain
        _reached(goal, today)


@compiled
def audit(
    share: np.ndarray,
    hit: np.ndarray,
    both: np.ndarray,
    phase: np.ndarray,
    goal: int,
    saver_from: int,
    saver_to: int,
    backwards: np.ndarray,
    forwards: np.ndarray,
) -> None:
    """Many problems, each solved and its policy then evaluated; rates of shape (problems, phases, bins).

    Fills, per problem, the chance of the goal from a streak of 0 with the saver, both ways.
    """
    days = len(phase) - 1
    cells = 2 * (goal + PAD)
    words = np.empty((days, share.shape[2] // FIVE, cells), np.int16)
    value = np.empty((days + 1, cells + 2))
    reached = np.empty(days)
    cell = np.empty(cells)
    for i in range(len(share)):
        best_policy(share[i], hit[i], both[i], phase, goal, saver_from, saver_to, 0.0, words, value)
        backwards[i] = value[days, goal + PAD]
        forward(
            share[i],
            hit[i],
            both[i],
            phase,
            goal,
            saver_from,
            saver_to,
            words,
            goal + PAD,
            reached,
            cell,
        )
        forwards[i] = reached[days - 1]
