"""A policy as a table for people: from which kind of day on one plays, and from which one doubles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from formguide.baseball.streak.bins import PHASES
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.rules import DOUBLE, SINGLE

DAYS_SHOWN = (182, 150, 120, 90, 60, 45, 30, 20, 10)
"""Days left that are shown unless others are asked for."""


def thresholds(policy: Policy, days_left: tuple[int, ...] = DAYS_SHOWN) -> pl.DataFrame:
    """One row per days left, saver and stretch of streaks with one answer, in that order.

    Columns: days_left, phase, saver, streak_from, streak_to, actions (one digit per bin from the worst day to
    the best: 0 skip, 1 single, 2 double), play_from and double_from (the least chance of the best pick at
    which one plays, or doubles: the lower edge of the worst bin with that answer; 0 for every day, null for
    no day), in_order (better days never get a more careful answer, so the two chances say it all). Stretches
    out of reach of the goal are left out; days the policy does not know as well.
    """
    rows = []
    for left in sorted({left for left in days_left if 1 <= left <= policy.days}, reverse=True):
        phase = policy.bins.phase(left)
        for saver in (True, False):
            for first, last, answer in _stretches(
                policy.actions[left - 1, int(saver)], left, policy.rules.goal
            ):
                rows.append(
                    {
                        "days_left": left,
                        "phase": PHASES[phase],
                        "saver": saver,
                        "streak_from": first,
                        "streak_to": last,
                        "actions": "".join(str(a) for a in answer),
                        "play_from": _from(policy, phase, answer, SINGLE),
                        "double_from": _from(policy, phase, answer, DOUBLE),
                        "in_order": bool((np.diff(answer) >= 0).all()),
                    }
                )
    return pl.DataFrame(rows, schema=_COLUMNS)


_COLUMNS = {
    "days_left": pl.Int32,
    "phase": pl.String,
    "saver": pl.Boolean,
    "streak_from": pl.Int32,
    "streak_to": pl.Int32,
    "actions": pl.String,
    "play_from": pl.Float64,
    "double_from": pl.Float64,
    "in_order": pl.Boolean,
}


def _stretches(answers: np.ndarray, left: int, goal: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Neighbouring streaks with one answer: first, last, the answer; from the first streak within reach."""
    first = max(0, goal - 2 * left)
    for streak in range(first, goal):
        if streak + 1 == goal or (answers[streak + 1] != answers[streak]).any():
            yield first, streak, answers[streak]
            first = streak + 1


def _from(policy: Policy, phase: int, answer: np.ndarray, action: int) -> float | None:
    """The lower edge of the worst bin with at least this action."""
    such = np.flatnonzero((answer >= action) & (policy.bins.share[phase] > 0))
    if not len(such):
        return None
    return float(policy.bins.edges[phase, such[0] - 1]) if such[0] else 0.0
