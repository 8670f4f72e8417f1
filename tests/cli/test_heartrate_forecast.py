"""`formguide forecast heartrate`: a curve from files alone."""

import json
import logging
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from formguide.cli import _keeps_log
from formguide.cli.base import LOG, Sport
from formguide.heartrate import network_issuing
from formguide.heartrate.network import FORMAT, NetworkSettings
from formguide.heartrate.population_backtest import NETWORK, Candidate
from formguide.heartrate.sample.league import write_sample
from formguide.heartrate.sequences import Recorded
from formguide.heartrate.tables import SPORT
from formguide.lake import Lake
from tests.heartrate import workout_files
from tests.heartrate.workouts_made import some_users, to_lake


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    """A runner's folder of GPX files; the last one is the run that is asked about."""
    folder = tmp_path_factory.mktemp("league")
    write_sample(folder, users=4, workouts=5, others=5)
    files = next(
        sorted(place.glob("*.gpx")) for place in sorted(folder.iterdir()) if list(place.glob("*.gpx"))
    )
    return folder, files


def asked(formguide, *words):
    said = formguide("forecast", "heartrate", *words)
    assert said.code == 0, said.err
    return said.out


def as_object(formguide, *words):
    return json.loads(asked(formguide, *words, "--json"))


def test_a_run_is_forecast_from_the_folder_it_lies_in_and_not_from_itself(formguide, runner, tmp_path):
    _, files = runner
    found = as_object(formguide, files[-1], "--history", files[-1].parent, "--lake", tmp_path)
    assert found["given"] == "speed that was run" and 1 <= found["earlier_workouts"] < len(files)
    assert len(found["p50_bpm"]) == len(found["t_sec"]) > 300
    assert all(
        a <= b <= c for a, b, c in zip(found["p10_bpm"], found["p50_bpm"], found["p90_bpm"], strict=True)
    )
    alone = as_object(formguide, files[-1], "--history", files[0], "--lake", tmp_path)
    assert alone["earlier_workouts"] == 1 and alone["p50_bpm"] != found["p50_bpm"]


def test_its_own_heart_rate_changes_nothing(formguide, runner, tmp_path):
    _, files = runner
    changed = tmp_path / files[-1].name
    body = files[-1].read_text()
    changed.write_text(body.replace("hr>1", "hr>12"))
    assert changed.read_text() != body
    words = ("--history", files[-1].parent, "--lake", tmp_path)
    one, other = (as_object(formguide, file, *words) for file in (files[-1], changed))
    assert one["measured_mae_bpm"] != other["measured_mae_bpm"]
    assert {**one, "measured_mae_bpm": 0} == {**other, "measured_mae_bpm": 0}


def test_a_route_without_times_is_planned_and_a_pace_is_kept(formguide, runner, tmp_path):
    _, files = runner
    route = tmp_path / "route.gpx"
    lines = files[-1].read_text().replace("<time>", "\n<time>").replace("</time>", "</time>\n").splitlines()
    route.write_text("".join(line for line in lines if not line.startswith("<time>")))
    words = ("--history", files[-1].parent, "--lake", tmp_path)
    planned = as_object(formguide, route, *words)
    assert planned["given"] == "route only" and planned["measured_mae_bpm"] is None
    by_time = as_object(formguide, files[-1], "--route-only", *words)
    assert by_time["distance_m"][-1] == pytest.approx(planned["distance_m"][-1], rel=0.02)
    steady = as_object(formguide, route, "--pace", "5:00", *words)
    assert set(steady["speed_mps"]) == {round(1000 / 300, 3)} and steady["measured_mae_bpm"] is None
    assert "the pace is planned" in asked(formguide, route, *words)


