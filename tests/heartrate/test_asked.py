"""A run that is asked about is not learnt from, whatever moment and whatever name is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from formguide.heartrate.asked import Run, answer
from formguide.heartrate.sequences import Recorded
from tests.heartrate.hearts import runs_of

RUNS = runs_of(4, seconds=600)
OTHERS = [run for who in range(8) for run in runs_of(2, seconds=300, user=f"u{who}", seed=who)]


def again(run: Recorded) -> Recorded:
    """The record of another device, which began later and counts every beat wrong."""
    inputs = replace(
        run.inputs,
        workout_id="phone/20210305T070100",
        started_at=run.inputs.started_at + timedelta(seconds=60),
    )
    return Recorded(inputs, run.heart_rate_bpm + 25)


@pytest.mark.parametrize("route_only", [False, True])
def test_the_run_itself_is_not_learnt_from_after_it_was_recorded(route_only: bool) -> None:
    asked, before = Run(RUNS[2]), RUNS[:2]
    later = RUNS[2].inputs.ended_at + timedelta(days=1)
    known = [*before, RUNS[2], again(RUNS[2])]
    plain = answer(asked, before, at=later, everybody=OTHERS, route_only=route_only)
    found = answer(asked, known, at=later, everybody=[*OTHERS, *known], route_only=route_only)
    assert found.earlier == plain.earlier == 2
    with_own = answer(asked, before, at=later, everybody=[*OTHERS, *before], route_only=route_only)
    assert found.curve.p50.tobytes() == with_own.curve.p50.tobytes()
    assert found.curve.p90.tobytes() == with_own.curve.p90.tobytes()


def test_what_was_run_between_it_and_the_moment_named_is_known() -> None:
    later = RUNS[3].inputs.ended_at + timedelta(days=1)
    assert answer(Run(RUNS[2]), RUNS, at=later).earlier == 3
    assert answer(Run(RUNS[2]), RUNS).earlier == 2
