"""From folders into the raw store: what counts where several folders speak, and which seasons it touches."""

from __future__ import annotations

import shutil

import pytest
from upath import UPath

from formguide.formula1 import arrivals
from formguide.formula1.sample import write_sample
from formguide.lake import Lake

RACE = "{season}/races/01-somewhere/race.yml"


@pytest.fixture
def lake(tmp_path):
    return Lake(UPath(tmp_path / "lake"))


@pytest.fixture
def folder(tmp_path):
    """`folder("a", **{2024: "text"})` writes a race file per season and returns the folder."""

    def write(name, files):
        place = tmp_path / name
        place.mkdir(exist_ok=True)
        for season, text in files.items():
            file = place / RACE.format(season=season)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return place

    return write


def take_in(lake, *folders):
    held = arrivals.holdings(lake, folders)
    changed = arrivals.changed_seasons(lake, held)
    arrivals.receive(lake, held)
    for season in changed:
        arrivals.write_source_files(lake, season, held)
    return sorted(changed)


def said(lake, season):
    """What the lake's files of a season say."""
    bodies = arrivals.season_bodies(lake, season)
    return [body.decode() for tree in bodies.values() for body in tree.values()]


def test_what_a_folder_holds_is_taken_in_by_season(lake, folder):
    assert take_in(lake, folder("a", {2023: "x", 2024: "y"})) == [2023, 2024]
    assert (said(lake, 2023), said(lake, 2024)) == (["x"], ["y"])


def test_a_second_look_finds_nothing_new(lake, folder):
    a = folder("a", {2024: "x"})
    take_in(lake, a)
    state = lake.state()
    assert take_in(lake, a) == []
    assert lake.state() == state


def test_looking_writes_nothing(lake, folder):
    arrivals.changed_seasons(lake, arrivals.holdings(lake, [folder("a", {2024: "x"})]))
    assert not (lake.root / "raw").exists()


def test_only_the_season_that_changed_is_touched(lake, folder):
    take_in(lake, folder("a", {2023: "x", 2024: "y"}))
    assert take_in(lake, folder("a", {2024: "z"})) == [2024]
    assert said(lake, 2024) == ["z"]


def test_what_goes_from_a_folder_goes_from_the_lake(lake, folder, tmp_path):
    a = folder("a", {2023: "x", 2024: "y"})
    take_in(lake, a)
    shutil.rmtree(a / "2024")
    assert take_in(lake, a) == [2024]
    assert said(lake, 2024) == []


def test_a_folder_that_is_gone_altogether_says_nothing(lake, folder):
    a = folder("a", {2024: "x"})
    take_in(lake, a)
    shutil.rmtree(a)
    assert take_in(lake, a) == []
    assert said(lake, 2024) == ["x"]


def test_one_folder_does_not_take_back_what_another_brought(lake, folder):
    a, b = folder("a", {2023: "x"}), folder("b", {2024: "y"})
    take_in(lake, a)
    take_in(lake, b)
    assert (said(lake, 2023), said(lake, 2024)) == (["x"], ["y"])


def test_of_two_folders_the_one_that_changed_last_counts(lake, folder):
    a, b = folder("a", {2024: "x"}), folder("b", {})
    take_in(lake, a, b)
    folder("b", {2024: "corrected"})
    take_in(lake, a, b)
    assert said(lake, 2024) == ["corrected"]
    folder("a", {2024: "corrected again"})
    take_in(lake, a, b)
    assert said(lake, 2024) == ["corrected again"]


def test_a_correction_that_is_taken_back_leaves_what_the_other_folder_says(lake, folder):
    a, b = folder("a", {2024: "x"}), folder("b", {2024: "corrected"})
    take_in(lake, a, b)
    assert said(lake, 2024) == ["corrected"]
    (b / RACE.format(season=2024)).unlink()
    take_in(lake, a, b)
    assert said(lake, 2024) == ["x"]


def test_files_of_no_source_are_named(lake, folder):
    a = folder("a", {2024: "x"})
    (a / "notes.txt").write_text("to do")
    held = arrivals.holdings(lake, [a])
    assert [note for note in held.passed_over if "notes.txt" in note]


def test_counts_of_what_was_received(lake, folder):
    a = folder("a", {2023: "x", 2024: "y"})
    assert arrivals.receive(lake, arrivals.holdings(lake, [a])) == {"added": 2, "changed": 0, "removed": 0}
    folder("a", {2024: "z"})
    shutil.rmtree(a / "2023")
    assert arrivals.receive(lake, arrivals.holdings(lake, [a])) == {"added": 0, "changed": 1, "removed": 1}


def test_the_sample_league_is_known_wherever_it_lies(lake, folder, tmp_path):
    write_sample(tmp_path / "league", seasons=1, races=4, rounds_run=1, first_season=2023)
    assert arrivals.is_sample_folder(tmp_path / "league")
    take_in(lake, tmp_path / "league")
    assert arrivals.holds_sample(lake)
    assert not arrivals.holds_real_data(lake)
    take_in(lake, folder("a", {2024: "x"}))
    assert arrivals.holds_real_data(lake)
