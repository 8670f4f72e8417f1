"""Everybody of the sample: runners with a physiology of their own, their workouts over some ten months, and
the truth behind them.

    generate(users, workouts, seed) → Population

The same seed gives the same bytes, and a runner is the same whoever else is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from formguide.heartrate.effort import running_power
from formguide.heartrate.sample import physiology, routes, sensors
from formguide.heartrate.sample.physiology import STANDARD, Day, Runner
from formguide.heartrate.sample.sensors import Fault
from formguide.heartrate.sequences import Floats, Inputs, Recorded, filled
from formguide.heartrate.tables import RUN

FIRST_DAY = datetime(2023, 1, 2)
DAYS = 300
"""The first runners begin on that day (all moments are naive UTC); from the first to the last workout of
each go by some 300 days."""

EVERY_SECOND, POINTS = "every second", "500 points"
"""How a runner's workouts are recorded."""

BEYOND_THE_MODEL = (
    "warmth of the day raises the heart rate, and no input tells the weather",
    "beyond the threshold the demand keeps growing for minutes",
    "work of the day before is still felt",
    "fitness changes over the months",
)


@dataclass(frozen=True)
class UserTruth:
    """A runner: standard (12,) normals, and the parameters that they stand for."""

    user_id: str
    gender: str
    level: str
    recorded: str
    standard: Floats
    runner: Runner


@dataclass(frozen=True)
class WorkoutTruth:
    """What decided a workout. offset_bpm, lag_sec: what was planted (0: nothing); sampled: the seconds of
    which the record says something; day: with what no input tells."""

    workout_id: str
    user_id: str
    kind: str
    day: Day
    offset_bpm: float
    lag_sec: int
    faults: tuple[Fault, ...]
    sampled: NDArray[np.int64]


@dataclass(frozen=True)
class Population:
    """runs: every workout as recorded, by user and start; users, workouts: the truth, by id."""

    seed: int
    runs: list[Recorded]
    users: Mapping[str, UserTruth]
    workouts: Mapping[str, WorkoutTruth]

    def true_curve(self, run: Recorded) -> Floats:
        """The heart rate (n,) that the true parameters of runner and day give on the recorded inputs: without
        noise, shift, lag or faults."""
        user, workout = self.users[run.inputs.user_id], self.workouts[run.inputs.workout_id]
        level, grade = physiology.effort_of(run.inputs)
        return np.asarray(physiology.curves(level, grade, user.runner, workout.day)[0])

    def faulty(self, run: Recorded) -> NDArray[np.bool_]:
        """The seconds (n,) at which a sensor was at fault, or silent."""
        bad = ~np.isfinite(run.heart_rate_bpm)
        for fault in self.workouts[run.inputs.workout_id].faults:
            bad[fault.begin_sec : fault.end_sec] = True
        return bad


def generate(users: int, workouts: int, seed: int) -> Population:
    """A population of `users` runners with `workouts` workouts each."""
    runs: list[Recorded] = []
    people: dict[str, UserTruth] = {}
    truth: dict[str, WorkoutTruth] = {}
    for user, made in one_by_one(users, workouts, seed):
        people[user.user_id] = user
        for run, told in made:
            runs.append(run)
            truth[told.workout_id] = told
    return Population(seed, runs, people, truth)


def one_by_one(
    users: int, workouts: int, seed: int
) -> Iterator[tuple[UserTruth, list[tuple[Recorded, WorkoutTruth]]]]:
    """The same population runner by runner, for whoever has no room for all of it."""
    for number in range(users):
        rng = np.random.default_rng([seed, number])
        user = _user(rng, f"runner-{number + 1:04d}")
        yield user, _workouts(rng, user, workouts)


def _user(rng: np.random.Generator, user_id: str) -> UserTruth:
    standard = rng.normal(0.0, 1.0, len(STANDARD))
    gender = "F" if rng.random() < 0.4 else "M"
    fitness = standard[STANDARD.index("fitness")]
    level = "beginner" if fitness < -0.43 else "advanced" if fitness > 0.43 else "intermediate"
    recorded = POINTS if rng.random() < 0.25 else EVERY_SECOND
    runner = Runner(*(float(value) for value in physiology.natural(standard, gender)))
    return UserTruth(user_id, gender, level, recorded, standard, runner)


