"""A run that is asked about is not learnt from, whatever moment and whatever name is said of it."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from formguide.heartrate import pace_plan
from formguide.heartrate.asked import (
    Answer,
    AskedWronglyError,
    Read,
    Run,
    answer,
    read_files,
    read_latest,
    run_of_file,
)
from formguide.heartrate.sequences import Recorded
from tests.heartrate import workout_files as files
from tests.heartrate.hearts import runs_of

RUNS = runs_of(4, seconds=600)
OTHERS = [run for who in range(8) for run in runs_of(2, seconds=300, user=f"u{who}", seed=who)]


def again(run: Recorded) -> Recorded:
    """The record of another device, which began later and counts every beat wrong."""
    inputs = replace(
        run.inputs,
        workout_id="phone/20210305T070100",
        started_at=run.inputs.started_at + timedelta(seconds=60),
    )
    return Recorded(inputs, run.heart_rate_bpm + 25)


def bytes_of(found: Answer) -> bytes:
    return found.curve.p10.tobytes() + found.curve.p50.tobytes() + found.curve.p90.tobytes()


@pytest.mark.parametrize("route_only", [False, True])
def test_the_run_itself_is_not_learnt_from_after_it_was_recorded(route_only: bool) -> None:
    asked, before = Run(RUNS[2]), RUNS[:2]
    later = RUNS[2].inputs.ended_at + timedelta(days=1)
    known = [*before, RUNS[2], again(RUNS[2])]
    plain = answer(asked, before, at=later, everybody=OTHERS, route_only=route_only)
    found = answer(asked, known, at=later, everybody=[*OTHERS, *known], route_only=route_only)
    assert found.earlier == plain.earlier == 2
    with_own = answer(asked, before, at=later, everybody=[*OTHERS, *before], route_only=route_only)
    assert found.curve.p50.tobytes() == with_own.curve.p50.tobytes()
    assert found.curve.p90.tobytes() == with_own.curve.p90.tobytes()


def test_what_was_run_between_it_and_the_moment_named_is_known() -> None:
    later = RUNS[3].inputs.ended_at + timedelta(days=1)
    assert answer(Run(RUNS[2]), RUNS, at=later).earlier == 3
    assert answer(Run(RUNS[2]), RUNS).earlier == 2


def test_what_had_not_ended_is_not_known_though_it_had_begun() -> None:
    """The run asked about was over before the other began, or is still to be run."""
    at = RUNS[2].inputs.started_at
    inputs = replace(RUNS[3].inputs, workout_id="me/lasting", started_at=at - timedelta(seconds=300))
    lasting = replace(RUNS[3], inputs=inputs, heart_rate_bpm=RUNS[3].heart_rate_bpm + 30)
    assert inputs.started_at < at < inputs.ended_at
    for asked in (Run(RUNS[1]), Run(None, pace_plan.route_of(RUNS[2].inputs))):
        with_it, without = (
            answer(asked, history, at=at, everybody=[*OTHERS, *history])
            for history in ([*RUNS[:2], lasting], RUNS[:2])
        )
        assert with_it.earlier == without.earlier > 0
        assert bytes_of(with_it) == bytes_of(without)


@pytest.fixture
def years(tmp_path: Path) -> Path:
    """A run every day by names that say nothing, every fourth of them a ride; two files that are none."""
    for day in range(12):
        rows = files.run(700, start=files.at(day * 86400), speed=9.0 if day % 4 == 0 else 3.0)
        for t, row in enumerate(rows):
            row["heart_rate"] += day + (t // 30) % 5
        body = files.fit(rows) if day % 2 else files.gpx(rows, "cycling" if day % 4 == 0 else "running")
        (tmp_path / f"{(day * 7) % 12}.{'fit' if day % 2 else 'gpx'}").write_bytes(body)
    (tmp_path / "empty.fit").write_bytes(b"")
    (tmp_path / "cut.gpx").write_bytes(files.gpx(files.run())[:100])
    return tmp_path


def test_only_as_many_files_are_read_as_a_forecast_learns_from(years: Path) -> None:
    every, before = read_files([years]), files.at(10 * 86400).replace(tzinfo=None)
    starts = [run.inputs.started_at for run in every.history.runs]
    assert len(starts) == 12 and len(every.set_aside) == 2
    read = read_latest([years], "run", before, enough=3)
    found = [run.inputs.started_at for run in read.history.runs]
    assert found == [start for start in starts if start < before][-len(found) :]
    assert sum(run.inputs.activity == "run" for run in read.history.runs) == 3
    assert read.files == len(found) + 2 and read.left == 10 - len(found)
    assert sorted(read.set_aside) == sorted(every.set_aside)
    whole = read_latest([years])
    assert [run.inputs.started_at for run in whole.history.runs] == starts and whole.left == 0


def test_what_is_left_unread_changes_no_forecast(years: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("formguide.heartrate.personal.MOST_RUNS", 3)
    monkeypatch.setattr("formguide.heartrate.pace_plan.MOST_RUNS", 3)
    monkeypatch.setattr("formguide.heartrate.pace_doubt.MOST_RUNS", 2)
    every = read_files([years]).history
    some = read_latest([years], "run", every.runs[-1].inputs.started_at, enough=5).history
    assert 5 <= len(some.learnt) < len(every.learnt) - 2
    for route_only in (False, True):
        curves = [
            answer(Run(every.runs[-1]), known.learnt, everybody=known.learnt, route_only=route_only).curve
            for known in (every, some)
        ]
        assert curves[0].p50.tobytes() == curves[1].p50.tobytes()
        assert curves[0].p90.tobytes() == curves[1].p90.tobytes()


ASKED = RUNS[0]
BEGINS = files.at(10 * 86400).replace(tzinfo=None)


def a_day(day: int, **fixed: Any) -> list[dict[str, Any]]:
    """A run of a day, of a heart that does not beat as the day before."""
    rows = files.run(500, start=files.at(day * 86400), **fixed)
    return [row | {"heart_rate": row["heart_rate"] + day + (t // 30) % 5} for t, row in enumerate(rows)]


def told(folder: Path, enough: int = 4) -> tuple[Read, bytes]:
    """What is read of a folder, and what is forecast from it, with the pace planned."""
    read = read_latest([folder], "run", BEGINS, enough)
    return read, bytes_of(answer(Run(ASKED), read.history.learnt, at=BEGINS, route_only=True))


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Four runs of days before, of which each counts, and one that is left."""
    for day in range(3, 8):
        (tmp_path / f"{day}.gpx").write_bytes(files.gpx(a_day(day)))
    return tmp_path


