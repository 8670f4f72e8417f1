"""Where each line of a large file begins, and in which month its workout did: an index beside the lake.

FitRec is one file of 250,000 lines and more than ten gigabytes. It is read once from one end to the other, by
blocks; after that any line is a seek away. The index grows on the disk as it is made: a
killed run goes on where it stopped, a file that has grown is read from its old end on, and one that
changed otherwise is read anew. Whether it did is told by its size and time, by its beginning, by the bytes
before the last line that was indexed, and by line ends where the index says they are.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from upath import UPath

from formguide import files

BLOCK = 2**20
"""Bytes that are read at once: as many as stay in the processor's own memory while they are searched."""

NOTED_EVERY = 256 * 2**20
"""Bytes after which the index on the disk is good for going on from."""

LONGEST_LINE = 64 * 2**20
"""A longer line is no workout: it has its place in the index and no month."""

LINES_IN_A_PART = 1000
"""Lines that are one file to the lake: some 30 MB."""

UNDATED = 0
"""The month of a line in which no time can be found."""

_WRONG = "-wrong.txt"
_PROBE = 65536
_SAMPLED_ENDS = 64
_TIMESTAMPS = re.compile(rb"""[^\[]*['"]timestamp['"]\s*:\s*\[\s*(\d{1,18})\b""")
_KEY, _MOST_ARRAYS = 24, 64
_FIRST_SEC, _LAST_SEC = 946_684_800, 4_102_444_800
_RECORD = np.dtype([("end", "<i8"), ("month", "<i4")])


@dataclass(frozen=True)
class LineIndex:
    """Of each line of a file where it ends (the byte behind its line break) and the month of its first
    timestamp, as 202103, or `UNDATED`."""

    path: Path
    ends: NDArray[np.int64]
    months: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ends)

    def begin(self, line: int) -> int:
        """Where a line begins, bytes; line: from 0."""
        return int(self.ends[line - 1]) if line else 0

    def line(self, line: int) -> bytes:
        """A line (from 0) without its line break."""
        begin = self.begin(line)
        with self.path.open("rb") as file:
            file.seek(begin)
            return file.read(int(self.ends[line]) - begin).rstrip(b"\r\n")

    def lines_of(self, month: int) -> NDArray[np.int64]:
        """The lines of a month, in their order."""
        return np.flatnonzero(self.months == month)


def indexed(path: str | Path, folder: str | Path) -> LineIndex:
    """The index of a file, kept in a folder: read from there, extended, or made."""
    file = Path(path)
    kept, note = kept_as(file, folder)
    kept.parent.mkdir(parents=True, exist_ok=True)
    known = _known(file, kept, note)
    if known is None:
        kept.unlink(missing_ok=True)
        known = np.zeros(0, _RECORD)
    records = [known]
    start = int(known["end"][-1]) if len(known) else 0
    stat = file.stat()
    if start < stat.st_size or not note.exists():
        noted = start
        with kept.open("ab") as out:
            for block in _scan(file, start, stat.st_size):
                records.append(block)
                out.write(block.tobytes())
                if block["end"][-1] - noted >= NOTED_EVERY:
                    out.flush()
                    os.fsync(out.fileno())
                    noted = int(block["end"][-1])
                    _note(file, note, stat, noted, complete=False)
            out.flush()
            os.fsync(out.fileno())
        every = np.concatenate(records)
        _note(file, note, stat, int(every["end"][-1]) if len(every) else 0, complete=True)
        records = [every]
    every = np.concatenate(records)
    return LineIndex(file, every["end"].astype(np.int64), every["month"].astype(np.int32))


def kept_as(path: str | Path, folder: str | Path) -> tuple[Path, Path]:
    """The two files of a folder that are the index of a file: its lines, and what they were made from."""
    name = hashlib.sha256(str(Path(path).resolve()).encode()).hexdigest()[:16]
    return Path(folder) / f"{name}.lines", Path(folder) / f"{name}.json"


def line_ends(path: str | Path, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.int64]]:
    """The offsets behind the line breaks of a file, block by block; a last line without one ends with the
    file."""
    for block in _scan(Path(path), start, Path(path).stat().st_size if stop is None else stop, dated=False):
        yield block["end"]


class Parts(Mapping[str, bytes]):
    """A file of many lines as smaller files, `<name>/<month>-<part>.jsonl`, whose bytes are read when
    they are asked for; each line has its number (from 1) and a tab before it. What is
    undated is month 000000, and so is a part that says what is wrong with the file, if anything is."""

    def __init__(self, name: str, index: LineIndex, wrong: str | None = None) -> None:
        self._index, self._parts = index, dict[str, NDArray[np.int64]]()
        self._wrong = {} if wrong is None else {f"{name}/{UNDATED:06}{_WRONG}": wrong.encode()}
        for month in np.unique(index.months).tolist():
            lines = index.lines_of(month)
            for part in range(0, len(lines), LINES_IN_A_PART):
                key = f"{name}/{month:06}-{part // LINES_IN_A_PART:04}.jsonl"
                self._parts[key] = lines[part : part + LINES_IN_A_PART]

    def __getitem__(self, path: str) -> bytes:
        return self._wrong[path] if path in self._wrong else b"".join(self._numbered(path))

    def __iter__(self) -> Iterator[str]:
        return chain(self._parts, self._wrong)

    def __len__(self) -> int:
        return len(self._parts) + len(self._wrong)

    def _numbered(self, path: str) -> Iterator[bytes]:
        index = self._index
        with index.path.open("rb") as file:
            for line in self._parts[path].tolist():
                begin = index.begin(line)
                file.seek(begin)
                body = file.read(int(index.ends[line]) - begin).rstrip(b"\r\n")
                if body.strip():
                    yield b"%d\t%s\n" % (line + 1, body)


