"""The sample as files: what watches and sites would write of the workouts of a generated population.

    write_sample(folder)                                       as `make run` has it: 24 runners, three of whom
                                                               have 11 workouts, the others 4
    write_sample(folder, users=300, workouts=20, others=20)    the population that the network is scored on

A runner whose workouts have 500 points is on a site (lines of `endomondo/endomondoHR_sample.json`, every
other one a Python dict as the source writes them, some without a speed); the others have a folder of their
own with a file per workout: CSV at 1 Hz with FIT's column names, half of them zipped, or GPX with Garmin's
extension.
What happens to files happens here too: a line that was cut off, a GPX that breaks off, workouts without a
heart rate, and one that was exported twice. The coordinates lead around a point in the South Atlantic.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from formguide.files import zipped
from formguide.heartrate.sample import population
from formguide.heartrate.sample.population import POINTS, UserTruth, WorkoutTruth
from formguide.heartrate.sample.truth import TRUTH, SampleTruth
from formguide.heartrate.sequences import Floats, Recorded

USERS, WORKOUTS, OTHERS, SEED = 24, 11, 4, 8
"""The sample that `formguide run heartrate --sample` makes: enough runners for a network, and enough workouts
of some for a backtest."""

FITREC = "endomondo/endomondoHR_sample.json"
_FIRST_SITE_ID = 5001
_METRES_PER_DEGREE = 111_195.0
_NOWHERE = (-41.5, -21.0)
_GPX_EVERY = 3
_REGULAR = 8

Workout = tuple[Recorded, WorkoutTruth]


def write_sample(
    folder: str | Path, seed: int = SEED, users: int = USERS, workouts: int = WORKOUTS, others: int = OTHERS
) -> SampleTruth:
    """Writes the files and `truth.json` beside them; the same seed writes the same bytes.

    workouts: of every eighth runner; others: of the others. It goes runner by runner, so that any number of
    them needs little memory.
    """
    told_users: dict[str, dict[str, Any]] = {}
    told_workouts: dict[str, dict[str, Any]] = {}
    mishaps = _Mishaps({}, [])
    place, count = Path(folder), 0
    (place / FITREC).parent.mkdir(parents=True, exist_ok=True)
    with (place / FITREC).open("wb") as lines:
        for number, (user, made) in enumerate(population.one_by_one(users, workouts, seed)):
            user_id = _user_id(user, number)
            made = made if number % _REGULAR == 3 else made[:others]
            told_users[user_id] = {
                "gender": user.gender,
                "level": user.level,
                "recorded": user.recorded,
                **user.runner._asdict(),
            }
            told_workouts |= {_workout_id(user_id, run, truth): _told(truth) for run, truth in made}
            if user.recorded == POINTS:
                _add_lines(lines, number, made)
                count += len(made)
            else:
                for name, body in _files(number, user, made, mishaps):
                    (place / name).parent.mkdir(parents=True, exist_ok=True)
                    (place / name).write_bytes(body)
        if count:
            lines.write(b"{'userId': 5999, 'gender': 'female', 'sport': 'run', 'heart_rate': [88, 89, 9")
            mishaps.broken[f"{FITREC}:{count + 1}"] = "the line was cut off"
    if not count:
        (place / FITREC).unlink()
    truth = SampleTruth(
        seed,
        told_users,
        told_workouts,
        tuple(mishaps.without_heart_rate),
        mishaps.broken,
        population.BEYOND_THE_MODEL,
    )
    (place / TRUTH).write_bytes(truth.as_bytes())
    return truth


@dataclass(frozen=True)
class _Mishaps:
    """What went wrong with files, as it is told in the truth."""

    broken: dict[str, str]
    without_heart_rate: list[str]


def _user_id(user: UserTruth, number: int) -> str:
    return f"endomondo-{_FIRST_SITE_ID + number}" if user.recorded == POINTS else user.user_id


def _workout_id(user_id: str, run: Recorded, truth: WorkoutTruth) -> str:
    first = _points(run, truth)[0] if user_id != run.inputs.user_id else 0
    return f"{user_id}/{run.inputs.started_at + timedelta(seconds=int(first)):%Y%m%dT%H%M%S}"


def _points(run: Recorded, truth: WorkoutTruth) -> NDArray[np.int64]:
    """The seconds of a site's points: those at which there was a heart rate."""
    return truth.sampled[np.isfinite(run.heart_rate_bpm[truth.sampled])]


def _told(truth: WorkoutTruth) -> dict[str, Any]:
    return {
        "kind": truth.kind,
        "offset_bpm": truth.offset_bpm,
        "lag_sec": truth.lag_sec,
        "temp_c": truth.day.temp_c,
        "shift_bpm": truth.day.shift_bpm,
        "faults": [[fault.what, fault.begin_sec, fault.end_sec] for fault in truth.faults],
    }


# -- a folder of files -----------------------------------------------------------------------------


