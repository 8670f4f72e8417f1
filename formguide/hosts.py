"""How much each host is asked, and why: declared limits, and the limiter that keeps to them.

The limiter keeps the times of past requests in a file per host, so that runs side by side and runs one
after the other share one budget. A library for this would bring a database and a thread for thirty lines.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from upath import UPath

from formguide import files

# A server counts arrivals, not departures: a window a little longer than its own keeps us below its limit.
_MARGIN = 1.02


@dataclass(frozen=True)
class Rate:
    """At most `requests` in any `per_sec` seconds."""

    requests: int
    per_sec: float


@dataclass(frozen=True)
class HostLimit:
    """What a host may be asked, and `why`: the numbers are the host's, not ours to raise."""

    host: str
    rates: tuple[Rate, ...]
    why: str


HOST_LIMITS = (
    HostLimit(
        host="api.jolpi.ca",
        rates=(Rate(4, 1), Rate(500, 3600)),
        why="its published limits for everyone: 4 requests a second and 500 an hour; it is run by volunteers",
    ),
    HostLimit(
        host="statsapi.mlb.com",
        rates=(Rate(1, 1),),
        why="it publishes none; one request a second takes a season in an hour and disturbs nobody",
    ),
    *(
        HostLimit(
            host=host,
            rates=(Rate(1, 2),),
            why="it publishes none; one page in two seconds is what a quick reader would ask for",
        )
        for host in ("www.tfrrs.org", "tf.tfrrs.org", "tfrrs.org")
    ),
)
UNKNOWN_HOST = (Rate(1, 1),)


@dataclass(frozen=True)
class Limiter:
    """Lets a request to a host go when its rates allow it. `folder` holds one file of times per host."""

    folder: Path
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time

    def wait(self, host: str, rates: tuple[Rate, ...], max_wait_sec: float) -> float:
        """Waits for the host's turn and takes it; returns 0, or the seconds to it if that is too long."""
        while (pause := self._take(host, rates)) > 0:
            if pause > max_wait_sec:
                return pause
            self.sleep(pause)
        return 0.0

    def _take(self, host: str, rates: tuple[Rate, ...]) -> float:
        """Takes a turn and returns 0, or the seconds until there is one."""
        place = UPath(self.folder / f"{files.slug(host)}.json")
        with files.locked(UPath(self.folder), files.slug(host)):
            now = self.now()
            longest = max((rate.per_sec for rate in rates), default=0) * _MARGIN
            # A time ahead of the clock is from before somebody set the clock back.
            past = [t for t in _times(place) if now - longest < t <= now]
            full = [rate for rate in rates if len(past) >= rate.requests]
            pause = max((past[-r.requests] + r.per_sec * _MARGIN - now for r in full), default=0.0)
            if pause <= 0:
                files.put(place, json.dumps([*past, now]).encode())
            return max(pause, 0.0)


def rates_for(host: str, limits: tuple[HostLimit, ...]) -> tuple[Rate, ...]:
    """The rates declared for a host, or the cautious ones for a host nobody declared."""
    return next((limit.rates for limit in limits if limit.host == host), UNKNOWN_HOST)


def _times(place: UPath) -> list[float]:
    data = files.read(place)
    try:
        return [float(t) for t in json.loads(data)] if data else []
    except (ValueError, TypeError):
        # A damaged file costs at most one window's worth of restraint.
        return []
