"""One forecast that somebody asks for: a run that was recorded, or a route that is still to be run.

    read_files(paths)              → Read      the workouts in some files, all of one runner
    read_latest(paths, …)          → Read      the latest of them before a moment, as many as are asked for
    run_of_file(path)              → Run       a recorded workout, or a route without times
    answer(run, history, …)        → Answer    its curve

Whatever heart rate a run's file holds is kept apart for showing, and is not seen by the forecast.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from formguide.heartrate import folders, gpx, pace_plan, readers, results
from formguide.heartrate.backtest import History
from formguide.heartrate.clock import Clocked, clocked
from formguide.heartrate.curves import Curve, Forecaster
from formguide.heartrate.forecast_tables import ROUTE_ONLY, SPEED_RUN
from formguide.heartrate.histories import history_of
from formguide.heartrate.pace_doubt import pace_doubt_bpm
from formguide.heartrate.pace_plan import NoRoute, Route
from formguide.heartrate.personal import fit_personal, learnt_from
from formguide.heartrate.readings import Unreadable, ending, unpacked
from formguide.heartrate.sequences import Floats, Inputs, Recorded
from formguide.heartrate.tables import RUN
from formguide.records import Reject

NAMED_PACE = "pace that was named"
"""What a forecast is given where neither a run nor a plan says how fast."""

MOST_READ = 80
"""So many of the latest workouts of an activity are read: the pace is planned from 60, the curve learnt from
40, and some may not be fit to learn from."""

OF_MANY = (
    "FitRec's lines hold the workouts of many people; take them in with `formguide run heartrate --from "
    "FOLDER`, then ask about one by its workout_id"
)

ME = "me"
"""Whose workouts files without a user are."""


class AskedWronglyError(ValueError):
    """A question that cannot be answered; one line that says why."""


@dataclass(frozen=True)
class Read:
    """history: the workouts, as recorded and as learnt from; set_aside: what could not be read, and why;
    notes: what of the workouts that were read was set aside, record by record; files, left: how many files
    were read, and how many older ones were left unread; later: how many were not over in time to be known."""

    history: History
    set_aside: list[str]
    notes: tuple[str, ...] = ()
    files: int = 0
    left: int = 0
    later: int = 0


@dataclass(frozen=True)
class Run:
    """What is asked about: a recorded workout, or a route alone; notes: what is wrong with its file."""

    recorded: Recorded | None
    route: Route | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A forecast as it is shown.

    inputs: the run, or the plan that was forecast; given: `SPEED_RUN`, `ROUTE_ONLY` or `NAMED_PACE`;
    measured_bpm (n,): on the clock of `inputs` (of a plan: where it has come so far), NaN where nothing was
    measured, None where nothing was; earlier: workouts that it learnt from; as_of: it knows what had ended
    before.
    """

    inputs: Inputs
    curve: Curve
    given: str
    measured_bpm: Floats | None
    earlier: int
    as_of: datetime

    @property
    def mae_bpm(self) -> float | None:
        """How far off it was, beats a minute; None where nothing was measured."""
        if self.measured_bpm is None:
            return None
        off = np.abs(self.curve.p50 - self.measured_bpm)
        return float(np.nanmean(off)) if np.isfinite(off).any() else None


def read_files(paths: Iterable[Path], user_id: str = ME) -> Read:
    """The workouts in some files (folders are walked), whoever they say recorded them."""
    files = _files(paths)
    return _together(*_read(files, user_id), len(files))


def read_latest(
    paths: Iterable[Path],
    activity: str = RUN,
    before: datetime | None = None,
    enough: int = MOST_READ,
    user_id: str = ME,
) -> Read:
    """The workouts in some files that had ended before a moment (UTC; None: all), the latest files first,
    until there are `enough` of an activity: a forecast learns from no more, and years of files take minutes.

    What had not ended is neither known nor counted, and decides nothing of what is. Files without a date are
    read as well, so that what is wrong with them is told.
    """
    moment = np.inf if before is None else before.replace(tzinfo=UTC).timestamp()
    last = {file: _last_before(moment, file) for file in _files(paths)}
    past = sorted((file for file in last if last[file] > -np.inf), key=lambda file: -last[file])
    kept, alike = list[tuple[str, Clocked]](), list[tuple[str, Clocked]]()
    set_aside: list[str] = []
    done, later = 0, len(last) - len(past)
    while done < len(past) and (len(alike) < enough or len(results.each_once(alike)[0]) < enough):
        found, wrong = _read([past[done]], user_id)
        ended = [one for one in found if before is None or one[1].ended_at < before]
        alike += [one for one in ended if (one[1].reading.activity or results.by_speed(one[1])) == activity]
        kept, set_aside, done = kept + ended, set_aside + wrong, done + 1
        later += len(found) - len(ended)
    return replace(_together(kept, set_aside, done, len(past) - done), later=later)


