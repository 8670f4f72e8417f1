"""A run that has not been run: from a route, altitude by distance, to the speed that its runner would choose.

    route_of(inputs)         → Route     what a map knows of a run: no second of it
    pace_of(history)         → Pace      how this runner's speed goes with grade, length and way
    plan(route, history, …)  → Inputs    the route on planned time, to be forecast like a run

Speed is regressed, in logarithms, on uphill and downhill grade, the length of the run, how much of it is done
and its first few hundred metres, over the runner's past segments of 100 m; robustly (stops and pauses are no
pace), later runs counting more, around what recreational runners do: so a runner without a past has a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from formguide.heartrate.curves import Curve
from formguide.heartrate.sequences import Floats, Inputs, Recorded

ROUTE_M = 10.0
"""A route is known at every so many metres."""
SEGMENT_M = 100.0
SLOWEST_MPS, FASTEST_MPS = 0.8, 7.0
"""A segment that took longer was stood in, and teaches nothing of pace."""

TERMS = ("level", "uphill", "downhill", "length", "done", "start")
USUAL = np.array([np.log(2.7), -2.5, -0.8, -0.06, -0.03, -0.03])
USUAL_SD = np.array([0.25, 1.5, 1.5, 0.05, 0.06, 0.1])
"""What is usual before a runner is known: 2.7 m/s over 5 km, a quarter less at 10 % uphill, hardly more
downhill, 6 % less a second over e times the distance."""

NOISE = 0.08
"""Of a segment's log speed, from where on Huber's loss is linear."""
INDEPENDENT = 5.0
"""So many segments in a row say as much as one alone."""
HALVED_AFTER_RUNS = 12.0
MOST_RUNS = 60
ROUNDS = 8
START_M = 300.0
STEEPEST = 0.35
USUAL_LENGTH_M = 5000.0


class NoRoute(ValueError):
    """A route without a way: shorter than two of its points."""


@dataclass(frozen=True)
class Route:
    """altitude_m (n,) at distance_m (n,): 0, 10, 20 … metres since the start; the last is the end."""

    distance_m: Floats
    altitude_m: Floats

    @property
    def length_m(self) -> float:
        """The way, metres."""
        return float(self.distance_m[-1])


@dataclass(frozen=True)
class Pace:
    """A runner's pace: coefficients of log speed in the order of `TERMS`."""

    coefficients: Floats

    def speed_mps(self, distance_m: Floats, grade: Floats, length_m: float) -> Floats:
        """Speed at some places of a route of a certain length."""
        log = _terms(distance_m, grade, length_m) @ self.coefficients
        return np.asarray(np.clip(np.exp(log), SLOWEST_MPS, FASTEST_MPS))


def route_between(distance_m: Floats, altitude_m: Floats) -> Route:
    """A route from points of a map: distance since the start (rising), and altitude there.

    Raises `NoRoute` if it is shorter than 20 m.
    """
    length = float(distance_m[-1]) if len(distance_m) else 0.0
    if length < 2 * ROUTE_M:
        raise NoRoute(f"a route of {length:.0f} m is too short to be planned")
    at = np.append(np.arange(0.0, length, ROUTE_M), length)
    return Route(at, np.interp(at, distance_m, altitude_m))


def route_of(inputs: Inputs) -> Route:
    """The route of a run: its altitude by distance, and nothing that depends on when it was where."""
    return route_between(inputs.distance_m, inputs.altitude_m)


def pace_of(history: Sequence[Recorded], activity: str = "run") -> Pace:
    """The pace of a runner, by the history's workouts of an activity; what is usual where there is none."""
    runs = [run.inputs for run in history if run.inputs.activity == activity][-MOST_RUNS:]
    rows, logs, weights = [], [], []
    for age, inputs in enumerate(reversed(runs)):
        terms, log = _segments(inputs)
        rows.append(terms)
        logs.append(log)
        weights.append(np.full(len(log), 0.5 ** (age / HALVED_AFTER_RUNS)))
    if not rows or not any(len(log) for log in logs):
        return Pace(USUAL)
    x, y, weight = np.concatenate(rows), np.concatenate(logs), np.concatenate(weights)
    found = USUAL.copy()
    for _ in range(ROUNDS):
        off = np.abs(y - x @ found) / NOISE
        counts = weight * np.minimum(1.0, 1.5 / np.maximum(off, 1e-9)) / (NOISE**2 * INDEPENDENT)
        weighted = x * counts[:, None]
        matrix = weighted.T @ x + np.diag(1 / USUAL_SD**2)
        found = np.linalg.solve(matrix, weighted.T @ y + USUAL / USUAL_SD**2)
    return Pace(found)