def _files(
    number: int, user: UserTruth, made: list[Workout], mishaps: _Mishaps
) -> Iterator[tuple[str, bytes]]:
    """A runner's files by path. Every eighth runner has a file that is not as it should be."""
    gpx = number % _GPX_EVERY == 0
    for k, (run, _) in enumerate(made):
        stem = f"{user.user_id}/RUN_{run.inputs.started_at:%Y-%m-%d-%H-%M-%S}"
        silent = number % 8 == 1 and k == 2
        if silent:
            mishaps.without_heart_rate.append(run.inputs.workout_id)
        if gpx:
            body = _gpx(run, number, silent)
            yield f"{stem}.gpx", body
            if number % 8 == 6 and k == 1:
                mishaps.broken[f"{stem}-again.gpx"] = "breaks off"
                yield f"{stem}-again.gpx", body[: len(body) * 2 // 3]
        else:
            body = _csv(run, zeros=number % 4 == 2, silent=silent)
            yield (f"{stem}.fit.csv", body) if number % 2 else (f"{stem}.fit.csv.gz", zipped(body))
            if number % 8 == 5 and k == 3:
                mishaps.broken[f"{stem}-exported-again.fit.csv"] = "the same workout again"
                yield f"{stem}-exported-again.fit.csv", body


def _csv(run: Recorded, zeros: bool, silent: bool) -> bytes:
    """A row a second, with FIT's names. zeros: the device writes 0 where it hears no heart. The calories are
    what watches make of the heart rate, and not to be read."""
    inputs, n = run.inputs, len(run.inputs)
    heart = np.full(n, np.nan) if silent else run.heart_rate_bpm
    watts = inputs.power_w if inputs.power_w is not None else np.full(n, np.nan)
    turns = inputs.cadence_rpm if inputs.cadence_rpm is not None else np.full(n, np.nan)
    heard = np.nan_to_num(heart)
    frame = pl.DataFrame(
        {
            "timestamp": [
                f"{inputs.started_at + timedelta(seconds=int(t)):%Y-%m-%d %H:%M:%S}+00:00"
                for t in inputs.t_sec
            ],
            "heart_rate": heard if zeros and not silent else heart,
            "cadence": turns,
            "distance": np.round(inputs.distance_m, 2),
            "enhanced_altitude": inputs.altitude_m,
            "enhanced_speed": inputs.speed_mps,
            "calories": np.floor(np.cumsum(heard) / 700.0),
            "power": watts,
        }
    )
    whole = [pl.col(name).fill_nan(None).cast(pl.Int64) for name in ("heart_rate", "cadence", "calories")]
    kept = io.BytesIO()
    frame.with_columns(*whole, pl.col("power").fill_nan(None).cast(pl.Int64)).write_csv(kept)
    return kept.getvalue()


_GPX_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="Formguide's sample" xmlns="http://www.topografix.com/GPX/1/1" \
xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">
<metadata><time>{start}</time></metadata>
<trk><name>A run around nowhere</name><type>running</type><trkseg>
"""


def _gpx(run: Recorded, number: int, silent: bool) -> bytes:
    """A track point a second, heart rate and cadence in Garmin's extension."""
    inputs = run.inputs
    latitude, longitude = _path(run, number)
    lines = [_GPX_HEAD.format(start=f"{inputs.started_at:%Y-%m-%dT%H:%M:%SZ}")]
    for k, heart in enumerate(run.heart_rate_bpm):
        at = inputs.started_at + timedelta(seconds=k)
        extension = ""
        if np.isfinite(heart) and not silent:
            extension += f"<gpxtpx:hr>{heart:.0f}</gpxtpx:hr>"
        if inputs.cadence_rpm is not None:
            extension += f"<gpxtpx:cad>{inputs.cadence_rpm[k]:.0f}</gpxtpx:cad>"
        if extension:
            extension = (
                "<extensions><gpxtpx:TrackPointExtension>"
                f"{extension}</gpxtpx:TrackPointExtension></extensions>"
            )
        lines.append(
            f'<trkpt lat="{latitude[k]:.7f}" lon="{longitude[k]:.7f}"><ele>{inputs.altitude_m[k]:.1f}</ele>'
            f"<time>{at:%Y-%m-%dT%H:%M:%SZ}</time>{extension}</trkpt>\n"
        )
    return ("".join(lines) + "</trkseg></trk></gpx>\n").encode()


# -- a site's lines --------------------------------------------------------------------------------


def _add_lines(lines: BinaryIO, number: int, made: list[Workout]) -> None:
    """A runner's workouts as lines of the site's file: Python dicts and JSON objects by turns."""
    for k, (run, truth) in enumerate(made):
        told = _fitrec(run, truth, number, k)
        text = repr(told) if (number + k) % 2 else json.dumps(told)
        lines.write(text.encode() + b"\n")


def _fitrec(run: Recorded, truth: WorkoutTruth, number: int, k: int) -> Mapping[str, Any]:
    """A workout as the site has it: points that hold all there is of them, speed in km/h."""
    inputs = run.inputs
    at = _points(run, truth)
    latitude, longitude = _path(run, number)
    start = int(inputs.started_at.replace(tzinfo=UTC).timestamp())
    told: dict[str, Any] = {
        "userId": _FIRST_SITE_ID + number,
        "id": 800_000_000 + 1000 * number + k,
        "sport": "run",
        "gender": "female" if inputs.gender == "F" else "male",
        "timestamp": (start + at).tolist(),
        "heart_rate": run.heart_rate_bpm[at].astype(int).tolist(),
        "altitude": inputs.altitude_m[at].round(1).tolist(),
        "latitude": latitude[at].round(7).tolist(),
        "longitude": longitude[at].round(7).tolist(),
    }
    if k % 4:
        told["speed"] = (inputs.speed_mps[at] * 3.6).round(4).tolist()
    return told


def _path(run: Recorded, number: int) -> tuple[Floats, Floats]:
    """Latitude and longitude (n,) in degrees of a way that bends gently and is as long as the speed says."""
    step = run.inputs.speed_mps.copy()
    step[0] = 0.0
    heading = number + np.cumsum(step) / 180.0 * np.sin(np.cumsum(step) / 900.0)
    north = np.cumsum(step * np.cos(heading)) / _METRES_PER_DEGREE
    latitude = _NOWHERE[0] + 0.05 * (number % 40) + north
    east = np.cumsum(step * np.sin(heading) / np.cos(np.radians(latitude))) / _METRES_PER_DEGREE
    return latitude, _NOWHERE[1] + 0.05 * (number // 40) + east
