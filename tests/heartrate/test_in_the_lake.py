"""Workouts in a lake, month by month: nothing is lost or made twice, and what is refused is named."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from formguide.heartrate import checks, incremental, line_index
from formguide.heartrate.arrivals import ARRIVALS
from formguide.heartrate.folders import read_folder, takes
from formguide.heartrate.positions import SCHEMA, positions
from formguide.heartrate.tables import SPORT, Samples, Workouts
from formguide.lake import Lake
from tests.heartrate import workout_files as files

MARCH, APRIL = 202103, 202104
IN_APRIL = files.START.replace(month=4)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv("FORMGUIDE_LAKE", str(tmp_path / "lake"))
    return Lake(UPath(tmp_path / "lake"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


def put(folder: Path, path: str, body: bytes) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(body)


def make(lake: Lake, folder: Path, *months: int) -> dict[int, dict[str, object]]:
    """Takes a folder in; what was said of the workouts of each month."""
    wanted = months or (MARCH, APRIL)
    incremental.make_source_files(lake, wanted, [folder])
    made = incremental.make_results(lake, wanted)["workouts"]
    assert checks.nothing_lost(lake, wanted).passed
    return {month: {**part.facts, "computed": part.computed} for month, part in made.items()}


def told_of(lake: Lake) -> list[str]:
    """All that could not be used."""
    lost, remarks = incremental.not_used(lake)
    return [*lost, *remarks]


def workouts(lake: Lake) -> pl.DataFrame:
    return lake.read_table(SPORT, Workouts.name, None, Workouts)


def samples(lake: Lake) -> pl.DataFrame:
    return lake.read_table(SPORT, Samples.name, None, Samples)


def reasons(lake: Lake) -> list[str]:
    return sorted(found.reason for found in lake.quarantined(SPORT))


def test_workouts_of_every_format_and_user(lake, folder):
    put(folder, "ann/a.csv", files.csv(files.run()))
    put(folder, "bob/2021/b.fit", files.fit(files.run()))
    put(folder, "mine.gpx", files.gpx(files.run(start=IN_APRIL)))
    put(folder, "site/hr.json", files.fitrec(files.run()) + b"\n" + files.fitrec(files.run(start=IN_APRIL)))
    put(folder, "ann/LICENSE", b"text")
    put(folder, "truth.json", b"{}")
    make(lake, folder)
    told = workouts(lake).select("workout_id", "path", "source", "format").rows()
    assert told == [
        ("ann/20210324T214055", "ann/a.csv", "workouts", "csv"),
        ("bob/20210324T214055", "bob/2021/b.fit", "workouts", "fit"),
        ("endomondo-7/20210324T214055", "site/hr.json:1", "fitrec", "fitrec"),
        ("endomondo-7/20210424T214055", "site/hr.json:2", "fitrec", "fitrec"),
        ("me/20210424T214055", "mine.gpx", "workouts", "gpx"),
    ]
    assert samples(lake).group_by("workout_id").len()["len"].to_list() == [400] * 5
    assert not {"latitude", "longitude", "lat", "lon"} & {*samples(lake).columns, *workouts(lake).columns}
    notes: list[str] = []
    read_folder(folder, notes)
    assert notes == ["ann/LICENSE: not a file of a source that is read"]


def test_where_a_workout_was_is_told_to_whom_asks(lake, folder):
    rows = [{**row, "lat": -41 + k * 1e-5, "lon": -21 + k * 1e-5} for k, row in enumerate(files.run())]
    put(folder, "ann/a.gpx", files.gpx([*rows[:300], rows[299], *rows[300:]]))
    put(folder, "ann/again.gpx", files.gpx(rows[:200]))
    put(folder, "bob/b.gpx", files.gpx(rows))
    put(folder, "bob/c.fit", files.fit(files.run(start=IN_APRIL)))
    make(lake, folder)
    found = positions(lake, "ann")
    assert found.schema == SCHEMA
    assert found["workout_id"].unique().to_list() == ["ann/20210324T214055"]
    assert found["t_sec"].to_list() == list(range(400))
    assert found["latitude_deg"].to_list() == pytest.approx([row["lat"] for row in rows])
    assert found["longitude_deg"].to_list() == pytest.approx([row["lon"] for row in rows])
    assert positions(lake).height == 800
    assert positions(lake, "carl").is_empty()


def test_a_second_run_makes_nothing_and_a_new_file_its_month_only(lake, folder):
    put(folder, "ann/a.csv", files.csv(files.run()))
    put(folder, "ann/b.csv", files.csv(files.run(start=IN_APRIL)))
    make(lake, folder)
    state = lake.state()
    assert [said["computed"] for said in make(lake, folder).values()] == [0, 0]
    assert lake.state() == state
    put(folder, "ann/c.csv", files.csv(files.run(start=files.at(90_000, IN_APRIL))))
    assert [said["computed"] for said in make(lake, folder).values()] == [0, 1]
    assert workouts(lake).height == 3
    (folder / "ann/a.csv").unlink()
    make(lake, folder)
    assert workouts(lake)["month"].to_list() == [APRIL, APRIL]


def test_of_one_workout_twice_the_richer_is_kept(lake, folder):
    rows = files.run()
    put(folder, "ann/poor.csv", files.csv([{"time": r["time"], "heart_rate": r["heart_rate"]} for r in rows]))
    put(folder, "ann/rich.fit", files.fit(rows))
    put(folder, "ann/late.gpx", files.gpx(rows[30:]))
    put(folder, "bob/rich.fit", files.fit(rows))
    made = make(lake, folder, MARCH)
    assert workouts(lake)["path"].to_list() == ["ann/rich.fit", "bob/rich.fit"]
    assert made[MARCH]["set_aside"] == ["ann/late.gpx", "ann/poor.csv"]
    again = "is the workout ann/20210324T214055 again: see ann/rich.fit"
    assert reasons(lake) == [f"ann/late.gpx: {again}", f"ann/poor.csv: {again}"]


def test_which_record_is_kept_is_not_for_a_heart_rate_to_say(lake, folder):
    """A watch and a phone: the phone measured more beside the heart rate, whoever has one."""
    rows = files.run()
    watch = [
        {k: row[k] for k in ("time", "speed", "heart_rate")}
        for row in files.run(300, files.at(50), speed=2.0)
    ]
    phone = [{k: row[k] for k in row if k != "heart_rate"} for row in rows[::2]]
    kept = {}
    for who, of_watch, of_phone in (
        ("both", watch, rows[::2]),
        ("watch", watch, phone),
        ("phone", [{k: row[k] for k in row if k != "heart_rate"} for row in watch], rows[::2]),
    ):
        put(folder, f"{who}/watch.csv", files.csv(of_watch))
        put(folder, f"{who}/phone.csv", files.csv(of_phone))
    make(lake, folder, MARCH)
    assert workouts(lake)["path"].to_list() == ["both/phone.csv", "phone/phone.csv", "watch/phone.csv"]
    speeds = samples(lake).sort("workout_id", "t_sec")
    for who in ("both", "watch", "phone"):
        mine = speeds.filter(pl.col("workout_id").str.starts_with(f"{who}/"))
        kept[who] = mine
        assert mine["speed_mps"].to_list() == [3.0] * 200 and mine["t_sec"].to_list() == list(
            range(0, 400, 2)
        )
    assert kept["both"]["heart_rate_bpm"].to_list() == [row["heart_rate"] for row in rows[::2]]
    # The watch began 50 s later and stopped 50 s earlier.
    taken = kept["watch"]["heart_rate_bpm"].to_list()
    assert taken == [None] * 25 + [row["heart_rate"] for row in watch[::2]] + [None] * 25
    told = "is the workout watch/20210324T214055 again: see watch/phone.csv, which takes its heart rate"
    assert f"watch/watch.csv: {told}" in reasons(lake)
    assert sum("takes its heart rate" in reason for reason in reasons(lake)) == 1


def test_of_equal_records_the_one_with_the_shorter_name_is_kept(lake, folder):
    put(folder, "ann/run-again.csv", files.csv(files.run()))
    put(folder, "ann/run.csv", files.csv(files.run()))
    make(lake, folder, MARCH)
    assert workouts(lake)["path"].to_list() == ["ann/run.csv"]


def test_what_cannot_be_used_is_quarantined_with_its_reason(lake, folder):
    put(folder, "ann/good.csv", files.csv(files.run()))
    put(folder, "ann/cut.gpx", files.gpx(files.run())[:9000])
    put(folder, "ann/empty.fit", b"")
    put(folder, "ann/1970.csv", b"timestamp,heart_rate\n5,100\n6,101\n")
    put(folder, "ann/2099.csv", files.csv(files.run(start=files.START.replace(year=2099))))
    put(folder, "ann/2100.csv", files.csv(files.run(start=files.START.replace(year=2101))))
    bad = [
        files.fitrec(files.run())[:-200],
        b'{"id": 1, "userId": 2, "timestamp": "no"}',
        files.fitrec(files.run()),
    ]
    put(folder, "hr.json", b"\n".join([bad[2], *bad[:2]]))
    make(lake, folder, MARCH)
    assert workouts(lake)["path"].to_list() == ["ann/good.csv", "hr.json:1"]
    said = reasons(lake)
    assert len(said) == 7
    for begins, part in (
        ("ann/1970.csv", "its clock says 1970-01-01"),
        ("ann/2099.csv", "begins on 2099-03-24, which is still to come"),
        ("ann/2100.csv", "its clock says 2101-03-24"),
        ("ann/cut.gpx", "no XML can be read"),
        ("ann/empty.fit", "the file is empty"),
        ("hr.json:2", "neither JSON nor a Python dict"),
        ("hr.json:3", "field timestamp: 'no' is not an array"),
    ):
        assert [reason for reason in said if reason.startswith(begins) and part in reason], (begins, said)
    assert sorted(told_of(lake)) == said
    for path in ("ann/cut.gpx", "ann/2099.csv", "hr.json"):
        (folder / path).unlink()
    make(lake, folder, MARCH)
    # What is gone is nobody's concern any more; quarantine keeps it all the same.
    still = [reason for reason in said if reason.startswith(("ann/1970", "ann/2100", "ann/empty"))]
    assert sorted(told_of(lake)) == still
    assert reasons(lake) == said


def test_what_is_set_aside_of_months_that_were_not_made_yet(lake, folder):
    put(folder, "ann/march.csv", files.csv(files.run()))
    put(folder, "ann/april.csv", files.csv(files.run(start=IN_APRIL)))
    put(folder, "ann/empty.fit", b"")
    put(folder, "hr.json", files.fitrec(files.run(start=IN_APRIL))[:-200] + b"\n" + files.fitrec(files.run()))
    make(lake, folder, MARCH)
    assert told_of(lake) == ["ann/empty.fit: the file is empty"]
    make(lake, folder)
    assert [reason.partition(": ")[0] for reason in told_of(lake)] == [
        "hr.json:1",
        "ann/empty.fit",
    ]


def test_what_is_lost_wholly_is_told_apart_from_a_remark(lake, folder):
    rows = files.run()
    rows[4]["heart_rate"] = "1O1"
    put(folder, "ann/a.csv", files.csv(rows))
    put(folder, "ann/copy-of-a.csv", files.csv(rows[:300]))
    put(folder, "ann/empty.fit", b"")
    put(folder, "hr.json", files.fitrec(files.run())[:-200] + b"\n" + files.fitrec(files.run()))
    make(lake, folder, MARCH)
    lost, remarks = incremental.not_used(lake)
    assert [line.partition(": ")[0] for line in lost] == ["ann/copy-of-a.csv", "hr.json:1", "ann/empty.fit"]
    flaw = ", record 6, field heart_rate_bpm: '1O1' is not a number"
    assert remarks == [f"ann/a.csv{flaw}", f"ann/copy-of-a.csv{flaw}"]


def test_a_workout_without_a_heart_rate_is_kept_and_not_learnt_from(lake, folder):
    rows = [{name: value for name, value in row.items() if name != "heart_rate"} for row in files.run()]
    put(folder, "ann/a.fit", files.fit(rows))
    make(lake, folder, MARCH)
    told = workouts(lake).select("has_heart_rate", "usable", "failed_rules", "mean_speed_mps").row(0)
    assert told == (False, False, "no_heart_rate", 3.0)


def test_a_file_of_two_months_is_part_of_both(lake, folder):
    both = files.gpx(files.run()).replace(
        b"</gpx>", files.track(files.run(start=IN_APRIL), "cycling").encode() + b"</gpx>"
    )
    put(folder, "ann/all.gpx", both)
    made = make(lake, folder)
    assert workouts(lake).select("path", "month", "activity").rows() == [
        ("ann/all.gpx:1", MARCH, "run"),
        ("ann/all.gpx:2", APRIL, "ride"),
    ]
    assert [made[month]["elsewhere"] for month in (MARCH, APRIL)] == [["ann/all.gpx:2"], ["ann/all.gpx:1"]]


def test_a_run_over_the_end_of_a_month_is_of_the_month_it_began_in(lake, folder):
    midnight = files.START.replace(day=31, hour=23, minute=59, second=0)
    put(folder, "ann/late.csv", files.csv(files.run(start=midnight)))
    made = make(lake, folder)
    assert workouts(lake)["month"].to_list() == [MARCH]
    assert made[APRIL]["elsewhere"] == ["ann/late.csv"]


def test_a_line_whose_first_points_are_of_another_month_is_set_aside_not_lost(lake, folder):
    rows = [*files.run(3), *files.run(start=IN_APRIL)]
    put(folder, "hr.json", files.fitrec(rows))
    make(lake, folder)
    assert workouts(lake).is_empty()
    assert reasons(lake) == [
        "hr.json:1, record 1, field timestamp: begins on 2021-04-24, but its first point says otherwise"
    ]


def test_points_are_samples_or_are_counted(lake, folder):
    rows = files.run()
    put(folder, "ann/a.csv", files.csv([*rows[:200], *rows[190:], rows[-1]]))
    made = make(lake, folder, MARCH)
    assert (made[MARCH]["points"], made[MARCH]["points_set_aside"], samples(lake).height) == (411, 11, 400)
    found = lake.read_table(SPORT, "quality_findings", None).select("rule", "seconds", "example").rows()
    assert found == [("clock_back", 10, "10 of 411 points"), ("same_second", 1, "1 of 411 points")]


def test_what_a_check_would_say_if_a_file_were_lost(lake, folder):
    put(folder, "ann/a.csv", files.csv(files.run()))
    make(lake, folder, MARCH)
    put(folder, "ann/b.csv", files.csv(files.run(start=files.at(9000))))
    incremental.make_source_files(lake, [MARCH], [folder])
    lost = checks.nothing_lost(lake, [MARCH])
    assert not lost.passed
    assert lost.rows.rows() == [(MARCH, "ann/b.csv")]


def test_checks_of_workouts_and_samples(lake, folder):
    put(folder, "ann/a.csv", files.csv(files.run()))
    make(lake, folder, MARCH)
    table, seconds = workouts(lake), samples(lake)
    assert checks.samples_are_the_workouts(table, seconds).passed
    assert not checks.samples_are_the_workouts(table, seconds.tail(-1)).passed
    assert not checks.samples_are_the_workouts(table.clear(), seconds).passed
    over = pl.concat([table, table.with_columns(pl.col("started_at") + pl.duration(seconds=50))])
    assert checks.nobody_in_two_places(table).passed
    assert not checks.nobody_in_two_places(over).passed
    assert checks.most_are_usable(table).passed
    assert not checks.most_are_usable(table.with_columns(usable=False)).passed


def test_a_fitrec_file_that_grows_changes_the_last_part_of_its_months_only(lake, folder, monkeypatch):
    monkeypatch.setattr(line_index, "LINES_IN_A_PART", 2)
    lines = [files.fitrec(files.run(start=files.at(9000 * k))) for k in range(5)]
    put(folder, "hr.json", b"\n".join(lines[:4]) + b"\n")
    make(lake, folder, MARCH)
    before = ARRIVALS.season_files(lake, MARCH)["fitrec"]
    put(folder, "hr.json", b"\n".join(lines) + b"\n")
    assert list(ARRIVALS.changed_seasons(lake, ARRIVALS.holdings(lake, [folder]))) == [MARCH]
    make(lake, folder, MARCH)
    after = ARRIVALS.season_files(lake, MARCH)["fitrec"]
    assert {path: after[path] for path in before} == before
    assert set(after) - set(before) == {"hr.json/202103-0002.jsonl"}
    assert workouts(lake).height == 5


def test_a_fitrec_file_is_the_same_gzipped_or_not(lake, folder, monkeypatch):
    monkeypatch.setattr(line_index, "LINES_IN_A_PART", 2)
    lines = [files.fitrec(files.run(start=files.at(9000 * k))) for k in range(5)]
    put(folder, "hr.json.gz", gzip.compress(b"\n".join(lines) + b"\n"))
    make(lake, folder, MARCH)
    assert workouts(lake)["path"].to_list() == [f"hr.json:{k}" for k in range(1, 6)]
    assert reasons(lake) == []
    before = lake.state()
    (folder / "hr.json.gz").unlink()
    put(folder, "hr.json", b"\n".join(lines) + b"\n")
    assert ARRIVALS.changed_seasons(lake, ARRIVALS.holdings(lake, [folder])) == {}
    assert [said["computed"] for said in make(lake, folder, MARCH).values()] == [0]
    assert lake.state() == before


def test_of_a_gzip_that_breaks_off_the_whole_lines_are_read_and_the_break_is_named(lake, folder):
    lines = [files.fitrec(files.run(start=files.at(9000 * k), speed=3 + k / 7)) for k in range(5)]
    whole = gzip.compress(b"\n".join(lines) + b"\n")
    put(folder, "hr.json.gz", whole[: len(whole) // 2])
    put(folder, "other.json.gz", b"no gzip")
    make(lake, folder, MARCH)
    n = workouts(lake).height
    assert 1 <= n < 5
    assert workouts(lake)["path"].to_list() == [f"hr.json:{k}" for k in range(1, n + 1)]
    cut, broken, none = reasons(lake)
    assert none == "other.json.gz: its name says gzip, but it is none"
    assert cut.startswith("hr.json: the gzip is damaged: Compressed file ended before")
    assert cut.endswith(f"; {n + 1} lines of it are read")
    assert broken.startswith(f"hr.json:{n + 1}: neither JSON nor a Python dict")
    notes: list[str] = []
    read_folder(folder, notes)
    assert notes == ["other.json.gz: its name says gzip, and nothing of it can be unpacked"]
    assert sorted(told_of(lake)) == [cut, broken, none]
    put(folder, "hr.json.gz", whole)
    (folder / "other.json.gz").unlink()
    make(lake, folder, MARCH)
    assert workouts(lake).height == 5
    assert told_of(lake) == []


NO_WORKOUTS = {
    "ann/cols.csv": (
        b"a,b\n1,2\n",
        "record 1: no column that is known: wanted are a time (timestamp)",
    ),
    "ann/odd.csv.gz": (b"\x00\x01\x02\x03" * 9, "its name says gzip, but it is none"),
    "ann/p.zip": (b"PK\x03\x04" + b"\x00" * 2_000_000, "a zip archive is not read: unpack it first"),
    "settings.json": (b'{"gameData": {"id": 1}}', "no workout a line, as FitRec has them"),
}


def test_a_file_with_the_name_of_a_workout_that_holds_none_is_set_aside(lake, folder):
    put(folder, "ann/a.csv", files.csv(files.run()))
    for path, (body, _) in NO_WORKOUTS.items():
        put(folder, path, body)
    put(folder, "ann/notes.txt", b"text")
    put(folder, "__MACOSX/ann/q.zip", b"PK")
    make(lake, folder, MARCH)
    assert workouts(lake).height == 1
    said = reasons(lake)
    for line, (path, (_, part)) in zip(said, NO_WORKOUTS.items(), strict=True):
        assert line.startswith(path) and part in line
    assert told_of(lake) == said
    state = lake.state()
    assert ARRIVALS.changed_seasons(lake, ARRIVALS.holdings(lake, [folder])) == {}
    make(lake, folder, MARCH)
    assert lake.state() == state
    for path in NO_WORKOUTS:
        (folder / path).unlink()
    make(lake, folder, MARCH)
    assert told_of(lake) == []


def test_in_a_folder_of_every_sport_what_is_no_workout_may_be_another_sports(lake, folder, monkeypatch):
    put(folder, "ann/a.csv", files.csv(files.run()))
    put(folder, "marks.csv", b"athlete,event,mark\n1,2,3\n")
    monkeypatch.setenv("FORMGUIDE_WATCH", f"heartrate={folder}")
    assert ARRIVALS.holdings(lake, [folder]).trees["not_workouts"]
    monkeypatch.setenv("FORMGUIDE_WATCH", str(folder))
    make(lake, folder, MARCH)
    assert workouts(lake).height == 1 and reasons(lake) == []
    (note,) = ARRIVALS.holdings(lake, [folder]).passed_over
    assert note.startswith("marks.csv: no workout by its columns: wanted are")


def test_which_folders_are_of_this_sport(tmp_path):
    for name, path, body in (
        ("runs", "a/x.fit", b""),
        ("tables", "x.csv", b"timestamp,heart_rate\n"),
        ("lines", "x.json", files.fitrec(files.run(2))),
        ("packed", "x.json.gz", gzip.compress(files.fitrec(files.run(2)))),
        ("marks", "x.csv", b"athlete,event,mark\n"),
        ("feeds", "x.json", b'{"gameData": {"id": 1}}'),
        ("archive", "x.zip", b"PK\x03\x04"),
    ):
        put(tmp_path / name, path, body)
    assert [takes(tmp_path / name) for name in ("runs", "tables", "lines", "packed")] == [True] * 4
    assert [takes(tmp_path / name) for name in ("marks", "feeds", "archive", "nowhere")] == [False] * 4


@pytest.mark.parametrize(("speed", "activity"), [(1.4, "walk"), (3.0, "run"), (8.0, "ride"), (0.0, "other")])
def test_what_nobody_names_is_told_by_its_speed(lake, folder, speed, activity):
    put(folder, "ann/x.csv", files.csv(files.run(speed=speed)))
    make(lake, folder, MARCH)
    assert workouts(lake)["activity"].to_list() == [activity]
