"""The index of a large file: every line where it is, whatever was killed, grew or changed in between."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.heartrate import line_index
from formguide.heartrate.line_index import Parts, indexed, lines_of_part
from tests.heartrate import workout_files as files


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and notes so small that a short file has many of them."""
    monkeypatch.setattr(line_index, "BLOCK", 64)
    monkeypatch.setattr(line_index, "NOTED_EVERY", 200)


def line(month: int, n: int = 3) -> bytes:
    """A workout of a month."""
    rows = files.run(n, start=files.START.replace(year=month // 100, month=month % 100))
    return files.fitrec(rows, python=month % 2 == 0)


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From where the file is scanned, each time that it is."""
    starts: list[int] = []
    scan = line_index._scan

    def counted(path: Path, start: int, stop: int) -> Any:
        starts.append(start)
        return scan(path, start, stop)

    monkeypatch.setattr(line_index, "_scan", counted)
    return starts


@given(
    lines=st.lists(st.binary(max_size=200).filter(lambda b: b"\n" not in b), max_size=30), ended=st.booleans()
)
def test_offsets_are_those_of_reading_line_by_line(tmp_path_factory, lines, ended):
    path = tmp_path_factory.mktemp("lines") / "f"
    path.write_bytes(b"\n".join(lines) + (b"\n" if ended else b""))
    with path.open("rb") as file:
        expected, at = [], 0
        for read in file:
            at += len(read)
            expected.append(at)
    assert [end for block in line_index.line_ends(path) for end in block.tolist()] == expected


def test_any_line_and_its_month(tmp_path):
    months = [202103, 202104, 202103, 201912, 202104]
    path = tmp_path / "f.json"
    path.write_bytes(b"\n".join(map(line, months)) + b"\n{'no': 'time'}\n{'timestamp': [12, 13]}\n")
    index = indexed(path, tmp_path / "index")
    assert index.months.tolist() == [*months, 0, 0]
    assert [index.line(k) for k in (3, 0, 4)] == [line(201912), line(202103), line(202104)]
    assert index.lines_of(202103).tolist() == [0, 2]


def test_a_second_look_reads_nothing(tmp_path, monkeypatch):
    path = tmp_path / "f.json"
    path.write_bytes(line(202103) + b"\n")
    first = indexed(path, tmp_path / "index")
    starts = count_reads(monkeypatch)
    again = indexed(path, tmp_path / "index")
    assert starts == []
    assert (again.ends.tolist(), again.months.tolist()) == (first.ends.tolist(), first.months.tolist())


def test_a_killed_run_goes_on_where_it_was_noted(tmp_path, monkeypatch):
    path = tmp_path / "f.json"
    path.write_bytes(b"".join(line(202101 + k % 12) + b"\n" for k in range(20)))
    scan = line_index._scan

    def killed(*about):
        for number, block in enumerate(scan(*about)):
            if number == 9:
                raise KeyboardInterrupt
            yield block

    monkeypatch.setattr(line_index, "_scan", killed)
    with pytest.raises(KeyboardInterrupt):
        indexed(path, tmp_path / "index")
    monkeypatch.setattr(line_index, "_scan", scan)
    starts = count_reads(monkeypatch)
    resumed = indexed(path, tmp_path / "index")
    assert starts[0] > 1000
    assert resumed.ends.tolist() == indexed(path, tmp_path / "other").ends.tolist()
    assert resumed.months.tolist() == [202101 + k % 12 for k in range(20)]


@pytest.mark.parametrize("ended", [True, False], ids=["whole line", "half a line"])
def test_a_file_that_grew_is_read_from_its_old_end(tmp_path, monkeypatch, ended):
    path = tmp_path / "f.json"
    whole = b"".join(line(202101 + k) + b"\n" for k in range(6))
    cut = whole.rfind(b"\n", 0, -1) + 1 if ended else len(whole) - 30
    path.write_bytes(whole[:cut])
    before = indexed(path, tmp_path / "index")
    path.write_bytes(whole)
    starts = count_reads(monkeypatch)
    grown = indexed(path, tmp_path / "index")
    assert starts == [int(before.ends[-1] if ended else before.ends[-2])]
    assert grown.ends.tolist() == indexed(path, tmp_path / "other").ends.tolist()
    assert grown.months.tolist() == [202101 + k for k in range(6)]


def _shorter(path: Path, whole: bytes) -> None:
    path.write_bytes(whole[: len(whole) // 2])


def _rewritten(path: Path, whole: bytes) -> None:
    path.write_bytes(whole.replace(b"sport", b"SPORT"))
    os.utime(path, ns=(1, 1))


def _other_and_longer(path: Path, whole: bytes) -> None:
    path.write_bytes(b"\n" + whole + whole)


@pytest.mark.parametrize("change", [_shorter, _rewritten, _other_and_longer])
def test_a_file_that_changed_is_read_anew(tmp_path, monkeypatch, change):
    path = tmp_path / "f.json"
    whole = b"".join(line(202101 + k) + b"\n" for k in range(6))
    path.write_bytes(whole)
    indexed(path, tmp_path / "index")
    change(path, whole)
    starts = count_reads(monkeypatch)
    found = indexed(path, tmp_path / "index")
    assert starts == [0]
    assert found.ends.tolist() == indexed(path, tmp_path / "other").ends.tolist()


def test_a_line_too_long_for_a_workout_has_its_place_and_no_month(tmp_path, monkeypatch):
    monkeypatch.setattr(line_index, "LONGEST_LINE", 512)
    path = tmp_path / "f.json"
    long = line(202103, 2)[:-1] + b" " * 4000 + b"}"
    path.write_bytes(line(202101, 2) + b"\n" + long + b"\n" + line(202102, 2) + b"\n")
    index = indexed(path, tmp_path / "index")
    assert index.months.tolist() == [202101, 0, 202102]
    assert index.line(1) == long


def test_parts_hold_every_line_once_with_its_number(tmp_path, monkeypatch):
    monkeypatch.setattr(line_index, "LINES_IN_A_PART", 2)
    months = [202103, 202104, 202103, 202103, 0]
    path = tmp_path / "f.json"
    bodies = [line(month) if month else b"{}" for month in months]
    path.write_bytes(b"\n".join(bodies))
    parts = Parts("ann/f.json", indexed(path, tmp_path / "index"))
    assert list(parts) == [
        "ann/f.json/000000-0000.jsonl",
        "ann/f.json/202103-0000.jsonl",
        "ann/f.json/202103-0001.jsonl",
        "ann/f.json/202104-0000.jsonl",
    ]
    told = dict(found for part in parts for found in lines_of_part(parts[part]))
    assert told == dict(enumerate(bodies, start=1))
    assert line_index.month_of_part("ann/f.json/202103-0001.jsonl") == 202103


def test_no_more_than_a_block_is_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(line_index, "BLOCK", 2**16)
    path = tmp_path / "f.json"
    one = line(202103, 300) + b"\n"
    path.write_bytes(one * (8_000_000 // len(one)))
    tracemalloc.start()
    index = indexed(path, tmp_path / "index")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(index) == path.stat().st_size // len(one)
    assert most < 2_000_000
    assert np.unique(index.months).tolist() == [202103]
