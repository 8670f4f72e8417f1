"""`formguide day`: the baseball day at the terminal: what is picked, what is due, and doing it."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import polars as pl
import typer
from rich.console import Console
from upath import UPath

from formguide.baseball import arrivals, incremental
from formguide.baseball.day import Day, DaySettings, ledger, life, plan
from formguide.baseball.day.play import Scene, stage
from formguide.baseball.day.rates import forecast_by_rates
from formguide.baseball.day.settings import SettingsError
from formguide.baseball.day.setup import IssuedForecast, folder, open_day
from formguide.baseball.day.shadow import shadow_report
from formguide.baseball.day.tables import REAL, DayChecks, Picks
from formguide.baseball.publisher import PrivatePublisher, PublishError
from formguide.baseball.sample import SampleTruth, write_sample
from formguide.cli.base import CommandError, LakeOption, err, open_lake, out
from formguide.cli.screen import table
from formguide.lake import Lake

day_app = typer.Typer(
    no_args_is_help=True,
    help="The baseball day: picks from the morning's schedule to the official scorer's last word.",
)

SettingsOption = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        envvar="FORMGUIDE_DAY_SETTINGS",
        help="The day's settings (TOML); see deploy/day.toml for all of them.",
    ),
]
DocumentsOption = Annotated[
    Path | None,
    typer.Option(
        "--from", metavar="PATH", help="Go by the schedules and feeds in this folder instead of the network."
    ),
]
DateOption = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Which day; by default today's.")
]
OVERDUE_MIN = 20


@day_app.command()
def status(
    which: DateOption = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Exit with 1 if a step was due 20 minutes ago and nobody has tried to do it since.",
        ),
    ] = False,
    documents: DocumentsOption = None,
    settings: SettingsOption = None,
    lake: LakeOption = None,
) -> None:
    """How the day stands: its picks, the streak, the last checks, and what comes next."""
    day = _day(open_lake(lake), settings, documents)
    now = day.clock()
    of = which.date() if which else day.settings.local_date(now)
    _show(out(), day, of)
    if check:
        late = life.overdue(day, OVERDUE_MIN)
        if late:
            first = min(late, key=lambda step: step.due_at)
            minutes = (now - first.due_at).total_seconds() / 60
            raise CommandError(f"{first.kind} of {first.game_date} is {minutes:.0f} minutes overdue")


@day_app.command()
def run(
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and do everything as it becomes due, until stopped.")
    ] = False,
    documents: DocumentsOption = None,
    settings: SettingsOption = None,
    lake: LakeOption = None,
) -> None:
    """Do everything that is due now: look at line-ups, forecast, pick, lock, poll results, publish.

    Everything lies in the lake: it may be stopped at any moment and started again.
    """
    day = _day(open_lake(lake), settings, documents)
    console, failed = out(), False
    while True:
        ran = life.run_due(day)
        failed = any(not step.done for step in ran)
        for step in ran:
            _tell(console, day, day.clock(), step)
        again = life.wake_at(day)
        if not watch:
            if not ran:
                console.print("Nothing is due.")
            console.print(f"Next: {_local(day, again)}")
            break
        # Never long asleep: the machine's clock may be set, and other processes write to the lake too.
        time.sleep(min(60.0, max(1.0, (again - day.clock()).total_seconds())))
    if failed:
        raise CommandError("a step failed: it is tried again at the time above (formguide day status)")


@day_app.command()
def reconcile(
    documents: DocumentsOption = None, settings: SettingsOption = None, lake: LakeOption = None
) -> None:
    """Look at the picks of the last days again: a hit may have become an error."""
    day = _day(open_lake(lake), settings, documents)
    today = day.settings.local_date(day.clock())
    ran = life.run_step(day, life.asked(day, today, plan.RECONCILE))
    _tell(out(), day, day.clock(), ran)
    if not ran.done:
        raise CommandError(ran.says)


@day_app.command("shadow-report")
def report(lake: LakeOption = None) -> None:
    """The shadow model's picks beside the real ones, on the days on which both have a result."""
    frame = shadow_report(open_lake(lake))
    if not frame["days"][0]:
        raise CommandError("there is no day yet on which both the blend and its shadow have a result")
    table(out(), f"Shadow model, {frame['days'][0]} days", frame.drop("streak", "best"))
    rows = {row["model"]: row for row in frame.iter_rows(named=True)}
    out().print(
        "  ".join(
            f"{name}: streak {rows[name]['streak']}, best {rows[name]['best']}"
            for name in ("blend", "shadow")
        )
    )