def test_every_second_goes_to_a_file_and_a_picture_is_drawn(formguide, runner, tmp_path, painted):
    _, files = runner
    csv, png = tmp_path / "new" / "curve.csv", tmp_path / "curve.png"
    words = ("--history", files[-1].parent, "--csv", csv, "--picture", png, "--lake", tmp_path)
    said = asked(formguide, files[-1], *words)
    assert "measured lay" in said
    frame = pl.read_csv(csv)
    assert frame["t_sec"].to_list() == list(range(frame.height))
    assert png.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nowhere.gpx",), 1, "no such file"),
        (("{run}", "--history", "nowhere"), 2, "there is no such folder"),
        (("{run}", "--pace", "fast"), 2, "5:30"),
        (("{run}", "--pace", "5:00", "--route-only"), 2, "two plans"),
        (("{run}", "--model", "network"), 1, "no network"),
        (("{text}",), 1, "notes.csv"),
        (("{run}", "--pace", "5:3"), 2, "5:30"),
        (("{run}", "--pace", "5:60"), 2, "5:30"),
        (("{run}", "--pace", "٥"), 2, "5:30"),
        (("{run}", "--picture", "curve.jpg"), 2, "curve.jpg: pictures are written as .png"),
        (("{run}", "--history", "{run}", "--user", "ann"), 2, "--user names a runner of the lake"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(formguide, runner, tmp_path, words, code, said):
    _, files = runner
    text = tmp_path / "notes.csv"
    text.write_text("a,b\n1,2\n")
    filled = [word.format(run=files[-1], text=text) for word in words]
    got = formguide("forecast", "heartrate", *filled, "--lake", tmp_path / "lake")
    assert got.code == code and said in got.err.strip().splitlines()[-1]


def test_of_a_history_that_is_all_later_it_is_said_how_much_there_is(formguide, runner, tmp_path):
    _, files = runner
    words = ("forecast", "heartrate", files[-1], "--lake", tmp_path, "--history")
    said = formguide(*words, files[-1].parent, "--at", "2001-01-01")
    assert (
        said.code == 0 and f"({len(files)} later: none of them had ended by 2001-01-01 00:00 UTC)" in said.err
    )
    (tmp_path / "empty").mkdir()
    assert "no earlier workouts are in it: what" in formguide(*words, tmp_path / "empty").err
    assert "later: none" not in formguide(*words, files[0]).err


def test_a_run_whose_file_breaks_off_is_forecast_and_it_is_said(formguide, runner, tmp_path):
    whole, cut = tmp_path / "whole.fit", tmp_path / "cut.fit"
    body = workout_files.fit(workout_files.run(900))
    whole.write_bytes(body)
    cut.write_bytes(body[: len(body) // 2])
    words = ("--history", runner[1][0], "--lake", tmp_path)
    assert "set aside" not in formguide("forecast", "heartrate", whole, *words).err
    said = formguide("forecast", "heartrate", cut, *words)
    assert said.code == 0 and "cut.fit" in said.err and "ends too early or is damaged" in said.err
    assert json.loads(formguide("forecast", "heartrate", cut, *words, "--json").out)["t_sec"][-1] < 899


def test_what_is_wrong_with_the_earlier_workouts_is_said_as_well(formguide, runner, tmp_path):
    history = tmp_path / "history"
    history.mkdir()
    body = workout_files.fit(workout_files.run(900))
    (history / "cut.fit").write_bytes(body[: len(body) // 2])
    text = workout_files.csv(workout_files.run(900, start=workout_files.at(86400))).decode().splitlines()
    (history / "bad.csv").write_text(
        "\n".join([*text[:5], text[5].replace(text[5].split(",")[0], "never"), *text[6:]])
    )
    said = formguide("forecast", "heartrate", runner[1][-1], "--history", history, "--lake", tmp_path)
    assert said.code == 0
    (line,) = [line for line in said.err.splitlines() if line.startswith("set aside")]
    found = "bad.csv, record 6, field timestamp: 'never' is not a time"
    assert line == f"set aside: {found} (1 more of the earlier workouts)"


def test_a_folder_of_several_runners_is_no_history_and_other_folders_do_not_matter(
    formguide, runner, tmp_path
):
    body = workout_files.fit(workout_files.run(900))
    for name, file in (("ana", "a.fit"), ("pictures", "b.png"), ("settings", "c.db")):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / file).write_bytes(body)
    words = ("forecast", "heartrate", runner[1][-1], "--history", tmp_path / "all", "--lake", tmp_path)
    assert formguide(*words).code == 0
    (tmp_path / "all" / "bo").mkdir()
    (tmp_path / "all" / "bo" / "d.fit").write_bytes(body)
    said = formguide(*words)
    assert said.code == 2 and "holds folders of 2 runners, as ana" in said.err


def test_a_mistake_of_ours_is_shown_by_the_log_that_it_speaks_of(formguide, runner, tmp_path, monkeypatch):
    from formguide.heartrate import asked as asking

    def broken(*_, **__):
        raise ZeroDivisionError("here")

    monkeypatch.setattr(asking, "answer", broken)
    words = ("forecast", "heartrate", runner[1][-1], "--history", runner[1][0], "--lake", tmp_path)
    assert "a mistake of ours: --verbose keeps a log" in formguide(*words).err
    assert formguide(*words, "--verbose", "--log-file", tmp_path / "my.log").code == 1
    assert "Traceback" in (tmp_path / "my.log").read_text()
    for handler in [one for one in LOG.handlers if isinstance(one, logging.FileHandler)]:
        handler.close()
        LOG.removeHandler(handler)


@pytest.mark.parametrize("sport", list(Sport))
def test_every_forecast_keeps_a_log(sport):
    assert _keeps_log(["forecast", sport.value]) and not _keeps_log(["sql", "SELECT 1"])


def test_the_network_is_asked_about_nothing_that_it_may_have_learnt_from(formguide, tmp_path):
    lake, runs = Lake(str(tmp_path)), some_users(20, 2, 400)
    to_lake(lake, runs)
    network_issuing.make_network(
        lake, networks={NETWORK: Candidate(NetworkSettings(hidden=4, max_epochs=1, batch_size=8))}
    )
    fitted, manifest = network_issuing.read_network(lake), lake.manifest(SPORT, network_issuing.MODEL, None)
    assert fitted is not None and manifest is not None
    assert fitted.learnt_until <= max(run.inputs.ended_at for run in runs)
    before = max((run for run in runs if run.inputs.started_at <= fitted.learnt_until), key=_start).inputs
    words = ("forecast", "heartrate", before.workout_id, "--model", "network", "--lake", tmp_path)
    refused = formguide(*words)
    assert refused.code == 2 and f"{fitted.learnt_until:%Y-%m-%d %H:%M}" in refused.err
    # That a learnt run is said to begin later makes it no new one; a later one is answered.
    for more in (("--at", "2031-01-01"), ("--route-only",)):
        refused = formguide(*words, *more)
        assert refused.code == 2 and f"began before that ({before.started_at:%Y-%m-%d %H:%M})" in refused.err
        assert "whatever --at or --route-only say" in refused.err and "a route without times" in refused.err
    later = replace(before, started_at=fitted.learnt_until + timedelta(days=1))
    to_lake(lake, [Recorded(later, runs[0].heart_rate_bpm[: len(later)])])
    assert as_object(formguide, *words[2:])["p50_bpm"]
    early = formguide(*words, "--at", "2001-01-01")
    assert early.code == 2 and "--at is before that: name a later moment" in early.err
    older = fitted.to_files()
    older["config.json"] = older["config.json"].replace(FORMAT.encode(), b"formguide heart rate network 0")
    lake.write_bytes(SPORT, network_issuing.MODEL, None, older, "older", manifest.extra)
    said = formguide(*words)
    assert said.code == 1 and "network 0" in said.err and "Traceback" not in said.err


def _start(run):
    return run.inputs.started_at