def plan(
    route: Route,
    history: Sequence[Recorded],
    started_at: datetime,
    user_id: str = "me",
    activity: str = "run",
    workout_id: str = "plan",
    gender: str | None = None,
) -> Inputs:
    """The route as its runner would run it, second by second, to its end.

    history: the runner's workouts that had ended when the plan is made; only their speed and altitude count.
    """
    pace = pace_of(history, activity)
    middle = (route.distance_m[1:] + route.distance_m[:-1]) / 2
    step = np.diff(route.distance_m)
    speed = pace.speed_mps(middle, _grades(route)[1:], route.length_m)
    at = np.concatenate([[0.0], np.cumsum(step / speed)])
    t = np.arange(0.0, np.floor(at[-1]) + 1.0)
    way = np.interp(t, at, route.distance_m)
    # Metres of each second, so that their sum is the way; the first second is as fast as the second.
    made = np.diff(way, prepend=0.0)
    made[0] = made[1] if len(made) > 1 else speed[0]
    altitude = np.interp(way, route.distance_m, route.altitude_m)
    return Inputs(workout_id, user_id, activity, gender, started_at, t, made, altitude)


def planned(inputs: Inputs, history: Sequence[Recorded]) -> Inputs:
    """The run as it would have been planned: nothing of `inputs` but its route, runner and start is used."""
    return plan(
        route_of(inputs),
        history,
        inputs.started_at,
        inputs.user_id,
        inputs.activity,
        inputs.workout_id,
        inputs.gender,
    )


def at_distances(curve: Curve, planned_on: Inputs, distance_m: Floats) -> Curve:
    """A planned run's curve at the moments when the plan has come so far (n,)."""
    way = planned_on.distance_m
    at = (np.interp(distance_m, way, values) for values in (curve.p10, curve.p50, curve.p90))
    return Curve(*(np.asarray(values) for values in at))


def widened(curve: Curve, doubt_bpm: float) -> Curve:
    """The interval of a planned run: that of a run, with what not knowing its pace adds, a standard deviation
    (`pace_doubt`)."""
    more = (1.2816 * doubt_bpm) ** 2
    below = np.sqrt((curve.p50 - curve.p10) ** 2 + more)
    above = np.sqrt((curve.p90 - curve.p50) ** 2 + more)
    return replace(curve, p10=np.maximum(curve.p50 - below, 0.0), p90=curve.p50 + above)


def _segments(inputs: Inputs) -> tuple[Floats, Floats]:
    """Terms (n, 6) and log speed (n,) of a run's segments of 100 m that were run through."""
    way = inputs.distance_m
    length = float(way[-1])
    edges = np.arange(0.0, length, SEGMENT_M)
    if len(edges) < 2:
        return np.zeros((0, len(TERMS))), np.zeros(0)
    # When each edge was passed: the first second at or beyond it.
    passed = np.searchsorted(way, edges)
    took = np.diff(inputs.t_sec[passed])
    speed = SEGMENT_M / np.maximum(took, 1.0)
    altitude = np.interp(edges, way, inputs.altitude_m)
    grade = np.clip(np.diff(altitude) / SEGMENT_M, -STEEPEST, STEEPEST)
    terms = _terms((edges[1:] + edges[:-1]) / 2, grade, length)
    ran = (speed >= SLOWEST_MPS) & (speed <= FASTEST_MPS)
    return terms[ran], np.log(speed[ran])


def _terms(distance_m: Floats, grade: Floats, length_m: float) -> Floats:
    n = len(distance_m)
    return np.stack(
        [
            np.ones(n),
            np.maximum(grade, 0.0),
            np.minimum(grade, 0.0),
            np.full(n, np.log(max(length_m, 500.0) / USUAL_LENGTH_M)),
            distance_m / length_m - 0.5,
            np.exp(-distance_m / START_M),
        ],
        axis=1,
    )


def _grades(route: Route) -> Floats:
    """Grade at every point of a route (n,): over the 100 m around it."""
    half = SEGMENT_M / 2
    ahead = np.minimum(route.distance_m + half, route.length_m)
    behind = np.maximum(route.distance_m - half, 0.0)
    rise = np.interp(ahead, route.distance_m, route.altitude_m)
    rise = rise - np.interp(behind, route.distance_m, route.altitude_m)
    return np.asarray(np.clip(rise / (ahead - behind), -STEEPEST, STEEPEST))
