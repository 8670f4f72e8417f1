"""What a race of the sample league is written up as: classification, points, fastest laps, pit stops.

Totals are rounded to whole milliseconds once, here, so that times, gaps and laps behind agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from formguide.formula1.sample.weekend import Order, Slot


@dataclass(frozen=True)
class Finish:
    """A line of the classification; `time` (ms) only on the leader's lap, `gap` is in ms."""

    driver: str
    team: str
    position: str
    laps: int | None
    time: int | None = None
    penalty: int | None = None
    gap: int | None = None
    laps_behind: int = 0
    reason: str = ""
    grid: str = ""
    points: int = 0
    grand_slam: bool = False


@dataclass(frozen=True)
class Stop:
    """A pit stop: lap and time spent in the pit lane (ms)."""

    driver: str
    team: str
    number: int
    lap: int
    time: int


@dataclass(frozen=True)
class Neutralised:
    """A safety car (real or virtual) or red flag: first and last lap, why; `resumed` is R, S or N."""

    kind: str
    start: int
    end: int
    cause: str
    resumed: str = ""
    excluded: str = ""


def classify(
    rng: np.random.Generator,
    order: Order,
    clock: dict[str, float],
    base: float,
    laps: int,
    slot_of: dict[str, Slot],
    sprint: bool,
) -> list[Finish]:
    """Totals with time penalties, in order; who is lapped when the winner finishes gets laps, not a time."""
    total: dict[str, tuple[int, int | None]] = {}
    for d in order:
        penalty = None
        if rng.random() < (0.03 if sprint else 0.06):
            penalty = int(rng.choice((5000, 5000, 5000, 10000)))
        total[d] = (round(1000 * (base + clock[d])) + (penalty or 0), penalty)
    ranked = sorted(total, key=lambda d: (total[d][0], order.index(d)))
    winner = total[ranked[0]][0]
    rows, last_gap = [], -1
    for i, d in enumerate(ranked):
        time, penalty = total[d]
        time = max(time, winner + last_gap + 1)
        behind = int((time - winner) / (time / laps))
        slot = slot_of[d]
        if behind == 0:
            gap = last_gap = time - winner
            rows.append(
                Finish(d, slot.team, str(i + 1), laps, time, penalty, gap if i else None, grid=slot.position)
            )
        else:
            rows.append(
                Finish(
                    d, slot.team, str(i + 1), laps - behind, None, penalty, None, behind, grid=slot.position
                )
            )
    return rows


def disqualify(rows: list[Finish], at: int) -> list[Finish]:
    """The car in place `at` (0-based) is thrown out afterwards; it keeps its time, the others move up."""
    thrown = replace(rows[at], position="DSQ", reason="Underweight")
    rest = [r for i, r in enumerate(rows) if i != at]
    return [replace(r, position=str(i + 1)) if r.position.isdigit() else r for i, r in enumerate(rest)] + [
        thrown
    ]


def fastest_laps(
    rng: np.random.Generator, rows: Sequence[Finish], lap: float, laps: int, pace: dict[str, float], wet: bool
) -> list[tuple[str, str, int, int]]:
    """Best race lap of everyone who completed two laps, fastest first; always under the car's average lap."""
    best = []
    for r in rows:
        if r.laps is None or r.laps < 2 or r.driver not in pace:
            continue
        heavy = 1.2 * (1.0 - r.laps / laps)
        time = lap * (0.962 if wet else 0.968) - pace[r.driver] + heavy + float(rng.normal(0.0, 0.25))
        if r.time is not None:
            time = min(time, 0.994 * r.time / 1000 / laps)
        best.append(
            (r.driver, r.team, int(rng.integers(max(2, int(0.55 * r.laps)), r.laps + 1)), round(1000 * time))
        )
    return sorted(best, key=lambda b: (b[3], b[0]))


def award(
    rows: Sequence[Finish], points: Sequence[int], fastest: str | None, led: bool, pole: str, best: str | None
) -> list[Finish]:
    """Points by place, the fastest lap's point where the season has it, and the grand slam."""
    awarded = []
    for r in rows:
        place = int(r.position) if r.position.isdigit() else 0
        won = points[place - 1] if 0 < place <= len(points) else 0
        won += 1 if 0 < place <= 10 and r.driver == fastest else 0
        slam = place == 1 and led and r.driver == pole == best
        awarded.append(replace(r, points=won, grand_slam=slam))
    return awarded


def stop_sheet(
    rng: np.random.Generator,
    stops: dict[str, list[int]],
    slow: dict[tuple[str, int], float],
    halted: Sequence[Neutralised],
    order: Order,
    rows: Sequence[Finish],
) -> list[Stop]:
    """Stops in order of lap and place on the track; under a red flag everybody running is in the pits."""
    team = {r.driver: r.team for r in rows}
    laps = {r.driver: r.laps or 0 for r in rows}
    place = {d: i for i, d in enumerate(order)}
    made = [
        (lap, place.get(d, 99), d, 21.5 + float(rng.normal(0.0, 0.45)) + slow.get((d, k), 0.0))
        for d in sorted(stops)
        for k, lap in enumerate(sorted(set(stops[d])))
        if lap < laps[d]
    ]
    for flag in halted:
        made += [
            (flag.start, 20 + i, d, 1180.0 + 0.8 * i) for i, d in enumerate(order) if flag.start < laps[d]
        ]
    sheet, seen = [], dict[str, int]()
    for lap, _, d, seconds in sorted(made):
        seen[d] = seen.get(d, 0) + 1
        sheet.append(Stop(d, team[d], seen[d], lap, round(1000 * seconds)))
    return sheet
