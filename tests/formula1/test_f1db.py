"""The f1db reader: values, sessions, and every kind of broken file, set aside without harm to the rest."""

from __future__ import annotations

import contextlib
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.formula1 import f1db
from formguide.formula1.ids import names_of_tree
from formguide.formula1.records import Reading, parse_duration, parse_gap, parse_time_of_day
from formguide.formula1.yaml_tree import YamlError, read_yaml

FIELD = [
    ("lando-norris", "mclaren", 4),
    ("max-verstappen", "red-bull", 1),
    ("charles-leclerc", "ferrari", 16),
    ("george-russell", "mercedes", 63),
]


def race_yml(number: int = 6, grand_prix: str = "monaco", circuit: str = "monaco", more: str = "") -> bytes:
    return (
        f"round: {number}\ndate: 2024-05-26\ntime: 13:00\ngrandPrixId: {grand_prix}\ncircuitId: {circuit}\n"
        f"circuitType: STREET\ncourseLength: 3.337\nturns: 19\nlaps: 78\n{more}"
    ).encode()


def results_yml(texts: tuple[str, ...] = ("1", "2", "3", "DNF")) -> bytes:
    rows = []
    for (driver, team, number), text in zip(FIELD, texts, strict=True):
        time_or_reason = "reasonRetired: Engine\n  time:\n  gap:\n  laps: 12" if text == "DNF" else "laps: 78"
        rows.append(
            f"- position: {text}\n  driverNumber: {number}\n  driverId: {driver}\n  constructorId: {team}\n"
            f"  {time_or_reason}\n  points: {25 if text == '1' else ''}\n  gridPosition: 1\n"
        )
    return "".join(rows).encode()


def grid_yml(places: tuple[str, ...] = ("1", "2", "3", "PL")) -> bytes:
    return "".join(
        f"- position: {place}\n  driverId: {driver}\n  constructorId: {team}\n  gridPenalty:\n"
        for (driver, team, _), place in zip(FIELD, places, strict=True)
    ).encode()


def read(files: dict[str, bytes]) -> Reading:
    return f1db.read_season(2024, files, names_of_tree(files))


def folder(files: dict[str, bytes], name: str = "08-monaco") -> dict[str, bytes]:
    return {f"seasons/2024/races/{name}/{file}.yml": body for file, body in files.items()}


def drivers(reading: Reading, table: str = "race_results") -> list[str]:
    return [row["driver_id"] for row in reading.rows.get(table, [])]


