"""Splits: nobody on two sides, every level and gender in its share, the same cut every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from formguide.heartrate.sequences import Recorded
from formguide.heartrate.splits import users_apart
from tests.heartrate.workouts_made import a_run


def _crowd(users: int) -> list[Recorded]:
    made = []
    for user in range(users):
        run = a_run(0, 0, 60)
        speed = np.full(60, 2.0 + 0.01 * user)
        for number in range(2):
            given = replace(
                run.inputs,
                user_id=f"u{user}",
                workout_id=f"u{user}/{number}",
                gender="MF"[user % 2],
                speed_mps=speed,
            )
            made.append(Recorded(given, run.heart_rate_bpm))
    return made


def _users(part: list[Recorded]) -> set[str]:
    return {run.inputs.user_id for run in part}


def test_users_are_apart_and_every_stratum_has_its_share() -> None:
    runs = _crowd(120)
    split = users_apart(runs)
    parts = [_users(part) for part in (split.train, split.validation, split.test)]
    assert sum(len(p) for p in parts) == len(set.union(*parts)) == 120
    assert [len(p) for p in parts] == [84, 18, 18]
    number = {f"u{i}": i for i in range(120)}
    for level in range(3):
        for gender in range(2):
            inside = [u for u in number if number[u] // 40 == level and number[u] % 2 == gender]
            assert [sum(u in p for u in inside) for p in parts] == [14, 3, 3]


def test_few_users_fill_every_part_too() -> None:
    split = users_apart(_crowd(24))
    assert [len(_users(p)) for p in (split.train, split.validation, split.test)] == [17, 4, 3]


def test_the_cut_depends_on_ids_and_seed_only() -> None:
    runs = _crowd(60)
    again = users_apart(runs[::-1])
    assert [r.inputs.workout_id for r in users_apart(runs).test] == [r.inputs.workout_id for r in again.test]
    wrong = [Recorded(run.inputs, run.heart_rate_bpm * 0 + 1e6) for run in runs]
    assert _users(users_apart(wrong).test) == _users(again.test), "it never looks at a heart rate"
    assert _users(users_apart(runs, seed=2).test) != _users(again.test)


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5), (1.0, 0.0, 0.0)])
def test_shares_that_are_none_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        users_apart(_crowd(3), shares)
