"""What is remembered is what would be made, and the oldest is forgotten."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from formguide.heartrate import ode, personal
from formguide.heartrate.personal import prior_of
from formguide.heartrate.remembered import Memory, OfObjects
from tests.heartrate.hearts import inputs_of, runs_of


def test_values_are_made_once_and_the_oldest_goes():
    made: list[str] = []
    memory = Memory[str](2)

    def ask(key: str) -> str:
        def make() -> str:
            made.append(key)
            return key.upper()

        return memory.get(key, make)

    assert [ask(key) for key in "abab"] == ["A", "B", "A", "B"] and made == ["a", "b"]
    assert [ask(key) for key in "cba"] == ["C", "B", "A"] and made == ["a", "b", "c", "a"]
    memory.clear()
    assert ask("a") == "A" and made[-1] == "a" and len(made) == 5


def test_an_object_is_itself_and_not_one_like_it():
    counted: list[int] = []

    def count(of: list[int]) -> int:
        counted.append(len(of))
        return len(of)

    length = OfObjects[list[int], int](count, 2)
    one, other = [1, 2], [1, 2]
    assert (length(one), length(other), length(one), len(counted)) == (2, 2, 2, 2)
    # Objects that come and go in the same place in memory are told apart.
    assert [length(list(range(k))) for k in range(50)] == list(range(50))


def test_efforts_and_priors_that_are_remembered_are_those_that_are_made():
    runs = [run for who in range(8) for run in runs_of(2, seconds=300, user=f"u{who}", seed=who)]
    personal._fits.clear()
    first, again = prior_of(runs), prior_of(runs)
    personal._fits.clear()
    anew = prior_of([replace(run, inputs=replace(run.inputs)) for run in runs])
    for prior in (again, anew):
        assert prior.mean.tobytes() == first.mean.tobytes() and prior.sd.tobytes() == first.sd.tobytes()
    louder = [replace(run, heart_rate_bpm=run.heart_rate_bpm + 10) for run in runs]
    assert prior_of(louder).mean.tobytes() != first.mean.tobytes()
    inputs = inputs_of(3, 300)
    faster = replace(inputs, speed_mps=inputs.speed_mps + 1)
    assert np.array_equal(ode.effort(inputs).level, ode.effort(replace(inputs)).level)
    assert (ode.effort(faster).level > ode.effort(inputs).level).all()
