"""`formguide heartrate …`: the workouts and their forecasts to look at, as files of their own."""

from __future__ import annotations

import io
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer
from upath import UPath

from formguide import files
from formguide.cli.base import CommandError, LakeOption, UsageError, err, open_lake, out
from formguide.cli.heartrate.hand_on import demo, export_app
from formguide.cli.screen import table
from formguide.lake import Lake

if TYPE_CHECKING:
    from formguide.heartrate.shown import Shown

heartrate_app = typer.Typer(
    no_args_is_help=True, help="What only heart rate has: things to look at and to hand on."
)
heartrate_app.add_typer(export_app, name="export")
heartrate_app.command()(demo)


class Picture(StrEnum):
    """What can be drawn."""

    forecast = "forecast"
    several = "several"
    residuals = "residuals"
    minutes = "minutes"
    correlations = "correlations"


class Given(StrEnum):
    """What a forecast was given beside the past."""

    speed = "speed"
    route = "route"


OutOption = Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")]
WorkoutOption = Annotated[
    list[str] | None,
    typer.Option("--workout", metavar="ID", help="A workout_id of the lake; as often as wanted."),
]
UserOption = Annotated[str | None, typer.Option("--user", help="Only this user's workouts.")]
GivenOption = Annotated[
    Given,
    typer.Option("--given", help="The forecast that knew the speed that was run, or the route alone."),
]


@heartrate_app.command()
def gallery(
    to: OutOption,
    most: Annotated[
        int, typer.Option("--most", min=1, help="So many workouts at most, the newest ones.")
    ] = 20_000,
    title: Annotated[str, typer.Option("--title", help="What the page is called.")] = "Workouts",
    lake: LakeOption = None,
) -> None:
    """All workouts on one page for a browser: look, sort, filter, open one. Works without a network."""
    from formguide.heartrate import gallery as galleries
    from formguide.heartrate.exploration import titled

    place = _with_workouts(lake)
    with err().status("[dim]drawing …[/dim]"):
        page = galleries.of_lake(place, most, titled(title, place))
    _written(to, page.encode())


@heartrate_app.command()
def report(to: OutOption, lake: LakeOption = None) -> None:
    """What the rules of cleaning found, by source, sport, user and month, as one page for a browser."""
    from formguide.cli.heartrate import screen
    from formguide.heartrate import quality_report
    from formguide.heartrate.exploration import titled
    from formguide.heartrate.tables import SPORT, QualityFindings, Workouts

    place = _with_workouts(lake)
    workouts = place.read_table(SPORT, Workouts.name, None, Workouts)
    findings = place.read_table(SPORT, QualityFindings.name, None, QualityFindings)
    rules = quality_report.by_rule(workouts, findings).drop("examples", "share")
    total = quality_report.totals(workouts)
    said = f"{total['workouts']:,.0f} workouts, {100 * total['usable']:.1f} % that models may learn from"
    table(out(), said, rules)
    screen.shifted(out(), place)
    _written(to, quality_report.of_lake(place, titled("Quality of the workouts", place)).encode())


@heartrate_app.command()
def picture(
    what: Annotated[
        Picture,
        typer.Argument(
            help="forecast: one workout; several: up to twelve; residuals: off by how much, by time; "
            "minutes: the scorecard by minute; correlations: of the features and the heart rate."
        ),
    ],
    to: OutOption,
    workout: WorkoutOption = None,
    user: UserOption = None,
    last: Annotated[int | None, typer.Option("--last", min=1, help="Only the last so many.")] = None,
    given: GivenOption = Given.speed,
    lake: LakeOption = None,
) -> None:
    """A PNG of forecasts beside what was measured, of their errors, or of how the features go together."""
    if to.suffix.lower() != ".png":
        raise UsageError(f"--out {to}: pictures are written as .png")
    if what in (Picture.minutes, Picture.correlations) and (workout or user or last):
        raise UsageError(f"picture {what} is of all workouts: leave --workout, --user and --last out")
    place = _with_workouts(lake)
    with err().status("[dim]drawing …[/dim]"):
        _written(to, _drawn(what, place, workout, user, last, given))


@heartrate_app.command()
def animate(
    to: OutOption,
    workout: WorkoutOption = None,
    user: UserOption = None,
    kinds: Annotated[
        bool, typer.Option("--kinds", help="The last recovery, steady and intensive run, on one clock.")
    ] = False,
    given: GivenOption = Given.speed,
    frames: Annotated[int, typer.Option("--frames", min=2, max=600, help="So many pictures.")] = 80,
    lake: LakeOption = None,
) -> None:
    """A run as it unfolds against its forecast, as a .gif, or as an .mp4 where ffmpeg is installed.

    Without --workout it is the last one that has a forecast.
    """
    from formguide.heartrate import animations

    if workout and (kinds or len(workout) > 1):
        raise UsageError("animate takes one --workout, or --kinds")
    place = _with_workouts(lake)
    target = to.expanduser().absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with err().status("[dim]drawing …[/dim]"):
            if kinds:
                animations.categories(_of_each_kind(place, user, given), target, frames)
            else:
                animations.single(_runs(place, workout, user, 1, given)[-1], target, frames)
    except animations.NoWriterError as error:
        raise CommandError(str(error)) from error
    _say(target)


