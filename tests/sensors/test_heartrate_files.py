"""The sensor of workouts: a file that is dropped is news of its month."""

from __future__ import annotations

from dataclasses import replace

import dagster as dg
import pytest

from formguide.heartrate import incremental
from sensors.heartrate import heartrate_files
from tests.heartrate import workout_files as files


@pytest.fixture
def runner(watch, monkeypatch):
    """The sensor over a lake's inbox."""
    monkeypatch.setenv("FORMGUIDE_LAKE", str(watch.lake.root))
    return replace(watch, sensor=heartrate_files, make_source_files=incremental.make_source_files)


def drop(runner, name: str, month: int) -> None:
    (runner.inbox / name).write_bytes(files.fit(files.run(start=files.START.replace(month=month))))


def test_a_workout_leads_to_a_run_of_its_month_once(runner):
    assert runner.asked() == []
    drop(runner, "a.fit", 3)
    (request,) = runner.asked()
    assert request.partition_key == "202103"
    assert request.run_key.startswith("heartrate-202103-")
    assert runner.asked() == []
    runner.take_in(202103)
    runner.cursor = None
    assert runner.asked() == []


def test_a_late_workout_is_news_of_its_month_and_those_after_it(runner):
    drop(runner, "a.fit", 3)
    drop(runner, "b.fit", 5)
    runner.asked()
    runner.take_in(202103, 202105)
    drop(runner, "c.fit", 2)
    (request,) = runner.asked()
    assert request.tags["dagster/asset_partition_range_start"] == "202102"
    assert request.tags["dagster/asset_partition_range_end"] == "202105"
    assert request.tags["formguide/changed_seasons"] == "202102"


def test_lines_of_a_large_file_are_news_of_their_months(runner):
    lines = [files.fitrec(files.run(start=files.START.replace(month=month))) for month in (3, 4)]
    (runner.inbox / "hr.json").write_bytes(b"\n".join(lines))
    (request,) = runner.asked()
    assert request.tags["formguide/changed_seasons"] == "202103,202104"


def test_a_file_that_is_still_arriving_is_waited_for(runner):
    drop(runner, "a.fit", 3)
    assert isinstance(runner.tick(seconds_later=0.5), dg.SkipReason)
    assert runner.asked() != []


def test_a_workout_that_is_still_to_come_is_no_news(runner):
    (runner.inbox / "x.fit").write_bytes(files.fit(files.run(start=files.START.replace(year=2098))))
    assert runner.asked() == []