def _workouts(
    rng: np.random.Generator, user: UserTruth, workouts: int
) -> list[tuple[Recorded, WorkoutTruth]]:
    """A runner's workouts in their order, each with its truth."""
    has_cadence = user.recorded == EVERY_SECOND and rng.random() < 0.7
    has_power = has_cadence and rng.random() < 0.2
    cadence, mass = rng.normal(80.0, 3.0), rng.normal(70.0, 9.0)
    home = routes.home_routes(rng)
    hill = routes.hill_route(rng, float(home[0].altitude_m[0]))
    made: list[tuple[Recorded, WorkoutTruth]] = []
    work: list[tuple[datetime, float]] = []
    starts = _starts(rng, workouts)
    for at in starts:
        kind = str(rng.choice(routes.KINDS, p=routes.SHARES))
        aim, standing = routes.aimed_at(rng, kind)
        route = hill if kind == "hills" else home[rng.integers(len(home))]
        days = (at - starts[0]).total_seconds() / 86400.0
        fit = user.runner.vo2max * np.exp(user.runner.trend * days / 300.0)
        speed, altitude = routes.run_over(rng, route, aim, standing, fit)
        day = Day(
            temp_c=physiology.usual_temp_c(at) + rng.normal(0.0, physiology.WEATHER_SD),
            carried_kj_kg=physiology.carried(work, at),
            days=days,
            shift_bpm=rng.normal(0.0, physiology.SHIFT_SD),
            start_bpm=rng.normal(0.0, physiology.START_SD),
        )
        climb = np.diff(altitude, prepend=altitude[0])
        level = physiology.LEVEL_COST * speed
        grade = running_power(speed, climb) - level
        heart = physiology.curves(level, grade, user.runner, day)[0]
        turns = _cadence(rng, speed, cadence)
        spoilt = sensors.measured_heart_rate(rng, heart, 2.0 * turns)
        n = len(speed)
        said = sensors.irregular(rng, n) if user.recorded == POINTS else np.arange(n)
        watts = np.rint(np.maximum(mass * (level + grade) * 0.25 + rng.normal(0.0, 8.0, n), 0.0))
        inputs = Inputs(
            workout_id=f"{user.user_id}/{at:%Y%m%dT%H%M%S}",
            user_id=user.user_id,
            activity=RUN,
            gender=user.gender,
            started_at=at,
            t_sec=np.arange(0.0, n),
            speed_mps=_as_said(sensors.measured_speed(rng, speed), said),
            altitude_m=_as_said(sensors.measured_altitude(rng, altitude), said),
            cadence_rpm=turns if has_cadence else None,
            power_w=watts if has_power else None,
        )
        silent = np.full(n, np.nan)
        silent[said] = spoilt.heart_rate_bpm[said]
        told = WorkoutTruth(
            inputs.workout_id, user.user_id, kind, day, spoilt.offset_bpm, spoilt.lag_sec, spoilt.faults, said
        )
        made.append((Recorded(inputs, silent), told))
        work.append((inputs.ended_at, physiology.work_kj_kg(level, grade)))
    return made


def _starts(rng: np.random.Generator, workouts: int) -> list[datetime]:
    """When a runner runs: in blocks of days on end with weeks between them, at the hour of the habit."""
    hour = rng.choice([6.5, 12.0, 17.5])
    gaps = np.where(
        rng.random(workouts) < 0.45, rng.integers(1, 3, workouts), 3.0 + rng.exponential(1.0, workouts) * 20.0
    )
    gaps[0] = 0.0
    # The long gaps are stretched so that the whole takes some ten months; those of a day or two stay.
    long = gaps >= 3.0
    room = DAYS * workouts / 20.0 * rng.uniform(0.85, 1.1) - gaps[~long].sum()
    gaps[long] *= max(room, 3.0 * long.sum()) / max(gaps[long].sum(), 1.0)
    day = np.floor(rng.uniform(0.0, 60.0) + np.cumsum(gaps))
    hours = np.clip(rng.normal(hour, 0.8, workouts), 5.0, 20.5)
    return [
        FIRST_DAY + timedelta(days=float(d), seconds=float(np.rint(h * 3600.0)))
        for d, h in zip(day, hours, strict=True)
    ]


def _as_said(values: Floats, said: NDArray[np.int64]) -> Floats:
    """Values at seconds of which something is said, and between them as whoever reads the record fills it."""
    if len(said) == len(values):
        return values
    return filled(np.arange(float(len(values))), said.astype(float), values[said])


def _cadence(rng: np.random.Generator, speed: Floats, own: float) -> Floats:
    """Steps of one leg a minute: more of them the faster, none where one stands."""
    turns = own + 4.0 * (speed - 2.8) + routes.wander(rng, len(speed), 30.0, 1.2)
    return np.asarray(np.rint(np.where(speed < 0.4, 0.0, np.maximum(turns, 30.0))))
