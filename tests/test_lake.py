"""The lake: whole or not there, the same bytes for the same frame, and nothing touched without need."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from upath import UPath

from formguide import files
from formguide.lake import Lake, LakeError, RawChange
from formguide.schema import Table, TableError


class Results(Table):
    """Who came where."""

    sport = "formula1"
    name = "race_results"

    race_id = dy.String(primary_key=True)
    driver_id = dy.String(primary_key=True)
    position = dy.Int32(nullable=True, min=1)


class Issued(Table):
    """What was forecast, as it was issued."""

    sport = "formula1"
    name = "forecast_log"

    race_id = dy.String(primary_key=True)
    made_at = dy.Datetime(time_unit="ms", primary_key=True)
    p_win = dy.Float64(min=0, max=1)


def results(n: int = 3, first: int = 1) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "race_id": ["2024-monaco"] * n,
            "driver_id": [f"driver-{i:03}" for i in range(n)],
            "position": pl.Series(range(first, first + n), dtype=pl.Int32),
        }
    )


def write(lake: Lake, frame: pl.DataFrame, partition: str | None = "2024", made_from: str = "abc") -> bool:
    return lake.write_table("formula1", "race_results", partition, frame, Results, made_from).changed


@pytest.fixture(params=["local", "memory"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lake]:
    if request.param == "local":
        yield Lake(tmp_path / "lake")
    else:
        root = UPath(f"memory://{tmp_path.name}")
        yield Lake(root)
        root.fs.store.clear()
        root.fs.pseudo_dirs[:] = [""]


@pytest.fixture
def local(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


# -- tables ----------------------------------------------------------------------------------------


def test_a_table_comes_back_as_it_went_in(lake: Lake) -> None:
    written = lake.write_table(
        "formula1", "race_results", "2024", results(), Results, "abc", extra={"races": (1, 2)}
    )
    assert written.changed and written.rows == 3
    assert_frame_equal(lake.read_table("formula1", "race_results", table=Results), results())
    manifest = lake.manifest("formula1", "race_results", "2024")
    assert manifest is not None
    assert manifest.file == f"part-{written.hash}.parquet" and manifest.kind == "table"
    assert (manifest.rows, manifest.hash, manifest.made_from) == (3, written.hash, "abc")
    assert manifest.schema == {"race_id": "String", "driver_id": "String", "position": "Int32"}
    assert manifest.extra == {"races": [1, 2]}
    assert datetime.fromisoformat(manifest.written_at).utcoffset() is not None


def test_the_rooms_are_where_they_are_said_to_be(local: Lake) -> None:
    write(local, results())
    write(local, results(), partition="circuit=spa")
    local.write_table("formula1", "circuits", None, results(), None, "abc")
    sport = Path(str(local.root)) / "formula1"
    assert (sport / "race_results" / "season=2024" / "current.json").is_file()
    assert (sport / "race_results" / "circuit=spa" / "current.json").is_file()
    assert (sport / "circuits" / "all" / "current.json").is_file()


def test_partitions_and_assets_are_listed_in_order(lake: Lake) -> None:
    assert lake.assets() == [] and lake.partitions("formula1", "race_results") == []
    for season in ("2024", "2023"):
        write(lake, results(first=int(season)), partition=season)
    lake.write_bytes("formula1", "strengths", None, {"model.txt": b"tree"}, "abc")
    lake.raw_put("formula1", "f1db", "a.yml", b"1")
    assert lake.assets() == [("formula1", "race_results"), ("formula1", "strengths")]
    assert lake.partitions("formula1", "race_results") == ["2023", "2024"]
    assert lake.partitions("formula1", "strengths") == []
    both = lake.read_table("formula1", "race_results")
    assert both["position"].to_list() == [2023, 2024, 2025, 2024, 2025, 2026]
    assert lake.read_table("formula1", "race_results", ["2024", "1999"])["position"][0] == 2024
    assert [p.name for p in lake.data_files("formula1", "race_results")] == [
        m.file for m in lake.state().values() if m.kind == "table"
    ]


def test_nothing_there_is_an_empty_table_or_an_error_that_helps(lake: Lake) -> None:
    nothing = lake.read_table("formula1", "race_results", table=Results)
    assert nothing.is_empty() and nothing.columns == ["race_id", "driver_id", "position"]
    with pytest.raises(LakeError, match="no formula1/race_results: materialise it first"):
        lake.read_table("formula1", "race_results")
    with pytest.raises(LakeError, match="materialise it first"):
        lake.read_bytes("formula1", "strengths", "2024")
    assert lake.manifest("formula1", "race_results", "2024") is None


def test_equal_content_from_equal_inputs_touches_nothing(local: Lake) -> None:
    assert write(local, results())
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in tree(local)}
    assert not write(local, results())
    assert not write(local, pl.concat([results()[:1], results()[1:]], rechunk=False))
    assert {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in tree(local)} == before
    assert write(local, results(), made_from="def"), "other inputs are news even if the rows are the same"
    assert write(local, results(first=2), made_from="def")


def test_what_someone_removed_is_written_again(local: Lake) -> None:
    write(local, results())
    Path(str(local.data_files("formula1", "race_results")[0])).unlink()
    with pytest.raises(LakeError, match="is gone: materialise it again"):
        local.read_table("formula1", "race_results")
    assert write(local, results())
    assert_frame_equal(local.read_table("formula1", "race_results"), results())


def test_two_lakes_built_alike_are_alike_to_the_byte(tmp_path: Path) -> None:
    one, other = Lake(tmp_path / "one"), Lake(tmp_path / "other")
    write(one, results(first=9))
    for lake in (one, other):
        write(lake, results(500))
        lake.write_bytes("formula1", "strengths", None, {"b.txt": b"2", "a.txt": b"1"}, "abc")
    assert one.state() == other.state()
    one.sweep(grace_sec=-1)
    contents = [
        {str(p.relative_to(str(lake.root))): p.read_bytes() for p in tree(lake) if p.name != "current.json"}
        for lake in (one, other)
    ]
    assert contents[0] == contents[1] and len(contents[0]) == 3
    write(other, results(499))
    assert one.state() != other.state()


def test_the_bytes_do_not_depend_on_the_number_of_threads(local: Lake) -> None:
    script = (
        "import polars as pl; from formguide.lake import Lake; import sys\n"
        "frame = pl.DataFrame({'a': [str(i * 7919 % 10007) for i in range(300_000)]})\n"
        "print(Lake(sys.argv[1]).write_table('s', 'a', None, frame, None, '').hash)"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", script, f"{local.root}/{threads}"],
            env={**os.environ, "POLARS_MAX_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(hashes) == 1


def test_a_frame_that_is_not_the_table_is_not_written(lake: Lake) -> None:
    write(lake, results())
    with pytest.raises(TableError, match="driver_id=driver-000: position: 0 is below 1"):
        write(lake, results(first=0))
    frame = results().with_columns(pl.col("driver_id").cast(pl.Categorical))
    with pytest.raises(LakeError, match="Categorical"):
        lake.write_table("formula1", "race_results", "2024", frame, None, "abc")
    assert_frame_equal(lake.read_table("formula1", "race_results"), results())


def test_a_partition_of_an_older_schema_is_named(lake: Lake) -> None:
    lake.write_table("formula1", "race_results", "2019", results().drop("position"), None, "abc")
    write(lake, results())
    with pytest.raises(LakeError, match=r"race_results 2019 was written with other columns \(position\)"):
        lake.read_table("formula1", "race_results", table=Results)
    assert lake.read_table("formula1", "race_results")["position"].null_count() == 3


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b", "raw"])
def test_names_stay_inside_the_lake(local: Lake, name: str) -> None:
    with pytest.raises(ValueError):
        local.write_table(name, "race_results", "2024", results(), None, "")
    if name != "raw":
        with pytest.raises(ValueError):
            local.write_table("formula1", name, "2024", results(), None, "")
        with pytest.raises(ValueError):
            local.read_table("formula1", "race_results", [name])


def test_a_deleted_partition_is_gone(lake: Lake) -> None:
    write(lake, results())
    assert lake.delete("formula1", "race_results", "2024")
    assert not lake.delete("formula1", "race_results", "2024")
    assert lake.assets() == [] and lake.manifest("formula1", "race_results", "2024") is None


# -- other files -----------------------------------------------------------------------------------


def test_named_files_come_back_together(lake: Lake) -> None:
    model = {"model.txt": b"tree", "scales.tar.gz": b"\x00\x01", "README": b"?"}
    assert lake.write_bytes("formula1", "strengths", "2024", model, "abc").changed
    assert not lake.write_bytes("formula1", "strengths", "2024", model, "abc").changed
    assert lake.read_bytes("formula1", "strengths", "2024") == model
    with pytest.raises(LakeError, match="holds files, not a table"):
        lake.read_table("formula1", "strengths")
    write(lake, results())
    with pytest.raises(LakeError, match="holds a table, not files"):
        lake.read_bytes("formula1", "race_results", "2024")


def test_a_damaged_file_is_noticed(local: Lake) -> None:
    local.write_bytes("formula1", "strengths", None, {"model.txt": b"tree"}, "abc")
    Path(str(local.data_files("formula1", "strengths")[0])).write_bytes(b"trea")
    with pytest.raises(LakeError, match="damaged"):
        local.read_bytes("formula1", "strengths", None)


# -- the log ---------------------------------------------------------------------------------------


def issued(hour: int, p_win: float = 0.25) -> pl.DataFrame:
    at = pl.Series([datetime(2024, 5, 25, hour)], dtype=pl.Datetime("ms"))
    return pl.DataFrame({"race_id": ["2024-monaco"], "made_at": at, "p_win": [p_win]})


def test_the_log_only_grows(lake: Lake) -> None:
    first = lake.append_log("formula1", issued(9), Issued)
    kept = {p.name: p.read_bytes() for p in lake.data_files("formula1", "forecast_log")}
    second = lake.append_log("formula1", pl.concat([issued(9), issued(8)]), Issued)
    assert (first.rows, second.rows) == (1, 2) and second.changed
    assert lake.read_table("formula1", "forecast_log", table=Issued)["made_at"].dt.hour().to_list() == [9, 8]
    assert (
        kept.items() <= {p.name: p.read_bytes() for p in lake.data_files("formula1", "forecast_log")}.items()
    )
    assert not lake.append_log("formula1", issued(8), Issued).changed
    with pytest.raises(LakeError, match=r"race_id=2024-monaco, made_at=2024-05-25 08:00:00 is in the log"):
        lake.append_log("formula1", issued(8, p_win=0.5), Issued)
    assert lake.read_table("formula1", "forecast_log").height == 2


def test_nothing_is_lost_when_many_write_the_log(local: Lake) -> None:
    hours = list(range(24))
    threads = [threading.Thread(target=local.append_log, args=("formula1", issued(h), Issued)) for h in hours]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log = local.read_table("formula1", "forecast_log", table=Issued)
    assert sorted(log["made_at"].dt.hour().to_list()) == hours


# -- sweeping --------------------------------------------------------------------------------------


def test_the_sweep_takes_what_nobody_names_after_the_grace(local: Lake) -> None:
    write(local, results())
    write(local, results(first=2))
    orphan = Path(str(local.root)) / "formula1/race_results/season=2024/.tmp-1-killed"
    orphan.write_bytes(b"half")
    assert len(tree(local)) == 4
    long_ago = time.time() - 10_000
    for path in tree(local):
        os.utime(path, (long_ago, long_ago))
    assert local.sweep() == [], "a file that was current a moment ago may still be being read"
    removed = local.sweep(grace_sec=-1)
    assert len(removed) == 2 and str(orphan) in removed
    assert len(tree(local)) == 2
    assert_frame_equal(local.read_table("formula1", "race_results"), results(first=2))


def test_the_sweep_of_a_remote_lake(tmp_path: Path) -> None:
    lake = Lake(f"memory://{tmp_path.name}")
    write(lake, results())
    write(lake, results(first=2))
    assert lake.sweep() == []
    assert len(lake.sweep(grace_sec=-1)) == 1
    assert_frame_equal(lake.read_table("formula1", "race_results"), results(first=2))


WRITER = """
import sys, polars as pl
from formguide.lake import Lake
lake, n = Lake(sys.argv[1]), 0
while True:
    n += 1
    frame = pl.DataFrame({"version": [n] * 20_000, "row": range(20_000)})
    lake.write_table("s", "table", "2024", frame, None, str(n))
    lake.write_bytes("s", "model", None, {"a.bin": str(n).encode(), "b.bin": str(n).encode() * 1000}, str(n))
    print(n, flush=True)
