"""Whole seasons made of days: drawn from bins, or made of blocks of real days with their real outcomes.

Real days come in *blocks* of consecutive days, a week by default, so that what neighbouring days share (a
batter's form, the weather, the same forecasts) stays together: the circular block bootstrap of Politis and
Romano (1992), within a season and phase. A season of blocks keeps the phases: late days are drawn from
late days.

Given a block, what a policy does is certain, and so is where the streak ends. So the chance of the goal over
*all* seasons of blocks needs no simulation: every block is a map from states to states, and the chain of
their average is exact (`block_chances`). Simulation (`simulate_days`, `simulate_bins`) gives what a person
wants to see besides, the longest streaks, and checks the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from formguide.baseball.streak import _play_kernels
from formguide.baseball.streak.bins import Bins
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.profiles import Days
from formguide.baseball.streak.rules import LATE_DAYS, Rules, phases_by_day

BLOCK_DAYS = 7
"""Days in a block."""

_CHUNK = 10_000


@dataclass(frozen=True)
class Played:
    """Simulated seasons. longest: the longest streak of each; named: how many batters were named in each."""

    longest: np.ndarray
    named: np.ndarray
    goal: int

    @property
    def p_goal(self) -> float:
        """Share of seasons that reached the goal."""
        return float((self.longest >= self.goal).mean())

    @property
    def p_goal_se(self) -> float:
        """Standard error of that share; with no success or failure seen, that of half a one."""
        n = len(self.longest)
        k = min(max(int((self.longest >= self.goal).sum()), 0.5), n - 0.5)
        return float(np.sqrt(k / n * (1 - k / n) / n))


def simulate_bins(policy: Policy, seasons: int, seed: int, bins: Bins | None = None) -> Played:
    """Seasons whose days come as the bins say (default: those the policy was made for)."""
    bins = bins or policy.bins
    played = _empty(seasons, policy.rules)
    share_sum = np.cumsum(bins.share, axis=1)
    share_sum[:, -1] = np.inf
    phase = phases_by_day(policy.days, bins.late_days)
    random = np.random.default_rng(seed)
    _play_kernels.play_bins(
        policy.actions,
        share_sum,
        bins.p_hit,
        bins.p_both,
        phase,
        _numbers(policy.rules),
        random,
        played.longest,
        played.named,
    )
    return played


def simulate_days(
    policy: Policy,
    days: Days,
    seasons: int,
    seed: int,
    block_days: int = BLOCK_DAYS,
    late_days: int = LATE_DAYS,
) -> Played:
    """Seasons of blocks of real days. The same days, seed and numbers give every policy the same seasons.

    late_days: the end of the season, for which days of a season's end are drawn.
    """
    blocks = _Blocks(days, late_days, policy.days, block_days)
    random = np.random.default_rng(seed)
    parts = [
        play(policy, days, blocks.orders(min(_CHUNK, seasons - done), random))
        for done in range(0, seasons, _CHUNK)
    ]
    longest, named = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("longest", "named")
    )
    return Played(longest, named, policy.rules.goal)


def play(policy: Policy, days: Days, order: np.ndarray) -> Played:
    """Plays given seasons: `order`, shape (seasons, policy.days), says which of the days come, in order."""
    played = _empty(len(order), policy.rules)
    bin_of, hits = _day_arrays(policy, days)
    phase = phases_by_day(policy.days, policy.bins.late_days)
    _play_kernels.play_days(
        policy.actions, bin_of, hits, phase, _numbers(policy.rules), order, played.longest, played.named
    )
    return played


def block_chances(
    policy: Policy,
    days: Days,
    weight: np.ndarray | None = None,
    block_days: int = BLOCK_DAYS,
    late_days: int = LATE_DAYS,
) -> np.ndarray:
    """The exact chance of the goal over all seasons made of blocks of these days, one per draw of weights.

    weight: shape (draws, days), how often the block that begins with a day is in the bag; default each once.
    late_days as in `simulate_days`, whatever phases the policy knows. Raises ValueError if a phase is left
    without any block.
    """
    blocks = _Blocks(days, late_days, policy.days, block_days)
    bin_of, hits = _day_arrays(policy, days)
    phase = phases_by_day(policy.days, policy.bins.late_days)
    numbers = _numbers(policy.rules)
    states = 2 * (policy.rules.goal + 1)
    ends = np.empty((len(blocks.slot_left), len(days), states), np.uint8 if states <= 256 else np.int16)
    _play_kernels.block_maps(
        policy.actions,
        bin_of,
        hits,
        phase,
        numbers,
        blocks.follows,
        blocks.slot_left,
        blocks.slot_length,
        ends,
    )
    bags = np.ones((1, len(days))) if weight is None else np.atleast_2d(weight).astype(np.float64)
    in_phase = np.stack([blocks.starts(p) for p in (0, 1)])
    chances = np.empty(len(bags))
    for draw, bag in enumerate(bags):  # one by one: the shares of all would be twice as large as the bags
        share = bag * in_phase
        total = share.sum(axis=1, keepdims=True)
        if (total[np.unique(blocks.slot_phase)] <= 0).any():
            raise ValueError("a phase of the season has no day to draw")
        share /= np.where(total > 0, total, 1.0)
        chances[draw] = _play_kernels.block_chain(ends, blocks.slot_phase, share, policy.rules.goal)
    return chances


def resampled(
    days: Days, draws: int, seed: int, block_days: int = BLOCK_DAYS, late_days: int = LATE_DAYS
) -> np.ndarray:
    """Bootstrap weights of the days, shape (draws, days): seasons, seeds and blocks of days drawn anew.

    Each draw takes as many seasons as there are, with replacement, as many seeds, and within each season
    and phase as many blocks as it holds, the same for all seeds, since they forecast the same games. The
    weight of a day is how often its block came up; a day without weight did not.
    """
    random = np.random.default_rng(seed)
    late = days.days_left <= late_days
    seasons, seeds = np.unique(days.season), np.unique(days.seed)
    weight = np.zeros((draws, len(days)))
    groups = [
        (s, np.flatnonzero((days.season == season) & (late == phase)))
        for s, season in enumerate(seasons)
        for phase in (False, True)
    ]
    parts = [(s, rows, np.unique(days.date[rows], return_inverse=True)) for s, rows in groups if len(rows)]
    seed_index = np.searchsorted(seeds, days.seed)
    phases = [rows for rows in (np.flatnonzero(late), np.flatnonzero(~late)) if len(rows)]
    draw = 0
    while draw < draws:
        weight[draw] = 0.0
        of_season = np.bincount(random.integers(0, len(seasons), len(seasons)), minlength=len(seasons))
        of_seed = np.bincount(random.integers(0, len(seeds), len(seeds)), minlength=len(seeds))
        for s, rows, (dates, index) in parts:
            blocks = -(-len(dates) // block_days)
            count = np.bincount(random.integers(0, len(dates), blocks), minlength=len(dates))
            weight[draw, rows] = of_season[s] * of_seed[seed_index[rows]] * count[index]
        # A season that is not over has no late days; by itself it would leave the draw without any.
        draw += all(weight[draw, rows].any() for rows in phases)
    return weight


def day_weights(
    days: Days, weight: np.ndarray, block_days: int = BLOCK_DAYS, late_days: int = LATE_DAYS
) -> np.ndarray:
    """How often each day comes up when each block does as often as `weight` says; shape (draws, days)."""
    follows = _Blocks(days, late_days, late_days + 1, block_days).follows
    total = np.zeros_like(weight, dtype=np.float64)
    row = np.arange(len(days))
    for _ in range(block_days):
        total[:, row] += weight
        row = follows[row]
    return total


class _Blocks:
    """Which days follow which, and how a season is laid out in slots of a block each, by phase."""

    def __init__(self, days: Days, late_days: int, season_days: int, block_days: int) -> None:
        if block_days < 1:
            raise ValueError(f"blocks of {block_days} days")
        if not len(days):
            raise ValueError("no days to make seasons of")
        self.late = days.days_left <= late_days
        self.follows = self._circle(days)
        late_total = min(late_days, season_days)
        slots = _slots(season_days, season_days - late_total, block_days, 0)
        slots += _slots(late_total, late_total, block_days, 1)
        self.slot_left, self.slot_length, self.slot_phase = (
            np.array(column) for column in zip(*slots, strict=True)
        )

    def _circle(self, days: Days) -> np.ndarray:
        """The next day of the same seed, season and phase; after the last the first."""
        follows = np.empty(len(days), np.int64)
        order = np.lexsort((days.date, self.late, days.seed, days.season))
        keys = np.stack([days.season, days.seed, self.late.astype(np.int64)])[:, order]
        begins = np.flatnonzero(np.r_[True, (keys[:, 1:] != keys[:, :-1]).any(axis=0)])
        for first, last in zip(begins, np.r_[begins[1:], len(order)], strict=True):
            follows[order[first:last]] = np.roll(order[first:last], -1)
        return follows

    def starts(self, phase: int) -> np.ndarray:
        """Which days may begin a block in a phase: its own; all, if it has none."""
        mine = self.late == bool(phase)
        return mine if mine.any() else np.ones_like(mine)

    @cached_property
    def pools(self) -> list[np.ndarray]:
        """The rows that may begin a block in each phase."""
        return [np.flatnonzero(self.starts(phase)) for phase in (0, 1)]

    def orders(self, seasons: int, random: np.random.Generator) -> np.ndarray:
        """Random seasons: rows of days, shape (seasons, days of a season)."""
        columns = []
        for length, phase in zip(self.slot_length, self.slot_phase, strict=True):
            pool = self.pools[phase]
            row = pool[random.integers(0, len(pool), seasons)]
            for _ in range(length):
                columns.append(row)
                row = self.follows[row]
        return np.stack(columns, axis=1)


def _slots(first_left: int, days: int, block_days: int, phase: int) -> list[tuple[int, int, int]]:
    """Slots (days left, length, phase) that fill so many days, the last one shorter if need be."""
    return [(first_left - done, min(block_days, days - done), phase) for done in range(0, days, block_days)]


def _day_arrays(policy: Policy, days: Days) -> tuple[np.ndarray, np.ndarray]:
    bin_of = np.stack([policy.bins.bins_of(days.p_first, phase) for phase in (0, 1)])
    hits = np.stack([days.hit_first, days.hit_both, days.has_second], axis=1).astype(np.int8)
    return bin_of, hits


def _empty(seasons: int, rules: Rules) -> Played:
    return Played(np.empty(seasons, np.int64), np.empty(seasons, np.int64), rules.goal)


def _numbers(rules: Rules) -> tuple[int, int, int]:
    return rules.goal, rules.saver_from, rules.last_saved
