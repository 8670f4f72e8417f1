"""`formguide forecast formula1`: one forecast, asked and answered at the terminal, and kept as JSON."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from formguide import watch
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
from formguide.cli.formula1.answers import Request, Trainer
from formguide.cli.sports import keep_apart
from formguide.formula1.arrivals import SPORT
from formguide.formula1.asked import UnknownRaceError
from formguide.formula1.forecast import ForecastOptions
from formguide.formula1.scenarios import SCENARIOS
from formguide.formula1.season_json import SeasonJsonError


class Moment(StrEnum):
    """How much of a weekend may be known."""

    latest = "latest"
    before_weekend = "before_weekend"
    after_practice = "after_practice"
    after_qualifying = "after_qualifying"
    on_grid = "on_grid"


class Scenario(StrEnum):
    """The kinds of race."""

    dry = "dry"
    wet = "wet"
    safety_car = "safety_car"


def forecast(
    train_data: Annotated[
        Path | None,
        typer.Option(
            "--train-data",
            metavar="PATH",
            help="Take in this folder of race-weekend files first. Without it: what the lake holds.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", help="The JSON file to write.", show_default="predictions/season_<year>.json"
        ),
    ] = None,
    num_simulations: Annotated[
        int,
        typer.Option(
            "--num-simulations", min=1, max=10_000_000, help="Races simulated for duels and title odds."
        ),
    ] = 5000,
    use_bayesian: Annotated[
        bool,
        typer.Option(
            "--use-bayesian/--no-use-bayesian",
            help="Let the uncertainty of the strengths enter, or only their mean.",
        ),
    ] = True,
    use_ml_layer: Annotated[
        bool,
        typer.Option(
            "--use-ml-layer/--no-use-ml-layer", help="Add the LightGBM layer (see formguide backtest)."
        ),
    ] = False,
    driver_weights: Annotated[
        str,
        typer.Option(
            "--driver-weights", metavar="JSON", help='Thumb on the scale: \'{"VER": 1.2, "NOR": 1.1}\'.'
        ),
    ] = "{}",
    team_weights: Annotated[
        str,
        typer.Option(
            "--team-weights", metavar="JSON", help="The same for teams: '{\"Red Bull Racing\": 1.15}'."
        ),
    ] = "{}",
    scenarios: Annotated[
        list[Scenario] | None,
        typer.Option(
            "--scenarios", help="The kinds of race that may happen: dry wet safety_car (one or more)."
        ),
    ] = None,
    incremental_update: Annotated[
        bool,
        typer.Option(
            "--incremental-update",
            help="Take over the races of the output file whose inputs have not changed.",
        ),
    ] = False,
    watch_folder: Annotated[
        bool,
        typer.Option(
            "--watch-folder", help="Stay, and forecast again whenever --train-data changes. Ctrl-C ends it."
        ),
    ] = False,
    force_retrain: Annotated[
        bool,
        typer.Option(
            "--force-retrain", help="Carry nothing over: every strength and forecast of the season anew."
        ),
    ] = False,
    season: Annotated[
        int | None, typer.Option("--season", help="Which season.", show_default="the last one")
    ] = None,
    race: Annotated[
        str | None, typer.Option("--race", help="Only this race: its name, its id or its round.")
    ] = None,
    moment: Annotated[
        Moment, typer.Option("--moment", help="What may be known of each race: everything up to this moment.")
    ] = Moment.latest,
    p_wet: Annotated[
        float | None,
        typer.Option("--p-wet", min=0, max=1, help="The chance of a wet race.", show_default="climatology"),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
            help="Forecast as on that day (UTC), knowing nothing later.",
        ),
    ] = None,
    lake: LakeOption = None,
    verbose: VerboseOption = False,
    log_file: LogFileOption = None,
) -> None:
    """Forecast every race of a season, and show the next one.

    Writes a JSON document with each race's finishing-position probabilities, by scenario and mixed, who
    beats his teammate, the title odds, and a history of what was made when and from what. Beside it lies
    one Parquet file per race. A forecast with hand weights is marked as such and never scored.
    """
    if watch_folder and train_data is None:
        raise UsageError("--watch-folder watches the folder of --train-data: name one")
    if train_data is not None and not train_data.expanduser().is_dir():
        raise CommandError(f"--train-data {train_data}: there is no such folder")
    weights = _weights(driver_weights, "--driver-weights"), _weights(team_weights, "--team-weights")
    options = ForecastOptions(
        p_wet=p_wet,
        scenarios=tuple(dict.fromkeys(s.value for s in scenarios)) if scenarios else SCENARIOS,
        use_bayesian=use_bayesian,
    )
    place = open_lake(lake)
    keep_log(place, verbose, log_file)
    keep_apart(SPORT, place, [train_data] if train_data else [])
    request = Request(
        train_data=train_data.expanduser() if train_data else None,
        output=output.expanduser() if output else None,
        season=season,
        race=race,
        moment=moment.value,
        as_of=as_of,
        options=options,
        num_simulations=num_simulations,
        use_ml_layer=use_ml_layer,
        driver_weights=weights[0],
        team_weights=weights[1],
        incremental=incremental_update and not force_retrain,
        force=force_retrain,
    )
    try:
        with Trainer(place, lake, request, err()) as trainer:
            seen = watch.folder_state(train_data.expanduser()).digest if train_data else None
            trainer.train(out())
            if watch_folder:
                _stay(trainer, request, seen)
    except (UnknownRaceError, SeasonJsonError) as error:
        raise CommandError(str(error)) from error


def _stay(trainer: Trainer, request: Request, seen: str | None) -> None:
    assert request.train_data is not None
    console = err()
    console.print(f"Watching {request.train_data}; Ctrl-C ends it.")

    def again() -> None:
        console.print(f"{datetime.now():%H:%M:%S} files changed")
        try:
            trainer.train(out())
        except (CommandError, UnknownRaceError, SeasonJsonError) as error:
            console.print(f"formguide: {error}")

    with _until_interrupted() as stop:
        watch.watch(request.train_data, again, stop, seen)
    console.print("Stopped watching.")


@contextmanager
def _until_interrupted() -> Any:
    """An event that Ctrl-C or a request to end sets, instead of breaking into what is under way."""
    stop = threading.Event()
    before = {s: signal.signal(s, lambda *_: stop.set()) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _weights(text: str, option: str) -> dict[str, float]:
    """A JSON object of names and positive numbers."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise UsageError(f'{option} is not JSON ({error}): write {{"VER": 1.2}}') from error
    if not isinstance(given, Mapping) or not all(_is_weight(value) for value in given.values()):
        raise UsageError(f'{option} wants names with positive numbers, such as {{"VER": 1.2}}')
    return {str(name): float(value) for name, value in given.items()}


def _is_weight(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
