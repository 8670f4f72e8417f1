"""What a mark says: every form, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.track import marks, programme
from formguide.track.events import find
from formguide.track.marks import Mark, MarkError, parse
from formguide.track.programme import Event


@pytest.mark.parametrize(
    ("text", "event", "value", "unit"),
    [
        ("10.47", "100", 10.47, "sec"),
        ("1:52.31", "800", 112.31, "sec"),
        ("14:02.1h", "5000", 842.1, "sec"),
        ("2:03:11", "Mar", 7391.0, "sec"),
        ("1:10:18", "HM", 4218.0, "sec"),
        ("30:48", "10K", 1848.0, "sec"),
        ("65:12.3", "10000W", 3912.3, "sec"),
        ("6.85m", "LJ", 6.85, "m"),
        ("6.85 m", "LJ", 6.85, "m"),
        ("6.88", "LJ", 6.88, "m"),
        ("6,88", "LJ", 6.88, "m"),
        ("22-05.75", "LJ", 6.85, "m"),
        ("6' 8.25\"", "HJ", 2.04, "m"),
        ("6′8¼″", "HJ", 2.04, "m"),
        ("160' 1\"", "DT", 48.79, "m"),
        ("5,312 points", "Hep", 5312.0, "points"),
        ("5312", "Hep", 5312.0, "points"),
        ("19131.00", "1H", 19131.0, "m"),
        ("6.6899999999999995", "60", 6.69, "sec"),
    ],
)
def test_every_form_of_mark(text: str, event: str, value: float, unit: str) -> None:
    mark = parse(text, find(event))
    assert mark.value == value and mark.unit == unit and mark.is_mark and mark.text == text


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1:52.31", 112.31, "sec"),
        ("6.85m", 6.85, "m"),
        ("22-05.75", 6.85, "m"),
        ("5,312 points", 5312.0, "points"),
        ("5,312", 5312.0, "points"),
        ("10.47", 10.47, None),
    ],
)
def test_without_an_event_the_unit_is_what_the_text_says(text: str, value: float, unit: str | None) -> None:
    assert (parse(text).value, parse(text).unit) == (value, unit)


@pytest.mark.parametrize(
    ("text", "status"),
    [(word, word) for word in ("NH", "NM", "ND", "NT", "FOUL", "DNS", "DNF", "DQ", "FS", "PASS", "SCR")]
    + [
        ("DNFW", "DNF"),
        ("DNF (-0.2)", "DNF"),
        ("FOUL (+1.3)", "FOUL"),
        ("dq", "DQ"),
        ("DSQ", "DQ"),
        (" NH ", "NH"),
    ],
)
def test_what_stands_in_a_marks_place(text: str, status: str) -> None:
    mark = parse(text, find("100"))
    assert mark.status == status and mark.value is None and not mark.is_mark


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("14:02.1h", {"hand_timed"}),
        ("14:02.1 H", {"hand_timed"}),
        ("23.32 #", {"converted", "oversized_track"}),
        ("8.35@", {"converted", "altitude"}),
        ("9.69A", {"altitude"}),
        ("23.23%", {"converted"}),
        ("23.90 C", {"converted"}),
        ("1:52.31 y", {"converted"}),
        ("7.15(55)", {"converted"}),
        ("4:07.62 (1)", {"converted"}),
        ("7.04(7.038)", set()),
        ("3:59.81(3:59.807)", set()),
        ("21.15 OT", {"oversized_track"}),
        ("21.15i", {"indoors"}),
        ("21.15*", {"noted"}),
        ("21.15q", set()),
        ("21.15h@*", {"hand_timed", "converted", "altitude", "noted"}),
    ],
)
def test_what_stands_behind_a_mark(text: str, flags: set[str]) -> None:
    mark = parse(text)
    names = ("hand_timed", "converted", "altitude", "oversized_track", "indoors", "noted")
    assert {name for name in names if getattr(mark, name)} == flags
    assert mark.value is not None and mark.value > 1


@pytest.mark.parametrize(
    ("text", "wind", "mps", "legal"),
    [
        ("10.47", "+2.0", 2.0, True),
        ("10.47", "2.2", 2.2, False),
        ("10.47", "-0.4", -0.4, True),
        ("10.47", "−0.4", -0.4, True),
        ("10.47", 1.3, 1.3, True),
        ("10.47", "w", None, False),
        ("10.47", "NWI", None, None),
        ("10.47", "", None, None),
        ("10.47", None, None, None),
        ("10.47 (1.3)", None, 1.3, True),
        ("10.47 (+3.3)", None, 3.3, False),
        ("10.47 +3.3", None, 3.3, False),
        ("10.47 (NWI)", None, None, None),
        ("10.47w", None, None, False),
        ("10.47w", "+2.6", 2.6, False),
    ],
)
def test_wind(text: str, wind: str | float | None, mps: float | None, legal: bool | None) -> None:
    mark = parse(text, find("100"), wind)
    assert (mark.wind_mps, mark.wind_legal) == (mps, legal)


def test_wind_spoils_nothing_where_it_does_not_matter() -> None:
    assert parse("48.37", find("400"), "+3.1") == Mark(48.37, "sec", wind_mps=3.1, text="48.37")


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("", "100"), ("-", "100"), ("abc", "100"), ("10.47x", "100"), ("10.47 s", "100"), ("1:2", "800"),
        ("1:60.00", "800"), ("1:61:00", "HM"), ("10.4.7", "100"), ("-10.47", "100"), ("١٠.٤٧", "100"),
        ("0.00", "100"), ("3.05", "100"), ("16:37.16", "500"), ("9.69", "HJ"), ("22-15", "LJ"), ("inf", "LJ"),
        ("20000", "Dec"), ("6.8", "Hep"), ("7.04(8.038)", "60"), ("7.04 (wind)", "60"), ("nan", "100"),
        ("1e3", "800"), ("DNFs", "100"), ("NHL", "HJ"), ("DNF x", "100"), ("5-10", "100"),
        ("10.47 (99)x", "100"), ("6.85 m/s", "LJ"), ("6.8512", "LJ"),
    ],
)  # fmt: skip
def test_what_is_no_mark_raises(text: str, event: str) -> None:
    with pytest.raises(MarkError):
        parse(text, find(event))


def test_an_error_is_one_line() -> None:
    with pytest.raises(MarkError, match=r"^'10\.47\\nfast' is no mark: 'fast' is no sign behind one$"):
        parse("10.47\nfast", find("100"))


@pytest.mark.parametrize("wind", ["fast", "+20.0", "2.2.2", "+"])
def test_what_is_no_wind_raises(wind: str) -> None:
    with pytest.raises(MarkError, match="is no wind"):
        parse("10.47", find("100"), wind)


@pytest.mark.parametrize(
    ("value", "event", "text"),
    [
        (10.47, "100", "10.47"),
        (59.996, "400", "1:00.00"),
        (60.0, "400", "1:00.00"),
        (112.31, "800", "1:52.31"),
        (3599.999, "10000W", "1:00:00.00"),
        (7391.0, "Mar", "2:03:11"),
        (59.6, "5K", "1:00"),
        (45.0, "500R", "0:45"),
        (6.85, "LJ", "6.85m"),
        (5312.0, "Hep", "5,312"),
    ],
)
def test_a_mark_in_its_events_notation(value: float, event: str, text: str) -> None:
    assert marks.format(value, find(event)) == text


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_what_is_no_number_has_no_notation(value: float) -> None:
    with pytest.raises(ValueError, match="is no mark"):
        marks.format(value, find("100"))


ALL_EVENTS = [event for event in programme.events() if event.individual]


@st.composite
def marks_of_events(draw: st.DrawFn) -> tuple[Event, int]:
    """An event and a mark of it in its smallest unit."""
    event = draw(st.sampled_from(ALL_EVENTS))
    least, most = event.possible
    scale = 10**event.decimals
    return event, draw(st.integers(int(least * scale) + 1, int(most * scale) - 1))


@given(marks_of_events())
def test_parse_undoes_format(drawn: tuple[Event, int]) -> None:
    event, smallest = drawn
    value = smallest / 10**event.decimals
    text = marks.format(value, event)
    mark = parse(text, event)
    assert mark.value == value and mark.unit == event.unit
    assert mark == Mark(value, event.unit, text=text), "no flag comes from nowhere"
    assert marks.format(value, event) == text


@given(marks_of_events(), st.sampled_from(["h", "w", "@", "#", "%", "*", "A", "C", "y", " (55)", " (+1.3)"]))
def test_a_sign_behind_changes_no_value(drawn: tuple[Event, int], sign: str) -> None:
    event, smallest = drawn
    text = marks.format(smallest / 10**event.decimals, event)
    assert parse(text + sign, event).value == parse(text, event).value


@given(st.text(max_size=12), st.sampled_from(ALL_EVENTS))
def test_nothing_that_is_no_mark_becomes_one(text: str, event: Event) -> None:
    try:
        mark = parse(text, event)
    except MarkError:
        return
    assert mark.status or (mark.value is not None and event.possible[0] <= mark.value <= event.possible[1])
    assert mark.status or any(c in "0123456789" for c in text)


@given(st.text(alphabet="0123456789:.,'\"-mhw@#*() A+", min_size=1, max_size=10), st.sampled_from(ALL_EVENTS))
def test_text_made_of_a_marks_signs_is_one_or_raises(text: str, event: Event) -> None:
    """Whatever passes reads the same again in its event's notation, to half a unit of its last decimal."""
    try:
        mark = parse(text, event)
    except MarkError:
        return
    assert mark.value is not None
    again = parse(marks.format(mark.value, event), event)
    assert again.value == pytest.approx(mark.value, abs=0.51 * 10**-event.decimals)
