"""`formguide forecast heartrate`: the curve of one run, asked and answered at the terminal."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from formguide.cli.base import (
    CommandError,
    LakeOption,
    LogFileOption,
    UsageError,
    VerboseOption,
    err,
    keep_log,
    open_lake,
    out,
)
from formguide.heartrate.tables import RUN as RUNNING
from formguide.heartrate.tables import SPORT
from formguide.lake import Lake

if TYPE_CHECKING:
    from formguide.heartrate.asked import Answer, Read, Run
    from formguide.heartrate.backtest import History
    from formguide.heartrate.curves import Forecaster
    from formguide.heartrate.sequences import Recorded

NOTES = 3
"""So many things that are wrong with a run's file are told."""


class Model(StrEnum):
    """What forecasts."""

    personal = "personal"
    network = "network"


def forecast(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A GPX, TCX, FIT or CSV file, a GPX route without times, or a workout_id of the lake.",
        ),
    ],
    history: Annotated[
        list[Path] | None,
        typer.Option(
            "--history",
            metavar="DIR",
            help="Your earlier workouts: a folder of yours, or a file; as often as there are any.",
            show_default="the lake's",
        ),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option("--user", help="Whose workouts of the lake.", show_default="the only one there is"),
    ] = None,
    route_only: Annotated[
        bool, typer.Option("--route-only", help="Use only the run's route, and plan the pace from the past.")
    ] = False,
    pace: Annotated[
        str | None, typer.Option("--pace", metavar="M:SS", help="This pace per kilometre throughout.")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at",
            formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
            help="When it begins (UTC); only workouts that had ended by then are known.",
            show_default="when it was recorded, or a day after the last workout",
        ),
    ] = None,
    model: Annotated[
        Model,
        typer.Option(
            "--model",
            help="personal: your own equation. network: the lake's, for people it has never seen; of runs "
            "after all that it learnt from.",
        ),
    ] = Model.personal,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw it as a PNG.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write it, second by second.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    lake: LakeOption = None,
    verbose: VerboseOption = False,
    log_file: LogFileOption = None,
) -> None:
    """The heart rate of a run before it is run: a curve, and how sure it is.

    A run with times is forecast given the speed that was run; with --route-only, --pace, or for a route
    without times, the pace is planned. A heart rate in the file is never looked at: it is only shown beside
    the forecast.
    """
    # What it leans on takes a moment to load: not for --help.
    from formguide.heartrate.asked import AskedWronglyError, answer

    if route_only and pace is not None:
        raise UsageError("--route-only and --pace are two plans: choose one")
    if history and user is not None:
        raise UsageError("--user names a runner of the lake, --history the files of one: choose one")
    if picture is not None and picture.suffix.lower() != ".png":
        raise UsageError(f"--picture {picture}: pictures are written as .png")
    pace_sec = None if pace is None else _seconds(pace)
    place = open_lake(lake)
    keep_log(place, verbose, log_file)
    try:
        asked, owner = _run(run, place)
        _tell(asked.notes)
        begins = at or (asked.recorded.inputs.started_at if asked.recorded is not None else None)
        # The network's idea of a runner is made of everything that is known of one.
        latest = None if model is Model.network else Latest(_activity(asked), begins)
        known, own = _history(place, history, user or owner, latest)
        answered = answer(
            asked,
            own,
            route_only=route_only,
            pace_sec_per_km=pace_sec,
            at=at,
            everybody=known.learnt,
            model=_network(place, asked, at) if model is Model.network else None,
        )
    except AskedWronglyError as error:
        raise CommandError(str(error)) from error
    if csv is not None:
        _write(csv, _as_csv(answered).encode())
    if picture is not None:
        _write(picture, _drawn(answered))
    if as_json:
        sys.stdout.write(json.dumps(_as_object(answered)) + "\n")
        return
    from formguide.cli.heartrate import screen_forecasts

    screen_forecasts.show_answer(out(), answered)
    for file in (csv, picture):
        if file is not None:
            err().print(f"[dim]written: {file}[/dim]")


