"""The game in plain Python, written from the rules alone: what the compiled core has to equal."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import comb
from typing import Any

import numpy as np

from formguide.baseball.streak.bins import Bins


@dataclass(frozen=True)
class Game:
    """A small game: rates of shape (2, bins) by phase, early first."""

    goal: int
    days: int
    saver_from: int
    saver_to: int
    late_days: int
    share: tuple[tuple[float, ...], ...]
    hit: tuple[tuple[float, ...], ...]
    both: tuple[tuple[float, ...], ...]

    @property
    def count(self) -> int:
        return len(self.share[0])

    def phase(self, left: int) -> int:
        return 1 if left <= self.late_days else 0

    def next(self, streak: int, saver: bool, named: int, hit: bool) -> tuple[int, bool]:
        if named == 0 or streak >= self.goal:
            return streak, saver
        if hit:
            return min(streak + named, self.goal), saver
        if saver and self.saver_from <= streak <= self.saver_to:
            return streak, False
        return 0, saver

    def outcomes(self, left: int, b: int, named: int) -> Iterator[tuple[float, bool]]:
        rates = (None, self.hit, self.both)[named]
        chance = 1.0 if rates is None else rates[self.phase(left)][b]
        yield chance, True
        if chance < 1:
            yield 1 - chance, False

    def bins(self) -> Bins:
        zeros = np.zeros((2, self.count))
        edges = np.linspace(0.6, 0.9, self.count + 1)[1:-1]
        return Bins(
            np.tile(edges, (2, 1)),
            self.late_days,
            *(np.array(rates) for rates in (self.share, self.hit, self.both)),
            *[zeros] * 4,
        )

    def best(self) -> Callable[[int, int, bool], float]:
        """The value before the bin is known, by the recursion as one would write it down."""

        @cache
        def value(left: int, streak: int, saver: bool) -> float:
            if streak >= self.goal:
                return 1.0
            if left == 0:
                return 0.0
            return sum(
                self.share[self.phase(left)][b]
                * max(
                    sum(
                        chance * value(left - 1, *self.next(streak, saver, named, hit))
                        for chance, hit in self.outcomes(left, b, named)
                    )
                    for named in (0, 1, 2)
                )
                for b in range(self.count)
            )

        return value

    def of(self, actions: Any) -> Callable[[int, int, bool], float]:
        """The value under fixed actions, indexed [left - 1, saver, streak, bin]."""

        @cache
        def value(left: int, streak: int, saver: bool) -> float:
            if streak >= self.goal:
                return 1.0
            if left == 0:
                return 0.0
            total = 0.0
            for b in range(self.count):
                named = int(actions[left - 1, int(saver), streak, b])
                for chance, hit in self.outcomes(left, b, named):
                    later = value(left - 1, *self.next(streak, saver, named, hit))
                    total += self.share[self.phase(left)][b] * chance * later
            return total

        return value

    def best_of_all_policies(self) -> float:
        """The largest chance over every policy there is: each one followed through every season there is."""
        start = (self.days, 0, True)
        states: list[tuple[int, int, bool, int]] = []
        seen = set()
        todo = [start]
        while todo:
            state = todo.pop()
            left, streak, saver = state
            if state in seen or left == 0 or streak >= self.goal:
                continue
            seen.add(state)
            states += [(*state, b) for b in range(self.count)]
            for named, hit in itertools.product((0, 1, 2), (True, False)):
                todo.append((left - 1, *self.next(streak, saver, named, hit)))
        return max(
            self._followed(dict(zip(states, choice, strict=True)), start)
            for choice in itertools.product((0, 1, 2), repeat=len(states))
        )

    def _followed(self, policy: dict[tuple[int, int, bool, int], int], state: tuple[int, int, bool]) -> float:
        left, streak, saver = state
        if streak >= self.goal:
            return 1.0
        if left == 0:
            return 0.0
        total = 0.0
        for b in range(self.count):
            named = policy[(*state, b)]
            for chance, hit in self.outcomes(left, b, named):
                after = (left - 1, *self.next(streak, saver, named, hit))
                total += self.share[self.phase(left)][b] * chance * self._followed(policy, after)
        return total


def chance_of_run(run: int, trials: int, p: float) -> float:
    """A run of `run` hits somewhere in `trials` at chance p each, in closed form and exact arithmetic.

    De Moivre; Uspensky, Introduction to Mathematical Probability (1937), p. 79.
    """
    hit = Fraction(p)
    miss = 1 - hit

    def beta(n: int) -> Fraction:
        terms = ((-1) ** k * comb(n - k * run, k) * (miss * hit**run) ** k for k in range(n // (run + 1) + 1))
        return sum(terms, Fraction(0))

    if trials < run:
        return 0.0
    return float(1 - beta(trials) + hit**run * beta(trials - run))