def _last_before(moment: float, file: Path) -> float:
    """The time of a file's last point before a moment, seconds since 1970; inf where no point has a date,
    -inf where all are later."""
    times = _times_in(file)
    return float(np.max(times[times < moment], initial=-np.inf)) if len(times) else np.inf


def _read(files: Iterable[Path], user_id: str) -> tuple[list[tuple[str, Clocked]], list[str]]:
    """The workouts of some files with their source, and what could not be read."""
    kept: list[tuple[str, Clocked]] = []
    set_aside: list[str] = []
    for path in files:
        if ending(path.name) not in readers.ENDINGS:
            set_aside.append(f"{path.name}: {_not_ours(path)}")
            continue
        for found in readers.read(readers.WORKOUTS, path.name, path.read_bytes()):
            try:
                if isinstance(found, Reject):
                    set_aside.append(str(found))
                else:
                    kept.append((readers.WORKOUTS, clocked(replace(found, user_id=user_id))))
            except Unreadable as error:
                set_aside.append(f"{path.name}: {error}")
    return kept, set_aside


def _together(kept: list[tuple[str, Clocked]], set_aside: list[str], files: int = 0, left: int = 0) -> Read:
    """Of two devices' records of one run the richer, as in a lake."""
    once, _ = results.each_once(kept)
    samples = results.samples_of(workout for _, workout in once)
    workouts, _ = results.tables_of(once, samples)
    notes = tuple(str(note) for _, workout in kept for note in workout.reading.notes)
    return Read(history_of(workouts, samples), set_aside, notes, files, left)


def run_of_file(path: Path, user_id: str = ME) -> Run:
    """The workout in a file, or the route of a GPX file without times. Raises `AskedWronglyError`."""
    if ending(path.name) == "gpx":
        try:
            way = gpx.route_points(unpacked(path.name, path.read_bytes()))
        except Unreadable as error:
            raise AskedWronglyError(f"{path.name}: {error}") from error
        if way is not None:
            return Run(None, _route(path.name, *way))
    kept, set_aside = _read([path], user_id)
    read = _together(kept, set_aside)
    if not read.history.runs:
        raise AskedWronglyError(read.set_aside[0] if read.set_aside else f"{path.name}: no workout in it")
    if len(read.history.runs) > 1:
        raise AskedWronglyError(f"{path.name}: it holds {len(read.history.runs)} workouts: ask about one")
    return Run(read.history.runs[0], notes=read.notes)


def answer(
    run: Run,
    history: Sequence[Recorded],
    *,
    route_only: bool = False,
    pace_sec_per_km: float | None = None,
    at: datetime | None = None,
    everybody: Sequence[Recorded] = (),
    model: Forecaster | None = None,
) -> Answer:
    """The curve of a run.

    history: the runner's own workouts, of which those count that had ended when it begins; route_only: the
    pace is planned although the run has one; pace_sec_per_km: this pace throughout instead; at: when it
    begins (default: when it was recorded; a route's begins a day after the last workout); everybody: the
    workouts that the prior is learnt from; model: what forecasts (default: the runner's own forecast with
    that prior); whoever gives one sees to it that it has learnt nothing of later workouts. A recorded run
    that is asked about is never learnt from, whatever it is called and whenever it is said to begin. Raises
    `AskedWronglyError`.
    """
    begins = at or (run.recorded.inputs.started_at if run.recorded is not None else _day_after(history))
    past = _known(history, begins, run)
    forecaster = model or fit_personal(_known(everybody, begins, run))
    planned = route_only or pace_sec_per_km is not None or run.recorded is None
    if not planned and run.recorded is not None:
        inputs = replace(run.recorded.inputs, started_at=begins)
        curve = forecaster.curve(inputs, past)
        return _answer(inputs, curve, SPEED_RUN, run.recorded.heart_rate_bpm, past, begins)
    try:
        route = run.route or pace_plan.route_of(_recorded(run).inputs)
    except NoRoute as error:
        raise AskedWronglyError(str(error)) from error
    user = run.recorded.inputs.user_id if run.recorded is not None else ME
    plan = pace_plan.plan(route, past, begins, user)
    if pace_sec_per_km is not None:
        # At another pace there is nothing that was measured.
        plan = _at_pace(route, pace_sec_per_km, plan)
        return _answer(plan, forecaster.curve(plan, past), NAMED_PACE, None, past, begins)
    curve = pace_plan.widened(forecaster.curve(plan, past), pace_doubt_bpm(past))
    return _answer(plan, curve, ROUTE_ONLY, _by_place(run.recorded, plan), past, begins)