def _run(word: str, lake: Lake) -> tuple[Run, str | None]:
    """What RUN names: a file, else a workout of the lake; and whose it is."""
    from formguide.heartrate.asked import Run, run_of_file

    file = Path(word).expanduser()
    if file.is_file():
        return run_of_file(file), None
    if file.is_dir():
        raise UsageError(f"RUN {word}: a folder; name one file, and the folder as --history")
    from formguide.heartrate.histories import read_history
    from formguide.heartrate.tables import Workouts

    rows = lake.read_table(SPORT, Workouts.name, None, Workouts).filter(workout_id=word)
    if rows.is_empty():
        raise CommandError(f"{word}: there is no such file, and the lake has no workout of this name")
    months = [str(month) for month in rows["month"]]
    found = next(one for one in read_history(lake, months=months).runs if one.inputs.workout_id == word)
    return Run(found), found.inputs.user_id


def _tell(notes: tuple[str, ...]) -> None:
    """What is wrong with the run's own file: a curve of half a run is not to look like one of the whole."""
    for note in notes[:NOTES]:
        err().print(f"set aside: {note}", soft_wrap=True, markup=False)
    if len(notes) > NOTES:
        err().print(f"set aside: {len(notes) - NOTES} more of its points")


class Latest(NamedTuple):
    """Which files of a folder are wanted: the latest of an activity that began before a moment."""

    activity: str
    before: datetime | None


def _activity(asked: Run) -> str:
    return asked.recorded.inputs.activity if asked.recorded is not None else RUNNING


def _history(
    lake: Lake, folders: list[Path] | None, user: str | None, latest: Latest | None
) -> tuple[History, list[Recorded]]:
    """Everybody's workouts, and the runner's own: of the folders that were named (latest: of these files
    only; None: of all), else of the lake."""
    from formguide.heartrate.asked import read_files, read_latest
    from formguide.heartrate.backtest import History
    from formguide.heartrate.histories import read_history
    from formguide.heartrate.readers import ENDINGS
    from formguide.heartrate.readings import ending

    if folders:
        if missing := [folder for folder in folders if not folder.expanduser().exists()]:
            raise UsageError(f"--history {missing[0]}: there is no such folder or file")
        for folder in folders:
            several = sorted(
                {file.parent.name for file in folder.expanduser().glob("*/*") if ending(file.name) in ENDINGS}
            )
            if len(several) > 1:
                raise UsageError(
                    f"--history {folder}: holds folders of {len(several)} runners, as {several[0]}: name one"
                )
        places = [folder.expanduser() for folder in folders]
        read = read_files(places) if latest is None else read_latest(places, latest.activity, latest.before)
        if read.left:
            err().print(
                f"[dim]the latest {read.files} of {read.files + read.left} files are read: as much as a "
                "forecast learns from[/dim]"
            )
        for reason in read.set_aside:
            err().print(f"set aside: {reason}", soft_wrap=True, markup=False)
        if read.notes:
            others = f" ({len(read.notes) - 1} more of the earlier workouts)" if len(read.notes) > 1 else ""
            err().print(f"set aside: {read.notes[0]}{others}", soft_wrap=True, markup=False)
        before = None if latest is None else latest.before
        if not read.history.learnt:
            err().print(
                f"{_why_none(read, before)}: what runners have in common is all this knows", soft_wrap=True
            )
        return read.history, read.history.learnt
    known = read_history(lake, correct=True)
    users = sorted({one.inputs.user_id for one in known.learnt})
    if not users:
        err().print("no earlier workouts are known: what runners have in common is all this knows")
        return History([], []), []
    if user is None and len(users) > 1:
        raise UsageError(
            f"whose workouts? say --user {users[0]} (or another of {len(users)}), or --history DIR"
        )
    whose = user or users[0]
    if user is not None and user not in users:
        raise UsageError(f"--user {user}: the lake has workouts of {', '.join(users[:5])}")
    return known, [one for one in known.learnt if one.inputs.user_id == whose]


