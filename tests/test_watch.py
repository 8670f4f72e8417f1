"""Watching a folder: what moves its digest, when it is quiet, and that no change is lost."""

from __future__ import annotations

import os
import threading
import time

import pytest

from formguide import watch
from formguide.files import below
from formguide.watch import FolderState, folder_state


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "2024" / "races").mkdir(parents=True)
    (tmp_path / "2024" / "races" / "a.yml").write_text("- position: 1\n")
    return tmp_path


def test_the_digest_moves_with_every_kind_of_change(folder):
    seen = [folder_state(folder).digest]
    file = folder / "2024" / "races" / "a.yml"
    for change in (
        lambda: file.write_text("- position: 2\n"),
        lambda: (folder / "b.yml").write_text(""),
        lambda: file.rename(folder / "c.yml"),
        lambda: (folder / "b.yml").unlink(),
        lambda: os.utime(folder / "c.yml", (1, 1)),
    ):
        time.sleep(0.01)
        change()
        seen.append(folder_state(folder).digest)
    assert len(set(seen)) == len(seen)


def test_the_digest_stays_when_nothing_happens(folder):
    assert folder_state(folder) == folder_state(folder)


@pytest.mark.parametrize("name", [".hidden", "x.yml.part", "x.tmp", "x.yml~"])
def test_hidden_and_half_written_files_do_not_count(folder, name):
    before = folder_state(folder)
    (folder / name).write_text("x")
    assert folder_state(folder).digest == before.digest


def test_a_folder_that_is_not_there_is_an_empty_one(tmp_path):
    assert folder_state(tmp_path / "nowhere") == folder_state(tmp_path / "nor-here")
    assert folder_state(tmp_path / "nowhere").files == 0


def test_a_folder_is_quiet_some_time_after_its_last_change(folder):
    state = folder_state(folder)
    assert not state.quiet(state.changed_at + 1)
    assert state.quiet(state.changed_at + watch.DEBOUNCE_SEC)


def test_an_old_date_on_a_new_file_does_not_make_it_quiet(folder):
    file = folder / "copied.yml"
    file.write_text("x")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert not folder_state(folder).quiet(time.time())


def test_deleting_is_a_change_that_has_to_settle(folder):
    (folder / "2024" / "races" / "a.yml").unlink()
    assert not folder_state(folder).quiet(time.time())


def test_a_clock_that_runs_ahead_does_not_block_for_ever():
    assert FolderState("x", changed_at=2_000.0, files=1).quiet(now=1_000.0)


@pytest.fixture
def watching(folder):
    """Watches the folder in a thread; a list of how often it called."""
    calls, stop = [], threading.Event()
    known = folder_state(folder).digest

    def start(on_change=lambda: None, debounce_sec=0.3):
        def changed():
            calls.append(time.monotonic())
            on_change()

        thread = threading.Thread(target=watch.watch, args=(folder, changed, stop, known, debounce_sec))
        thread.start()
        threads.append(thread)
        return calls

    threads: list[threading.Thread] = []
    yield start
    stop.set()
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()


def wait_for(happened, timeout_sec=10.0):
    until = time.monotonic() + timeout_sec
    while time.monotonic() < until and not happened():
        time.sleep(0.02)
    return happened()


def test_many_writes_in_a_row_are_one_change(folder, watching):
    calls = watching()
    for i in range(8):
        (folder / f"{i}.yml").write_text("x")
        time.sleep(0.05)
    assert wait_for(lambda: calls)
    time.sleep(0.8)
    assert len(calls) == 1


def test_a_change_before_the_watcher_stands_is_not_lost(folder, watching):
    (folder / "early.yml").write_text("x")
    calls = watching()
    assert wait_for(lambda: calls)


def test_a_change_while_the_last_one_is_handled_is_not_lost(folder, watching):
    handled = threading.Event()

    def handle():
        if not handled.is_set():
            handled.set()
            (folder / "late.yml").write_text("x")

    calls = watching(handle)
    (folder / "first.yml").write_text("x")
    assert wait_for(lambda: len(calls) == 2)


def test_nothing_happens_without_a_change(watching):
    calls = watching()
    time.sleep(0.8)
    assert calls == []


def test_a_missing_folder_cannot_be_watched(tmp_path):
    with pytest.raises(NotADirectoryError, match="nowhere"):
        watch.watch(tmp_path / "nowhere", lambda: None, threading.Event())


def test_named_folders_are_everybodys_or_one_sports():
    entries = ["/a", "formula1=/b", "baseball=/c=d", "/e=f", "~/g"]
    assert [str(f) for f in watch.named_folders(entries, "formula1")] == [
        "/a", "/b", "/e=f", os.path.expanduser("~/g"),
    ]  # fmt: skip
    assert [str(f) for f in watch.named_folders(entries, "baseball")][:2] == ["/a", "/c=d"]


def test_files_below_a_folder_are_listed_as_path_lists_them(tmp_path):
    for name in ("b/2.txt", "b-1/1.txt", "b/c/.3", "a.txt", ".hidden/4.txt"):
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_text(name)
    (tmp_path / "folder" / "empty").mkdir()
    (tmp_path / "folder" / "linked.txt").symlink_to(tmp_path / "folder" / "a.txt")
    (tmp_path / "folder" / "linked").symlink_to(tmp_path / "folder" / "b")
    (tmp_path / "folder" / "gone").symlink_to(tmp_path / "nowhere")
    root = tmp_path / "folder"
    expected = sorted(path for path in root.rglob("*") if path.is_file())
    assert len(expected) == 6
    assert below(root) == [(path.relative_to(root).as_posix(), path) for path in expected]
    assert below(tmp_path / "nowhere") == []
