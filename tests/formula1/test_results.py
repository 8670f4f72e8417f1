"""From files to a season's tables: layouts, preference and filling, agreement, what a season says."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.formula1.calendar import Weekend, calendar_row, session_times
from formguide.formula1.folders import place
from formguide.formula1.results import SeasonTables, build_season, read_folder, seasons_of, unplaced
from formguide.formula1.tables import SOURCE_TABLES
from formguide.schema import check

from .test_ergast import RESULTS as ERGAST_RESULTS
from .test_ergast import files
from .test_f1db import grid_yml, race_yml, results_yml
from .test_jolpica import RESULTS as BODY_RESULTS
from .test_jolpica import body, race

BAHRAIN = "seasons/2023/races/01-bahrain/"


def bahrain_yml(number: int = 1) -> bytes:
    text = race_yml(number, "bahrain", "bahrain").replace(b"2024-05-26", b"2023-03-05")
    return text.replace(b"time: 13:00\n", b"")


def tree(**sessions: bytes) -> dict[str, bytes]:
    plain = {"race": bahrain_yml(), "race-results": results_yml(), "starting-grid-positions": grid_yml()}
    return {f"{BAHRAIN}{name.replace('_', '-')}.yml": text for name, text in (plain | sessions).items()}


def drivers(built: SeasonTables, table: str = "race_results") -> list[str]:
    return built.tables[table].filter(race_id="2023-bahrain")["driver_id"].to_list()


def test_every_table_is_there_and_fits_its_schema() -> None:
    for content in ({}, {"f1db": tree()}, {"f1db": tree(), "ergast_csv": files()}):
        built = build_season(2023, content)
        assert built.tables.keys() == {table.name for table in SOURCE_TABLES}
        for table in SOURCE_TABLES:
            check(built.tables[table.name], table)


def test_f1db_comes_first_and_ergast_fills_what_it_lacks() -> None:
    built = build_season(2023, {"f1db": tree(), "ergast_csv": files()})
    assert set(built.tables["race_results"]["source"]) == {"f1db"}
    assert set(built.tables["qualifying_results"]["source"]) == {"ergast"}
    calendar = built.tables["race_calendar"].filter(race_id="2023-bahrain").row(0, named=True)
    assert (calendar["source"], calendar["scheduled_laps"]) == ("f1db", 78)
    assert calendar["race_at"] == datetime(2023, 3, 5, 15)
    assert calendar["qualifying_at"] == datetime(2023, 3, 4, 15)
    results = built.tables["race_results"].filter(race_id="2023-bahrain")
    assert set(results["session_at"]) == {datetime(2023, 3, 5, 15)}
    grid = built.tables["starting_grids"].filter(race_id="2023-bahrain")
    assert set(grid["session_at"]) == {datetime(2023, 3, 5, 14)}


def test_alone_each_source_gives_the_same_kinds_of_table() -> None:
    both = {"jolpica": {"a": body(race(2023, 1, Results=BODY_RESULTS))}, "ergast_csv": files()}
    for source, content in both.items():
        built = build_season(2023, {source: content})
        assert built.tables["race_results"].height >= 3
        assert built.tables["starting_grids"].height >= 3
        assert built.tables["race_calendar"].height >= 1


def test_a_driver_set_aside_comes_from_the_next_source() -> None:
    wrong = results_yml().replace(b"position: 2", b"position: banana")
    built = build_season(2023, {"f1db": tree(race_results=wrong), "ergast_csv": files()})
    # Ergast's Hamilton is second, where the unreadable record left a place; its others are in f1db or clash.
    sources = dict(built.tables["race_results"].select("driver_id", "source").iter_rows())
    assert sources["lewis-hamilton"] == "ergast"
    assert sources["lando-norris"] == "f1db"
    orders = built.tables["race_results"]["finish_order"].to_list()
    assert orders == sorted(set(orders))


def test_a_starter_missing_from_the_grid_is_filled_in_even_on_a_place_that_is_held() -> None:
    wrong = grid_yml(("1", "2", "3", "4")).replace(b"driverId: max-verstappen", b"driverId: max-verstapen")
    ergast = files(results=ERGAST_RESULTS.replace("1,1,2,2,33,1,", "1,1,2,2,33,3,"))
    built = build_season(2023, {"f1db": tree(starting_grid_positions=wrong), "ergast_csv": ergast})
    grid = built.tables["starting_grids"].filter(race_id="2023-bahrain")
    places = {row["driver_id"]: (row["source"], row["grid_position"]) for row in grid.iter_rows(named=True)}
    assert places["max-verstappen"] == ("ergast", 3)
    assert places["charles-leclerc"] == ("f1db", 3)


def test_a_grid_of_results_that_cannot_all_be_read_comes_from_the_next_source() -> None:
    broken = [BODY_RESULTS[0], BODY_RESULTS[1] | {"Driver": {"driverId": "max_verstapen"}}]
    bodies = {"a": body(race(2023, 1, Results=broken))}
    built = build_season(2023, {"jolpica": bodies, "ergast_csv": files()})
    grid = built.tables["starting_grids"].filter(race_id="2023-bahrain")
    assert dict(grid.select("driver_id", "source").iter_rows())["max-verstappen"] == "ergast"


def test_the_order_of_classified_cars_is_their_position_even_with_a_gap() -> None:
    wrong = results_yml().replace(b"position: 2", b"position: banana")
    built = build_season(2023, {"f1db": tree(race_results=wrong)})
    assert built.tables["race_results"]["finish_order"].to_list() == [1, 3, 4]


def test_results_without_any_date_are_set_aside_with_what_they_said() -> None:
    given = tree()
    del given[f"{BAHRAIN}race.yml"]
    built = build_season(2023, {"f1db": given})
    assert built.tables["race_results"].is_empty()
    assert [reject.field for reject in built.rejects] == ["race_id", "race_id"]
    assert "no source says when the race is" in str(built.rejects[0])
    assert b"lando-norris" in built.rejects[0].payload
    dated = build_season(2023, {"f1db": given, "ergast_csv": files()})
    assert len(drivers(dated)) == 4
    assert not dated.rejects


def test_what_a_race_lacks_and_who_is_new_is_said() -> None:
    stranger = results_yml().replace(b"max-verstappen", b"brandnewface")
    built = build_season(2023, {"f1db": tree(race_results=stranger)})
    assert "2023-bahrain: has a result but no qualifying" in built.notes
    assert "newcomer: driver 'brandnewface' is not known yet and is taken as brandnewface" in built.notes
    again = build_season(2023, {"f1db": tree()})
    assert not any("newcomer" in note for note in again.notes)


def test_a_deleted_file_takes_its_records_along_and_nothing_else() -> None:
    whole = build_season(2023, {"f1db": tree()})
    given = tree()
    del given[f"{BAHRAIN}starting-grid-positions.yml"]
    less = build_season(2023, {"f1db": given})
    assert less.tables["starting_grids"].is_empty()
    assert less.tables["race_results"].equals(whole.tables["race_results"])


def test_the_same_files_give_the_same_tables_in_any_order() -> None:
    given = {"f1db": tree(), "ergast_csv": files()}
    turned = {
        source: dict(reversed(list(content.items()))) for source, content in reversed(list(given.items()))
    }
    one, other = build_season(2023, given), build_season(2023, turned)
    assert all(one.tables[name].equals(other.tables[name]) for name in one.tables)
    assert (one.notes, one.rejects) == (other.notes, other.rejects)
    assert one.disagreements.equals(other.disagreements)


# -- agreement ---------------------------------------------------------------------------------------


def test_sources_that_agree() -> None:
    same = {"a": body(race(2023, 1, Results=[*BODY_RESULTS[:2], BODY_RESULTS[2], BODY_RESULTS[3]]))}
    built = build_season(2023, {"jolpica": same})
    assert built.disagreements.is_empty()


def test_disagreements_name_race_driver_field_and_both_values() -> None:
    ours = (
        results_yml()
        .replace(b"lando-norris", b"lewis-hamilton")
        .replace(b"constructorId: mclaren", b"constructorId: mercedes")
    )
    built = build_season(2023, {"f1db": tree(race_results=ours), "ergast_csv": files()})
    found = built.disagreements.filter(table="race_results", driver_id="lewis-hamilton")
    said = {row["field"]: (row["value_a"], row["value_b"]) for row in found.iter_rows(named=True)}
    assert said["finish_order"] == ("1", "2")
    assert said["points"] == ("25.0", "18.0")
    assert said["pit_lane_start"] == ("1", "pit lane")
    absent = built.disagreements.filter(table="race_results", driver_id="george-russell").row(0, named=True)
    assert (absent["field"], absent["value_a"], absent["value_b"]) == ("driver_id", "listed", None)


def test_a_difference_of_wording_is_none() -> None:
    # Retired in both: fourth of f1db's order, third of Ergast's. Only laps and grid really differ.
    ours = results_yml().replace(b"george-russell", b"zoe-stranger").replace(b"Engine", b"Engine failure")
    built = build_season(2023, {"f1db": tree(race_results=ours), "ergast_csv": files()})
    fields = built.disagreements.filter(table="race_results", driver_id="zoe-stranger")["field"].to_list()
    assert fields == ["grid", "laps"]


# -- the calendar -----------------------------------------------------------------------------


def moved(built: SeasonTables) -> tuple[date, datetime, list[str]]:
    row = built.tables["race_calendar"].filter(race_id="2023-bahrain").row(0, named=True)
    return row["race_date"], row["race_at"], [note for note in built.notes if "dates the race" in note]


def test_a_date_on_which_both_other_sources_agree_is_taken() -> None:
    late = {"race": bahrain_yml().replace(b"2023-03-05", b"2023-02-26") + b"time: 11:00\n"}
    sunday = body(race(2023, 1) | {"date": "2023-03-05"})
    built = build_season(2023, {"f1db": tree(**late), "jolpica": {"c": sunday}, "ergast_csv": files()})
    said = "2023-bahrain: f1db dates the race 2023-02-26, jolpica and ergast 2023-03-05, which is taken"
    assert moved(built) == (date(2023, 3, 5), datetime(2023, 3, 5, 15), [said])
    assert set(built.disagreements.filter(table="race_calendar", field="race_date")["value_a"]) == {
        "2023-02-26"
    }
    # One source against one, or three dates: the first is believed.
    other = body(race(2023, 1) | {"date": "2023-03-12"})
    for more in ({"ergast_csv": files()}, {"jolpica": {"c": other}, "ergast_csv": files()}):
        built = build_season(2023, {"f1db": tree(**late), **more})
        assert moved(built) == (date(2023, 2, 26), datetime(2023, 2, 26, 11), [])
    # A day off is the local date instead of the one in UTC.
    near = {"race": bahrain_yml().replace(b"2023-03-05", b"2023-03-04")}
    built = build_season(2023, {"f1db": tree(**near), "jolpica": {"c": sunday}, "ergast_csv": files()})
    assert moved(built)[::2] == (date(2023, 3, 4), [])


def weekend(season: int, *, sprint: bool = False, **sessions: datetime) -> Weekend:
    day = date(season, 5, 28)
    return Weekend(
        season,
        6,
        f"{season}-monaco",
        "monaco",
        "M",
        "f1db",
        "0" * 16,
        day,
        "monaco",
        None,
        None,
        None,
        None,
        sprint,
        sessions,
    )


def test_times_by_convention() -> None:
    times = session_times(weekend(2019))
    assert times["race"] == datetime(2019, 5, 28, 14)
    assert times["grid"] == datetime(2019, 5, 28, 13)
    assert times["qualifying"] == datetime(2019, 5, 27, 14)
    assert times["practice_1"] == datetime(2019, 5, 26, 10)
    assert session_times(weekend(2022, sprint=True))["qualifying"] == datetime(2022, 5, 26, 16)
    assert session_times(weekend(2023, sprint=True))["sprint_qualifying"] == datetime(2023, 5, 27, 10)
    assert session_times(weekend(2024, sprint=True))["sprint"] == datetime(2024, 5, 27, 11)


@pytest.mark.parametrize("season", [2021, 2022, 2023, 2024, 2025])
@pytest.mark.parametrize("sprint", [True, False])
def test_no_session_of_a_weekend_starts_before_what_it_depends_on(season: int, sprint: bool) -> None:
    times = session_times(weekend(season, sprint=sprint))
    assert times["practice_1"] < times["qualifying"] < times["grid"] < times["race"]
    if sprint:
        first = "sprint_qualifying" if season >= 2023 else "qualifying"
        assert times["practice_1"] < times[first] < times["sprint_grid"] < times["sprint"] < times["race"]
    row = calendar_row(weekend(season, sprint=sprint))
    assert row["session_at"] < row["weekend_at"] <= row["qualifying_at"] < row["race_at"]
    assert (row["sprint_qualifying_at"] is not None) == (sprint and season >= 2023)


# -- folders -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "placed"),
    [
        ("f1db/seasons/2025/races/01-x/race.yml", ("f1db", "seasons/2025/races/01-x/race.yml")),
        ("seasons/2025/races/01-x/race.yml", ("f1db", "seasons/2025/races/01-x/race.yml")),
        ("2025/races/01-x/race.yml", ("f1db", "seasons/2025/races/01-x/race.yml")),
        ("f1db/drivers/a-b.yml", ("f1db", "drivers/a-b.yml")),
        ("jolpica/f1_2025_results.json__limit=30", ("jolpica", "f1_2025_results.json__limit=30")),
        ("x.json", ("jolpica", "x.json")),
        ("ergast_csv/races.csv", ("ergast_csv", "races.csv")),
        ("seasons.csv", None),
        ("LICENSE", None),
        (".DS_Store", None),
        ("_headers.json", None),
        ("seasons/2025/notes.yml", None),
    ],
)
def test_where_a_file_belongs(path: str, placed: tuple[str, str] | None) -> None:
    assert place(path) == placed


def write(root: Path, paths: dict[str, bytes]) -> Path:
    for path, content in paths.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


@pytest.mark.parametrize("prefix", ["f1db/seasons/", "seasons/", ""])
def test_every_layout_gives_the_same_files(tmp_path: Path, prefix: str) -> None:
    given = {f"{prefix}{path.removeprefix('seasons/')}": content for path, content in tree().items()}
    assert read_folder(write(tmp_path, given))["f1db"] == tree()


@pytest.mark.parametrize(
    "part", ["seasons", "seasons/2023", "seasons/2023/races", "seasons/2023/races/01-bahrain"]
)
def test_a_part_of_a_tree_is_placed_by_its_own_name(tmp_path: Path, part: str) -> None:
    write(tmp_path, tree())
    assert read_folder(tmp_path / part)["f1db"] == tree()


def test_junk_is_named_and_uploads_are_left_alone(tmp_path: Path) -> None:
    given = tree() | {
        "LICENSE": b"x",
        "truth.json": b'{"a": 1}',
        "package.json": b"{",
        "arrivals/001/2023/races/01-bahrain/race.yml": b"later",
    }
    notes: list[str] = []
    found = read_folder(write(tmp_path, given), notes)
    assert found["f1db"] == tree()
    assert notes[0] == "LICENSE: not a file of a source that is read"
    assert notes[1:3] == [f"{name}.json: JSON, but no body of Jolpica" for name in ("package", "truth")]
    assert notes[3].startswith("arrivals/: a history of uploads")
    write(tmp_path / "bodies", {"f1_2025_1_results.json": b'{"MRData": {"Ra'})
    assert list(read_folder(tmp_path / "bodies")["jolpica"]) == ["f1_2025_1_results.json"]
    upload = read_folder(tmp_path / "arrivals" / "001")
    assert upload["f1db"] == {f"{BAHRAIN}race.yml": b"later"}
    with pytest.raises(FileNotFoundError):
        read_folder(tmp_path / "nowhere")


def test_which_seasons_a_file_speaks_of() -> None:
    ids = {"drivers/lando-norris.yml": b"id: lando-norris\n", "drivers/juan-fangio.yml": b"id: juan-fangio\n"}
    bodies = {"page": body(race(2025)), "f1_2024_x.json": b"{", "odd.json": b"{}"}
    given = {"f1db": tree() | ids | {"junk.yml": b""}, "jolpica": bodies, "ergast_csv": files()}
    found = seasons_of(given)
    assert list(found) == [2023, 2024, 2025]
    assert "f1db/drivers/lando-norris.yml" in found[2023]
    assert f"f1db/{BAHRAIN}race.yml" in found[2023]
    assert found[2025] == ["jolpica/page"]
    assert "jolpica/f1_2024_x.json" in found[2024]
    assert {"ergast_csv/races.csv", "ergast_csv/results.csv"} <= set(found[2023]) & set(found[2024])
    assert unplaced(given) == ["f1db/drivers/juan-fangio.yml", "f1db/junk.yml", "jolpica/odd.json"]


@given(st.data())
def test_whatever_the_files_say_the_tables_fit_their_schemas(data: st.DataObject) -> None:
    given_files = {"f1db": tree(), "ergast_csv": files()}
    source = data.draw(st.sampled_from(["f1db", "ergast_csv"]))
    path = data.draw(st.sampled_from(sorted(given_files[source])))
    text = given_files[source][path].decode()
    words = sorted({word for word in re.split(r"[\s,:]+", text) if word})
    old = data.draw(st.sampled_from(words))
    new = data.draw(
        st.sampled_from(["", "-1", "0", "nan", "inf", "1e9", "9" * 30, "2", "PL", "DNF", "x", "1:60", "~"])
    )
    given_files[source][path] = text.replace(old, new).encode()
    built = build_season(2023, given_files)
    for table in SOURCE_TABLES:
        check(built.tables[table.name], table)
