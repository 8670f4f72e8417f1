"""Compiled seasons: simulated ones, and the chain over seasons made of blocks of real days.

The state is the cell of the strip of `_kernels`: streak, plus the strip's half if the saver is unspent.
Actions are those of `mdp.Policy`, int8 of shape (days, 2, goal, bins).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


def _compiled(function: F) -> F:
    return cast(F, numba.njit(cache=True, error_model="numpy")(function))


@_compiled
def _after(
    streak: int, saver: int, action: int, hit: bool, goal: int, saver_from: int, saver_to: int
) -> tuple[int, int]:
    """Streak and saver on the next day."""
    if action == 0:
        return streak, saver
    if hit:
        return min(streak + action, goal), saver
    if saver == 1 and saver_from <= streak <= saver_to:
        return streak, 0
    return 0, saver


@_compiled
def play_bins(
    actions: np.ndarray,
    share_sum: np.ndarray,
    hit: np.ndarray,
    both: np.ndarray,
    phase: np.ndarray,
    rules: tuple[int, int, int],
    random: np.random.Generator,
    longest: np.ndarray,
    named: np.ndarray,
) -> None:
    """Seasons whose days are drawn from bins: fills the longest streak and the batters named of each."""
    goal, saver_from, saver_to = rules
    days = len(actions)
    for season in range(len(longest)):
        streak, saver, top, count = 0, 1, 0, 0
        for left in range(days, 0, -1):
            now = phase[left]
            u = random.random()
            b = 0
            while u >= share_sum[now, b]:
                b += 1
            action = actions[left - 1, saver, streak, b]
            if action == 0:
                continue
            count += action
            chance = hit[now, b] if action == 1 else both[now, b]
            streak, saver = _after(
                streak, saver, action, random.random() < chance, goal, saver_from, saver_to
            )
            top = max(top, streak)
            if streak == goal:
                break
        longest[season] = top
        named[season] = count


@_compiled
def _play_day(
    streak: int,
    saver: int,
    left: int,
    day: int,
    actions: np.ndarray,
    bin_of: np.ndarray,
    hits: np.ndarray,
    phase: np.ndarray,
    rules: tuple[int, int, int],
) -> tuple[int, int, int]:
    """One real day: streak and saver after it, and the batters named. Doubles need a second game."""
    goal, saver_from, saver_to = rules
    action = actions[left - 1, saver, streak, bin_of[phase[left], day]]
    if action == 2 and hits[day, 2] == 0:
        action = 1
    hit = hits[day, 0] == 1 if action == 1 else hits[day, 1] == 1
    streak, saver = _after(streak, saver, action, hit, goal, saver_from, saver_to)
    return streak, saver, action


@_compiled
def play_days(
    actions: np.ndarray,
    bin_of: np.ndarray,
    hits: np.ndarray,
    phase: np.ndarray,
    rules: tuple[int, int, int],
    order: np.ndarray,
    longest: np.ndarray,
    named: np.ndarray,
) -> None:
    """Seasons of given days: ``order``, shape (seasons, days), is the day's row, first day first.

    bin_of: (phases, rows) the bin of each row in each phase; hits: (rows, 3) whether the first pick, both,
    and a second game were there.
    """
    days = order.shape[1]
    for season in range(len(order)):
        streak, saver, top, count = 0, 1, 0, 0
        for played in range(days):
            streak, saver, action = _play_day(
                streak, saver, days - played, order[season, played], actions, bin_of, hits, phase, rules
            )
            count += action
            top = max(top, streak)
            if streak == rules[0]:
                break
        longest[season] = top
        named[season] = count


@_compiled
def block_maps(
    actions: np.ndarray,
    bin_of: np.ndarray,
    hits: np.ndarray,
    phase: np.ndarray,
    rules: tuple[int, int, int],
    follows: np.ndarray,
    slot_left: np.ndarray,
    slot_length: np.ndarray,
    ends: np.ndarray,
) -> None:
    """Where every state ends after every block: fills ``ends``, shape (slots, rows, states).

    A slot begins with ``slot_left`` days left and takes ``slot_length`` days: the row and those that
    ``follows`` says. A state is saver * (goal + 1) + streak.
    """
    goal = rules[0]
    width = goal + 1
    for slot in range(len(slot_left)):
        for row in range(len(follows)):
            for state in range(2 * width):
                saver, streak = state // width, state % width
                day = row
                for played in range(slot_length[slot]):
                    if streak == goal:
                        break
                    streak, saver, _ = _play_day(
                        streak,
                        saver,
                        slot_left[slot] - played,
                        day,
                        actions,
                        bin_of,
                        hits,
                        phase,
                        rules,
                    )
                    day = follows[day]
                ends[slot, row, state] = saver * width + streak


@_compiled
def block_chain(ends: np.ndarray, slot_phase: np.ndarray, share: np.ndarray, goal: int) -> float:
    """The chance of the goal when each slot's block is drawn by ``share``, shape (phases, rows).

    From a streak of 0 with the saver; each phase's shares sum to 1.
    """
    slots, rows, states = ends.shape
    old = np.zeros(states)
    new = np.zeros(states)
    live = np.empty(states, np.int64)
    old[goal + 1] = 1.0
    for slot in range(slots):
        count = 0
        for state in range(states):
            if old[state] > 0.0:
                live[count] = state
                count += 1
        new[:] = 0.0
        for row in range(rows):
            part = share[slot_phase[slot], row]
            if part > 0.0:
                for i in range(count):
                    state = live[i]
                    new[ends[slot, row, state]] += part * old[state]
        old, new = new, old
    return float(old[goal] + old[2 * goal + 1])
