"""Plans that somebody types: stretches by time and by distance, and what is none named in one line."""

from __future__ import annotations

import pytest

from formguide.heartrate import typed_plan
from formguide.heartrate.typed_plan import EXAMPLE, PlanError, read_plan


def test_a_plan_is_read_line_by_line() -> None:
    speed, altitude = read_plan("2 min 5:00\n\n 1.5 MIN 6:40/km up 5 %\n1 min rest\n1 min 4:10 down 10%")
    assert len(speed) == 120 + 90 + 60 + 60
    assert speed[0] == pytest.approx(1000 / 300) and speed[130] == pytest.approx(2.5)
    assert not speed[210:270].any()
    assert altitude[119] == 0 and altitude[209] == pytest.approx(90 * 2.5 * 0.05)
    assert altitude[-1] == pytest.approx(altitude[209] - 60 * 4.0 * 0.1)


def test_stretches_are_as_long_as_they_say_by_time_or_by_distance() -> None:
    plan = typed_plan.inputs_of("2 km 5:00 up 2 %\n90 s rest\n400 m 4:10 min/km\n0.5 h 6:00")
    assert len(plan) == 600 + 90 + 100 + 1800
    assert plan.speed_mps.sum() == pytest.approx(2000 + 400 + 5000)
    assert plan.altitude_m[-1] == pytest.approx(40, abs=0.1)
    assert len(read_plan(EXAMPLE)[0]) == 600 + 300 + 180 + 300 + 600


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty"),
        ("0 min 5:00", "is empty"),
        ("10 min 5:00\nfast", "line 2: 'fast' is not like"),
        ("10 min 1:00", "not a runner's pace"),
        ("10 min 0:00", "not a runner's pace"),
        ("10 min 5:00 up 60 %", "nobody runs"),
        ("601 min 5:00", "line 1: it takes longer than 600"),
        ("400 min 5:00\n201 min 5:00", "the plan takes longer than 600"),
        ("9999999999 km 5:00", "line 1: it takes longer than 600"),
        ("5 min 5:75", "is not like"),
        ("2 km rest", "nobody covers 2 km at rest"),
    ],
)
def test_what_is_no_plan_is_one_line(text: str, expected: str) -> None:
    with pytest.raises(PlanError, match=expected) as told:
        read_plan(text)
    assert "\n" not in str(told.value)