def _drawn(
    what: Picture, lake: Lake, workouts: list[str] | None, user: str | None, last: int | None, given: Given
) -> bytes:
    from formguide.heartrate import correlations, pictures
    from formguide.heartrate.feature_table import WorkoutFeatures
    from formguide.heartrate.forecast_tables import ForecastScorecard
    from formguide.heartrate.tables import SPORT

    match what:
        case Picture.forecast:
            return pictures.forecast(_runs(lake, workouts, user, last or 1, given)[-1])
        case Picture.several:
            return pictures.several(_runs(lake, workouts, user, last or 12, given))
        case Picture.residuals:
            return pictures.residuals(_runs(lake, workouts, user, last, given))
        case Picture.minutes:
            card = lake.read_table(SPORT, ForecastScorecard.name, None, ForecastScorecard)
            if card.is_empty():
                raise CommandError("the lake holds no scorecard: formguide backtest heartrate")
            return pictures.error_by_minute(_headline(card, given))
        case Picture.correlations:
            if not lake.partitions(SPORT, WorkoutFeatures.name):
                raise CommandError("the lake holds no features: formguide run heartrate")
            found = correlations.of_lake(lake)
            table(out(), "with the heart rate", found.with_heart_rate())
            return pictures.correlations(
                found.names, found.within, found.between, f" ({found.workouts:,} runs)"
            )


def _headline(card: pl.DataFrame, given: Given) -> pl.DataFrame:
    """The rows that are scored as recorded, of one population and task: the first that there is."""
    from formguide.heartrate.forecast_tables import AS_RECORDED

    rows = card.filter(
        (pl.col("given").cast(pl.String) == _told(given))
        & (pl.col("training").cast(pl.String) == AS_RECORDED)
        & (pl.col("scored").cast(pl.String) == AS_RECORDED)
        & (pl.col("by") == "minute")
    )
    if rows.is_empty():
        raise CommandError(f"the scorecard has no rows given the {_told(given)}")
    first = rows.sort("task", "population").head(1)
    return rows.join(first, on=["task", "population"], how="semi")


def _runs(
    lake: Lake, workouts: list[str] | None, user: str | None, last: int | None, given: Given
) -> list[Shown]:
    """The workouts that were asked for; unless they were named, those that have a forecast."""
    from formguide.heartrate import shown

    found = shown.of_lake(
        lake,
        workouts,
        user=user,
        last=None if workouts else last,
        given=_told(given),
        forecast_only=not workouts,
    )
    if not found:
        whose = f" of {user}" if user else ""
        raise CommandError(
            f"the lake holds no forecast{whose} given the {_told(given)}: formguide run heartrate, or name a "
            "--workout"
        )
    return found


def _of_each_kind(lake: Lake, user: str | None, given: Given) -> dict[str, Shown]:
    """The last workout of each kind that the backtest has scored."""
    from formguide.heartrate.forecast_tables import BacktestScores
    from formguide.heartrate.tables import SPORT, Workouts

    scores = lake.read_table(SPORT, BacktestScores.name, None, BacktestScores)
    started = lake.read_table(SPORT, Workouts.name, None, Workouts).select("workout_id", "started_at")
    rows = scores.select("workout_id", "user_id", "kind").unique().join(started, on="workout_id")
    rows = rows.filter(user_id=user) if user else rows
    last = rows.sort("started_at", "workout_id").group_by("kind").last()
    kinds = [kind for kind in ("recovery", "steady", "intensive") if kind in set(last["kind"])]
    if not kinds:
        raise CommandError("no workout has been scored by its kind: formguide backtest heartrate")
    ids = {kind: last.filter(pl.col("kind") == kind)["workout_id"][0] for kind in kinds}
    found = {one.inputs.workout_id: one for one in _runs(lake, list(ids.values()), None, None, given)}
    return {kind: found[ids[kind]] for kind in kinds if ids[kind] in found}


def _told(given: Given) -> str:
    from formguide.heartrate.forecast_tables import ROUTE_ONLY, SPEED_RUN

    return SPEED_RUN if given is Given.speed else ROUTE_ONLY


@heartrate_app.command()
def positions(to: OutOption, user: UserOption = None, lake: LakeOption = None) -> None:
    """Where workouts were, second by second, as CSV or Parquet: read from the raw files once more, because no
    table of the lake holds a coordinate."""
    from formguide.heartrate.positions import positions as of_lake

    ending = to.suffix.lower()
    if ending not in (".csv", ".parquet"):
        raise UsageError(f"--out {to}: name a .csv or a .parquet")
    place = _with_workouts(lake)
    with err().status("[dim]reading …[/dim]"):
        found = of_lake(place, user)
    if found.is_empty():
        raise CommandError("no workout has coordinates" if user is None else f"no workout of {user} has any")
    buffer = io.BytesIO()
    found.write_csv(buffer) if ending == ".csv" else found.write_parquet(buffer)
    _written(to, buffer.getvalue())


def _with_workouts(chosen: Path | None) -> Lake:
    from formguide.heartrate.tables import SPORT, Workouts

    lake = open_lake(chosen)
    if not any(manifest.rows for manifest in lake.manifests(SPORT, Workouts.name).values()):
        raise CommandError("the lake holds no workouts: formguide run heartrate --sample, or --from PATH")
    return lake


def _written(path: Path, data: bytes) -> None:
    target = path.expanduser().absolute()
    if target.is_dir():
        raise CommandError(f"{path} is a folder: name a file in it")
    files.put(UPath(target), data)
    _say(target)


def _say(path: Path) -> None:
    size = path.stat().st_size
    said = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
    out().print(f"{path}  [dim]{said}[/dim]", soft_wrap=True)
