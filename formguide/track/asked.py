"""A forecast for whoever types some marks in: marks in, next season's peak out.

    model = issuing.model_of(Lake.from_env(), "men")
    marks, problems = read_marks(["2025-02-22, 6.90, +0.9", "6.88"], events.find("Long Jump"))
    answer = forecast_marks(model, "men", "Outdoor", "Long Jump", marks)

What was typed goes the way of every other career: performances, peaks, a window, features. The season asked
for is the next of the label after the last mark; it is forecast as of its first day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

import polars as pl

from formguide.track import events, marks
from formguide.track.forecast import ACTIVE_WITHIN
from formguide.track.lstm_settings import LstmSettings
from formguide.track.marks import Mark, MarkError
from formguide.track.peaks import season_peaks
from formguide.track.programme import Event
from formguide.track.rows import frame_of
from formguide.track.sequences import SeasonSequences, season_sequences
from formguide.track.tables import INDOOR, LABELS, OUTDOOR, season_of
from formguide.track.windows import windows_ahead

WHO = "asked"
_A_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class AskedMark:
    """A mark that somebody typed. on: its day, or None; label: if the line says indoor or outdoor."""

    mark: Mark
    on: date | None
    label: str | None = None


@dataclass(frozen=True)
class Answer:
    """A forecast of the season `season` `label`; marks in the event's unit, `low` the worse end.

    last: the last season's peak; best: the best peak so far; linear: what the simple regression says, where
    the model has one; marks: what the forecast is made from, in order.
    """

    event: Event
    gender: str
    season: int
    label: str
    as_of: date
    model: str
    low: float
    median: float
    high: float
    last: float
    last_season: int
    best: float
    linear: float | None
    marks: list[tuple[date, float, float | None, str]]
    later: int = 0

    def written(self, mark: float) -> str:
        """A mark in the event's usual notation."""
        return marks.format(mark, self.event)


class NoForecast(ValueError):
    """Nothing can be forecast from what was typed. One line that says why."""


# -- what was typed --------------------------------------------------------------------------------

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DATES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\d.:])(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?![\d.:])"), "ymd"),
    (re.compile(r"(?<![\d.:])(\d{1,2})/(\d{1,2})/(\d{4})(?![\d.:])"), "mdy"),
    (re.compile(r"(?<![\d.:])(\d{1,2})\.(\d{1,2})\.(\d{4})(?![\d.:])"), "dmy"),
    (re.compile(r"\b([A-Za-z]{3,9})\.? +(\d{1,2}),? +(\d{4})\b"), "Mdy"),
    (re.compile(r"\b(\d{1,2}) +([A-Za-z]{3,9})\.? +(\d{4})\b"), "dMy"),
)
_WIND = re.compile(
    r"(?:^|(?<=[\s,;(]))\(?(?:wind\s*)?([+−-]\s?\d{1,2}(?:\.\d+)?|NWI)(?:\s*m/s)?\)?(?=$|[\s,;)])",
    re.IGNORECASE,
)
_UNSIGNED_WIND = re.compile(r"(?:wind\s*)?(\d{1,2}\.\d|w)(?:\s*m/s)?", re.IGNORECASE)
"""Winds are told to a tenth and marks to a hundredth: 6.88, 6.90 are two marks, and 6.88, 0.9 is one."""
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_PLACE = re.compile(r"\b(indoors?|outdoors?)\b", re.IGNORECASE)
_COMMENT = re.compile(r"\s*#.*$")


def read_marks(lines: Iterable[str], event: Event) -> tuple[list[AskedMark], list[str]]:
    """The marks of some lines, and one sentence for each line that holds none.

    A line is a mark, and in any order a day (2025-02-22, 22 Feb 2025, Feb 22, 2025, 02/22/2025, 22.02.2025),
    a wind (+0.9, NWI) and the word indoor or outdoor; commas, semicolons or spaces between them. A wind
    without its sign stands behind the mark, with a comma between and one decimal (6.90, 0.9). Blank lines and
    what follows a # do not count; a line that says only that there was no mark (DNF, NH) is no problem.
    """
    found, problems = [], []
    for number, line in enumerate(lines, start=1):
        text = _COMMENT.sub("", line).strip()
        if not text:
            continue
        try:
            said = _read_line(text, event)
        except (MarkError, ValueError) as error:
            problems.append(f"line {number} ({line.strip()}): {error}")
            continue
        if said.mark.value is not None:
            found.append(said)
    return found, problems


def _read_line(text: str, event: Event) -> AskedMark:
    on, rest = _take_date(text)
    label = None
    if where := _PLACE.search(rest):
        label = INDOOR if where[1].lower().startswith("indoor") else OUTDOOR
        rest = f"{rest[: where.start()]} {rest[where.end() :]}"
    wind = None
    if (blew := _WIND.search(rest)) and rest.strip() != blew[0].strip():
        wind = blew[1].replace(" ", "")
        rest = f"{rest[: blew.start()]} {rest[blew.end() :]}"
    if event.unit == "points":
        rest = _THOUSANDS.sub("", rest)
    # Who parts the fields by semicolons may write 6,90.
    parted = re.split(r"[;\t]" if re.search(r"[;\t]", rest) else ",", rest)
    fields = [field for field in (part.strip(" ,") for part in parted) if field]
    if not fields:
        raise MarkError("there is no mark in it")
    unsigned = _UNSIGNED_WIND.fullmatch(fields[-1].replace(",", "."))
    if len(fields) == 2 and wind is None and event.wind_matters and unsigned:
        fields, wind = fields[:1], unsigned[1]
    if len(fields) > 1:
        raise MarkError(f"which of {' and '.join(fields)} is the mark?")
    mark = marks.parse(fields[0], event, wind)
    return AskedMark(mark, on, INDOOR if mark.indoors else label)


