"""The rules of the game, as far as they decide what to pick.

Every day of the season a player names nobody, one batter, or two. One batter with a hit adds 1 to the
streak; two batters add 2 if both get one. If any batter named has no hit the streak falls to 0, but for the
saver: once a season, on the first miss at a streak of 10 to 15, the streak stays as it is and the saver is
gone. The goal is a streak of 57, one more than the longest of the major leagues.
(Rules: MLB, Beat the Streak, official rules of the 2020s: double down and streak saver.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SKIP, SINGLE, DOUBLE = 0, 1, 2
ACTIONS = ("skip", "single", "double")
"""What one can do on a day, by number; also the order of the tie-break: of equal values the first."""

DAYS = 182
"""Days with games in a season as it is played now."""

LATE_DAYS = 30
"""Days before the end of the season that count as late: line-ups change when a season is decided."""


@dataclass(frozen=True)
class Rules:
    """What a streak has to reach, and at which streaks the saver saves it (both ends included).

    A rule book without a saver is `saver_from` above `saver_to`.
    """

    goal: int = 57
    saver_from: int = 10
    saver_to: int = 15

    def __post_init__(self) -> None:
        if not 1 <= self.goal <= 1000:
            raise ValueError(f"a goal of {self.goal}: it is a streak of 1 to 1000")
        if self.saver_from < 1:
            raise ValueError(f"a saver from a streak of {self.saver_from}: there is nothing to save below 1")

    @property
    def last_saved(self) -> int:
        """The longest streak short of the goal that the saver saves."""
        return min(self.saver_to, self.goal - 1)

    def saves(self, streak: int, saver: bool) -> bool:
        """Whether a miss at this streak costs the saver and not the streak."""
        return saver and self.saver_from <= streak <= self.last_saved

    def after(self, streak: int, saver: bool, action: int, hit: bool) -> tuple[int, bool]:
        """Streak and saver on the next day. `hit`: every batter named had one (of no account for a skip)."""
        if action == SKIP or streak >= self.goal:
            return streak, saver
        if hit:
            return min(streak + action, self.goal), saver
        return (streak, False) if self.saves(streak, saver) else (0, saver)


def phases_by_day(days: int, late_days: int) -> np.ndarray:
    """The phase of the season by days left, shape (days + 1,): 1 (late) up to `late_days`, else 0 (early)."""
    return (np.arange(days + 1) <= late_days).astype(np.int64)
