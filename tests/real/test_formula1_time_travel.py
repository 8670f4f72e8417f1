"""Time travel with the real files: what a session's file says later cannot be seen in an earlier forecast.

A season's files are copied, those of every session from a moment on are deleted, broken or filled with other
results, and what was only known after a race is changed in its `race.yml`. Read, followed and forecast again,
everything that was forecast up to the moment must be the same, byte for byte. Which sessions a moment knows
is written down here by the format of the weekend, whatever the code makes of dates and times.
"""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from formguide import asof
from formguide.formula1 import asked, forecast, strengths, title_odds
from formguide.formula1.conditions import race_conditions
from formguide.formula1.incremental import CONDITION_INPUTS
from formguide.formula1.results import build_season, read_folder, seasons_of
from formguide.formula1.settings import ForecastSettings
from formguide.formula1.weekends import MOMENTS, build_weekends
from formguide.lake import Lake
from tests.formula1.chain import run

Files = dict[str, dict[str, bytes]]
Change = Callable[[bytes, random.Random], bytes | None]

SETTINGS = ForecastSettings()

PRACTICE = ("free-practice-1-results", "free-practice-2-results", "free-practice-3-results")
SPRINT = ("sprint-starting-grid-positions", "sprint-race-results")
FORMATS: dict[str, tuple[tuple[str, ...], ...]] = {
    "plain": (PRACTICE, ("qualifying-results",), ("starting-grid-positions",)),
    # Qualifying on Friday, practice and the sprint, which makes the grid, on Saturday.
    "sprint 2021": (
        PRACTICE[:1],
        ("qualifying-results",),
        (PRACTICE[1], *SPRINT, "starting-grid-positions"),
    ),
    # Qualifying on Friday, a Saturday all for the sprint.
    "sprint 2023": (
        PRACTICE[:1],
        ("qualifying-results",),
        ("sprint-qualifying-results", *SPRINT, "starting-grid-positions"),
    ),
    # The sprint first, qualifying after it.
    "sprint 2024": (
        (PRACTICE[0], "sprint-qualifying-results", *SPRINT),
        ("qualifying-results",),
        ("starting-grid-positions",),
    ),
}
"""By the format of a weekend: what there is to know after practice, after qualifying and on the grid, each
beside what there was before."""

SPRINTS = {2021: "sprint 2021", 2022: "sprint 2021", 2023: "sprint 2023"}

JOURNEYS = {
    "2019/17-japan": 2019,  # a typhoon: no third practice, qualifying on the morning of the race
    "2020/11-eifel": 2020,  # a Friday lost to fog
    "2021/10-great-britain": 2021,
    "2022/04-emilia-romagna": 2022,
    "2023/04-azerbaijan": 2023,
    "2024/01-bahrain": 2023,  # the first race of a season, after one without a safety car
    "2024/05-china": 2024,
    "2025/06-miami": 2025,
}
"""Race folder, and the season from which the files are taken."""

LONG = {"2019/17-japan", "2021/10-great-britain", "2025/06-miami"}
"""Journeys left to the slow tests: a weekend of the same format, earlier in a season, is among the others."""


# -- the files, and what becomes of them -----------------------------------------------------------

_FILE = re.compile(r"seasons/((\d{4})/races/([^/]+))/([^/]+)\.yml")


@dataclass(frozen=True)
class Place:
    """A race in time: its folder as `season/name`, its date, and what its `race.yml` calls it."""

    folder: str
    day: date
    race_id: str
    format: str


def places(files: Mapping[str, bytes]) -> dict[str, Place]:
    """The races of an f1db tree by folder."""
    found = {}
    for path, text in files.items():
        match = _FILE.fullmatch(path)
        if match is not None and match[4] == "race":
            season, folder, said = int(match[2]), f"{match[2]}/{match[3]}", text.decode()
            sprint = "sprintRaceLaps" in said or "SPRINT_RACE" in said
            found[folder] = Place(
                folder,
                date.fromisoformat(_value("date", said)),
                f"{season}-{_value('grandPrixId', said)}",
                SPRINTS.get(season, "sprint 2024") if sprint else "plain",
            )
    return found


