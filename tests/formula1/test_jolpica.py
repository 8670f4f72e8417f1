"""The Jolpica reader: strings, pages, what is absent, and bodies that are broken."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.formula1 import jolpica
from formguide.formula1.ids import names_of_tree
from formguide.formula1.records import Reading

FIELD = [
    ("norris", "Lando", "Norris", "mclaren"),
    ("max_verstappen", "Max", "Verstappen", "red_bull"),
    ("leclerc", "Charles", "Leclerc", "ferrari"),
    ("hulkenberg", "Nico", "Hülkenberg", "sauber"),
]


def person(index: int) -> dict[str, Any]:
    driver, given_name, family, team = FIELD[index]
    return {
        "number": str(10 + index),
        "Driver": {
            "driverId": driver,
            "permanentNumber": "99",
            "givenName": given_name,
            "familyName": family,
        },
        "Constructor": {"constructorId": team, "name": team},
    }


def result(index: int, text: str | None = None, **more: Any) -> dict[str, Any]:
    record = person(index) | {
        "position": str(index + 1),
        "positionText": text or str(index + 1),
        "points": "25" if index == 0 else "0",
        "grid": str(index + 1),
        "laps": "57",
        "status": "Finished",
    }
    return record | more


RESULTS = [
    result(
        0,
        Time={"millis": "5400000", "time": "1:30:00.000"},
        FastestLap={"lap": "50", "Time": {"time": "1:30.500"}},
    ),
    result(1, Time={"time": "+9.748"}, grid="0"),
    result(2, laps="56", status="+1 Lap"),
    result(3, "R", laps="12", status="Engine"),
]


QUALIFYING = [person(i) | {"position": str(i + 1), "Q1": "1:30.000"} for i in range(3)]
FIELDS = ["season", "round", "raceName", "Circuit", "date", "time", "Results", "PitStops", "Sprint", "Driver"]
FIELDS += ["Time", "position", "positionText", "points", "grid", "laps", "status", "FastestLap", "driverId"]


def race(
    season: int = 2025, number: int = 4, name: str = "Bahrain Grand Prix", **more: Any
) -> dict[str, Any]:
    circuit = {"circuitId": "bahrain", "circuitName": "Bahrain International Circuit"}
    basic = {"season": str(season), "round": str(number), "raceName": name, "Circuit": circuit}
    return basic | {"date": f"{season}-04-13", "time": "15:00:00Z"} | more


def body(
    *races: dict[str, Any], url: str = "ergast/f1/2025/4/results", offset: int = 0, total: int = 0
) -> bytes:
    table = {"season": "2025", "Races": list(races)}
    paging = {"url": url, "limit": "30", "offset": str(offset), "total": str(total)}
    return json.dumps({"MRData": {**paging, "RaceTable": table}}).encode()


def read(files: dict[str, bytes], season: int = 2025) -> Reading:
    return jolpica.read_season(season, files, names_of_tree({}))


def test_results_are_read() -> None:
    reading = read({"any-name": body(race(Results=RESULTS))})
    assert not reading.rejects
    rows = reading.rows["race_results"]
    assert [r["driver_id"] for r in rows] == [
        "lando-norris",
        "max-verstappen",
        "charles-leclerc",
        "nico-hulkenberg",
    ]
    assert [r["constructor_id"] for r in rows] == ["mclaren", "red-bull", "ferrari", "kick-sauber"]
    assert [r["car_number"] for r in rows] == [10, 11, 12, 13]
    assert [r["status"] for r in rows] == ["finished", "finished", "finished", "retired"]
    assert [(r["position"], r["finish_order"]) for r in rows] == [(1, 1), (2, 2), (3, 3), (None, 4)]
    assert [r["race_time_sec"] for r in rows] == [5400.0, 5409.748, None, None]
    assert [r["laps_behind"] for r in rows] == [None, None, 1, None]
    assert [r["reason_retired"] for r in rows] == [None, None, None, "Engine"]
    assert [(r["grid_position"], r["pit_lane_start"]) for r in rows[:2]] == [(1, False), (None, True)]
    assert len(reading.rows["starting_grids"]) == 4
    (fastest,) = reading.rows["fastest_laps"]
    assert (fastest["driver_id"], fastest["position"], fastest["lap_time_sec"]) == ("lando-norris", 1, 90.5)
    assert reading.weekends["2025-bahrain"].sessions["race"] == datetime(2025, 4, 13, 15)


@pytest.mark.parametrize(
    ("text", "canonical", "status"),
    [
        ("R", "DNF", "retired"),
        ("W", "DNS", "not_started"),
        ("D", "DSQ", "disqualified"),
        ("N", "NC", "not_classified"),
        ("E", "EX", "disqualified"),
        ("F", "DNQ", "not_started"),
    ],
)
def test_position_texts(text: str, canonical: str, status: str) -> None:
    records = [*RESULTS[:3], result(3, text, grid="0", laps="0", status="Whatever")]
    row = read({"b": body(race(Results=records))}).rows["race_results"][3]
    assert (row["position_text"], row["status"], row["position"]) == (canonical, status, None)
    assert row["pit_lane_start"] == (status != "not_started")


def test_qualifying_without_its_later_parts() -> None:
    records = [dict(record) for record in QUALIFYING]
    records[0] |= {"Q2": "1:29.500", "Q3": "1:29.000"}
    del records[2]["Q1"]
    rows = read({"q": body(race(QualifyingResults=records))}).rows["qualifying_results"]
    assert [(r["q1_sec"], r["q2_sec"], r["q3_sec"]) for r in rows] == [
        (90.0, 89.5, 89.0),
        (90.0, None, None),
        (None,) * 3,
    ]


def test_sprints_and_pit_stops() -> None:
    stops = [{"driverId": "norris", "lap": "12", "stop": "1", "duration": "23.4"}]
    stops.append({"driverId": "norris", "lap": "30", "stop": "2", "duration": "40:55.302"})
    reading = read({"s": body(race(SprintResults=RESULTS)), "p": body(race(PitStops=stops), url="pits")})
    assert [r["when"] for r in reading.rows["sprint_results"]] == ["sprint"] * 4
    assert reading.weekends["2025-bahrain"].has_sprint
    assert [(r["stop"], r["lap"], r["duration_sec"]) for r in reading.rows["pit_stops"]] == [
        (1, 12, 23.4),
        (2, 30, 2455.302),
    ]


def test_a_calendar_with_a_sprint() -> None:
    sessions: dict[str, Any] = {
        "FirstPractice": {"date": "2025-04-11", "time": "11:30:00Z"},
        "SprintQualifying": {"date": "2025-04-11", "time": "15:30:00Z"},
        "Sprint": {"date": "2025-04-12", "time": "11:00:00Z"},
        "Qualifying": {"date": "2025-04-12"},
    }
    weekend = read({"c": body(race(**sessions))}).weekends["2025-bahrain"]
    assert weekend.has_sprint
    assert weekend.race_date == date(2025, 4, 13)
    assert weekend.sessions["sprint_qualifying"] == datetime(2025, 4, 11, 15, 30)
    assert "qualifying" not in weekend.sessions


def test_pages_are_put_together() -> None:
    url = "ergast/f1/2025/results"
    first = body(
        race(Results=RESULTS),
        race(number=5, name="Saudi Arabian Grand Prix", Results=RESULTS[:2]),
        url=url,
        total=8,
    )
    second = body(
        race(number=5, name="Saudi Arabian Grand Prix", Results=RESULTS[2:]), url=url, offset=6, total=8
    )
    both = read({"page_1": first, "page_2": second})
    assert [len([r for r in both.rows["race_results"] if r["race_id"] == x]) for x in both.weekends] == [4, 4]
    assert not both.notes
    one = read({"page_1": first})
    assert {r["race_id"] for r in one.rows["race_results"]} == {"2025-bahrain"}
    assert any(
        "the page ends within the Results of 2025-saudi-arabia; 2 records wait" in note for note in one.notes
    )
    other = read({"page_2": second})
    assert "race_results" not in other.rows


def test_the_order_of_the_files_and_a_page_sent_twice_change_nothing() -> None:
    page = body(race(Results=RESULTS))
    assert read({"a": page, "b": page}).rows == read({"z": page}).rows


def test_lap_times_are_recognised_and_not_read() -> None:
    laps = [{"number": "1", "Timings": [{"driverId": "norris", "position": "1", "time": "1:40.0"}]}]
    reading = read({"l": body(race(Laps=laps))})
    assert not reading.rows
    assert reading.notes == ["jolpica: 1 bodies of lap times of 2025 are recognised and not read"]


def test_seasons_of_a_body() -> None:
    assert jolpica.seasons("x", body(race(2024), race(2025))) == [2024, 2025]
    assert jolpica.seasons("ergast_f1_2023_1_results.json", b'{"MRData": ') == [2023]
    assert jolpica.seasons("x.json", b'{"headers": {}}') == []


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (body(race(Results=RESULTS))[:-40], "malformed or truncated JSON"),
        (b'{"MRData": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "nested too deeply|malformed"),
        (b'{"MRData": {"RaceTable": {"season": "2025", "Races": {}}}}', "a list of objects was expected"),
    ],
)
def test_a_broken_body_is_set_aside_and_the_others_are_read(broken: bytes, reason: str) -> None:
    reading = read({"f1_2025_3_results.json": broken, "f1_2025_4_results.json": body(race(Results=RESULTS))})
    if b'Races": {}' in broken:
        assert jolpica.seasons("f1_2025_3_results.json", broken) == [2025]
    (reject,) = reading.rejects
    assert reject.file == "jolpica/f1_2025_3_results.json"
    assert any(part in reject.reason for part in reason.split("|"))
    assert reject.payload == broken
    assert len(reading.rows["race_results"]) == 4


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"positionText": "banana"}, "positionText", "banana"),
        ({"position": "2"}, "position", "position 2 is also that of record 2"),
        ({"laps": "many"}, "laps", "many"),
        ({"points": "-3"}, "points", "-3"),
        ({"Driver": {"driverId": "leclrec"}}, "driverId", "did you mean charles-leclerc"),
        ({"Driver": {"driverId": "norris"}}, "driverId", "lando-norris is also record 1"),
        ({"Constructor": {}}, "constructorId", "Field required"),
        ({"Time": {"millis": "soon"}}, "milliseconds", "soon"),
    ],
)
def test_a_broken_record_is_set_aside(change: dict[str, Any], field: str, reason: str) -> None:
    records = [*RESULTS[:2], RESULTS[2] | change, RESULTS[3]]
    reading = read({"r.json": body(race(Results=records))})
    (reject,) = reading.rejects
    assert (reject.file, reject.row, reject.field) == ("jolpica/r.json", 3, field)
    assert reason in reject.reason
    assert json.loads(reject.payload)["number"] == "12"
    assert len(reading.rows["race_results"]) == 3


def test_a_newcomer_gets_the_slug_of_the_full_name() -> None:
    stranger = result(2) | {"Driver": {"driverId": "newface", "givenName": "Zoë", "familyName": "Newface"}}
    rows = read({"r": body(race(Results=[*RESULTS[:2], stranger]))}).rows["race_results"]
    assert rows[2]["driver_id"] == "zoe-newface"


ASHGROVE = {"driverId": "ashgrove", "givenName": "Nils", "familyName": "Ashgrove"}


@pytest.mark.parametrize("section", ["Results", "QualifyingResults", "SprintResults"])
def test_a_newcomers_name_is_learnt_before_the_pit_stops_that_lack_it(section: str) -> None:
    stops = body(
        race(PitStops=[{"driverId": "ashgrove", "lap": "12", "stop": "1", "duration": "23.4"}]), url="p"
    )
    record = (QUALIFYING[0] if section == "QualifyingResults" else result(0)) | {"Driver": ASHGROVE}
    # Named only in a race that comes after in the alphabet.
    for named in (race(), race(number=5, name="Monaco Grand Prix")):
        named[section] = [record]
        for files in ({"a": stops, "b": body(named)}, {"b": stops, "a": body(named)}):
            reading = read(files)
            assert not reading.rejects
            found = {row["driver_id"] for rows in reading.rows.values() for row in rows}
            assert found == {"nils-ashgrove"}


def test_how_a_race_went_does_not_touch_the_grid_that_its_result_carries() -> None:
    went = [
        result(0, "W", position="4", points="0", laps="0", status="Withdrew"),
        result(1, "D", position="3", grid="0", laps="57", points="0", status="Disqualified"),
        result(2, position="1", points="25"),
        result(3, position="1", laps="many"),
    ]
    plain = [result(0), result(1, grid="0"), result(2), result(3)]
    grids = []
    for records in (plain, went):
        rows = read({"b": body(race(Results=records))}).rows["starting_grids"]
        grids.append([{k: v for k, v in row.items() if k != "fingerprint"} for row in rows])
    assert grids[0] == grids[1]
    assert [(r["grid_position"], r["pit_lane_start"]) for r in grids[0]] == [
        (1, False),
        (None, True),
        (3, False),
        (4, False),
    ]


def test_a_car_without_a_place_is_on_the_grid_unless_it_did_not_qualify() -> None:
    for text, cars in (("W", 4), ("R", 4), ("F", 3)):
        records = [*RESULTS[:3], result(3, text, grid="0", laps="0", status="Withdrew")]
        assert len(read({"b": body(race(Results=records))}).rows["starting_grids"]) == cars


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=3), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3), JSON)
def test_any_json_is_survived(races: list[Any], change: dict[str, Any], whole: Any) -> None:
    odd = json.dumps(
        {"MRData": {"url": 3, "total": [], "RaceTable": {"Races": [race(2025), *races]}}}
    ).encode()
    bent = body(
        race() | {"Results": [*RESULTS[:2], RESULTS[2] | change]} | {k: v for k, v in change.items() if v}
    )
    content = {"f1_2025_a": odd, "f1_2025_b": bent, "f1_2025_c": json.dumps(whole).encode()}
    reading = read(
        content | {"z": body(race(number=5, name="Monaco Grand Prix", QualifyingResults=QUALIFYING))}
    )
    assert "qualifying_results" in reading.rows


@given(st.integers(0, 4000))
def test_a_body_cut_anywhere_is_survived(length: int) -> None:
    whole = body(race(Results=RESULTS))
    reading = read({"f1_2025_x.json": whole[:length], "ok.json": body(race(QualifyingResults=[]))})
    assert len(reading.rejects) == (1 if length < len(whole) else 0)


def test_a_packed_file_of_another_sport_is_none_of_ours():
    body = gzip.compress(b'{"dates": []}')
    assert jolpica.is_foreign("2025-04-01.json.gz", body)
    assert not jolpica.is_foreign("2025_results.json", b'{"MRData": {"RaceTable": {"Races": []}}}')
