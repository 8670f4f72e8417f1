"""Watching a folder: what it holds, whether it has gone quiet, what changed since.

A look at a folder is cheap (names, sizes and times, nothing is opened) and is boiled down to one digest.
Only when the digest moves are files read, and only their content says whether anything changed: a file that
was touched, or rewritten with the same bytes, is no news. A change counts once the folder has been quiet
for `DEBOUNCE_SEC`, so that an upload in progress is not taken for a finished one.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event

DEBOUNCE_SEC = 5.0
"""How long a folder must have been quiet before its changes count, seconds."""

_PARTIAL = (".tmp", ".part", ".partial", ".crdownload", ".swp", "~")


@dataclass(frozen=True)
class FolderState:
    """One look at a folder. `digest` moves when any file in it is added, removed, renamed or written;
    `changed_at` is when that last happened (Unix seconds; 0 for a folder that is not there)."""

    digest: str
    changed_at: float
    files: int

    def quiet(self, now: float, debounce_sec: float = DEBOUNCE_SEC) -> bool:
        """Whether nothing has moved for the debounce time. A clock that runs ahead is taken as quiet."""
        return not now - debounce_sec < self.changed_at <= now


def is_partial(name: str) -> bool:
    """Whether a file name says hidden, or still being written."""
    return name.startswith(".") or name.endswith(_PARTIAL)


def folder_state(folder: str | Path) -> FolderState:
    """Looks at every file below a folder without opening one. A folder that is not there is an empty one."""
    seen = hashlib.sha256()
    changed_at, files = 0.0, 0
    for path, stat, is_file in sorted(_walk(str(folder)), key=lambda entry: entry[0]):
        # The inode's change time, not the modification time: copying tools and archives set the latter back.
        changed_at = max(changed_at, stat.st_ctime)
        if is_file:
            files += 1
            seen.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ctime_ns}\0".encode())
    return FolderState(seen.hexdigest()[:16], changed_at, files)


def _walk(folder: str) -> Iterator[tuple[str, os.stat_result, bool]]:
    """Path, stat and whether it is a file, of everything below a folder and of the folder itself."""
    try:
        entries = list(os.scandir(folder))
        yield folder, os.stat(folder), False
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if is_partial(entry.name):
            continue
        if entry.is_dir():
            yield from _walk(entry.path)
            continue
        try:
            yield entry.path, entry.stat(), True
        except FileNotFoundError:
            continue  # removed while we looked; the folder's own time says so


def named_folders(entries: Iterable[str], sport: str) -> list[Path]:
    """Those of some named folders that a sport looks into: `formula1=/some/folder` is that sport's alone,
    and every sport looks through a folder that is named without one for files of its own."""
    found = []
    for entry in entries:
        whose, equals, folder = entry.partition("=")
        if not (equals and whose.isidentifier()):
            found.append(Path(entry).expanduser())
        elif whose == sport:
            found.append(Path(folder).expanduser())
    return found


def is_shared(folder: str | Path, entries: Iterable[str]) -> bool:
    """Whether a folder is one of those that are named for every sport: what is none of one sport's in it may
    well be another's."""
    everybody = {path.resolve() for path in named_folders(entries, "")}
    return Path(folder).expanduser().resolve() in everybody


def watch(
    folder: str | Path,
    on_change: Callable[[], None],
    stop: Event,
    known: str | None = None,
    debounce_sec: float = DEBOUNCE_SEC,
) -> None:
    """Calls `on_change` each time the folder has changed and gone quiet again, until `stop` is set.

    known: the digest of the folder as it was last taken in (by default, as it is now); what changed since
    then, or changes while `on_change` runs, is noticed. The operating system says that something stirred
    (watchdog); the digest decides whether it is news. Raises `NotADirectoryError` if there is no such folder.
    """
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    if not Path(folder).is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    stirred = Event()

    class Stir(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type not in ("opened", "closed_no_write"):
                stirred.set()

    known = known if known is not None else folder_state(folder).digest
    pause = min(0.2, debounce_sec)
    observer = Observer()
    observer.schedule(Stir(), str(folder), recursive=True)
    observer.start()
    stirred.set()  # what changed before the observer was there stirred too
    try:
        while not stop.is_set():
            if not stirred.wait(timeout=pause):
                continue
            stirred.clear()
            state = folder_state(folder)
            while state.digest != known and not state.quiet(time.time(), debounce_sec):
                if stop.wait(pause):
                    return
                state = folder_state(folder)
            if state.digest != known:
                known = state.digest
                on_change()
                stirred.set()
    finally:
        observer.stop()
        observer.join()