def lines_of_part(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each line of one of `Parts`."""
    begin = 0
    while begin < len(body):
        end = body.find(b"\n", begin)
        tab = body.find(b"\t", begin, end)
        yield int(body[begin:tab]), body[tab + 1 : end]
        begin = end + 1


def says_what_is_wrong(path: str) -> bool:
    """Whether one of `Parts` says what is wrong with its file, in words, and has no lines."""
    return path.endswith(_WRONG)


def month_of_part(path: str) -> int:
    """The month of one of `Parts`, by its name."""
    return int(path.rpartition("/")[2][:6])


# -- inside ----------------------------------------------------------------------------------------


def _scan(path: Path, start: int, stop: int, dated: bool = True) -> Iterator[NDArray[np.void]]:
    """Records of the lines from one byte to another, a block at a time; no more than a block and the longest
    line is in memory."""
    buffer = bytearray(BLOCK)
    held, at = 0, start  # bytes of an unfinished line at the head of the buffer; where the file is read next
    skipped = 0  # bytes of a line too long to be held that went by already
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        while at < stop:
            if held == len(buffer):
                if len(buffer) >= LONGEST_LINE:
                    skipped, held = skipped + held, 0
                else:
                    buffer.extend(bytes(len(buffer)))
            with memoryview(buffer) as room:
                got = file.readinto(room[held : held + min(len(buffer) - held, stop - at)])
            if not got:
                return
            at += got
            filled = held + got
            ends, months, begin = list[int](), list[int](), 0
            looked = held
            while (found := buffer.find(b"\n", looked, filled)) >= 0:
                ends.append(at - filled + found + 1)
                months.append(_month(buffer, begin, found) if dated and not skipped else UNDATED)
                begin = looked = found + 1
                skipped = 0
            if at >= stop and begin < filled:
                ends.append(at)
                months.append(_month(buffer, begin, filled) if dated and not skipped else UNDATED)
                begin = filled
            held = filled - begin
            buffer[:held] = buffer[begin:filled]
            if ends:
                block = np.zeros(len(ends), _RECORD)
                block["end"], block["month"] = ends, months
                yield block


def _month(buffer: bytearray, begin: int, end: int) -> int:
    """The month of the first timestamp of a line: its arrays are looked at from the last to the first."""
    place = end
    for _ in range(_MOST_ARRAYS):
        # One byte is searched for much faster than a word.
        place = buffer.rfind(b"[", begin, place)
        if place < 0:
            return UNDATED
        found = _TIMESTAMPS.match(buffer, max(begin, place - _KEY), min(end, place + _KEY))
        if found is not None:
            break
    else:
        return UNDATED
    seconds = int(found.group(1))
    if not _FIRST_SEC <= seconds < _LAST_SEC:
        return UNDATED
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.year * 100 + moment.month


def _note(file: Path, note: Path, stat: os.stat_result, indexed_to: int, complete: bool) -> None:
    said = {
        "file": str(file.resolve()),
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "indexed_to": indexed_to,
        "complete": complete,
        "probes": _probes(file, indexed_to),
    }
    files.put_json(UPath(note), said)


def _probes(file: Path, to: int) -> list[str]:
    """Hashes of the file's beginning and of the bytes before an offset."""
    with file.open("rb") as content:
        head = content.read(min(_PROBE, to))
        content.seek(max(0, to - _PROBE))
        tail = content.read(min(_PROBE, to))
    return [hashlib.sha256(part).hexdigest() for part in (head, tail)]


def _known(file: Path, kept: Path, note: Path) -> NDArray[np.void] | None:
    """What is indexed of a file already, if it is still the file that was indexed."""
    try:
        said = json.loads(note.read_text())
        raw = kept.read_bytes()
    except (OSError, ValueError):
        return None
    records: NDArray[np.void] = np.frombuffer(raw[: len(raw) // _RECORD.itemsize * _RECORD.itemsize], _RECORD)
    records = records[records["end"] <= said["indexed_to"]]
    stat = file.stat()
    if not len(records) or int(records["end"][-1]) != said["indexed_to"] or stat.st_size < said["indexed_to"]:
        return None
    same = (stat.st_size, stat.st_mtime_ns) == (said["size"], said["mtime_ns"])
    if not same and stat.st_size <= said["size"]:
        return None
    if said["probes"] != _probes(file, said["indexed_to"]) or not _ends_are_there(file, records):
        return None
    if len(raw) != len(records) * _RECORD.itemsize:
        # A block was written and the run killed before it was noted.
        kept.write_bytes(records.tobytes())
    if _unfinished(file, records):
        # A last line without its line break may have gone on since.
        records = records[:-1]
        kept.write_bytes(records.tobytes())
    return records


def _ends_are_there(file: Path, records: NDArray[np.void]) -> bool:
    """Whether lines end where the index says, at places spread over the file."""
    places = records["end"][np.unique(np.linspace(0, len(records) - 1, _SAMPLED_ENDS).astype(int))]
    with file.open("rb") as content:
        for end in places[:-1].tolist():
            content.seek(end - 1)
            if content.read(1) != b"\n":
                return False
    return True


def _unfinished(file: Path, records: NDArray[np.void]) -> bool:
    end = int(records["end"][-1])
    with file.open("rb") as content:
        content.seek(end - 1)
        return content.read(1) != b"\n" and file.stat().st_size > end