# -- values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1:30:55.026", 5455.026), ("1:27.241", 87.241), ("23.385", 23.385), ("+9.748", 9.748), ("57", 57.0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "banana", "1:75.000", "1:75:00.000", "+1 lap", "-3.0", "1:2:3:4", "١٢"])
def test_what_is_no_duration_says_so(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


@given(st.integers(0, 99 * 3600 * 1000 - 1), st.booleans())
def test_a_duration_reads_back_to_the_millisecond(millis: int, signed: bool) -> None:
    seconds, rest = divmod(millis, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    text = f"{second}.{rest:03}"
    if minute or hour:
        text = f"{minute}:{second:02}.{rest:03}"
    if hour:
        text = f"{hour}:{minute:02}:{second:02}.{rest:03}"
    assert parse_duration(("+" if signed else "") + text) == pytest.approx(millis / 1000, abs=1e-9)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_duration(text) >= 0


@given(st.integers(1, 78))
def test_gaps_in_laps_and_in_seconds(laps: int) -> None:
    assert parse_gap(f"+{laps} lap{'s' if laps > 1 else ''}") == (None, laps)
    assert parse_gap(f"+{laps}.500") == (laps + 0.5, None)


def test_times_of_day() -> None:
    assert parse_time_of_day("07:00") == time(7)
    assert parse_time_of_day("15:00:00Z") == time(15)
    assert parse_time_of_day("690") == time(11, 30)
    for text in ("25:00", "noon", "1440"):
        with pytest.raises(ValueError):
            parse_time_of_day(text)


def test_yaml_stays_text() -> None:
    assert read_yaml(b"time: 07:00\nflag: yes\nempty:\n") == {"time": "07:00", "flag": "yes", "empty": ""}
    assert read_yaml(b"") is None
    assert read_yaml(b"\xef\xbb\xbf- a\n- {b: [c]}\n") == ["a", {"b": ["c"]}]


BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"a: [", "malformed YAML"),
        (b"- a: 1\n b: 2", "malformed YAML, line"),
        (BOMB, "anchors are not accepted"),
        (b"a: *b", "malformed YAML|aliases are not accepted"),
        (b"[" * 5000, "nested more than"),
        (b"a: \xff\xfe", "not UTF-8"),
        (b"a: 1\na: 2\n", "given twice"),
        (b"x" * 1_000_001, "the limit is"),
        (b"a: 1\n---\nb: 2\n", "more than one document"),
        (b"? [a]\n: b\n", "a key must be plain text"),
    ],
)
def test_yaml_that_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(YamlError, match=reason):
        read_yaml(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_yaml_or_a_yaml_error(body: bytes) -> None:
    with contextlib.suppress(YamlError):
        read_yaml(body)


# -- a race ------------------------------------------------------------------------------------------


def test_a_race_is_read() -> None:
    reading = read(
        folder({"race": race_yml(), "race-results": results_yml(), "starting-grid-positions": grid_yml()})
    )
    assert not reading.rejects
    weekend = reading.weekends["2024-monaco"]
    assert (weekend.round, weekend.circuit_id, weekend.race_date) == (6, "monaco", date(2024, 5, 26))
    assert weekend.sessions == {"race": datetime(2024, 5, 26, 13)}
    rows = reading.rows["race_results"]
    assert [(r["finish_order"], r["position"], r["status"]) for r in rows] == [
        (1, 1, "finished"),
        (2, 2, "finished"),
        (3, 3, "finished"),
        (4, None, "retired"),
    ]
    assert [r["points"] for r in rows] == [25.0, 0.0, 0.0, 0.0]
    assert rows[3]["reason_retired"] == "Engine"
    grid = reading.rows["starting_grids"]
    assert [(r["grid_position"], r["pit_lane_start"]) for r in grid] == [
        (1, False),
        (2, False),
        (3, False),
        (None, True),
    ]


def test_the_calendar_takes_the_scheduled_distance_and_nothing_of_the_outcome() -> None:
    told = (
        "scheduledLaps: 44\ndistance: 6.880\nscheduledDistance: 308.052\ndriversChampionshipDecider: true\n"
    )
    weekend = read(folder({"race": race_yml(more=told).replace(b"laps: 78", b"laps: 1")})).weekends[
        "2024-monaco"
    ]
    untold = read(folder({"race": race_yml().replace(b"laps: 78", b"laps: 44")})).weekends["2024-monaco"]
    assert weekend.scheduled_laps == 44
    assert {k: v for k, v in vars(weekend).items() if k != "fingerprint"} == {
        k: v for k, v in vars(untold).items() if k != "fingerprint"
    }


def test_a_renumbered_race_keeps_its_id_and_takes_the_new_round() -> None:
    before = read(folder({"race": race_yml(5), "race-results": results_yml()}, "05-monaco"))
    after = read(folder({"race": race_yml(6), "race-results": results_yml()}, "06-monaco"))
    assert before.weekends.keys() == after.weekends.keys() == {"2024-monaco"}
    assert (before.weekends["2024-monaco"].round, after.weekends["2024-monaco"].round) == (5, 6)
    assert drivers(before) == drivers(after)


def test_a_race_added_again_is_read_from_the_folder_with_more_files() -> None:
    old = folder({"race": race_yml(5), "race-results": results_yml()}, "05-monaco")
    new = folder({"race": race_yml(6)}, "06-monaco")
    reading = read(old | new)
    assert reading.weekends["2024-monaco"].round == 5
    assert len(drivers(reading)) == 4
    assert any(
        "05-monaco (more files) is read and" in note and "06-monaco is not" in note for note in reading.notes
    )
    later = read(old | folder({"race": race_yml(6), "race-results": results_yml()}, "06-monaco"))
    assert later.weekends["2024-monaco"].round == 6
    assert any("(the later round)" in note for note in later.notes)


def test_an_empty_session_is_no_fault() -> None:
    reading = read(
        folder({"race": race_yml(), "free-practice-1-results": b"", "qualifying-results": b"[]\n"})
    )
    assert not reading.rejects
    assert len([note for note in reading.notes if "empty, the session was cancelled" in note]) == 2


def test_an_unknown_session_is_named() -> None:
    reading = read(folder({"race": race_yml(), "driver-of-the-day-results": b"- position: 1\n"}))
    assert any("driver-of-the-day-results.yml: no session of this name" in note for note in reading.notes)


# -- what is broken ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"- position: 1\n  driverId: [", "malformed YAML"),
        (b"- position: \xff", "not UTF-8"),
        (BOMB, "anchors are not accepted"),
        (b"- a: 1\n" * 200_000, "the limit is"),
        (b"position: 1\n", "a list of records was expected"),
        (b"just text", "a list of records was expected"),
    ],
)
def test_a_broken_file_is_set_aside_whole_and_the_others_are_read(body: bytes, reason: str) -> None:
    good = folder({"race": race_yml(), "race-results": results_yml()})
    reading = read(good | folder({"qualifying-results": body}))
    (reject,) = reading.rejects
    assert reject.file == "f1db/seasons/2024/races/08-monaco/qualifying-results.yml"
    assert reason in reject.reason
    assert reject.payload == body[:1_000_000]
    assert "\n" not in str(reject)
    assert len(drivers(reading)) == 4


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        (b"position: 3", b"position: banana", "position", "banana"),
        (b"position: 3", b"position: 0", "position", "0"),
        (b"driverNumber: 16", b"driverNumber: sixteen", "driverNumber", "sixteen"),
        (b"driverId: charles-leclerc", b"driverId:", "driverId", "Field required"),
        (
            b"driverId: charles-leclerc",
            b"driverId: charles-leclrec",
            "driverId",
            "did you mean charles-leclerc",
        ),
        (b"constructorId: ferrari", b"constructorId: ferari", "constructorId", "did you mean ferrari"),
        (
            b"driverId: charles-leclerc",
            b"driverId: lando-norris",
            "driverId",
            "lando-norris is also record 1",
        ),
        (b"position: 3", b"position: 2", "position", "position 2 is also that of record 2"),
        (b"driverId: charles-leclerc", b"driverId: {a: b}", "driverId", "valid string"),
    ],
)
def test_a_broken_record_is_set_aside_by_file_row_and_field(
    old: bytes, new: bytes, field: str, reason: str
) -> None:
    body = results_yml().replace(old, new)
    reading = read(folder({"race": race_yml(), "race-results": body}))
    (reject,) = reading.rejects
    assert (reject.row, reject.field) == (3, field)
    assert reject.file.endswith("08-monaco/race-results.yml")
    assert reason in reject.reason
    assert b"driverNumber" in reject.payload
    assert drivers(reading) == ["lando-norris", "max-verstappen", "george-russell"]


