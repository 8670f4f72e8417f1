"""A race of the sample league, from its grid to its classification.

A race is run in stretches between safety cars: over a stretch every car builds up its own time, may pass only
with the advantage that the circuit asks for (else it follows the car ahead), and at a safety car the field
closes up. The sheet is then drawn from the totals, in whole milliseconds, so that times, gaps and laps behind
agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from formguide.formula1.sample.sheet import (
    Finish,
    Neutralised,
    Stop,
    award,
    classify,
    disqualify,
    fastest_laps,
    stop_sheet,
)
from formguide.formula1.sample.weekend import Entry, Order, Slot
from formguide.formula1.sample.world import Circuit

MECHANICAL = (
    "Engine",
    "Gearbox",
    "Hydraulics",
    "Brakes",
    "Power unit",
    "Electronics",
    "Oil leak",
    "Suspension",
)
OWN_ERROR = ("Collision", "Collision damage", "Accident", "Spun off")


@dataclass
class Oddities:
    """What a race is made to contain, so that every league shows it whatever its seed."""

    disqualified: bool = False
    stays_on_the_grid: bool = False
    withdrawn: bool = False
    cut_short: bool = False
    qualifying_disqualified: bool = False


@dataclass
class RaceRun:
    """A race as it went: classification, stops, fastest laps, interruptions, laps run."""

    finishes: list[Finish]
    stops: list[Stop] = field(default_factory=list)
    fastest: list[tuple[str, str, int, int]] = field(default_factory=list)  # driver, team, lap, ms
    interruptions: list[Neutralised] = field(default_factory=list)
    laps: int = 0
    gambled: tuple[str, ...] = ()


def settle(order: Order, clock: dict[str, float], margin: float, close: Callable[[], float]) -> Order:
    """Running order after a stretch: a car passes whom it beats by more than `margin` s, else it follows.

    `order` is the running order before, `clock` each car's time (seconds, changed in place for cars held up),
    `close` draws the distance at which a held-up car follows.
    """
    placed: Order = []
    for car in order:
        at = len(placed)
        while at > 0 and clock[car] < clock[placed[at - 1]] - margin:
            at -= 1
        if at > 0:
            clock[car] = max(clock[car], clock[placed[at - 1]] + close())
        placed.insert(at, car)
        for ahead, behind in zip(placed[at:], placed[at + 1 :], strict=False):
            clock[behind] = max(clock[behind], clock[ahead] + 0.3)
    return placed


def _retirements(
    rng: np.random.Generator, entries: Sequence[Entry], laps: int, wet: bool, share: float
) -> dict[str, tuple[int, str, bool]]:
    """Driver → (laps completed, reason, own error); after 88 % of the distance nobody drops out."""
    out: dict[str, tuple[int, str, bool]] = {}
    last = max(1, int(0.88 * laps))
    for e in entries:
        broke, erred, early = rng.random(3)
        lap = int(rng.integers(1, last + 1))
        if broke < e.p_breakdown * share:
            out[e.driver] = (lap, str(rng.choice(MECHANICAL)), False)
        elif erred < error_rate(e, wet) * share:
            out[e.driver] = (
                int(rng.integers(0, 2)) if early < 0.4 else lap,
                str(rng.choice(OWN_ERROR)),
                True,
            )
    return out


def error_rate(entry: Entry, wet: bool) -> float:
    """Probability that the driver throws the race away; rain multiplies it by 2.4."""
    return min(0.3, entry.p_error * (2.4 if wet else 1.0))


def retire_probability(entry: Entry, wet: bool) -> float:
    """Probability of not finishing a Grand Prix in these conditions."""
    return 1.0 - (1.0 - entry.p_breakdown) * (1.0 - error_rate(entry, wet))


def _interruptions(
    rng: np.random.Generator,
    circuit: Circuit,
    laps: int,
    wet: bool,
    out: dict[str, tuple[int, str, bool]],
    cut: bool,
) -> list[Neutralised]:
    """Safety cars, virtual ones and red flags, in order of laps and never two at once."""
    wishes: list[Neutralised] = []
    for driver, (lap, _, own) in sorted(out.items()):
        u = rng.random()
        start = min(max(lap + 1, 1), laps - 4)
        if u < (0.55 if own else 0.12):
            cause = "Accident" if own else "Stranded car"
            wishes.append(Neutralised("safety_car", start, start + int(rng.integers(2, 6)), cause))
            if own and rng.random() < 0.10:
                resumed, crash = str(rng.choice(("R", "S"))), f"Crash involving {driver}."
                wishes[-1] = Neutralised("red_flag", start, start, crash, resumed, driver)
        elif u < 0.70:
            wishes.append(Neutralised("virtual_safety_car", start, start + int(rng.integers(0, 3)), ""))
    if rng.random() < circuit.p_safety_car:
        start = int(rng.integers(2, max(3, laps - 6)))
        wishes.append(Neutralised("safety_car", start, start + int(rng.integers(2, 6)), "Debris"))
    if wet and rng.random() < 0.4:
        wishes.append(Neutralised("safety_car", 1, 1 + int(rng.integers(2, 5)), "Rain"))
    if cut:
        start = int(0.85 * laps)
        wishes = [w for w in wishes if w.end < start - 1]
        wishes.append(Neutralised("red_flag", start, start, "Rain." if wet else "Damaged barrier.", "N"))
    kept: list[Neutralised] = []
    for wish in sorted(wishes, key=lambda w: (w.start, w.kind)):
        if wish.end < laps - 1 and (not kept or wish.start > kept[-1].end + 1):
            kept.append(wish)
    return kept


def run_race(
    rng: np.random.Generator,
    entries: Sequence[Entry],
    grid: Sequence[Slot],
    circuit: Circuit,
    *,
    laps: int,
    wet: bool,
    sprint: bool = False,
    points: Sequence[int] = (),
    fastest_lap_point: bool = False,
    odd: Oddities | None = None,
) -> RaceRun:
    """Run a race or sprint from its grid; the classification comes in the order of the sheet."""
    odd = odd or Oddities()
    scale = circuit.quali_lap_sec / 90.0
    by_driver = {e.driver: e for e in entries}
    slot_of = {s.driver: s for s in grid}
    stays = grid[int(rng.integers(5, len(grid)))].driver if odd.stays_on_the_grid else None
    racing = [by_driver[s.driver] for s in grid if s.driver != stays]
    out = _retirements(rng, racing, laps, wet, 0.35 if sprint else 1.0)
    breaks = _interruptions(rng, circuit, laps, wet, out, odd.cut_short)
    run_laps = next((b.start for b in breaks if b.resumed == "N"), laps)
    out = {d: o for d, o in out.items() if o[0] < run_laps}

    gamble, gamblers = 0.0, set[str]()
    if not sprint and not wet and rng.random() < 0.3:  # the tyre gamble: one shock for all who take it
        gamble = 0.32 if rng.random() < 0.4 else -0.2
        gamblers = {s.driver for s in grid[8:] if rng.random() < 0.4}
    stops = {} if sprint else _planned_stops(rng, racing, circuit, run_laps, wet, gamblers)
    slow = {
        key: float(rng.gamma(1.5, 4.0))
        for key in ((d, k) for d in stops for k in range(len(stops[d])))
        if rng.random() < 0.05
    }

    pace = {}
    for e in racing:
        noise = rng.normal(0.0, 0.36 if wet else 0.12)
        rain = 1.5 * e.wet_skill if wet else 0.0
        pace[e.driver] = scale * (e.race_pace + noise + rain + gamble * (e.driver in gamblers))
    closing = [b for b in breaks if b.kind != "virtual_safety_car"]
    margin = circuit.hard_to_pass * scale * (0.5 if wet else 1.0)
    order, clock, led = _drive(rng, grid, pace, out, closing, run_laps, margin, stops, slow)

    lap = circuit.quali_lap_sec * 1.055 * (float(rng.uniform(1.08, 1.16)) if wet else 1.0)
    base = lap * run_laps + _delays(lap, breaks) + (0.0 if sprint else 21.5 * (3 if wet else circuit.stops))
    finishers = classify(rng, order, clock, base, run_laps, slot_of, sprint)
    retired = sorted((d for d in out if d in pace), key=lambda d: (-out[d][0], d))
    rows = finishers + [
        Finish(d, by_driver[d].team, "DNF", out[d][0], reason=out[d][1], grid=slot_of[d].position)
        for d in retired
    ]
    if odd.disqualified and len(finishers) > 8:
        rows = disqualify(rows, int(rng.integers(2, 8)))
    if stays is not None:
        slot = slot_of[stays]
        rows.append(Finish(stays, slot.team, "DNS", None, reason="Hydraulics", grid=slot.position))
    rows += [
        Finish(e.driver, e.team, "DNS", None, reason="Injured") for e in entries if e.driver not in slot_of
    ]

    fastest = fastest_laps(rng, rows, lap, run_laps, pace, wet)
    quickest = fastest[0][0] if fastest else None
    bonus = quickest if fastest_lap_point else None
    rows = award(rows, points, bonus, led and not sprint, grid[0].driver, quickest)
    halted = [b for b in breaks if b.kind == "red_flag" and b.resumed != "N"]
    sheet = [] if sprint else stop_sheet(rng, stops, slow, halted, order, rows)
    return RaceRun(rows, sheet, fastest, breaks, run_laps, tuple(sorted(gamblers)))


def _drive(
    rng: np.random.Generator,
    grid: Sequence[Slot],
    pace: dict[str, float],
    out: dict[str, tuple[int, str, bool]],
    closing: Sequence[Neutralised],
    laps: int,
    margin: float,
    stops: dict[str, list[int]],
    slow: dict[tuple[str, int], float],
) -> tuple[Order, dict[str, float], bool]:
    """Drive the race in stretches: (order at the flag, each car's own time in s, whether pole led all).

    `closing` are the interruptions at which the field closes up, `margin` the advantage per lap that a pass
    needs (s). A stop moved behind the safety car is moved in `stops`.
    """
    clock = {
        s.driver: 0.4 * i + float(rng.normal(0.0, 0.4)) + (8.0 if s.position == "PL" else 0.0)
        for i, s in enumerate(grid)
        if s.driver in pace
    }
    order = sorted(clock, key=lambda d: clock[d])
    done, led = 0, True
    for stretch in [*closing, None]:
        end = laps if stretch is None else stretch.start
        order = [d for d in order if d not in out or out[d][0] >= end]
        for d in order:
            lost = sum(slow.get((d, k), 0.0) for k, lap in enumerate(stops.get(d, [])) if done < lap <= end)
            clock[d] += lost - pace[d] * (end - done)
        order = settle(order, clock, margin * (end - done) + 0.2, lambda: float(rng.uniform(0.5, 1.8)))
        led = led and order[0] == grid[0].driver
        if stretch is not None and end < laps:
            for d in order:  # a stop behind the safety car is cheap for whom the pit entry is still ahead
                if stops.get(d) and stretch.kind == "safety_car" and rng.random() < 0.25:
                    clock[d] -= float(rng.uniform(2.0, 8.0))
                    nearest = min(range(len(stops[d])), key=lambda k: abs(stops[d][k] - end))
                    stops[d][nearest] = end
            order = settle(order, clock, 0.0, lambda: 0.5)
            lead = clock[order[0]]
            clock.update({d: lead + (0.9 + 0.2 * rng.random()) * i for i, d in enumerate(order)})
        done = end
    return order, clock, led


def _delays(lap: float, breaks: Sequence[Neutralised]) -> float:
    """Seconds that slow laps and stoppages add to the race time; `lap` is a racing lap."""
    slow = {"safety_car": 0.4, "virtual_safety_car": 0.3, "red_flag": 0.6}
    delay = sum(slow[b.kind] * lap * (b.end - b.start + 1) for b in breaks)
    return delay + sum(1200.0 for b in breaks if b.resumed in ("R", "S"))


def _planned_stops(
    rng: np.random.Generator,
    racing: Sequence[Entry],
    circuit: Circuit,
    laps: int,
    wet: bool,
    gamblers: set[str],
) -> dict[str, list[int]]:
    stops = {}
    for e in racing:
        count = (2 + int(rng.integers(0, 3))) if wet else circuit.stops + (1 if e.driver in gamblers else 0)
        at = [laps * ((k + 1) / (count + 1) + float(rng.normal(0.0, 0.05))) for k in range(count)]
        stops[e.driver] = sorted({int(np.clip(lap, 2, laps - 2)) for lap in at})
    return stops
