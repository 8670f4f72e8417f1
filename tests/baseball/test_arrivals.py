"""Which files of a folder are taken in, which seasons they speak of, and what is read again."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from upath import UPath

from formguide.baseball import arrivals, checks, feed, folders, incremental
from formguide.baseball.incremental import make_results, make_source_files
from formguide.lake import Lake
from tests.baseball import documents_by_hand as by_hand
from tests.baseball.days_by_hand import half, parquet, thrown
from tests.baseball.documents_by_hand import as_bytes, play, schedule, schedule_game


@pytest.fixture
def lake(tmp_path):
    return Lake(UPath(tmp_path / "lake"))


def put(folder: Path, files):
    for name, body in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    return folder


def game(pk, plays=None, date="2024-05-01", **more):
    document = by_hand.feed(by_hand.innings(1) if plays is None else plays, game_pk=pk, date=date, **more)
    return as_bytes(document)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("plate_appearances/2023/2023-05-01.parquet", ("plate_appearances", "2023/2023-05-01.parquet")),
        ("data/feeds/2024/7001.json.gz", ("feeds", "2024/7001.json.gz")),
        ("feeds/2024/7001.json", ("feeds", "2024/7001.json")),
        ("feeds/2024/notes.json", None),
        ("schedules/2024-05-01.json.gz", ("schedules", "2024-05-01.json.gz")),
        ("mlb_api/feed_live_7001.json", ("mlb_api", "feed_live_7001.json")),
        ("mlb_api/schedule_sample.json", ("mlb_api", "schedule_sample.json")),
        ("mlb_api/teams.json", None),
        ("pitches/statcast_2024.parquet", ("pitches", "statcast_2024.parquet")),
        ("savant_csv/day.csv", ("savant_csv", "day.csv")),
        ("retrosheet_totals/teams-2023.csv", ("retrosheet_totals", "teams-2023.csv")),
        ("feeds/2024/.tmp-12", None),
        (".hidden/feeds/2024/7001.json", None),
        ("readme.txt", None),
    ],
)
def test_where_a_file_is_kept(path, expected):
    assert folders.place(path) == expected


def test_a_folder_is_read_whole_or_from_any_of_its_parts(tmp_path):
    root = put(
        tmp_path / "all",
        {
            "feeds/2024/7001.json.gz": gzip.compress(game(7001)),
            "feeds/2024/7001.json": game(7001),
            "plate_appearances/2023/2023-05-01.parquet": b"x",
            "other.txt": b"",
        },
    )
    said: list[str] = []
    found = folders.read_folder(root, said)
    assert {source: list(files) for source, files in found.items() if files} == {
        "plate_appearances": ["2023/2023-05-01.parquet"],
        "feeds": ["2024/7001.json"],
    }
    assert [line.partition(":")[0] for line in said] == ["feeds/2024/7001.json.gz", "other.txt"]
    for part in ("feeds", "feeds/2024"):
        assert list(folders.read_folder(root / part)["feeds"]) == ["2024/7001.json"]
        assert folders.takes(root / part)
    assert folders.takes(root) and not folders.takes(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        folders.read_folder(tmp_path / "none")


def test_the_seasons_that_files_speak_of():
    days = schedule(("2024-05-01", [schedule_game()]), ("2023-05-01", [schedule_game(date="2023-05-01")]))
    files = {
        "plate_appearances": {"2022/2022-05-01.parquet": b"not read"},
        "feeds": {"2024/7001.json": b"not read"},
        "schedules": {"2025-04-01.json": b"not read"},
        "retrosheet_totals": {"teams-2022.csv": b"not read"},
        "mlb_api": {
            "feed_live_1.json": game(1, date="2021-05-01"),
            "schedule_a.json": as_bytes(days),
            "feed_live_2.json": b"<html>",
        },
        "pitches": {"a.parquet": parquet([thrown(1, 1)])},
    }
    found = folders.seasons_of(files)
    assert sorted(found) == [2021, 2022, 2023, 2024, 2025]
    assert found[2022] == ["plate_appearances/2022/2022-05-01.parquet", "retrosheet_totals/teams-2022.csv"]
    assert found[2023] == ["mlb_api/schedule_a.json", "pitches/a.parquet"]
    assert folders.unplaced(files) == ["mlb_api/feed_live_2.json"]


def state(lake):
    """What the lake holds of the results, without how it came by it."""
    return {
        key: (manifest.hash, manifest.made_from, manifest.extra)
        for key, manifest in lake.state().items()
        if key[1] != "source_files"
    }


def made(lake, folder, seasons=(2024,)):
    make_source_files(lake, seasons, [folder])
    return make_results(lake, seasons)["games"]


def test_only_new_and_changed_games_are_read_again(lake, tmp_path, monkeypatch):
    asked: list[str] = []
    read_feed = feed.read_feed

    def reading(name, body):
        asked.append(Path(name).stem)
        return read_feed(name, body)

    monkeypatch.setattr(feed, "read_feed", reading)
    folder = put(tmp_path / "in", {f"feeds/2024/{pk}.json": game(pk) for pk in (7001, 7002, 7003)})
    first = made(lake, folder)[2024]
    assert (first.computed, first.carried, first.rows) == (3, 0, 3)
    assert made(lake, folder)[2024].computed == 0 and len(asked) == 3

    put(folder, {"feeds/2024/7004.json": game(7004), "feeds/2024/7002.json": game(7002, [play(0, 1201)])})
    asked.clear()
    second = made(lake, folder)[2024]
    assert sorted(asked) == ["7002", "7004"] and (second.computed, second.carried) == (2, 2)

    (folder / "feeds/2024/7001.json").unlink()
    asked.clear()
    made(lake, folder)
    assert asked == []
    grown = lake.read_table("baseball", "games", ["2024"])
    assert grown["game_pk"].to_list() == [7002, 7003, 7004]

    at_once = Lake(UPath(tmp_path / "other"))
    made(at_once, folder)
    assert state(at_once) == state(lake), "a lake that grew file by file ends equal to one made at once"


def test_a_game_that_is_not_over_or_not_whole_is_read_every_time(lake, tmp_path):
    bad = json.loads(game(7002))
    bad["liveData"]["plays"]["allPlays"][1]["about"]["inning"] = 0
    folder = put(
        tmp_path / "in",
        {
            "feeds/2024/7001.json": game(7001, status=by_hand.LIVE),
            "feeds/2024/7002.json": as_bytes(bad),
            "feeds/2024/7003.json": game(7003),
        },
    )
    first = made(lake, folder)[2024]
    assert len(first.facts["rejects"]) == 1 and "about.inning" in first.facts["rejects"][0]
    assert [q.source for q in lake.quarantined("baseball")] == ["feeds/2024/7002.json"]
    put(folder, {"feeds/2024/7004.json": game(7004)})
    second = made(lake, folder)[2024]
    assert (second.computed, second.carried) == (3, 1)
    assert second.facts["rejects"] == first.facts["rejects"], "what is wrong is said again"
    at_once = Lake(UPath(tmp_path / "other"))
    made(at_once, folder)
    assert state(at_once) == state(lake)


def test_other_code_reads_everything_again(lake, tmp_path, monkeypatch):
    folder = put(tmp_path / "in", {"feeds/2024/7001.json": game(7001)})
    made(lake, folder)
    monkeypatch.setattr(incremental, "RESULTS_VERSION", "another")
    again = made(lake, folder)[2024]
    assert (again.computed, again.carried) == (1, 0)


def test_tables_that_are_gone_are_made_from_the_files(lake, tmp_path):
    folder = put(tmp_path / "in", {"feeds/2024/7001.json": game(7001)})
    made(lake, folder)
    before = state(lake)
    lake.delete("baseball", "plate_appearances", "2024")
    made(lake, folder)
    assert state(lake) == before


def test_seasons_are_told_apart(lake, tmp_path):
    files = {
        "feeds/2024/7001.json": game(7001),
        "plate_appearances/2023/2023-05-01.parquet": parquet(half(0, range(1201, 1210))),
    }
    folder = put(tmp_path / "in", files)
    held = arrivals.holdings(lake, [folder])
    assert sorted(arrivals.changed_seasons(lake, held)) == [2023, 2024]
    made(lake, folder, (2023, 2024))
    assert arrivals.changed_seasons(lake, arrivals.holdings(lake, [folder])) == {}
    put(folder, {"feeds/2024/7001.json": game(7001, [play(0, 1201)])})
    assert sorted(arrivals.changed_seasons(lake, arrivals.holdings(lake, [folder]))) == [2024]
    counts = {key: lake.manifest("baseball", "plate_appearances", key).rows for key in ("2023", "2024")}
    assert counts == {"2023": 9, "2024": 6}


def test_the_lakes_totals_are_compared_with_those_that_came_in(lake, tmp_path):
    head = "game.key,game.source,game.date,game.number,season.phase,team.key,B_PA,B_H,B_HR,B_SO"
    lines = ["X,evt,2024-05-01,0,R,BOS,3,0,0,0", "X,evt,2024-05-01,0,R,NYA,3,0,0,0"]
    folder = put(tmp_path / "in", {"feeds/2024/7001.json": game(7001)})
    made(lake, folder)
    finding = checks.season_totals(lake, [2024])
    assert finding.passed and finding.said == "2024: no totals to compare with"
    put(folder, {"retrosheet_totals/teams-2024.csv": "\n".join([head, *lines]).encode()})
    made(lake, folder)
    finding = checks.season_totals(lake, [2024])
    assert finding.passed and "6 plate appearances, 0 hits" in finding.said
    lines[1] = lines[1].replace(",3,0", ",4,0")
    put(folder, {"retrosheet_totals/teams-2024.csv": "\n".join([head, *lines]).encode()})
    made(lake, folder)
    assert not checks.season_totals(lake, [2024]).passed


def test_a_file_that_changes_while_it_is_taken_in_is_refused(lake, tmp_path):
    folder = put(tmp_path / "in", {"feeds/2024/7001.json": game(7001)})
    held = arrivals.holdings(lake, [folder])
    put(folder, {"feeds/2024/7001.json": game(7001, [play(0, 1201)])})
    with pytest.raises(Exception, match="was changed while it was taken in"):
        arrivals.receive(lake, held)
    assert arrivals.receive(lake, arrivals.holdings(lake, [folder]))["added"] == 1


def test_plate_appearances_know_their_days(lake, tmp_path):
    folder = put(tmp_path / "in", {"feeds/2024/7001.json": game(7001)})
    made(lake, folder)
    tables = incremental.season_tables(lake, [2024])
    dated = tables["plate_appearances"].join(tables["games"], on="game_pk", suffix="_of_the_game")
    assert dated.filter(pl.col("game_date") != pl.col("game_date_of_the_game")).is_empty()
    assert incremental.season_tables(lake)["games"].equals(tables["games"])