def _take_date(text: str) -> tuple[date | None, str]:
    """The first day in a text, and the text without it."""
    for pattern, order in _DATES:
        match = pattern.search(text)
        if match is None:
            continue
        parts = dict(zip(order, match.groups(), strict=True))
        if "M" in parts:
            name = parts["M"][:3].lower()
            if name not in _MONTHS:
                continue
            parts["m"] = str(_MONTHS.index(name) + 1)
        try:
            day = date(int(parts["y"]), int(parts["m"]), int(parts["d"]))
        except ValueError as error:
            raise MarkError(f"{match[0]} is no day: {error}") from error
        return day, f"{text[: match.start()]} {text[match.end() :]}"
    return None, text


# -- the answer ------------------------------------------------------------------------------------


class Model(Protocol):
    """What can be asked: the lake's own model, or one that was imported."""

    @property
    def lstm(self) -> LstmSettings:
        """How many marks and seasons back it reads."""
        ...

    def forecast(
        self, windows: pl.DataFrame, performances: pl.DataFrame, sequences: SeasonSequences | None = None
    ) -> pl.DataFrame:
        """See `PeakModel.forecast`."""
        ...


def forecast_marks(
    model: Model,
    gender: str,
    label: str,
    event: str,
    asked: Sequence[AskedMark],
    born: date | None = None,
    class_year: int | None = None,
    today: date | None = None,
) -> Answer:
    """The peak of the next season under a label, from marks of one athlete in one event.

    gender: men or women; label: Indoor or Outdoor, also of each mark that does not say; born, class_year (1
    freshman to 4 senior, in the season of the last mark): if known; today: the day of marks that have none,
    where no other has one (default: the clock's). Raises `NoForecast`.
    """
    of, sex = events.find(event, gender), events.gender_of(gender)
    if label not in LABELS:
        raise NoForecast(f"{label!r} is neither Indoor nor Outdoor")
    dated = _dated(asked, today or datetime.now().date())
    if not any((one.label or label) == label for one, _ in dated):
        raise NoForecast(f"there is no {label.lower()} mark: a season's peak is told from one of its kind")
    if born is not None and born >= dated[0][1]:
        raise NoForecast(f"nobody born on {born} set a mark on {dated[0][1]}")
    seasons = [season_of(day, one.label or label) for one, day in dated]
    rows = [
        {
            "athlete_id": f"{WHO}:{WHO}",
            "athlete": WHO,
            "gender": sex,
            "class_year": _class_then(class_year, max(seasons) - of_season),
            "birth_date": born,
            "label": one.label or label,
            "date": day,
            "event": of.name,
            "family": of.family,
            "mark": one.mark.value,
            "unit": one.mark.unit,
            "mark_text": one.mark.text,
            "wind_mps": one.mark.wind_mps,
            "wind_legal": one.mark.wind_legal,
            "hand_timed": one.mark.hand_timed,
            "converted": one.mark.converted,
            "altitude": one.mark.altitude,
            "oversized_track": one.mark.oversized_track,
            "place": number,  # tells two equal marks of a day apart
            "source": WHO,
            "complete": True,
        }
        for number, ((one, day), of_season) in enumerate(zip(dated, seasons, strict=True), start=1)
    ]
    known = frame_of(rows)
    season = 1 + max(season_of(day, label) for one, day in dated if (one.label or label) == label)
    lstm = model.lstm
    sequences = season_sequences(known, lstm.marks)
    windows = windows_ahead(season_peaks(known), sequences, season, label, ACTIVE_WITHIN, lstm.seasons_back)
    (row,) = model.forecast(windows, known, sequences).iter_rows(named=True)
    used = [(one, day) for one, day in dated if day < row["as_of"]]
    return Answer(
        event=of,
        gender=sex,
        season=season,
        label=label,
        as_of=row["as_of"],
        model=row["model"],
        low=row["low"],
        median=row["median"],
        high=row["high"],
        last=row["last"],
        last_season=row["last_season"],
        best=row["best"],
        linear=row["linear"],
        marks=[(day, float(one.mark.value or 0), one.mark.wind_mps, one.label or label) for one, day in used],
        later=len(dated) - len(used),
    )


def _class_then(class_year: int | None, seasons_ago: int) -> int | None:
    """The class so many seasons before it was `class_year`; None before college."""
    then = None if class_year is None else class_year - seasons_ago
    return then if then is not None and then >= 1 else None


def _dated(asked: Sequence[AskedMark], today: date) -> list[tuple[AskedMark, date]]:
    """Every mark with a day, in order. One without is of the week after the mark above it, but no later than
    the last day that anybody named; with no day at all, of today."""
    if not asked:
        raise NoForecast("there are no marks: type one per line, such as 2025-02-22, 6.90, +0.9")
    named = [one.on for one in asked if one.on is not None]
    last = max(named, default=today)
    days, before = [], None
    for one in asked:
        day = one.on or (min(before + _A_WEEK, last) if before else min(named, default=today))
        days.append((one, day))
        before = day
    return sorted(days, key=lambda pair: pair[1])