@day_app.command()
def play(
    days: Annotated[int, typer.Option("--days", min=1, max=3, help="How many days.")] = 2,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Forecast by the batters' own hit rates instead of the blend."),
    ] = False,
    down: Annotated[
        int | None,
        typer.Option(
            "--down", min=0, max=23, help="No feed for an hour from this hour (UTC) of the first day."
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="PATH", help="Keep what the days leave behind in this lake."),
    ] = None,
) -> None:
    """Live through the sample league's next days on a clock that jumps from one thing to the next.

    The first has a rain-out, a scratched batter, a late line-up and a hit that becomes an error; the second
    the doubleheader that the rain left behind and a delayed start. Nothing is posted.
    """
    console = out()
    with tempfile.TemporaryDirectory(prefix="formguide-day-") as scratch:
        lake = Lake(UPath(str(into.expanduser().absolute()) if into else scratch))
        league = _sample_history(lake)
        truth = SampleTruth.read(league)
        settings = DaySettings(season_ends=_last_day(truth))
        day = open_day(
            lake,
            settings,
            folder(league),
            PrivatePublisher(),
            forecast_by_rates if quick else IssuedForecast(),
        )
        dates = [date.fromisoformat(d) for d in truth.next_dates[:days]]
        start = datetime.combine(dates[0], datetime.min.time())
        spans = [] if down is None else [(start + timedelta(hours=down), start + timedelta(hours=down + 1))]
        played = stage(day, league, dates, spans, gather=True)
        for scene in played.scenes(played.ends_at):
            _tell_scene(console, played.day, scene)
        for d in dates:
            _show(console, played.day, d, checks=False)


# -- inside ----------------------------------------------------------------------------------------


def _day(lake: Lake, settings: Path | None, documents: Path | None) -> Day:
    if documents is not None and not documents.expanduser().is_dir():
        raise CommandError(f"--from {documents}: there is no such folder")
    try:
        chosen = DaySettings.read(settings.expanduser()) if settings else DaySettings()
        source = folder(documents.expanduser()) if documents else None
        return open_day(lake, chosen, source)
    except (SettingsError, PublishError) as error:
        raise CommandError(str(error)) from error


def _sample_history(lake: Lake) -> Path:
    """The sample league's folder, with its seasons in the lake."""
    if arrivals.holds_real_data(lake) and not arrivals.holds_sample(lake):
        raise CommandError(f"{lake.root} holds real seasons: play the sample league in a lake of its own")
    league = Path(str(lake.root)) / "cache" / "sample-league" / "baseball"
    err().print("[dim]The sample league's seasons so far …[/dim]")
    seasons = write_sample(league).seasons
    incremental.make_source_files(lake, seasons, [league])
    incremental.make_results(lake, seasons)
    return league


def _last_day(truth: SampleTruth) -> tuple[int, int]:
    last = date.fromisoformat(truth.next_dates[-1])
    return last.month, last.day


def _show(console: Console, day: Day, of: date, checks: bool = True) -> None:
    picks = ledger.read(day.lake, Picks, [of])
    own = picks.filter(pl.col("model") == REAL).select(
        "rank", "status", "batter", "slot", "lineup_status", "p_game_hit", "start_at", "why"
    )
    console.print(f"\n[bold]{of}[/bold]")
    if own.is_empty():
        console.print("No pick yet.")
    for row in own.iter_rows(named=True):
        console.print(
            f"  {row['rank']}. {row['batter']}, batting {row['slot']} ({row['lineup_status']}), "
            f"{row['p_game_hit']:.1%} for a hit, {row['status']}; starts {_local(day, row['start_at'])}",
            soft_wrap=True,
        )
        console.print(f"     {row['why']}", style="dim", soft_wrap=True)
    record = ledger.read_record(day.lake).filter(
        (pl.col("model") == REAL) & (pl.col("game_date") <= of) & (pl.col("season") == of.year)
    )
    if record.height:
        last = record.sort("game_date").row(-1, named=True)
        console.print(
            f"  Streak {last['streak_after']} after {last['game_date']} ({last['outcome']}), "
            f"best {last['best']}, saver {'left' if last['saver_after'] else 'used'}"
        )
    if not checks:
        return
    rows = ledger.read(day.lake, DayChecks, [of]).sort("checked_at").tail(8)
    for row in rows.iter_rows(named=True):
        gap = f", gap {row['gap']:+.1%}" if row["gap"] is not None else ""
        console.print(
            f"  {_local(day, row['checked_at'])}  {row['kind']:9} {row['outcome']:6} {row['says']}{gap}",
            soft_wrap=True,
        )
    steps = life.due(day)
    if steps:
        console.print(f"  Due now: {', '.join(f'{s.kind} of {s.game_date}' for s in steps)}")
    console.print(f"  Next: {_local(day, life.wake_at(day))}")


def _tell(console: Console, day: Day, now: datetime, ran: life.Ran) -> None:
    mark = "" if ran.done else "[red]failed[/red] "
    console.print(f"{_local(day, now)}  {ran.step.kind:9} {mark}{ran.says}", soft_wrap=True)


def _tell_scene(console: Console, day: Day, scene: Scene) -> None:
    for happened in scene.happened:
        at = happened.at.astimezone(UTC).replace(tzinfo=None)
        console.print(f"{_local(day, at)}  [dim]{happened.says}[/dim]", soft_wrap=True)
    _tell(console, day, scene.at, scene.ran)


def _local(day: Day, moment: datetime) -> str:
    """A moment as the day's clock shows it."""
    return f"{moment.replace(tzinfo=UTC).astimezone(ZoneInfo(day.settings.timezone)):%a %H:%M}"