"""


def consistent(lake: Lake) -> int:
    """The version that a reader sees; fails if it sees parts of two."""
    frame = lake.read_table("s", "table")
    assert frame.height == 20_000 and frame["version"].n_unique() == 1
    model = lake.read_bytes("s", "model", None)
    assert model["b.bin"] == model["a.bin"] * 1000
    return int(frame["version"][0])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
def test_a_killed_writer_leaves_a_whole_lake(local: Lake) -> None:
    for _ in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(local.root)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(5):
            writer.stdout.readline()
        time.sleep(0.013)
        writer.send_signal(signal.SIGKILL)
        printed = writer.stdout.read().split()
        writer.wait()
        writer.stdout.close()
        assert consistent(local) >= int(printed[-1] if printed else 5), "what was reported written is there"
        write(local, results())  # would wait for ever if the dead writer still held a lock
    local.sweep(grace_sec=-1)
    assert len([p for p in tree(local) if "/s/" in str(p)]) == 5, (
        "two manifests, one table, two files of a model"
    )
    consistent(local)


def test_readers_never_see_half_a_write(local: Lake) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(local.root)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        seen: list[int] = []
        errors: list[BaseException] = []

        def reading() -> None:
            try:
                for _ in range(40):
                    seen.append(consistent(local))
                    local.sweep(grace_sec=30)
            except BaseException as error:
                errors.append(error)

        readers = [threading.Thread(target=reading) for _ in range(3)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    finally:
        writer.kill()
        writer.wait()
        if writer.stdout is not None:
            writer.stdout.close()
    assert errors == [] and len(seen) == 120 and len(set(seen)) > 1


# -- what came in ----------------------------------------------------------------------------------


def test_raw_bodies_come_back_byte_for_byte(lake: Lake) -> None:
    body = b"position: 1\r\n\xff"
    sha = lake.raw_put("formula1", "f1db", "seasons/2024/race.yml", body)
    assert lake.raw_put("formula1", "jolpica", "other.json", body) == sha
    assert lake.raw_get("formula1", sha) == body
    with pytest.raises(LakeError, match="no body"):
        lake.raw_get("formula1", "0" * 64)
    with pytest.raises(ValueError, match="not a SHA-256"):
        lake.raw_get("formula1", "../../etc/passwd")


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a\\b"])
def test_raw_paths_stay_below_their_source(lake: Lake, path: str) -> None:
    with pytest.raises(ValueError, match="not a relative path"):
        lake.raw_put("formula1", "f1db", path, b"")


def test_raw_files_do_not_depend_on_the_clock(tmp_path: Path) -> None:
    one, other = Lake(tmp_path / "one"), Lake(tmp_path / "other")
    sha = one.raw_put("formula1", "f1db", "a.yml", b"a")
    time.sleep(1.1)
    other.raw_put("formula1", "f1db", "b.yml", b"a")
    name = f"raw/formula1/bodies/{sha[:2]}/{sha}.gz"
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_a_damaged_raw_body_is_named(local: Lake) -> None:
    sha = local.raw_put("formula1", "f1db", "a.yml", b"a" * 100)
    place = Path(str(local.root)) / f"raw/formula1/bodies/{sha[:2]}/{sha}.gz"
    whole = place.read_bytes()
    # Cut off, bytes that are no deflate at all, and another body.
    for damage in (whole[:-9], whole[:10] + b"\xff" * 8 + whole[18:], files.zipped(b"b")):
        place.write_bytes(damage)
        with pytest.raises(LakeError, match=rf"{sha}.gz is damaged"):
            local.raw_get("formula1", sha)


def put_tree(lake: Lake, bodies: dict[str, bytes]) -> RawChange:
    tree = {path: lake.raw_put("formula1", "f1db", path, body) for path, body in bodies.items()}
    return lake.raw_set_tree("formula1", "f1db", tree)


def test_the_tree_says_what_a_source_holds_now(lake: Lake) -> None:
    assert lake.raw_tree("formula1", "f1db") == {} and lake.raw_sources("formula1") == []
    change = put_tree(lake, {"b.yml": b"1", "a.yml": b"1"})
    assert change.added == ["a.yml", "b.yml"] and not change.changed and not change.removed
    change = put_tree(lake, {"a.yml": b"2", "c.yml": b"3"})
    assert (change.added, change.changed, change.removed) == (["c.yml"], ["a.yml"], ["b.yml"])
    tree = lake.raw_tree("formula1", "f1db")
    assert {path: lake.raw_get("formula1", sha) for path, sha in tree.items()} == {
        "a.yml": b"2",
        "c.yml": b"3",
    }
    assert not put_tree(lake, {"a.yml": b"2", "c.yml": b"3"})
    assert lake.raw_sources("formula1") == ["f1db"]
    with pytest.raises(LakeError, match=r"e.yml names body .* never put"):
        lake.raw_set_tree("formula1", "f1db", {"e.yml": "0" * 64})


def test_the_history_of_a_source_is_kept(local: Lake) -> None:
    put_tree(local, {"a.yml": b"1"})
    put_tree(local, {"a.yml": b"2"})
    put_tree(local, {})
    text = (Path(str(local.root)) / "raw/formula1/trees/f1db.history.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["path"] for line in lines] == ["a.yml"] * 3 and lines[2]["sha"] is None
    assert local.raw_get("formula1", lines[0]["sha"]) == b"1", "a replaced body is kept"


def test_the_quarantine_keeps_payload_and_reason(lake: Lake) -> None:
    place = lake.quarantine(
        "formula1", "2024/03-monaco/race.yml", b"- position: ?", "two drivers\nin position 1"
    )
    lake.quarantine("formula1", "2024/03-monaco/race.yml", b"- position: ?", "two drivers\nin position 1")
    lake.quarantine("formula1", "noextension", b"", "empty")
    assert place.read_bytes() == b"- position: ?" and place.name.startswith("2024-03-monaco-race-")
    assert place.suffix == ".yml"
    held = lake.quarantined("formula1")
    assert sorted(q.reason for q in held) == ["empty", "two drivers in position 1"]
    assert {q.source for q in held} == {"2024/03-monaco/race.yml", "noextension"}


def test_the_inbox_is_a_folder_on_this_machine(local: Lake, tmp_path: Path) -> None:
    assert local.inbox("formula1").is_dir()
    with pytest.raises(LakeError, match="not on this machine"):
        Lake(f"memory://{tmp_path.name}").inbox("formula1")


def test_the_lake_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FORMGUIDE_LAKE", str(tmp_path / "elsewhere"))
    assert str(Lake.from_env().root) == str(tmp_path / "elsewhere")
    monkeypatch.delenv("FORMGUIDE_LAKE")
    monkeypatch.chdir(tmp_path)
    assert str(Lake.from_env().root) == str(tmp_path / "data" / "lake")


def tree(lake: Lake) -> list[Path]:
    """Every file of a local lake but its locks."""
    return sorted(p for p in Path(str(lake.root)).rglob("*") if p.is_file() and ".locks" not in p.parts)