def test_later_files_change_nothing_whenever_they_say_that_they_were_written(earlier: Path) -> None:
    read, alone = told(earlier)
    assert (len(read.history.learnt), read.files, read.left) == (4, 4, 1)
    for day in range(11, 20):
        body = files.gpx(a_day(day))
        said = b"<metadata><time>2015-01-01T00:00:00Z</time></metadata><trk>"
        (earlier / f"{day}.gpx").write_bytes(body.replace(b"<trk>", said, 1))
    assert told(earlier)[1] == alone and told(earlier)[0].files == 4
    # Of one that had begun and not ended.
    lasting = files.run(900, start=files.at(10 * 86400 - 300))
    for name, body in (
        ("x.gpx", files.gpx(lasting)),
        ("x.fit", files.fit(lasting)),
        ("x.csv", files.csv(lasting)),
    ):
        (earlier / name).write_bytes(body)
    assert told(earlier)[1] == alone and told(earlier)[0].files == 7
    assert told(earlier)[0].left == 1


@pytest.mark.parametrize("day", [3, 7])
def test_later_activities_of_a_file_change_nothing_that_is_read_of_the_earlier_ones(
    earlier: Path, day: int
) -> None:
    (earlier / f"{day}.gpx").unlink()
    (earlier / "some.tcx").write_bytes(files.tcx(a_day(day)))
    read, alone = told(earlier)
    assert (len(read.history.learnt), read.files, read.left) == (4, 4, 1)
    later = [files.tcx(a_day(day)) for day in range(11, 17)]
    begin, end = b"<Activities>", b"</Activities>"
    inside = b"".join(body[body.index(begin) + len(begin) : body.index(end)] for body in later)
    # A lap and an activity are said to have begun long ago.
    inside = inside.replace(b"<Id>x</Id><Lap>", b'<Id>2015-01-01T00:00:00Z</Id><Lap StartTime="2015-01-01">')
    body = (earlier / "some.tcx").read_bytes()
    (earlier / "some.tcx").write_bytes(body.replace(end, inside + end))
    assert len(list(read_files([earlier / "some.tcx"]).history.runs)) == 7
    read, beside = told(earlier)
    assert (len(read.history.learnt), read.files, read.left) == (4, 4, 1)
    assert beside == alone


def test_what_another_device_recorded_of_the_same_runs_changes_nothing(
    earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("formguide.heartrate.pace_plan.MOST_RUNS", 2)
    monkeypatch.setattr("formguide.heartrate.pace_doubt.MOST_RUNS", 1)
    monkeypatch.setattr("formguide.heartrate.personal.MOST_RUNS", 3)
    _, alone = told(earlier)
    for day in range(3, 8):
        rows = files.run(500, start=files.at(day * 86400 + 1))
        names = {"time": "timestamp", "heart_rate": "heart_rate", "speed": "speed"}
        (earlier / f"phone-{day}.csv").write_bytes(files.csv(rows, names))
    read, beside = told(earlier)
    # The oldest is the other device's alone, whose file ends later: nobody learns from it.
    assert (len(read.history.learnt), read.files) == (4, 7)
    assert beside == alone
    every = read_files([earlier]).history
    assert [run.inputs.started_at.second for run in every.runs] == [files.START.second] * 5


@pytest.mark.parametrize("name", ["endomondo.json", "endomondo.json.gz", "lines.jsonl"])
def test_the_lines_of_many_people_are_sent_to_the_lake(tmp_path: Path, name: str) -> None:
    lines = b"\n".join(files.fitrec(files.run(), user=user, python=user == 1) for user in range(2))
    file = tmp_path / name
    file.write_bytes(gzip.compress(lines) if name.endswith("gz") else lines)
    with pytest.raises(AskedWronglyError, match=rf"{name}: .* many people; .* run heartrate --from FOLDER"):
        run_of_file(file)
    (tmp_path / "other.json").write_text('{"settings": 1}')
    (tmp_path / "run.gpx").write_bytes(files.gpx(files.run()))
    for place in (tmp_path, file):
        for read in (read_files([place]), read_latest([place])):
            (said,) = read.set_aside
            assert said.startswith(f"{name}: not read: FitRec's lines") and "workout_id" in said
            assert len(read.history.runs) == (place == tmp_path)


@pytest.mark.parametrize("name", ["notes.txt", "settings.json"])
def test_a_named_file_that_is_no_workout_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"settings": 1}')
    with pytest.raises(AskedWronglyError, match=rf"{name}: not read: CSV, FIT, GPX, TCX are"):
        run_of_file(tmp_path / name)
    assert len(read_latest([tmp_path / name]).set_aside) == 1
