"""`formguide forecast track`: my marks in, next season's peak out."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console

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
from formguide.cli.track import answer as shown
from formguide.lake import Lake
from formguide.show import format_rows
from formguide.track import asked, events, issuing
from formguide.track.arrivals import holds_sample
from formguide.track.asked import Answer, AskedMark, NoForecast
from formguide.track.events import UnknownEventError
from formguide.track.imported import imported_model
from formguide.track.peak_model import PeakModel
from formguide.track.programme import Event
from formguide.track.tables import LABELS, SPORT

_CLASSES = {"FR": 1, "SO": 2, "JR": 3, "SR": 4}


def forecast(
    label: Annotated[
        str | None, typer.Option("--label", help="Which season to forecast: indoor or outdoor.")
    ] = None,
    event: Annotated[
        str | None, typer.Option("--event", help="The event: Triple Jump, 800, 60H, SP, …")
    ] = None,
    gender: Annotated[str | None, typer.Option("--gender", help="men or women.")] = None,
    marks: Annotated[
        str | None,
        typer.Option(
            "--marks",
            metavar="FILE",
            help="A file of marks, one per line, or - for standard input: 2025-02-22, 6.90, +0.9",
            show_default="asked for at the terminal",
        ),
    ] = None,
    born: Annotated[
        datetime | None, typer.Option("--born", formats=["%Y-%m-%d"], help="Date of birth, if you like.")
    ] = None,
    class_year: Annotated[
        str | None, typer.Option("--class", help="Class in the season of the last mark: FR, SO, JR or SR.")
    ] = None,
    athlete: Annotated[
        str | None,
        typer.Option(
            "--athlete", help="Instead of marks: an athlete of the lake, by id or a part of a name."
        ),
    ] = None,
    with_imported: Annotated[
        bool,
        typer.Option("--imported", help="Ask the network taken in by `formguide track import-checkpoint`."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
    lake: LakeOption = None,
    verbose: VerboseOption = False,
    log_file: LogFileOption = None,
) -> None:
    """The peak of the next season, with its interval, from the marks of this one and those before.

    Without options it asks for what it needs. A mark per line, in any order with its day and wind
    (2025-02-22, 6.90, +0.9); lines that it cannot read it names and leaves out.
    """
    place = open_lake(lake)
    keep_log(place, verbose, log_file)
    if athlete is not None:
        if with_imported or any(option is not None for option in (event, marks, born, class_year)):
            raise UsageError(
                "--athlete takes the lake's forecasts: leave --event, --marks, --born, --class, --imported"
            )
        _of_the_lake(place, athlete, label, gender, as_json)
        return
    console = err()
    of_label = _label(label or _ask("Season to forecast (indoor, outdoor)", "--label"))
    sex = _gender(gender or _ask("Gender (men, women)", "--gender"))
    of = _event(event or _ask("Event", "--event"), sex)
    typed, problems = asked.read_marks(_lines(marks), of)
    for problem in problems:
        console.print(f"[yellow]left out:[/yellow] {problem}", soft_wrap=True)
    model: asked.Model = imported_model(place, sex) if with_imported else _own_model(place, sex)
    answer = _answer(model, sex, of_label, of, typed, born.date() if born else None, _class(class_year))
    if answer.later:
        console.print(
            f"[yellow]left out:[/yellow] marks of {answer.as_of} or later ({answer.later}): "
            f"the {answer.season} {answer.label} season is forecast as of its first day",
            soft_wrap=True,
        )
    if as_json:
        sys.stdout.write(format_rows(_as_row(answer), "json"))
        return
    shown.answer(out(), answer)
    if holds_sample(place) and not with_imported:
        out().print(
            "The model is of the sample league, made up by Formguide: it says nothing of real athletes."
        )


def _own_model(lake: Lake, gender: str) -> PeakModel:
    if lake.manifest(SPORT, issuing.MODEL, issuing.partition(gender)) is None:
        raise CommandError(
            f"{lake.root} has no model of {gender}'s peaks: formguide run track --sample, or --from PATH"
        )
    return issuing.model_of(lake, gender)


def _answer(
    model: asked.Model,
    gender: str,
    label: str,
    event: Event,
    typed: list[AskedMark],
    born: date | None,
    class_year: int | None,
) -> Answer:
    try:
        return asked.forecast_marks(model, gender, label, event.name, typed, born, class_year)
    except NoForecast as error:
        raise CommandError(str(error)) from error


def _of_the_lake(lake: Lake, who: str, label: str | None, gender: str | None, as_json: bool) -> None:
    """What the lake forecasts for an athlete of its own."""
    rows = issuing.forecasts(lake)
    if gender is not None:
        rows = rows.filter(pl.col("gender") == _gender(gender))
    if label is not None:
        rows = rows.filter(pl.col("label") == _label(label))
    wanted, name = who.casefold(), pl.col("athlete").str.to_lowercase()
    # Who is called exactly so goes before those whose names only hold it.
    for so in (pl.col("athlete_id") == who, name == wanted, name.str.contains(wanted, literal=True)):
        found = rows.filter(so)
        if not found.is_empty():
            break
    people = found.select("athlete_id", "athlete").unique().sort("athlete")
    if people.height == 0:
        raise CommandError(f"the lake forecasts nobody called {who!r}: formguide run track, or see its UI")
    if people.height > 1:
        names = ", ".join(f"{name} ({key})" for key, name in people.head(5).iter_rows())
        raise CommandError(
            f"{who!r} is {people.height} athletes: {names}{', …' if people.height > 5 else ''}"
        )
    if as_json:
        sys.stdout.write(format_rows(found, "json"))
        return
    shown.peaks(out(), f"{people['athlete'][0]}, as of {found['as_of'][0]}", found)


def _ask(question: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError(f"{option} is missing, and there is nobody at the terminal to ask")
    return str(typer.prompt(question, err=True))


def _lines(source: str | None) -> list[str]:
    """The lines of marks: from a file, from standard input, or from whoever types them."""
    if source is not None and source != "-":
        path = Path(source).expanduser()
        try:
            return path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"--marks {source}: {error}") from error
    if source is None and sys.stdin.isatty():
        _explain(err())
        lines: list[str] = []
        for line in sys.stdin:
            if not line.strip():
                break
            lines.append(line)
        return lines
    return sys.stdin.read().splitlines()


def _explain(console: Console) -> None:
    console.print("Marks, one per line (2025-02-22, 6.90, +0.9); an empty line ends them:")


def _label(said: str) -> str:
    for label in LABELS:
        if said.strip().lower().rstrip("s") == label.lower():
            return label
    raise UsageError(f"--label {said!r}: write indoor or outdoor")


def _gender(said: str) -> str:
    try:
        return events.gender_of(said)
    except ValueError as error:
        raise UsageError(f"--gender: {error}") from error


def _event(said: str, gender: str) -> Event:
    try:
        found = events.find(said, gender)
    except UnknownEventError as error:
        raise UsageError(f"--event: {error}") from error
    if not found.individual:
        raise UsageError(f"--event: {found.name} has no peak of one athlete's that compares with another's")
    return found


def _class(said: str | None) -> int | None:
    if said is None:
        return None
    word = said.strip().upper()[:2]
    if word in _CLASSES:
        return _CLASSES[word]
    if word.isdigit() and 1 <= int(word) <= 8:
        return int(word)
    raise UsageError(f"--class {said!r}: write FR, SO, JR or SR")


def _as_row(answer: Answer) -> pl.DataFrame:
    said = {name: getattr(answer, name) for name in ("low", "median", "high", "last", "best", "linear")}
    return pl.DataFrame(
        {
            "event": answer.event.name,
            "gender": answer.gender,
            "season": answer.season,
            "label": answer.label,
            "as_of": answer.as_of,
            "model": answer.model,
            "unit": answer.event.unit,
            **said,
            **{f"{name}_written": answer.written(mark) for name, mark in said.items() if mark is not None},
            "marks": len(answer.marks),
        }
    )
