"""Marks as people type them, and the forecast that is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import permutations
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.track import events, marks, programme
from formguide.track.asked import Answer, AskedMark, NoForecast, forecast_marks, read_marks
from formguide.track.forecast import forecast_ahead
from formguide.track.peak_model import PeakModel, PeakSettings, fit
from formguide.track.tables import INDOOR, OUTDOOR
from formguide.track.trees import TreeSettings
from tests.track.history_made import careers, made

JUMP, SPRINT, MIDDLE, POINTS = (events.find(name) for name in ("Long Jump", "100", "800", "Decathlon"))
DAY = date(2025, 2, 22)

DAYS = (
    "2025-02-22",
    "2025/2/22",
    "02/22/2025",
    "22.02.2025",
    "Feb 22, 2025",
    "22 February 2025",
    "Feb. 22 2025",
)
JUMPS = ("6.90", "6.90m", "6.90 m", "22-07.75", "22' 7.75\"", "22′ 7.75″")
WINDS = {
    "+0.9": 0.9,
    "-1.2": -1.2,
    "−1.2": -1.2,
    "(+0.9)": 0.9,
    "wind +2.3": 2.3,
    "+0.9 m/s": 0.9,
    "NWI": None,
}


def one(line: str, event: programme.Event = JUMP) -> AskedMark:
    found, problems = read_marks([line], event)
    assert not problems, problems
    (said,) = found
    return said


def told(line: str, event: programme.Event = JUMP) -> str:
    found, (problem,) = read_marks([line], event)
    assert not found
    assert "\n" not in problem
    assert problem.startswith(f"line 1 ({line.strip()}): ")
    return problem.split("): ", 1)[1]


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_in_any_order(order: Sequence[int]) -> None:
    parts = ("2025-02-22", "6.90", "+0.9", "indoor")
    for between in (", ", "; ", " ", "\t"):
        said = one(between.join(parts[i] for i in order))
        assert (said.mark.value, said.mark.wind_mps, said.on, said.label) == (6.9, 0.9, DAY, INDOOR)


@given(
    st.sampled_from(DAYS),
    st.sampled_from(JUMPS),
    st.sampled_from([*WINDS, None]),
    st.sampled_from(["outdoor", "Outdoors", "INDOOR", None]),
    st.sampled_from([", ", "; ", "  "]),
    st.sampled_from(["", "  # a comment, 7.20"]),
    st.permutations(range(4)),
)
def test_however_it_is_written(
    day: str, mark: str, wind: str | None, place: str | None, between: str, comment: str, order: list[int]
) -> None:
    parts = (day, mark, wind, place)
    said = one(between.join(p for i in order if (p := parts[i]) is not None) + comment)
    assert said.mark.value == pytest.approx(6.90, abs=0.005)
    assert said.on == DAY
    assert said.mark.wind_mps == (WINDS[wind] if wind else None)
    assert said.label == (None if place is None else INDOOR if place == "INDOOR" else OUTDOOR)
    if wind == "wind +2.3":
        assert said.mark.wind_legal is False


@pytest.mark.parametrize(
    ("event", "line", "value", "wind"),
    [
        (SPRINT, "10.47", 10.47, None),
        (SPRINT, "10.5h, -0.3", 10.5, -0.3),
        (SPRINT, "-0.3, 10.50", 10.5, -0.3),
        (SPRINT, "10.47, 0.9", 10.47, 0.9),
        (SPRINT, "10.47, wind 1.3 m/s", 10.47, 1.3),
        (SPRINT, "10.47 (+2.4)", 10.47, 2.4),
        (JUMP, "6,90; 22.02.2025; 1,2", 6.9, 1.2),
        (JUMP, "6,90", None, None),
        (MIDDLE, "1:52.31", 112.31, None),
        (MIDDLE, "112.31, 2025-05-01", 112.31, None),
        (POINTS, "7,512", 7512, None),
        (POINTS, "2025-05-01, 7512 points", 7512, None),
        (POINTS, "7,512, 2025-05-01", 7512, None),
    ],
)
def test_units_and_winds(event: programme.Event, line: str, value: float | None, wind: float | None) -> None:
    if value is None:
        assert "which of 6 and 90" in told(line, event)
        return
    said = one(line, event)
    assert (said.mark.value, said.mark.wind_mps, said.mark.unit) == (value, wind, event.unit)


def test_what_stands_behind_a_mark_is_heeded() -> None:
    assert one("7.01w").mark.wind_legal is False
    assert one("7.01, w").mark.wind_legal is False
    assert one("10.5h", SPRINT).mark.hand_timed
    assert one("6.90i").label == INDOOR


@pytest.mark.parametrize(
    ("event", "line", "why"),
    [
        (JUMP, "6.88, 6.90", "which of 6.88 and 6.90 is the mark"),
        (SPRINT, "10.81, 10.95", "which of 10.81 and 10.95"),
        (SPRINT, "10.81, 2", "which of 10.81 and 2"),
        (MIDDLE, "1:52.31, 1.2", "which of 1:52.31 and 1.2"),
        (JUMP, "2025-02-30, 6.90", "2025-02-30 is no day"),
        (JUMP, "13/13/2025, 6.90", "13/13/2025 is no day"),
        (JUMP, "outdoor", "there is no mark in it"),
        (JUMP, "2025-02-22", "there is no mark in it"),
        (JUMP, "+0.9", "is no mark of Long Jump"),
        (JUMP, "hello", "'hello' is no mark of Long Jump"),
        (JUMP, "69.0", "no mark that can be set in Long Jump"),
        (JUMP, "6.90, +99.0", "is no wind"),
        (MIDDLE, "6.90m", "'m' is no sign behind one"),
        (POINTS, "6.90", "Decathlon"),
    ],
)
def test_bad_lines_are_named(event: programme.Event, line: str, why: str) -> None:
    assert why in told(line, event)


def test_good_lines_go_on_and_blank_ones_do_not_count() -> None:
    lines = [
        "",
        "# my marks",
        "2025-02-22, 6.90, +0.9",
        "   ",
        "six metres",
        "6.88",
        "DNF",
        "FOUL, 2025-02-25",
    ]
    found, problems = read_marks(lines, JUMP)
    assert [(said.mark.value, said.on) for said in found] == [(6.9, DAY), (6.88, None)]
    assert len(problems) == 1 and problems[0].startswith("line 5 (six metres): ")


@given(st.lists(st.text(max_size=30), max_size=5))
def test_nothing_that_is_typed_is_a_traceback(lines: list[str]) -> None:
    found, problems = read_marks(lines, SPRINT)
    assert len(found) + len(problems) <= len(lines)
    least, most = SPRINT.possible
    assert all(least <= float(said.mark.value or 0) <= most for said in found)


# -- the answer ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model() -> PeakModel:
    trees = TreeSettings(rounds=20, learning_rate=0.1, seeds=1)
    return fit(made(50, seed=31), date(2018, 11, 1), PeakSettings(folds=1, lstm_needs=10**6, trees=trees))


LINES = (
    "2023-05-01, 6.70, +1.0", "2023-06-01, 6.75, +2.6", "2024-01-20, 6.80, indoor", "2024-05-05, 6.85, -0.3",
    "2024-05-05, 6.85, -0.3", "2024-06-20, 6.90, +0.9", "2025-02-01, 6.88, indoor", "2025-04-30, 7.02, +0.1",
)  # fmt: skip


def answered(model: PeakModel, lines: Sequence[str] = LINES, label: str = OUTDOOR, **more: Any) -> Answer:
    typed, problems = read_marks(lines, JUMP)
    assert not problems
    return forecast_marks(model, "men", label, "Long Jump", typed, **more)


@pytest.mark.parametrize("born", [None, date(2003, 3, 3)])
@pytest.mark.parametrize("label", [INDOOR, OUTDOOR])
def test_it_is_what_the_same_career_in_the_lake_is_forecast(
    model: PeakModel, label: str, born: date | None
) -> None:
    said = answered(model, label=label, born=born, class_year=3)
    typed, _ = read_marks(LINES, JUMP)
    rows = [
        {
            "athlete_id": "tfrrs:1",
            "event": "Long Jump",
            "label": each.label or label,
            "date": each.on,
            "mark": each.mark.value,
            "wind_mps": each.mark.wind_mps,
            "wind_legal": each.mark.wind_legal,
            "birth_date": born,
            # A junior in 2025 was a sophomore in 2024 and a freshman in 2023.
            "class_year": each.on.year - 2022 if each.on else None,
        }
        for each in typed
    ]
    ahead = forecast_ahead(model, careers(rows), as_of=said.as_of)
    (row,) = ahead.filter(pl.col("label") == label, pl.col("season") == said.season).iter_rows(named=True)
    for name in ("low", "median", "high", "last", "best", "linear", "model", "last_season"):
        assert getattr(said, name) == row[name], name


def test_the_season_is_the_next_of_the_label(model: PeakModel) -> None:
    out, inside = answered(model), answered(model, [line + ", indoor" for line in LINES[5:6]], INDOOR)
    assert (out.season, out.label, out.as_of, out.last_season) == (2026, OUTDOOR, date(2026, 1, 1), 2025)
    assert (inside.season, inside.as_of) == (2025, date(2024, 11, 1))
    assert [out.last, out.best] == pytest.approx([7.02, 7.02])
    assert out.low <= out.median <= out.high
    assert out.written(6.9) == "6.90m"
    assert len(out.marks) == len(LINES) and out.later == 0
    assert [day for day, *_ in out.marks] == sorted(day for day, *_ in out.marks)


def test_marks_after_the_seasons_first_day_are_counted_and_not_used(model: PeakModel) -> None:
    """Asked for the outdoor season of 2025, which is forecast on 1 January: February is too late."""
    lines = [line for line in LINES if not line.startswith("2025-04")]
    said, without = answered(model, lines), answered(model, [line for line in lines if "2025" not in line])
    assert said.season == without.season == 2025
    assert (said.later, without.later) == (1, 0)
    assert replace(said, later=0) == without


def test_order_of_the_lines_does_not_matter(model: PeakModel) -> None:
    assert answered(model, LINES[::-1]) == answered(model)


def test_marks_without_a_day_follow_one_another_by_a_week(model: PeakModel) -> None:
    said = answered(model, ["2024-05-01, 6.70", "6.72", "2024-06-30, 6.80", "6.75"])
    assert [day for day, *_ in said.marks] == [
        date(2024, 5, 1), date(2024, 5, 8), date(2024, 6, 30), date(2024, 6, 30),
    ]  # fmt: skip
    no_day = answered(model, ["6.70", "6.72"], today=date(2024, 7, 1))
    assert {day for day, *_ in no_day.marks} == {date(2024, 7, 1)}
    assert no_day.season == 2025


def test_what_helps_is_known_by_its_wind(model: PeakModel) -> None:
    fair, aided = (
        answered(model, ["2024-05-01, 6.70, +1.0", f"2024-05-08, 7.20, {w}"]) for w in ("+1.9", "+2.1")
    )
    assert [fair.last, aided.last] == pytest.approx([7.20, 6.70])


def test_class_and_age_are_heeded(model: PeakModel) -> None:
    plain = answered(model)
    assert answered(model, class_year=1).linear != plain.linear
    assert answered(model, born=date(2007, 1, 1)).linear != plain.linear


@pytest.mark.parametrize(
    ("lines", "label", "more", "why"),
    [
        ([], OUTDOOR, {}, "there are no marks"),
        (["2024-01-05, 6.70, indoor"], OUTDOOR, {}, "there is no outdoor mark"),
        (["6.70"], "Summer", {}, "neither Indoor nor Outdoor"),
        (["2024-01-05, 6.70"], OUTDOOR, {"born": date(2024, 1, 5)}, "nobody born on 2024-01-05"),
    ],
)
def test_why_there_is_no_forecast(
    model: PeakModel, lines: list[str], label: str, more: dict[str, Any], why: str
) -> None:
    with pytest.raises(NoForecast, match=why) as told:
        answered(model, lines, label, **more)
    assert "\n" not in str(told.value)


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(st.dates(date(2015, 1, 1), date(2025, 12, 31)), st.floats(10.0, 12.5)),
        min_size=1,
        max_size=6,
    )
)
def test_any_marks_have_a_forecast_near_them(model: PeakModel, said: list[tuple[date, float]]) -> None:
    typed = [AskedMark(marks.parse(f"{mark:.2f}", SPRINT), day) for day, mark in said]
    answer = forecast_marks(model, "women", OUTDOOR, "100 Meters", typed)
    assert answer.season == 1 + max(day for day, _ in said).year
    assert answer.low >= answer.median >= answer.high > 0
    assert abs(answer.median / answer.last - 1) < 0.15
