from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command
from tests.track.test_checkpoint import _meta, _reference, _saved


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "Men"
    return _saved(folder, _reference("lnlin", 2), _meta())


MARKS = "2024-05-04, 1:52.10\n2024-06-01, 1:51.30\n"


def test_a_checkpoint_is_taken_in_and_asked(formguide: Command, checkpoint: Path, tmp_path: Path):
    lake = tmp_path / "lake"
    said = formguide("track", "import-checkpoint", checkpoint.parent, "--lake", lake)
    assert said.code == 0, said.err
    assert "men, 5 events, lnlin heads, labels indoor, outdoor" in said.out and "kept in the lake" in said.out
    assert "zeros before their first mark" in said.out
    again = formguide("track", "import-checkpoint", checkpoint, "--lake", lake)
    assert "in the lake already" in again.out
    (tmp_path / "marks.txt").write_text(MARKS)
    ask = ("forecast", "track", "--gender", "men", "--label", "outdoor", "--marks", tmp_path / "marks.txt")
    answer = formguide(*ask, "--event", "800", "--imported", "--json", "--lake", lake)
    assert answer.code == 0, answer.err
    (row,) = json.loads(answer.out)
    assert row["model"] == "imported HierGenderFamilies, padded left"
    assert 90 < row["high"] < row["median"] < row["low"] < 140
    assert row["last"] == 111.3 and row["linear"] is None
    shown = formguide(*ask, "--event", "800", "--imported", "--lake", lake)
    assert shown.code == 0 and "padded left." in shown.out
    unknown = formguide(*ask, "--event", "1000", "--imported", "--lake", lake)
    assert unknown.code == 1 and "knows no 1000 Meters" in unknown.err


def test_marks_beside_it_go_to_the_inbox_and_a_pickle_is_refused(
    formguide: Command, checkpoint: Path, tmp_path: Path
):
    table = "Athlete,Gender,Event,Mark,Date\nA. Runner,M,800 Meters,1:52.10,2024-05-04\n"
    (checkpoint / "tfrrs_performances.csv").write_text(table)
    np.save(checkpoint / "tfrrs_performances.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    said = formguide("track", "import-checkpoint", checkpoint, "--lake", tmp_path / "lake")
    assert said.code == 0, said.err
    assert "1 table of marks" in said.out
    assert "tfrrs_performances.npy: pickled data may run code" in " ".join(said.out.split())
    kept = list((tmp_path / "lake" / "inbox" / "track").rglob("*.csv"))
    assert [path.read_text() for path in kept] == [table]


def test_what_is_no_checkpoint_is_said_in_one_line(formguide: Command, checkpoint: Path, tmp_path: Path):
    lake = tmp_path / "lake"
    (checkpoint / "model.pth").write_bytes(b"nothing of the sort")
    broken = formguide("track", "import-checkpoint", checkpoint, "--lake", lake)
    assert (broken.code, broken.err.count("\n")) == (1, 1) and "model.pth" in broken.err
    nowhere = formguide("track", "import-checkpoint", tmp_path / "nowhere", "--lake", lake)
    assert nowhere.code == 1 and "no such folder" in nowhere.err
    (tmp_path / "marks.txt").write_text(MARKS)
    ask = ("forecast", "track", "--gender", "men", "--label", "outdoor", "--marks", tmp_path / "marks.txt")
    missing = formguide(*ask, "--event", "800", "--imported", "--lake", lake)
    assert missing.code == 1 and "import-checkpoint" in missing.err
