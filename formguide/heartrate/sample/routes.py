"""Where and how fast the runners of the sample run: routes with hills, kinds of workouts, stops.

A runner aims at a share of VO2max, the pace on the level that asks for it is the target, and a grade slows
or quickens it as effort would have it, though not entirely: hills cost a higher heart rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from formguide.heartrate.sample.physiology import JOULES_PER_ML, LEVEL_COST, STANDING_ML, compiled
from formguide.heartrate.sequences import Floats

KINDS = ("recovery", "steady", "intervals", "hills")
SHARES = (0.25, 0.40, 0.20, 0.15)
"""The kinds of workouts, and how often each is run."""

GRID_M = 5.0


@dataclass(frozen=True)
class Route:
    """A path out and back: altitude every `GRID_M` metres (m,), turned around at its end and, where
    `turn_m` is above 0, again there and not at the start, as on a hill that is run up and down."""

    altitude_m: Floats
    turn_m: float


def home_routes(rng: np.random.Generator) -> list[Route]:
    """The three to five routes that a runner has around home, as hilly as the place is."""
    hilliness = rng.uniform(0.004, 0.035)
    base = rng.uniform(5.0, 400.0)
    return [_rolling(rng, hilliness, base) for _ in range(rng.integers(3, 6))]


def hill_route(rng: np.random.Generator, base: float) -> Route:
    """A way to a hill, and the hill: 150 to 400 m of 5 to 9 %."""
    flat = round(rng.uniform(700.0, 1400.0) / GRID_M)
    climb = round(rng.uniform(150.0, 400.0) / GRID_M)
    # The hill's foot and top are round.
    steps = np.concatenate([np.zeros(flat), np.full(climb, rng.uniform(0.05, 0.09) * GRID_M)])
    return Route(base + np.cumsum(np.convolve(steps, np.ones(5) / 5, "same")), flat * GRID_M)


def aimed_at(rng: np.random.Generator, kind: str) -> tuple[Floats, NDArray[np.bool_]]:
    """The share of VO2max that a workout of a kind aims at, second by second, and whether one stands."""
    n = int(60 * (rng.uniform(20, 50) if kind == "steady" else rng.uniform(18, 36)))
    easy, steady = rng.normal(0.62, 0.025), rng.normal(0.73, 0.03)
    aim = np.full(n, easy if kind == "recovery" else steady)
    if kind == "steady":
        aim += np.linspace(-1.0, 1.0, n) * rng.normal(0.0, 0.025)
        if rng.random() < 0.3:  # a game of speeds
            aim += wander(rng, n, 60.0, 0.07)
    if kind == "intervals":
        hard, rest = rng.uniform(60, 240), rng.uniform(60, 150)
        begin = rng.uniform(300, 500)
        phase = np.mod(np.arange(n) - begin, hard + rest) < hard
        working = (np.arange(n) >= begin) & (np.arange(n) < n - 240)
        aim = np.where(phase & working, rng.normal(0.97, 0.04), easy)
    if kind == "hills":
        aim = aim + 0.03
    aim *= 1.0 + wander(rng, n, 90.0, 0.025)
    standing = np.arange(n) < rng.integers(3, 40)
    for _ in range(rng.poisson(n / 1500.0)):
        at = rng.integers(200, n - 60)
        standing[at : at + rng.integers(12, 90)] = True
    return np.clip(aim, 0.3, 1.15), standing


def run_over(
    rng: np.random.Generator, route: Route, aim: Floats, standing: NDArray[np.bool_], vo2max: float
) -> tuple[Floats, Floats]:
    """Speed (m/s) and altitude (m) of every second of somebody who runs so over a route."""
    target = np.maximum(aim * vo2max - STANDING_ML, 4.0) * JOULES_PER_ML / 60.0 / LEVEL_COST
    target = np.where(standing, 0.0, target * (1.0 + wander(rng, len(aim), 5.0, 0.02)))
    speed, altitude = np.empty(len(aim)), np.empty(len(aim))
    _run(target, route.altitude_m, route.turn_m, speed, altitude)
    return speed, altitude


def wander(rng: np.random.Generator, n: int, tau_sec: float, sd: float) -> Floats:
    """A stationary random walk back to 0 (n,): first-order autoregressive, forgetting with `tau_sec`."""
    keep = float(np.exp(-1.0 / tau_sec))
    pushes = rng.normal(0.0, sd * np.sqrt(1.0 - keep**2), n)
    pushes[0] = rng.normal(0.0, sd)
    return np.asarray(lfilter([1.0], [1.0, -keep], pushes))


def _rolling(rng: np.random.Generator, hilliness: float, base: float) -> Route:
    metres = np.arange(0.0, rng.uniform(1500.0, 6000.0), GRID_M)
    waves = np.exp(rng.uniform(np.log(300.0), np.log(4000.0), 6))
    heights = rng.normal(0.0, 1.0, 6) * hilliness * waves / (2 * np.pi) * 0.6
    phases = rng.uniform(0.0, 2 * np.pi, 6)
    altitude = (heights * np.sin(2 * np.pi * metres[:, None] / waves + phases)).sum(1)
    return Route(base + altitude - altitude[0], 0.0)


@compiled
def _height(altitude: Floats, turn: float, distance: float) -> float:
    end = (altitude.shape[0] - 1) * GRID_M
    place = distance
    if distance > turn:
        beyond = (distance - turn) % (2.0 * (end - turn))
        place = turn + (beyond if beyond <= end - turn else 2.0 * (end - turn) - beyond)
    k = min(int(place / GRID_M), altitude.shape[0] - 2)
    part = place / GRID_M - k
    return float(altitude[k] * (1.0 - part) + altitude[k + 1] * part)


@compiled
def _run(target: Floats, altitude: Floats, turn: float, speed: Floats, height: Floats) -> None:
    distance, moving = 0.0, 0.0
    for t in range(target.shape[0]):
        grade = (_height(altitude, turn, distance + 4.0) - _height(altitude, turn, distance)) / 4.0
        slope = min(max(grade, -0.2), 0.2)
        cost = 3.6 + slope * (19.5 + slope * (46.3 + slope * (-43.3 + slope * (-30.4 + slope * 155.4))))
        wanted = target[t] * min(max((3.6 / cost) ** 0.6, 0.5), 1.25)
        # Nobody stops or starts within a second.
        moving += (wanted - moving) * (0.6 if target[t] == 0.0 else 0.25)
        if moving < 0.05:
            moving = 0.0
        distance += moving
        speed[t] = moving
        height[t] = _height(altitude, turn, distance)
