"""The Ergast CSV reader: joins, nulls, incident lists, and rows and files that are broken."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formguide.formula1 import ergast
from formguide.formula1.ids import names_of_tree
from formguide.formula1.records import Reading

RACES = (
    "raceId,year,round,circuitId,name,date,time,url,fp1_date,fp1_time,fp2_date,fp2_time,fp3_date,fp3_time,"
    "quali_date,quali_time,sprint_date,sprint_time\n"
    "1,2023,1,3,Bahrain Grand Prix,2023-03-05,15:00:00,u,\\N,\\N,\\N,\\N,,,2023-03-04,15:00:00,\\N,\\N\n"
    "2,2023,2,6,Monaco Grand Prix,2023-05-28,13:00:00,u,2023-05-26,11:30:00,2023-05-27,10:00:00,\\N,\\N,"
    "\\N,\\N,2023-05-27,14:30:00\n"
    "3,2024,1,3,Bahrain Grand Prix,2024-03-02,15:00:00,u,,,,,,,,,,\n"
)
DRIVERS = """driverId,driverRef,number,code,forename,surname,dob,nationality,url
1,hamilton,44,HAM,"Lewis","Hamilton","1985-01-07","British","u"
2,max_verstappen,33,VER,"Max","Verstappen","1997-09-30","Dutch","u"
3,stranger,\\N,\\N,"Zoë","Stranger","2003-01-01","X","u"
"""
CONSTRUCTORS = """constructorId,constructorRef,name,nationality,url
1,mercedes,"Mercedes","German","u"
2,red_bull,"Red Bull","Austrian","u"
"""
CIRCUITS = (
    'circuitId,circuitRef,name\n3,"bahrain","Bahrain International Circuit"\n6,"monaco","Circuit de Monaco"\n'
)
STATUS = 'statusId,status\n1,"Finished"\n5,"Engine"\n11,"+1 Lap"\n'
RESULT_COLUMNS = (
    "resultId,raceId,driverId,constructorId,number,grid,position,positionText,positionOrder,points,laps,time,"
    "milliseconds,fastestLap,rank,fastestLapTime,fastestLapSpeed,statusId\n"
)
RESULTS = RESULT_COLUMNS + (
    "1,1,2,2,33,1,1,1,1,25,57,1:30:00.000,5400000,40,2,1:33.000,200,1\n"
    "2,1,1,1,44,0,2,2,2,18,56,\\N,\\N,41,1,1:32.500,201,11\n"
    "3,1,3,1,99,3,\\N,R,3,0,10,\\N,\\N,\\N,\\N,\\N,\\N,5\n"
)
QUALIFYING = (
    "qualifyId,raceId,driverId,constructorId,number,position,q1,q2,q3\n"
    "1,1,2,2,33,1,1:31.000,1:30.500,1:30.000\n2,1,1,1,44,2,1:31.500,\\N,\\N\n"
)
PIT_STOPS = "raceId,driverId,stop,lap,time,duration,milliseconds\n1,1,1,20,17:09:56,23.4,23400\n"
SAFETY = (
    "Race,Cause,Deployed,Retreated,FullLaps\n2023 Monaco Grand Prix,Accident/Rain,10,12.0,2\n"
    "2023 Monaco Grand Prix,Debris,3,5,2\n2023 Lunar Grand Prix,Dust,1,2,1\n"
)
RED = "Race,Lap,Resumed,Incident,Excluded\n2023 Monaco Grand Prix,30,S,Crash of somebody.,\n"


def files(**changed: str | bytes) -> dict[str, bytes]:
    plain: dict[str, str | bytes] = {
        "races": RACES,
        "drivers": DRIVERS,
        "constructors": CONSTRUCTORS,
        "circuits": CIRCUITS,
        "status": STATUS,
        "results": RESULTS,
        "qualifying": QUALIFYING,
        "pit_stops": PIT_STOPS,
    }
    plain.update(changed)
    return {f"{k}.csv": v if isinstance(v, bytes) else v.encode() for k, v in plain.items()}


def read(csvs: dict[str, bytes], season: int = 2023) -> Reading:
    return ergast.read_season(season, csvs, names_of_tree({}))


def test_a_race_is_joined_from_its_tables() -> None:
    reading = read(files())
    assert not reading.rejects
    rows = reading.rows["race_results"]
    assert [r["driver_id"] for r in rows] == ["max-verstappen", "lewis-hamilton", "zoe-stranger"]
    assert [r["status"] for r in rows] == ["finished", "finished", "retired"]
    assert [(r["grid_position"], r["pit_lane_start"]) for r in rows] == [(1, False), (None, True), (3, False)]
    assert [(r["race_time_sec"], r["laps_behind"]) for r in rows] == [(5400.0, None), (None, 1), (None, None)]
    assert [r["reason_retired"] for r in rows] == [None, None, "Engine"]
    assert [r["position"] for r in reading.rows["fastest_laps"]] == [2, 1]
    assert [r["q2_sec"] for r in reading.rows["qualifying_results"]] == [90.5, None]
    assert reading.rows["pit_stops"][0]["duration_sec"] == 23.4


def test_a_sprint_weekends_second_session_is_sprint_qualifying() -> None:
    weekends = read(files()).weekends
    assert weekends["2023-monaco"].has_sprint
    assert weekends["2023-monaco"].sessions["sprint_qualifying"] == datetime(2023, 5, 27, 10)
    assert weekends["2023-bahrain"].sessions == {
        "race": datetime(2023, 3, 5, 15),
        "qualifying": datetime(2023, 3, 4, 15),
    }


def test_a_races_fingerprint_is_that_of_its_own_rows() -> None:
    before = read(files()).rows["race_results"][0]["fingerprint"]
    later = RESULTS + "4,3,2,2,1,1,1,1,1,25,57,1:30:00.000,5400000,40,2,1:33.000,200,1\n"
    assert read(files(results=later)).rows["race_results"][0]["fingerprint"] == before
    corrected = RESULTS.replace(",18,56,", ",19,56,")
    assert read(files(results=corrected)).rows["race_results"][0]["fingerprint"] != before


def test_incidents_and_the_races_that_have_none() -> None:
    reading = read(files(safety_cars=SAFETY, red_flags=RED))
    rows = {(r["race_id"], r["kind"], r["number"]): r for r in reading.rows["race_incidents"]}
    assert list(rows) == [
        ("2023-bahrain", "none", 1),
        ("2023-monaco", "safety_car", 1),
        ("2023-monaco", "safety_car", 2),
        ("2023-monaco", "red_flag", 1),
    ]
    first, second = rows["2023-monaco", "safety_car", 1], rows["2023-monaco", "safety_car", 2]
    assert (first["start_lap"], first["rain"]) == (3, False)
    assert (second["start_lap"], second["end_lap"], second["full_laps"], second["rain"]) == (10, 12, 2, True)
    assert rows["2023-monaco", "red_flag", 1]["start_lap"] == 30
    (reject,) = reading.rejects
    assert (reject.field, reject.row) == ("Race", 4)
    assert "Lunar Grand Prix" in reject.reason


def test_a_season_that_the_lists_do_not_reach_has_no_incident_rows() -> None:
    assert "race_incidents" not in read(files(safety_cars=SAFETY), 2024).rows
    assert "race_incidents" not in read(files()).rows


def test_the_same_grand_prix_under_a_name_it_gave_up() -> None:
    races = RACES.replace("2,2023,2,6,Monaco Grand Prix", "2,2023,2,6,São Paulo Grand Prix")
    lists = "Race,Deployed,Retreated,FullLaps\n2023 Brazilian Grand Prix,5,6,2\n"
    reading = read(files(races=races, virtual_safety_cars=lists))
    assert [(r["race_id"], r["kind"]) for r in reading.rows["race_incidents"]] == [
        ("2023-bahrain", "none"),
        ("2023-sao-paulo", "virtual_safety_car"),
    ]


def test_seasons() -> None:
    assert ergast.seasons(files()) == [2023, 2024]
    assert ergast.seasons({"results.csv": RESULTS.encode()}) == []


def test_without_races_nothing_is_read_and_it_says_so() -> None:
    csvs = files()
    del csvs["races.csv"]
    reading = read(csvs)
    assert not reading.rows
    assert reading.notes == ["ergast_csv: no races.csv, without which the other files say nothing"]


@pytest.mark.parametrize(
    ("table", "text", "row", "field", "reason"),
    [
        ("results", RESULTS.replace("44,0,2,2,2", "44,0,2,2,banana"), 3, "positionOrder", "banana"),
        ("results", RESULTS.replace("44,0,2,2,2", "44,0,2,2,1"), 3, "position", "also that of record 2"),
        ("results", RESULTS.replace("2,1,1,1,44", "2,1,77,1,44"), 3, "driverId", "Field required"),
        (
            "results",
            RESULTS.replace("2,1,1,1,44", "2,1,2,1,44"),
            3,
            "driverId",
            "max-verstappen is also record 2",
        ),
        ("results", RESULTS[: RESULTS.index("3,1,3") + 12], 4, "positionOrder", "Field required"),
        ("qualifying", QUALIFYING.replace("1:31.500", "fast"), 3, "q1", "fast"),
        ("pit_stops", PIT_STOPS + "1,1,1,30,x,20.0,1\n", 3, "stop", "given twice"),
        (
            "drivers",
            DRIVERS.replace("hamilton", "hamilten").replace('"Hamilton"', '"Hamilten"'),
            3,
            "driverId",
            "lewis-hamilton",
        ),
    ],
)
def test_a_broken_row_is_set_aside(table: str, text: str, row: int, field: str, reason: str) -> None:
    reading = read(files(**{table: text}))
    reject = reading.rejects[0]
    assert (reject.row, reject.field) == (row, field)
    assert reason in reject.reason
    assert len(reading.rows["race_results"]) >= 2
    assert reject.payload


@settings(max_examples=300)
@given(st.data())
def test_any_mutilation_of_a_table_is_survived(data: st.DataObject) -> None:
    csvs = files(safety_cars=SAFETY, red_flags=RED)
    name = data.draw(st.sampled_from(sorted(csvs)))
    body = bytearray(csvs[name])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + 1] = data.draw(
            st.sampled_from([b",", b'"', b"\n", b"", b"\xff", b"0", b"x", b"\x00"])
        )
    read(csvs | {name: bytes(body)})
    ergast.seasons(csvs | {name: bytes(body)})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"a,b\n\xff\xfe\n", "not UTF-8"),
        (RESULTS.encode() + b'9,"unclosed', "malformed CSV"),
    ],
)
def test_a_broken_file_is_set_aside_and_the_others_are_read(body: bytes, reason: str) -> None:
    reading = read(files(results=body))
    (reject,) = reading.rejects
    assert reject.file == "ergast_csv/results.csv"
    assert reason in reject.reason
    assert reject.payload == body
    assert len(reading.rows["qualifying_results"]) == 2