def _why_none(read: Read, before: datetime | None) -> str:
    """Why no workout of the named files is known."""
    if before is not None and read.later:
        moment = f"{before:%Y-%m-%d %H:%M} UTC"
        return f"no earlier workouts are in it ({read.later} later: none of them had ended by {moment})"
    return "no earlier workouts are in it"


def _network(lake: Lake, asked: Run, at: datetime | None) -> Forecaster:
    """The lake's network, for a run that begins after every workout it has learnt from."""
    from formguide.heartrate.network_issuing import read_network

    found = read_network(lake)
    if found is None:
        raise CommandError("the lake has no network: formguide backtest heartrate fits one from 20 users on")
    until = f"{found.learnt_until:%Y-%m-%d %H:%M} UTC"
    instead = "ask about a later run or a route without times, or the personal model"
    began = asked.recorded.inputs.started_at if asked.recorded is not None else None
    # A run that is said to begin later, or of which only the route is used, may still be one that it has
    # learnt from.
    if began is not None and began <= found.learnt_until:
        raise UsageError(
            f"--model network: it has learnt from workouts until {until}, and this run began before that "
            f"({began:%Y-%m-%d %H:%M}), whatever --at or --route-only say: {instead}"
        )
    if at is not None and at <= found.learnt_until:
        raise UsageError(
            f"--model network: it has learnt from workouts until {until}, --at is before that: name a later "
            "moment, or the personal model"
        )
    return found


def _seconds(pace: str) -> float:
    minutes, _, seconds = pace.partition(":")
    if not re.fullmatch(r"[0-9]{1,2}(:[0-5][0-9])?", pace):
        raise UsageError(f"--pace {pace}: minutes and seconds a kilometre, as 5:30")
    found = 60.0 * int(minutes) + int(seconds or 0)
    if not 120 <= found <= 1200:
        raise UsageError(f"--pace {pace}: between 2:00 and 20:00 a kilometre")
    return found


def _write(file: Path, body: bytes) -> None:
    file.expanduser().parent.mkdir(parents=True, exist_ok=True)
    file.expanduser().write_bytes(body)


def _drawn(answer: Answer) -> bytes:
    from formguide.heartrate import pictures
    from formguide.heartrate.forecast_tables import SPEED_RUN
    from formguide.heartrate.shown import Shown

    planned = answer.given != SPEED_RUN
    return pictures.forecast(
        Shown(answer.inputs, answer.measured_bpm, answer.curve, answer.given, of_plan=planned)
    )


def _columns(answer: Answer) -> dict[str, list[float]]:
    """The curve second by second, to the precision that it has."""
    inputs, curve = answer.inputs, answer.curve
    return {
        "t_sec": inputs.t_sec.astype(int).tolist(),
        "distance_m": inputs.distance_m.round(1).tolist(),
        "speed_mps": inputs.speed_mps.round(3).tolist(),
        "altitude_m": inputs.altitude_m.round(1).tolist(),
        "p10_bpm": curve.p10.round(1).tolist(),
        "p50_bpm": curve.p50.round(1).tolist(),
        "p90_bpm": curve.p90.round(1).tolist(),
    }


def _as_csv(answer: Answer) -> str:
    import polars as pl

    return pl.DataFrame(_columns(answer)).write_csv()


def _as_object(answer: Answer) -> dict[str, object]:
    return {
        "sport": SPORT,
        "given": answer.given,
        "as_of": answer.as_of.isoformat(),
        "earlier_workouts": answer.earlier,
        "measured_mae_bpm": None if answer.mae_bpm is None else round(answer.mae_bpm, 2),
        **_columns(answer),
    }
