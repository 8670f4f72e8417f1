"""A gzip'd file of lines: the same lines as the file that is not, whatever was killed, damaged or changed."""

from __future__ import annotations

import errno
import gzip
import os
import tracemalloc
from pathlib import Path

import pytest

from formguide.heartrate import unpacking
from formguide.heartrate.line_index import indexed, kept_as
from formguide.heartrate.unpacking import copies, first_line, unpacked_copy
from formguide.lake import LakeError

LINES = b"".join(b'{"timestamp": [16%08d], "n": %d}\n' % (k, k * k) for k in range(4000))


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "BLOCK", 4096)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "hr.json.gz"
    path.write_bytes(gzip.compress(LINES))
    return path


def count_blocks(monkeypatch: pytest.MonkeyPatch, most: int | None = None) -> list[int]:
    """The sizes of the blocks that come out of files; after so many of them the run is killed."""
    sizes: list[int] = []
    blocks = unpacking._blocks

    def counted(raw):
        for block in blocks(raw):
            if len(sizes) == most:
                raise KeyboardInterrupt
            sizes.append(len(block))
            yield block

    monkeypatch.setattr(unpacking, "_blocks", counted)
    return sizes


def test_it_is_unpacked_once_and_again_when_it_has_changed_or_the_copy_is_gone(tmp_path, packed, monkeypatch):
    sizes = count_blocks(monkeypatch)
    first = unpacked_copy(packed, tmp_path / "index")
    assert (first.path.read_bytes(), first.size, first.damage) == (LINES, len(LINES), None)
    assert sum(sizes) == len(LINES)
    assert unpacked_copy(packed, tmp_path / "index") == first
    assert sum(sizes) == len(LINES)
    first.path.unlink()
    assert unpacked_copy(packed, tmp_path / "index") == first
    assert sum(sizes) == 2 * len(LINES)
    indexed(first.path, tmp_path / "index")
    packed.write_bytes(gzip.compress(LINES) + gzip.compress(b"{}\n"))
    grown = unpacked_copy(packed, tmp_path / "index")
    assert grown.path.read_bytes() == LINES + b"{}\n"
    # What the old file was unpacked to is in nobody's way, nor is its index.
    assert copies(tmp_path / "index") == [grown]
    assert not any(file.exists() for file in (first.path, *kept_as(first.path, tmp_path / "index")))


def test_the_copy_of_a_file_that_is_gone_goes_too(tmp_path, packed):
    gone = unpacked_copy(packed, tmp_path / "index")
    other = packed.rename(tmp_path / "other.json.gz")
    there = unpacked_copy(other, tmp_path / "index")
    assert copies(tmp_path / "index") == [there]
    assert not gone.path.exists()


def test_a_killed_run_leaves_nothing_that_looks_whole_and_the_next_writes_what_is_missing(
    tmp_path, packed, monkeypatch
):
    with monkeypatch.context() as patch:
        count_blocks(patch, most=5)
        with pytest.raises(KeyboardInterrupt):
            unpacked_copy(packed, tmp_path / "index")
    assert copies(tmp_path / "index") == []
    (part,) = (tmp_path / "index").rglob("*.part")
    assert part.stat().st_size == 5 * 4096
    assert unpacked_copy(packed, tmp_path / "index").path.read_bytes() == LINES
    assert not part.exists()


@pytest.mark.parametrize("left", [LINES[:10_000] + b"\0" * 9000, LINES + b"more", b"", b"other" * 9000])
def test_whatever_a_killed_run_left_the_copy_is_right(tmp_path, packed, left):
    (part,) = [Path(f"{unpacked_copy(packed, tmp_path / 'index').path}".rsplit("-", 1)[0] + ".part")]
    copies(tmp_path / "index")[0].path.unlink()
    part.write_bytes(left)
    assert unpacked_copy(packed, tmp_path / "index").path.read_bytes() == LINES
    assert not part.exists()


def _truncated(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _flipped(body: bytes) -> bytes:
    return body[:-9] + bytes([body[-9] ^ 0xFF]) + body[-8:]


def _wrong_checksum(body: bytes) -> bytes:
    return body[:-8] + b"\0\0\0\0" + body[-4:]


def _with_a_tail(body: bytes) -> bytes:
    return body + b"no gzip"


@pytest.mark.parametrize("harm", [_truncated, _flipped, _wrong_checksum, _with_a_tail])
def test_of_a_damaged_file_what_comes_before_is_kept_and_the_damage_named(tmp_path, packed, harm):
    packed.write_bytes(harm(packed.read_bytes()))
    copy = unpacked_copy(packed, tmp_path / "index")
    assert copy.damage is not None and copy.damage.startswith("the gzip is damaged: ")
    kept = copy.path.read_bytes()
    assert len(kept) > len(LINES) // 3
    assert LINES.startswith(kept if harm is not _flipped else kept[: len(kept) // 2])
    if harm is not _flipped:  # of which nobody knows what it does to the rest
        assert copy.damage.endswith("than was packed") is (harm is not _truncated)
    assert unpacked_copy(packed, tmp_path / "index") == copy


def test_what_unfolds_to_a_hundred_times_its_size_is_no_file_of_workouts(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "FREELY_UNFOLDED", 10_000)
    path = tmp_path / "bomb.json.gz"
    path.write_bytes(gzip.compress(b"{}\n" * 1_000_000))
    copy = unpacked_copy(path, tmp_path / "index")
    assert copy.damage == "it unfolds to more than 100 times its size"
    assert copy.size <= 100 * path.stat().st_size


def test_a_full_disk_is_named_and_not_left_full(tmp_path, packed, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LakeError, match=r"hr\.json\.gz: the disk of .* has no room to unpack it"):
        unpacked_copy(packed, tmp_path / "index")
    assert not list((tmp_path / "index").rglob("*.part"))


def test_the_first_line_of_a_file(tmp_path, packed):
    plain = tmp_path / "hr.json"
    plain.write_bytes(LINES)
    assert first_line(plain, 2**18) == first_line(packed, 2**18) == LINES[: LINES.find(b"\n") + 1]
    assert first_line(plain, 7) == first_line(packed, 7) == LINES[:7]
    packed.write_bytes(packed.read_bytes()[:200])
    assert LINES.startswith(first_line(packed, 2**18).rstrip(b"\n"))
    packed.write_bytes(b"no gzip")
    assert first_line(packed, 2**18) == b""


def test_no_more_than_some_blocks_are_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "BLOCK", 2**16)
    path = tmp_path / "hr.json.gz"
    path.write_bytes(gzip.compress(LINES * 60, 1))
    tracemalloc.start()
    copy = unpacked_copy(path, tmp_path / "index")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert copy.size == 60 * len(LINES) > 8_000_000
    assert most < 1_500_000