def test_a_record_that_is_no_record() -> None:
    reading = read(folder({"race": race_yml(), "race-results": b"- nonsense\n" + results_yml()}))
    assert [r.reason for r in reading.rejects] == ["a record of named fields was expected, not plain text"]
    assert len(drivers(reading)) == 4


def test_a_wrong_penalty_gap_or_time_is_named() -> None:
    body = results_yml().replace(b"laps: 78", b"laps: 78\n  gap: somewhat", 1)
    (reject,) = read(folder({"race": race_yml(), "race-results": body})).rejects
    assert (reject.row, reject.field) == (1, "gap")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (race_yml().replace(b"2024-05-26", b"2019-05-26"), "date"),
        (race_yml().replace(b"2024-05-26", b"soon"), "date"),
        (race_yml().replace(b"time: 13:00", b"time: late"), "time"),
        (race_yml(circuit="silverstonne"), "circuitId"),
        (race_yml(grand_prix="monnaco"), "grandPrixId"),
        (race_yml().replace(b"round: 6", b"round: six"), "round"),
    ],
)
def test_a_broken_calendar_entry_is_named_and_its_results_kept(body: bytes, field: str) -> None:
    reading = read(folder({"race": body, "race-results": results_yml()}))
    (reject,) = reading.rejects
    assert (reject.row, reject.field) == (None, field)
    assert not reading.weekends
    assert len(drivers(reading)) == 4


def test_a_newcomer_races() -> None:
    body = results_yml().replace(b"charles-leclerc", b"brand-newface")
    files = folder({"race": race_yml(), "race-results": body})
    names = names_of_tree(files)
    reading = f1db.read_season(2024, files, names)
    assert not reading.rejects
    assert "brand-newface" in drivers(reading)
    assert names.newcomers == {("driver", "brand-newface"): "brand-newface"}


def test_two_cars_on_one_grid_place_both_stay_whoever_came_to_the_start() -> None:
    grid = grid_yml(("1", "2", "3", "3"))
    withdrew = results_yml(("1", "2", "3", "DNS"))
    for results in ({"race-results": withdrew}, {"race-results": results_yml()}, {}):
        reading = read(folder({"race": race_yml(), "starting-grid-positions": grid} | results))
        assert drivers(reading, "starting_grids") == [driver for driver, _, _ in FIELD]
        assert [r["grid_position"] for r in reading.rows["starting_grids"]] == [1, 2, 3, 3]
        assert not reading.rejects
        assert not reading.short
        assert reading.notes == [
            "f1db/seasons/2024/races/08-monaco/starting-grid-positions.yml: records 3 (charles-leclerc) "
            "and 4 (george-russell) are both on place 3; both cars stay"
        ]


def test_a_disqualification_from_qualifying_stands_over_the_place() -> None:
    entry = "- position: {}\n  driverId: lando-norris\n  constructorId: mclaren\n  q1: {}\n"
    body = (entry.format("15", "1:20.000") + entry.format("DSQ", "")).encode()
    reading = read(folder({"race": race_yml(), "qualifying-results": body}))
    assert [row["position_text"] for row in reading.rows["qualifying_results"]] == ["DSQ"]


@given(st.data())
def test_any_mutilation_of_a_file_is_survived(data: st.DataObject) -> None:
    body = bytearray(results_yml())
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    reading = read(
        folder({"race": race_yml(), "race-results": bytes(body), "starting-grid-positions": grid_yml()})
    )
    assert len(drivers(reading, "starting_grids")) == 4
    assert len(drivers(reading)) + len(reading.rejects) + len(reading.notes) >= 1
