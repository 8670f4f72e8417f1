"""The points of a workout on one clock: whole seconds since its start, in order, each once.

Devices set their clocks while they record. The longest stretch in which the clock runs forward counts; what
comes before or after it counts where it fits on; a point that does not, that repeats a second, or that is
dated when nobody recorded is set aside, and counted. Speed is the device's; where it gives none it comes from
its distance, else from its coordinates, which end here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from formguide.heartrate.readings import Floats, Reading, Unreadable
from formguide.heartrate.tables import DEVICE, DISTANCE, GPS, NONE

LONGEST_PAUSE_SEC = 12 * 3600
"""After a longer silence it is another workout, or another clock."""

LONGEST_SEC = 10 * 86400
"""No workout is longer; a clock that says so is wrong."""

FIRST_SEC = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
LAST_SEC = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
"""When workouts were recorded: a clock at zero says 1970, a broken one 2100."""

NO_TIME, NO_SUCH_DATE, CLOCK_BACK, CLOCK_JUMP, SAME_SECOND = (
    "no_time",
    "no_such_date",
    "clock_back",
    "clock_jump",
    "same_second",
)
SET_ASIDE = (NO_TIME, NO_SUCH_DATE, CLOCK_BACK, CLOCK_JUMP, SAME_SECOND)
"""Why a point is set aside."""

_EARTH_M = 6_371_008.8


@dataclass(frozen=True)
class Clocked:
    """A workout on its clock.

    started_at: naive UTC, whole seconds; t_sec (n,): 0 … in order; channels: (n,), NaN where nothing was
    said; rows (n,): the points of the reading that they are; points: how many the file had; set_aside: how
    many of them, by reason, are in no second.
    """

    reading: Reading
    started_at: datetime
    t_sec: NDArray[np.int64]
    channels: Mapping[str, Floats]
    rows: NDArray[np.int64]
    speed_from: str
    points: int
    set_aside: Mapping[str, int]

    @property
    def month(self) -> int:
        """The month in which it began, as 202103."""
        return self.started_at.year * 100 + self.started_at.month

    @property
    def ended_at(self) -> datetime:
        """When it ended, naive UTC."""
        return self.started_at + timedelta(seconds=int(self.t_sec[-1]))

    @property
    def workout_id(self) -> str:
        """User and start."""
        return f"{self.reading.user_id}/{self.started_at:%Y%m%dT%H%M%S}"


def clocked(reading: Reading) -> Clocked:
    """A reading on its clock. Raises `Unreadable` if no point of it has a time that can be."""
    times = np.asarray(reading.time_sec, dtype=float)
    counts = {NO_TIME: int((~np.isfinite(times)).sum())}
    dated = np.flatnonzero(np.isfinite(times))
    possible = dated[(times[dated] >= FIRST_SEC) & (times[dated] < LAST_SEC)]
    counts[NO_SUCH_DATE] = len(dated) - len(possible)
    if not len(possible):
        first = datetime.fromtimestamp(float(times[dated[0]]), UTC) if len(dated) else None
        if first is None:
            raise Unreadable("no point has a time", 1, "timestamp")
        said = f"its clock says {first:%Y-%m-%d}: a workout begins between 2000 and 2099"
        raise Unreadable(said, 1, "timestamp")
    seconds = np.floor(times[possible]).astype(np.int64)
    kept, counts[CLOCK_BACK], counts[CLOCK_JUMP] = _forward(seconds)
    once = np.ones(len(kept), dtype=bool)
    once[1:] = np.diff(seconds[kept]) > 0
    counts[SAME_SECOND] = int((~once).sum())
    rows = possible[kept[once]]
    start = int(seconds[kept[once]][0])
    t_sec = seconds[kept[once]] - start
    channels = {name: np.asarray(values, dtype=float)[rows] for name, values in reading.channels.items()}
    speed_from = _with_speed(channels, t_sec, coordinates(reading, rows))
    return Clocked(
        reading,
        datetime.fromtimestamp(start, UTC).replace(tzinfo=None),
        t_sec,
        channels,
        rows,
        speed_from,
        len(times),
        {reason: n for reason, n in counts.items() if n},
    )


def haversine_m(latitude: Floats, longitude: Floats) -> Floats:
    """Metres between each point and the one before it (n − 1,), on a sphere of the Earth's mean radius.

    R. W. Sinnott, "Virtues of the Haversine", Sky & Telescope 68 (1984), 158.
    """
    phi, lam = np.radians(latitude), np.radians(longitude)
    half = np.sin(np.diff(phi) / 2) ** 2
    half = half + np.cos(phi[:-1]) * np.cos(phi[1:]) * np.sin(np.diff(lam) / 2) ** 2
    return np.asarray(2 * _EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def _forward(seconds: NDArray[np.int64]) -> tuple[NDArray[np.int64], int, int]:
    """The places of the points on which the clock runs forward, how many jumped back and how many away."""
    step = np.diff(seconds)
    if not ((step < 0) | (step > LONGEST_PAUSE_SEC)).any() and seconds[-1] - seconds[0] <= LONGEST_SEC:
        return np.arange(len(seconds)), 0, 0
    cuts = np.flatnonzero((step < 0) | (step > LONGEST_PAUSE_SEC)) + 1
    stretches = np.split(np.arange(len(seconds)), cuts)
    longest = max(range(len(stretches)), key=lambda i: len(stretches[i]))
    kept, back, away = [stretches[longest]], 0, 0
    last = int(seconds[stretches[longest][-1]])
    for later in stretches[longest + 1 :]:
        fits = later[(seconds[later] > last) & (seconds[later] <= last + LONGEST_PAUSE_SEC)]
        back, away = back + int((seconds[later] <= last).sum()), away + len(later) - len(fits)
        away -= int((seconds[later] <= last).sum())
        if len(fits):
            kept.append(fits)
            last = int(seconds[fits[-1]])
    first = int(seconds[stretches[longest][0]])
    for earlier in reversed(stretches[:longest]):
        fits = earlier[(seconds[earlier] < first) & (seconds[earlier] >= first - LONGEST_PAUSE_SEC)]
        back += int((seconds[earlier] >= first).sum())
        away += len(earlier) - len(fits) - int((seconds[earlier] >= first).sum())
        if len(fits):
            kept.insert(0, fits)
            first = int(seconds[fits[0]])
    together = np.concatenate(kept)
    whole = together[seconds[together] - seconds[together[0]] <= LONGEST_SEC]
    return whole, back, away + len(together) - len(whole)


def coordinates(reading: Reading, rows: NDArray[np.int64]) -> tuple[Floats, Floats] | None:
    """Latitude and longitude of some points, degrees, NaN where a point has none that can be; None where
    fewer than two have."""
    if reading.latitude is None or reading.longitude is None:
        return None
    latitude, longitude = reading.latitude[rows], reading.longitude[rows]
    real = (np.abs(latitude) <= 90) & (np.abs(longitude) <= 180) & ((latitude != 0) | (longitude != 0))
    latitude, longitude = np.where(real, latitude, np.nan), np.where(real, longitude, np.nan)
    return (latitude, longitude) if np.isfinite(latitude).sum() >= 2 else None


def _with_speed(
    channels: dict[str, Floats], t_sec: NDArray[np.int64], coordinates: tuple[Floats, Floats] | None
) -> str:
    """Puts speed and distance into the channels where the device gives none; says where the speed is from."""
    measured = _has(channels, "speed_mps")
    if coordinates is not None and not _has(channels, "distance_m"):
        known = np.flatnonzero(np.isfinite(coordinates[0]))
        way = np.full(len(t_sec), np.nan)
        way[known] = np.concatenate(
            [[0.0], np.cumsum(haversine_m(coordinates[0][known], coordinates[1][known]))]
        )
        channels["distance_m"] = way
        if not measured:
            channels["speed_mps"] = _rate(way, t_sec)
            return GPS
    if measured:
        return DEVICE
    if _has(channels, "distance_m"):
        channels["speed_mps"] = _rate(channels["distance_m"], t_sec)
        return DISTANCE
    return NONE


def _has(channels: Mapping[str, Floats], name: str) -> bool:
    return name in channels and bool(np.isfinite(channels[name]).any())


def _rate(way: Floats, t_sec: NDArray[np.int64]) -> Floats:
    """Metres a second on the way to each point from the last that has a distance; NaN where it has none."""
    speed = np.full(len(way), np.nan)
    known = np.flatnonzero(np.isfinite(way))
    if len(known) < 2:
        return speed
    pace = np.diff(way[known]) / np.diff(t_sec[known])
    speed[known[1:]] = np.where(pace >= 0, pace, np.nan)
    return speed
