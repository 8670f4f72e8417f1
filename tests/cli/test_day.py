"""`formguide day`: what stands, what is due, and playing the sample league's next days."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner
from upath import UPath

from formguide.baseball.day import DaySettings, ledger
from formguide.baseball.day.tables import Picks, Published
from formguide.cli.base import CommandError
from formguide.cli.day import day_app
from formguide.lake import Lake

NOW = datetime(2024, 7, 1, 16)


def ask(*words: str) -> tuple[str, BaseException | None]:
    """What a command printed, and what it failed by."""
    result = CliRunner().invoke(day_app, list(words))
    return result.output, result.exception


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder with one day's schedule: nobody plays."""
    folder = tmp_path / "documents"
    (folder / "schedules").mkdir(parents=True)
    for back in range(-1, 2):
        day = date(2024, 7, 1) + timedelta(days=back)
        (folder / "schedules" / f"{day}.json").write_text(json.dumps({"dates": []}))
    return folder


@pytest.fixture(autouse=True)
def noon_in_new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("formguide.baseball.day.setup.utc_now", lambda: NOW)
    monkeypatch.delenv("FORMGUIDE_DAY_SETTINGS", raising=False)


def test_running_does_what_is_due_and_a_second_time_nothing(tmp_path, documents):
    lake = str(tmp_path / "lake")
    said, error = ask("run", "--lake", lake, "--from", str(documents))
    assert error is None
    assert "morning" in said and "Next:" in said
    again, error = ask("run", "--lake", lake, "--from", str(documents))
    assert error is None
    assert "Nothing is due." in again


def test_a_step_that_fails_is_told_and_the_exit_says_so(tmp_path, documents):
    (documents / "schedules" / "2024-07-01.json").unlink()
    said, error = ask("run", "--lake", str(tmp_path / "lake"), "--from", str(documents))
    assert "no such file" in said
    assert isinstance(error, CommandError)


def test_the_health_check_fails_while_nobody_is_at_work(tmp_path, documents):
    lake = str(tmp_path / "lake")
    said, error = ask("status", "--check", "--lake", lake, "--from", str(documents))
    assert "No pick yet." in said
    assert isinstance(error, CommandError) and "overdue" in str(error)
    ask("run", "--lake", lake, "--from", str(documents))
    assert ask("status", "--check", "--lake", lake, "--from", str(documents))[1] is None


def test_settings_that_cannot_be_read_are_an_error_in_one_line(tmp_path):
    wrong = tmp_path / "day.toml"
    wrong.write_text("early_lock_gap = 7\n")
    _, error = ask("status", "--lake", str(tmp_path / "lake"), "--settings", str(wrong))
    assert isinstance(error, CommandError)
    assert "early_lock_gap" in str(error) and "\n" not in str(error)


def test_posting_without_an_account_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("FORMGUIDE_BLUESKY_HANDLE", raising=False)
    monkeypatch.delenv("FORMGUIDE_BLUESKY_APP_PASSWORD", raising=False)
    public = tmp_path / "day.toml"
    public.write_text("private_mode = false\n")
    _, error = ask("run", "--lake", str(tmp_path / "lake"), "--settings", str(public))
    assert isinstance(error, CommandError)
    assert "FORMGUIDE_BLUESKY_HANDLE" in str(error)


def test_reconciling_by_hand(tmp_path, documents):
    said, error = ask("reconcile", "--lake", str(tmp_path / "lake"), "--from", str(documents))
    assert error is None
    assert "nothing changed" in said


def test_a_report_without_a_day_says_so(tmp_path):
    _, error = ask("shadow-report", "--lake", str(tmp_path / "lake"))
    assert isinstance(error, CommandError)


def test_the_example_settings_are_the_defaults():
    example = Path(__file__).parents[2] / "deploy" / "day.toml"
    assert DaySettings.read(example) == DaySettings()


@pytest.mark.slow
def test_two_days_of_the_sample_league_are_played(tmp_path):
    lake = tmp_path / "lake"
    said, error = ask("play", "--quick", "--down", "22", "--into", str(lake))
    assert error is None, said
    for happened in ("postponed, rain", "scratched", "delayed by rain", "a hit is now an error", "failed"):
        assert happened in said
    assert "Streak" in said
    held = Lake(UPath(lake))
    assert ledger.read(held, Picks).filter(status="locked")["game_date"].n_unique() == 2
    assert set(ledger.read(held, Published)["channel"]) == {"private"}
    said, error = ask("shadow-report", "--lake", str(lake))
    assert error is None and "difference" in said