def _known(workouts: Sequence[Recorded], at: datetime, asked: Run) -> list[Recorded]:
    """What had ended at a moment, without the run that is asked about and whatever was recorded while it
    lasted: another device's record of it has another id, and perhaps another runner's name."""
    before = [one for one in workouts if one.inputs.ended_at < at]
    if asked.recorded is None:
        return before
    this = asked.recorded.inputs
    return [
        one
        for one in before
        if one.inputs.workout_id != this.workout_id
        and (one.inputs.ended_at < this.started_at or one.inputs.started_at > this.ended_at)
    ]


def _answer(
    inputs: Inputs, curve: Curve, given: str, measured: Floats | None, past: Sequence[Recorded], at: datetime
) -> Answer:
    return Answer(inputs, curve, given, measured, len(learnt_from(inputs.activity, past)), at)


def _recorded(run: Run) -> Recorded:
    if run.recorded is None:
        raise AskedWronglyError("there is neither a run nor a route")
    return run.recorded


def _by_place(recorded: Recorded | None, plan: Inputs) -> Floats | None:
    """The heart rate that was measured where the plan is at each of its seconds."""
    if recorded is None or not np.isfinite(recorded.heart_rate_bpm).any():
        return None
    reached = np.searchsorted(recorded.inputs.distance_m, plan.distance_m)
    return np.asarray(recorded.heart_rate_bpm[np.minimum(reached, len(recorded.inputs) - 1)])


def _at_pace(route: Route, pace_sec_per_km: float, plan: Inputs) -> Inputs:
    """The route at one pace throughout."""
    speed = 1000.0 / pace_sec_per_km
    t = np.arange(0.0, np.floor(route.length_m / speed) + 1.0)
    altitude = np.interp(t * speed, route.distance_m, route.altitude_m)
    return replace(plan, t_sec=t, speed_mps=np.full(len(t), speed), altitude_m=altitude, activity=RUN)


def _route(name: str, distance_m: Floats, altitude_m: Floats) -> Route:
    try:
        return pace_plan.route_between(distance_m, altitude_m)
    except NoRoute as error:
        raise AskedWronglyError(f"{name}: {error}") from error


def _day_after(history: Sequence[Recorded]) -> datetime:
    """A day after the last workout; where there is none, no day matters."""
    return max((one.inputs.ended_at for one in history), default=datetime(2000, 1, 1)) + timedelta(days=1)


def _is_of_many(file: Path) -> bool:
    """Whether a file's lines are FitRec's; it is never read whole, it may have ten gigabytes."""
    placed = folders.place(file.name)
    return (
        placed is not None and placed[0] == readers.FITREC and folders.LAYOUT.refuses(placed[0], file) is None
    )


def _not_ours(file: Path) -> str:
    """Why a file is not read."""
    if _is_of_many(file):
        return f"not read: {OF_MANY}"
    return f"not read: {', '.join(name.upper() for name in readers.ENDINGS)} are"


def _times_in(file: Path) -> Floats:
    known = ending(file.name) in readers.ENDINGS
    return readers.times_in(file.name, file.read_bytes()) if known else np.array([])


def _files(paths: Iterable[Path]) -> list[Path]:
    """The files that a reader takes, in order; a folder is walked, a file that is named counts whatever it
    is."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file())
            found += [file for file in inside if ending(file.name) in readers.ENDINGS or _is_of_many(file)]
        else:
            found.append(path)
    return found
