"""A race weekend of the sample league up to the lights: practice, knock-out qualifying, the starting grid.

All times are whole milliseconds, so that gaps, intervals and totals agree exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from formguide.formula1.sample.world import Circuit

Order = list[str]


@dataclass(frozen=True)
class Entry:
    """A driver in a car for one weekend; paces in s/lap of a 90-second lap, positive is faster."""

    driver: str
    team: str
    race_pace: float
    one_lap_pace: float
    wet_skill: float
    p_breakdown: float
    p_error: float


@dataclass(frozen=True)
class Timed:
    """A line of a session sheet: `position` as written, best laps in ms (one, or three parts)."""

    driver: str
    team: str
    position: str
    times: tuple[int | None, ...]
    laps: int | None


@dataclass(frozen=True)
class Slot:
    """A place on the grid: `position` is a number or PL; `penalty` is places, SFB (start from back) or ''."""

    driver: str
    team: str
    position: str
    penalty: str
    time: int | None


def practice(
    rng: np.random.Generator, entries: Sequence[Entry], circuit: Circuit, number: int
) -> list[Timed]:
    """Best lap and laps run; fuel and engine mode blur the pace, per team and session. A few set no time."""
    scale = circuit.quali_lap_sec / 90.0
    base = circuit.quali_lap_sec * (1.0, 1.014, 1.007, 1.005)[number]
    mode = {t: rng.normal(0.0, 0.28) for t in dict.fromkeys(e.team for e in entries)}
    timed, idle = [], []
    for e in entries:
        laps = int(rng.integers(17, 31))
        pace = e.one_lap_pace + mode[e.team] + rng.normal(0.0, 0.22)
        if rng.random() < 0.015:
            idle.append(Timed(e.driver, e.team, "", (None,), int(rng.integers(1, 6))))
        else:
            timed.append(Timed(e.driver, e.team, "", (round(1000 * (base - scale * pace)),), laps))
    timed.sort(key=lambda t: t.times[0] or 0)
    return [replace(t, position=str(i + 1)) for i, t in enumerate(timed + idle)]


def qualifying(
    rng: np.random.Generator,
    entries: Sequence[Entry],
    circuit: Circuit,
    *,
    wet: bool,
    disqualify: bool = False,
) -> list[Timed]:
    """Knock-out qualifying; who crashes without a time is NC, one may be DSQ: both go last."""
    scale = circuit.quali_lap_sec / 90.0 * (1.1 if wet else 1.0)
    noise = 0.38 if wet else 0.17
    times: dict[str, list[int | None]] = {e.driver: [] for e in entries}
    team = {e.driver: e.team for e in entries}
    running: list[Entry] = list(entries)
    order: Order = []
    no_time: Order = []
    for part, evolution in enumerate((1.0055, 1.0025, 1.0)):
        laps: list[tuple[int, Entry]] = []
        for e in running:
            pace = e.one_lap_pace + (e.wet_skill if wet else 0.0) + rng.normal(0.0, noise)
            crashed = rng.random() < (0.012 if part < 2 else 0.02) * (2.0 if wet else 1.0)
            time = None if crashed else round(1000 * (90.0 * scale * evolution - scale * pace))
            times[e.driver].append(time)
            laps.append((10**9 + part if time is None else time, e))
        laps.sort(key=lambda pair: pair[0])
        kept = laps[: max(len(entries) - 5 * (part + 1), 1)] if part < 2 else []
        if part == 0:
            no_time = [e.driver for t, e in laps if t >= 10**9 and e not in [k for _, k in kept]]
        order = [e.driver for _, e in laps[len(kept) :]] + order
        running = [e for _, e in kept]
    banned = [order[int(rng.integers(4, max(5, len(order) // 2)))]] if disqualify else []
    good = [d for d in order if d not in no_time and d not in banned]
    sheet = [(d, str(i + 1)) for i, d in enumerate(good)]
    sheet += [(d, "NC") for d in no_time if d not in banned] + [(d, "DSQ") for d in banned]
    rows = []
    for driver, position in sheet:
        parts = tuple(times[driver]) + (None,) * (3 - len(times[driver]))
        rows.append(
            Timed(driver, team[driver], position, parts, 2 + 6 * len(times[driver]) + int(rng.integers(0, 4)))
        )
    return rows


def starting_grid(
    rng: np.random.Generator, order: Sequence[Timed], *, penalties: bool, out: str | None
) -> list[Slot]:
    """The grid of an order: penalised drivers drop places, at most to the back; PL starts behind all.

    `out` names a driver who has withdrawn and leaves no gap. Each slot keeps the session's last time set.
    """
    field_of = [t for t in order if t.driver != out]
    drops: dict[str, tuple[int, str]] = {}
    pit_lane: list[Timed] = []
    for t in field_of:
        u = rng.random() if penalties else 1.0
        if u < 0.045:
            places = int(rng.choice((3, 3, 5, 10)))
            drops[t.driver] = (places, str(places))
        elif u < 0.053:
            drops[t.driver] = (99, "SFB")
        elif u < 0.070:
            pit_lane.append(t)
    starters = [t for t in field_of if t not in pit_lane]
    placed = [t for t in starters if t.driver not in drops]
    wanted = sorted(
        ((i + drops[t.driver][0], i, t) for i, t in enumerate(starters) if t.driver in drops),
        key=lambda w: w[:2],
    )
    taken = -1  # two drivers may be sent to one place: the better qualified has it
    for target, _, t in wanted:
        taken = min(max(target, taken + 1), len(placed))
        placed.insert(taken, t)
    slots = [(t, str(i + 1)) for i, t in enumerate(placed)] + [(t, "PL") for t in pit_lane]
    return [
        Slot(
            t.driver,
            t.team,
            position,
            drops.get(t.driver, (0, ""))[1],
            next((x for x in t.times[::-1] if x), None),
        )
        for t, position in slots
    ]