def _value(name: str, text: str) -> str:
    match = re.search(rf"^{name}: (\S+)", text, re.MULTILINE)
    assert match is not None
    return match[1]


def deleted(text: bytes, rng: random.Random) -> None:
    return None


def broken(text: bytes, rng: random.Random) -> bytes:
    return rng.choice(
        [b"", b"[]\n", b"42\n", b"- position: 1\n  driverId: [", b"\xff\x00", text[: len(text) // 3]]
    )


def another(text: bytes, rng: random.Random) -> bytes:
    """Another classification: drivers and cars dealt out anew, some left out, times and numbers changed."""
    records = [r.split(b"\n") for r in re.split(rb"(?m)^- ", text)[1:] if rng.random() > 0.15]
    who = [[line for line in r if re.match(rb" *(driver|constructor)Id:", line)] for r in records]
    rng.shuffle(who)
    out = []
    for record, lines in zip(records, who, strict=True):
        kept = [line for line in record if not re.match(rb" *(driver|constructor)Id:", line)]
        body = b"\n".join([kept[0], *lines, *kept[1:]])
        body = re.sub(
            rb"\d\d\.\d{3}", lambda _: b"%02d.%03d" % (rng.randrange(60), rng.randrange(1000)), body
        )
        numbers = rb"(points|laps|gridPosition|lap): *\d+"
        out.append(b"- " + re.sub(numbers, lambda m: m[1] + b": %d" % rng.randrange(1, 20), body))
    return b"".join(out)


def afterwards(text: bytes) -> bytes:
    """A `race.yml` as it might read once the race has been run: stopped early, and the title decided."""
    kept = [
        line for line in text.splitlines() if not re.match(rb"(laps|distance|scheduled\w+|\w+Decider):", line)
    ]
    more = b"laps: 3\ndistance: 21.0\nscheduledLaps: 44\nscheduledDistance: 308.0\n"
    return b"\n".join(
        [*kept, more + b"driversChampionshipDecider: true\nconstructorsChampionshipDecider: true\n"]
    )


def cut(files: Files, at: Place, moment: str, change: Change, seed: int) -> Files:
    """The files as they may be, for all that is known at a moment of a race's weekend."""
    rng = random.Random(seed)
    known = {name for names in FORMATS[at.format][: MOMENTS.index(moment)] for name in names}
    races, tree = places(files["f1db"]), {}
    for path, text in files["f1db"].items():
        match = _FILE.fullmatch(path)
        race = races[f"{match[2]}/{match[3]}"] if match is not None else None
        if race is None or race.day < at.day or (race == at and match is not None and match[4] in known):
            tree[path] = text
        elif match is not None and match[4] == "race":
            tree[path] = afterwards(text)
        elif (changed := change(text, rng)) is not None:
            tree[path] = changed
    return {"f1db": tree, "ergast_csv": _cut_tables(files["ergast_csv"], at, known, change, rng)}


def _cut_tables(
    tables: Mapping[str, bytes], at: Place, known: set[str], change: Change, rng: random.Random
) -> dict[str, bytes]:
    def rows(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(tables[name].decode())))

    races = rows("races.csv")
    # The two sources may be a day apart; a race starts on its day, and the next one a week later.
    days = {r["raceId"]: date.fromisoformat(r["date"]) - at.day for r in races}
    named = {f"{r['year']} {r['name']}": r["raceId"] for r in races}
    sessions = {
        "results.csv": "race-results",
        "qualifying.csv": "qualifying-results",
        "sprint_results.csv": "sprint-race-results",
        "pit_stops.csv": "pit-stops",
    }
    lists = ("safety_cars.csv", "virtual_safety_cars.csv", "red_flags.csv")
    out = dict(tables)
    for name in (*sessions, *lists):
        before: list[dict[str, str]] = []
        later: list[dict[str, str]] = []
        for row in rows(name):
            away = days.get(row["raceId"] if name in sessions else named.get(row["Race"], ""))
            if away is None:  # of a season whose calendar is not here
                away = timedelta(days=-999 if name in sessions or row["Race"][:4] < str(at.day.year) else 999)
            told = away < timedelta(days=-1) or (away <= timedelta(days=1) and sessions.get(name) in known)
            (before if told else later).append(row)
        if change is another and name in sessions:
            drivers = [row["driverId"] for row in later]
            rng.shuffle(drivers)
            before += [row | {"driverId": driver} for row, driver in zip(later, drivers, strict=True)][::2]
        out[name] = _written(list(rows(name)[0]), before)
    return out


def put(files: Files, folder: Path) -> Path:
    for source, tree in files.items():
        for path, text in tree.items():
            file = folder / source / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
    return folder


# -- what is made of them --------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """Everything that is forecast or believed from a folder's files."""

    forecasts: pl.DataFrame
    odds: pl.DataFrame
    strengths: pl.DataFrame
    conditions: pl.DataFrame
    as_of: dict[tuple[str, str], datetime]

    def until(self, moment: datetime) -> Iterator[tuple[str, int, str]]:
        """What was made up to a moment: name, rows, and the hash of its bytes."""
        frames = {
            "race forecasts": self.forecasts.filter(pl.col("as_of") <= moment),
            "title odds": self.odds.filter(pl.col("as_of") <= moment),
            "strengths": self.strengths.filter(pl.col("session_at") < moment),
            # What a race's conditions were inferred from is named by a list that other races share.
            "conditions": asof.before(self.conditions, moment).drop("fingerprint"),
        }
        for name, frame in frames.items():
            yield name, frame.height, asof.fingerprint(frame)


def make(folder: Path, season: int, odds: bool = True) -> Made:
    files = read_folder(folder)
    built = [build_season(year, files).tables for year in seasons_of(files) if year <= season]
    tables = {name: pl.concat([b[name] for b in built]) for name in built[0]}
    conditions = race_conditions(*(tables[name] for name in CONDITION_INPUTS))
    weekends = build_weekends(tables)
    points = strengths.run_forward(weekends, SETTINGS).checkpoints
    forecasts = forecast.forecast_races(weekends, points, conditions, SETTINGS, seasons=[season]).table
    titles = title_odds.title_odds(
        weekends if odds else weekends[:0], points, conditions, season, SETTINGS, simulations=50
    )[0]
    at = {(w.race_id, moment): w.as_of(moment) for w in weekends for moment in MOMENTS}
    return Made(forecasts, titles, strengths.strengths_table(points, weekends, SETTINGS), conditions, at)


@pytest.fixture(scope="module")
def real_files(real_data: Callable[[str], Path]) -> Files:
    found = read_folder(real_data("formula1"))
    return {source: found[source] for source in ("f1db", "ergast_csv")}


def around(files: Files, folder: str, first: int) -> tuple[Files, Place]:
    """The files from a season to some four weeks after a race, and the race."""
    races = places(files["f1db"])
    at = races[folder]
    last = at.day + timedelta(weeks=4)

    def wanted(path: str) -> bool:
        match = _FILE.fullmatch(path)
        return match is None or (int(match[2]) >= first and races[f"{match[2]}/{match[3]}"].day <= last)

    calendar = csv.DictReader(io.StringIO(files["ergast_csv"]["races.csv"].decode()))
    kept = [r for r in calendar if int(r["year"]) >= first and date.fromisoformat(r["date"]) <= last]
    return {
        "f1db": {path: text for path, text in files["f1db"].items() if wanted(path)},
        "ergast_csv": files["ergast_csv"] | {"races.csv": _written(list(calendar.fieldnames or ()), kept)},
    }, at


def _written(columns: list[str], rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


Undisturbed = Callable[[str], tuple[Files, Place, Made]]


@pytest.fixture(scope="module")
def undisturbed(real_files: Files, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """`undisturbed("2024/05-china")`: a journey's files, its race, and what is made of the files as they
    are."""

    @cache
    def of(journey: str) -> tuple[Files, Place, Made]:
        files, at = around(real_files, journey, JOURNEYS[journey])
        folder = put(files, tmp_path_factory.mktemp("honest"))
        return files, at, make(folder, int(journey[:4]), odds=early(journey))

    return of


def early(journey: str) -> bool:
    """Whether title odds are asked too: simulating a season from each of many rounds takes its time."""
    return int(journey[5:7]) <= 6


@pytest.mark.parametrize(
    "journey", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in JOURNEYS]
)
def test_no_file_of_a_later_session_is_seen_in_a_forecast(
    journey: str, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    season, number = int(journey[:4]), list(JOURNEYS).index(journey)
    files, at, honest = undisturbed(journey)
    for step, moment in enumerate(MOMENTS):
        change = (deleted, another, broken)[(number + step) % 3]
        changed = cut(files, at, moment, change, seed=step)
        odds = early(journey) and moment == "before_weekend"
        travelled = make(put(changed, tmp_path / moment), season, odds)
        as_of = honest.as_of[at.race_id, moment]
        assert travelled.as_of == honest.as_of
        forecasts = honest.forecasts.filter(race_id=at.race_id, moment=moment)
        assert forecasts.height >= 4 * 18
        assert forecasts["as_of"].unique().to_list() == [as_of]
        for ours, theirs in zip(honest.until(as_of), travelled.until(as_of), strict=True):
            if ours[0] != "title odds" or moment == "before_weekend":
                assert ours == theirs, (moment, change.__name__)


@pytest.mark.parametrize("moment", MOMENTS[1:])
def test_the_file_of_an_earlier_session_is(moment: str, undisturbed: Undisturbed, tmp_path: Path) -> None:
    """What the moment before did not know changes the forecast, so that the test above could fail."""
    files, at, honest = undisturbed("2024/05-china")
    changed = cut(files, at, MOMENTS[MOMENTS.index(moment) - 1], another, seed=1)
    travelled = make(put(changed, tmp_path / "travelled"), 2024, odds=False)
    as_of = honest.as_of[at.race_id, moment]
    (ours, *_), (theirs, *_) = honest.until(as_of), travelled.until(as_of)
    assert ours[2] != theirs[2]


def test_a_question_as_of_a_day_is_answered_as_the_files_of_that_day_answer_it(
    real_files: Files, tmp_path: Path
) -> None:
    """`formguide forecast formula1 --as-of`: the lake knows the whole season, the question does not."""
    files, at = around(real_files, "2024/05-china", 2024)
    whole, then = Lake(tmp_path / "whole"), Lake(tmp_path / "then")
    run(whole, [2024], put(files, tmp_path / "files"))
    run(then, [2024], put(cut(files, at, "on_grid", deleted, seed=0), tmp_path / "cut"))
    question = asked.Question(season=2024, as_of=datetime(2024, 4, 21, 3), num_simulations=100)
    known, knew = asked.answer(whole, question), asked.answer(then, question)
    assert known.rows.equals(knew.rows)
    assert (known.races, known.season, known.not_forecast) == (knew.races, knew.season, knew.not_forecast)
    china = known.rows.filter(race_id=at.race_id)
    assert china["grid_from"].unique().to_list() == ["qualifying"]
    later = known.rows.filter(pl.col("as_of") > datetime(2024, 4, 22))
    assert later["moment"].unique().to_list() == ["before_weekend"]
    assert later["race_id"].n_unique() == 2
    assert known.season is not None
    assert known.season["after_round"] == 4
    leader = known.season["drivers"][0]
    assert leader["expected_points"] > leader["points_now"] + 40  # three races are to come, and two sprints
