"""One workout as a file says it, whatever its format: its points, and what could not be read of them.

A reader takes the bytes of a file and returns the workouts in it. Of what a device says it reads the clock,
speed, altitude, distance, heart rate, cadence and power. Coordinates only become speed and distance (see
`clock`) and are in no table (see `positions`). Calories, training effect and whatever else a watch computes
from the heart rate are never read.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from formguide.heartrate.tables import OTHER, RIDE, RUN, WALK
from formguide.records import Reject, set_aside

Floats = NDArray[np.float64]

CHANNELS = ("speed_mps", "altitude_m", "distance_m", "heart_rate_bpm", "cadence_rpm", "power_w")
"""What is kept of a point, by the names of `tables.Samples`."""

LARGEST_FILE = 200_000_000
"""Bytes to which a file of one workout may unfold; a larger one is no workout."""

_BLOCK = 2**20

NOTES_KEPT = 20
"""Points of one file that are named one by one; what is wrong with more of them is only counted."""

_WORDS: tuple[tuple[str, str], ...] = (
    (r"run|jog|treadmill", RUN),
    (r"walk|hik|trek", WALK),
    (r"\brid|bik|cycl", RIDE),
)


class Unreadable(ValueError):
    """Nothing of a file can be used; row and field say where, if anywhere."""

    def __init__(self, reason: str, row: int | None = None, field: str | None = None) -> None:
        super().__init__(reason)
        self.row, self.field = row, field

    def reject(self, path: str, payload: bytes) -> Reject:
        """What is set aside."""
        return set_aside(path, self.row, self.field, str(self), payload)


@dataclass(frozen=True)
class Reading:
    """One workout as a file says it.

    path: the file below its source, with the line or the number of the workout where a file holds many;
    activity, gender: as `tables.SPORTS` and `tables.GENDERS`, None where nobody says so; time_sec (n,):
    seconds since 1970, UTC, NaN where a point has none; channels: name of `CHANNELS` → (n,), NaN where a
    point says nothing; a channel that the file does not know is absent; latitude, longitude (n,): degrees;
    notes: points that were set aside, and what was wrong with the file as a whole.
    """

    path: str
    user_id: str
    format: str
    activity: str | None
    gender: str | None
    time_sec: Floats
    channels: Mapping[str, Floats]
    latitude: Floats | None = None
    longitude: Floats | None = None
    notes: list[Reject] = field(default_factory=list)


def activity_of(words: str | None) -> str | None:
    """run, walk, ride or other from a source's name of a sport; None where there is no name."""
    if words is None or not words.strip() or words.strip().lower() in ("none", "generic", "unknown"):
        return None
    for pattern, activity in _WORDS:
        if re.search(pattern, words, re.IGNORECASE):
            return activity
    return OTHER


def activity_in_name(path: str) -> str | None:
    """The same from the name of a file, where it starts with the word: RUN_2021-03-25.csv; else None."""
    name = PurePosixPath(path).name
    for pattern, activity in _WORDS:
        if re.match(rf"(?:[a-z]*[_-])?(?:{pattern})", name, re.IGNORECASE):
            return activity
    return None


def gender_of(word: str | None) -> str | None:
    """M or F; None for anything else."""
    return {"m": "M", "male": "M", "f": "F", "female": "F"}.get((word or "").strip().lower())


def user_of(path: str) -> str:
    """Whose file it is: the first folder below the sport's; "me" for a file that lies in none."""
    first, below, _ = path.partition("/")
    return first if below else "me"


def ending(path: str) -> str:
    """fit, csv, gpx, tcx, json …: what a file's name says it is, without a .gz."""
    name = path.lower().removesuffix(".gz")
    return name.rpartition(".")[2]


def unpacked(path: str, body: bytes) -> bytes:
    """A file's bytes, without the gzip around them. Raises `Unreadable`."""
    plain, cut = unpacked_so_far(path, body)
    if cut is not None:
        raise Unreadable(cut)
    return plain


def unpacked_so_far(path: str, body: bytes) -> tuple[bytes, str | None]:
    """The same, of a gzip that breaks off what comes before, and that it does. Raises `Unreadable`, also for
    one whose bytes are not those that were packed: any of them may be wrong."""
    if not body:
        raise Unreadable("the file is empty")
    if not path.lower().endswith(".gz"):
        return body, None
    if body[:2] != b"\x1f\x8b":
        raise Unreadable("its name says gzip, but it is none")
    plain, cut = bytearray(), None
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
            # Not `read`, which throws away what came before an error.
            while len(plain) <= LARGEST_FILE and (block := packed.read1(_BLOCK)):
                plain += block
    except EOFError as error:
        cut = f"the gzip is damaged: {error}"
    except (OSError, zlib.error) as error:
        raise Unreadable(f"the gzip is damaged: {error}") from error
    if len(plain) > LARGEST_FILE:
        raise Unreadable(f"it unfolds to more than {LARGEST_FILE:,} bytes")
    if not plain:
        raise Unreadable(cut or "the file is empty")
    return bytes(plain), cut


def looks_like(body: bytes) -> str:
    """What a file's content is: fit, zip, gpx, tcx, xml, json or text."""
    if body[8:12] == b".FIT":
        return "fit"
    if body.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    head = body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<"):
        root = re.search(rb"<(?:\w+:)?(gpx|TrainingCenterDatabase)\b", body[:65536])
        return {b"gpx": "gpx", b"TrainingCenterDatabase": "tcx"}.get(root.group(1), "xml") if root else "xml"
    return "json" if head.startswith((b"{", b"[")) else "text"
