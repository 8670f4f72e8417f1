"""The uploads of December 2024 to July 2025, one after the other, onto a folder that holds the years before.

What each upload may set off is worked out here a second time, from the values of the canonical tables and
in the plainest way: everything that a race's update, a forecast or a simulated season may depend on is
written down as one value, before and after. Where it differs the model must have been asked, and nowhere
else.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from formguide.formula1.arrivals import SPORT
from formguide.formula1.forecast_tables import ForecastLog, RaceForecasts, SeasonForecasts
from formguide.formula1.incremental import season_tables
from formguide.formula1.weekends import is_incident
from formguide.lake import Lake
from tests.formula1.chain import Model, contents, run, state, take_in

SEASON = 2025
CALENDAR = ("race_id", "circuit_id", "circuit_type", "weekend_at", "qualifying_at", "race_at", "has_sprint")
Row = dict[str, Any]

SAID = {
    "051": ["australia"],
    "052": ["china"],
    "053": [],  # a fastest lap is taken back: the model looks at none
    "054": ["japan"],
    "055": ["bahrain"],
    "056": [],  # the same start times, written otherwise
    "057": [],  # a grand slam is noted
    "058": [],  # a time penalty is taken back that had changed nothing
    "059": ["saudi-arabia"],
    "060": ["miami"],
    "061": [],  # a puncture becomes a collision: an accident either way
    "062": [],
    "063": [],
    "064": ["emilia-romagna"],
    "068": ["monaco"],
    "069": [],  # pit stops, eight days after the race
    # Australia's last car did start after all: everybody after it is seen otherwise.
    "072": [
        "australia", "china", "japan", "bahrain", "saudi-arabia", "miami", "emilia-romagna", "monaco",
    ],
    "073": ["spain"],
    "076": [],  # a failure without a cause becomes one of the oil pressure
    "077": ["canada"],
    "081": ["austria"],
    "086": ["great-britain"],
}  # fmt: skip
"""Which races the strengths must take in again, upload by upload, as read from the files by eye; in between
come calendars, practices and qualifyings, which leave the strengths alone."""


# -- what may depend on what, worked out anew ------------------------------------------------------


@dataclass(frozen=True)
class Dependence:
    """Names of everything that was taken in or forecast, each with a hash of all that it may depend on:
    race updates by race, forecasts by race and moment, simulated seasons by the race after which."""

    races: dict[str, str] = field(default_factory=dict)
    forecasts: dict[tuple[str, str], str] = field(default_factory=dict)
    simulated: dict[str, str] = field(default_factory=dict)

    def since(self, earlier: Dependence) -> tuple[set[str], set[tuple[str, str]], set[str]]:
        """What is new or depends on something else than it did."""
        return (
            {key for key, made in self.races.items() if earlier.races.get(key) != made},
            {key for key, made in self.forecasts.items() if earlier.forecasts.get(key) != made},
            {key for key, made in self.simulated.items() if earlier.simulated.get(key) != made},
        )


def dependence(tables: Mapping[str, pl.DataFrame]) -> Dependence:
    """What each computation of 2025 may depend on, from the canonical tables."""
    found = Dependence()
    # What the strengths have taken in so far, the last race among it, and how many weekends ago that was.
    past, last, steps = "", "", 1
    weekends = _weekends(tables)
    weather = [
        _weather(row) for row in tables["race_conditions"].sort("session_at", "race_id").rows(named=True)
    ]
    done: list[Row] = []
    for weekend in weekends:
        calendar = weekend["calendar"]
        if weekend["season"] == SEASON:
            if all(held["race"] for held in done):
                coming = [w["calendar"] for w in weekends if w["season"] == SEASON][len(done) :]
                known = [row for row in weather if row[0] < calendar["weekend_at"]]
                found.simulated[last] = _hash([past, done, coming, known])
            for moment, at in _moments(calendar).items():
                sessions = [s for s in weekend["sessions"] if s["at"] < at and s["kind"] != "race"]
                if _come(moment, {s["kind"] for s in sessions}):
                    known = [row for row in weather if row[0] < at]
                    found.forecasts[calendar["race_id"], moment] = _hash(
                        [past, steps, calendar, sessions, known]
                    )
            done.append(weekend)
        steps += 1
        if weekend["race"]:
            past, last, steps = _hash([past, calendar, weekend["sessions"]]), calendar["race_id"], 1
            if weekend["season"] == SEASON:
                found.races[last] = past
    return found


def _weekends(tables: Mapping[str, pl.DataFrame]) -> list[Row]:
    sessions: dict[str, list[Row]] = {}

    def add(kind: str, name: str, order: list[str], cell: Callable[[Row], list[Any]]) -> None:
        frame = tables[name].sort(*order, "driver_id", nulls_last=True)
        for row in frame.rows(named=True):
            if kind == "grid" and row["session"] != "race":
                continue
            number = row["session"] if kind == "practice" else 0
            what = row["session"] if kind == "qualifying" else kind
            held = sessions.setdefault(row["race_id"], [])
            session = next((s for s in held if s["kind"] == what and s["number"] == number), None)
            if session is None:
                session = {"kind": what, "number": number, "at": row["session_at"], "rows": []}
                held.append(session)
            session["rows"].append([row["driver_id"], row["constructor_id"], *cell(row)])

    add("practice", "practice_results", ["best_lap_sec"], lambda r: [r["best_lap_sec"], r["laps"]])
    times = ("q1_sec", "q2_sec", "q3_sec", "laps")
    add("qualifying", "qualifying_results", ["position"], lambda r: [r[t] for t in times])
    add("grid", "starting_grids", ["pit_lane_start", "grid_position"], lambda r: [r["pit_lane_start"]])
    for kind in ("sprint", "race"):
        add(kind, f"{kind}_results", ["finish_order"], _raced)
    for held in sessions.values():
        for session in held:
            session["rows"] = _ranked(session) if session["kind"] in ("race", "sprint") else session["rows"]
    weekends = []
    for row in tables["race_calendar"].sort("race_at", "race_id").rows(named=True):
        held = sorted(sessions.get(row["race_id"], []), key=lambda s: (s["at"], s["kind"], s["number"]))
        weekends.append(
            {
                "season": row["season"],
                "calendar": {name: row[name] for name in CALENDAR},
                "sessions": held,
                "race": any(s["kind"] == "race" for s in held),
            }
        )
    return weekends


def _raced(row: Row) -> list[Any]:
    retired = row["status"] in ("retired", "not_classified")
    return [
        row["grid_position"],
        row["status"],
        retired and is_incident(row["reason_retired"]),
        row["points"],
    ]


def _ranked(session: Row) -> list[list[Any]]:
    """Rows with the rank on the grid in place of the grid position: who started ahead of whom."""
    grid = sorted(range(len(session["rows"])), key=lambda i: session["rows"][i][2] or float("inf"))
    return [[*row[:2], grid.index(i), *row[3:]] for i, row in enumerate(session["rows"])]


def _weather(row: Row) -> list[Any]:
    stopped = None if row["safety_car"] is None else row["safety_car"] or bool(row["red_flag"])
    return [row["session_at"], row["circuit_id"], row["wet"], stopped]


def _moments(calendar: Row) -> dict[str, Any]:
    return {
        "before_weekend": calendar["weekend_at"],
        "after_practice": calendar["qualifying_at"],
        "after_qualifying": calendar["qualifying_at"] + timedelta(minutes=1),
        "on_grid": calendar["race_at"],
    }


def _come(moment: str, kinds: set[str]) -> bool:
    needs = {
        "after_practice": {"practice", "sprint_qualifying", "sprint"},
        "after_qualifying": {"qualifying"},
        "on_grid": {"qualifying", "grid"},
    }
    return moment not in needs or bool(needs[moment] & kinds)


def _hash(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()


# -- the replay ------------------------------------------------------------------------------------


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    counted = Model()
    counted.listen(monkeypatch)
    return counted


def uploads(real: Path, alone: bool) -> Iterator[tuple[str, list[Path]]]:
    """The uploads in order. Those after the first that leave the strengths alone come by themselves, or with
    the next that `SAID` speaks of; it speaks of the last."""
    waiting: list[Path] = []
    for number, folder in enumerate(sorted((real / "arrivals").iterdir())):
        waiting.append(folder / str(SEASON))
        if alone or not number or folder.name[:3] in SAID:
            yield folder.name[:3], waiting
            waiting = []
    assert not waiting


def watched_folder(real: Path, folder: Path, first: int) -> Path:
    """A folder with f1db's seasons from `first` to the one before the uploads."""

    def others(place: str, names: list[str]) -> Iterable[str]:
        return [n for n in names if Path(place).name == "seasons" and not first <= int(n) < SEASON]

    shutil.copytree(real / "f1db", folder / "f1db", ignore=others)
    return folder


def put(upload: Path, folder: Path) -> None:
    shutil.copytree(upload, folder / "f1db" / "seasons" / str(SEASON), dirs_exist_ok=True)


def rows_of(lake: Lake) -> tuple[dict[tuple[str, str], pl.DataFrame], dict[int, pl.DataFrame]]:
    """The season's forecasts by race and moment, and its title odds by round."""
    forecasts = lake.read_table(SPORT, RaceForecasts.name, [str(SEASON)], RaceForecasts)
    odds = lake.read_table(SPORT, SeasonForecasts.name, [str(SEASON)], SeasonForecasts)
    by_moment = forecasts.partition_by("race_id", "moment", as_dict=True)
    by_round = odds.partition_by("after_round", as_dict=True)
    return (
        {(str(race), str(moment)): frame for (race, moment), frame in by_moment.items()},
        {int(after): frame for (after,), frame in by_round.items()},
    )


@pytest.mark.parametrize(
    ("first", "alone"),
    [
        # Half as many runs: what a practice or a qualifying alone sets off, the sample league shows as well.
        pytest.param(2024, False, id="from-2024"),
        pytest.param(2014, True, id="from-2014", marks=pytest.mark.slow),
    ],
)
def test_uploads_recompute_what_they_touch_and_end_where_one_build_ends(
    real_data: Callable[[str], Path], tmp_path: Path, model: Model, first: int, alone: bool
) -> None:
    real = real_data("formula1")
    folder, lake = watched_folder(real, tmp_path / "watched", first), Lake(tmp_path / "lake")
    assert take_in(lake, folder) == list(range(first, SEASON))
    past = {key: lake.manifest(*key) for key in state(lake)}
    assert model.seasons == list(range(first, SEASON)) and len(model.races) > 15 * (SEASON - first)

    before, forecasts, odds = Dependence(), *rows_of(lake)
    for name, together in uploads(real, alone):
        model.forget()
        for upload in together:
            put(upload, folder)
        assert take_in(lake, folder) == [SEASON], name

        after = dependence(season_tables(lake))
        races, due, rounds = after.since(before)
        assert model.seasons == [SEASON], name
        assert [race.removeprefix("2025-") for race in model.races] == SAID.get(name, []), name
        assert set(model.races) == races and len(model.races) == len(races), name
        assert set(model.forecasts) == due and len(model.forecasts) == len(due), name
        assert set(model.simulated_after) == rounds, name

        now, now_odds = rows_of(lake)
        assert now.keys() == after.forecasts.keys(), name
        for key in now.keys() - due:
            assert now[key].equals(forecasts[key]), (name, key)
        assert len(now_odds) == len(after.simulated), name
        for number, race in enumerate(after.simulated):
            assert race in rounds or now_odds[number].equals(odds[number]), (name, race)
        before, forecasts, odds = after, now, now_odds

        model.forget()
        assert take_in(lake, folder) == [] and model.idle, name
        if races:  # Asked for all the same, a run finds nothing to do.
            kept = lake.state()
            run(lake, [SEASON], folder)
            assert model.idle and lake.state() == kept, name

    # What lay before was never written again, not even with the same content.
    assert {key: lake.manifest(*key) for key in past} == past
    log = lake.read_table(SPORT, ForecastLog.name, None, ForecastLog)
    assert log.filter(season=SEASON)["race_id"].n_unique() == 24

    at_once = Lake(tmp_path / "at_once")
    model.forget()
    take_in(at_once, folder)
    assert len(model.forecasts) > 150 and set(before.races) <= set(model.races)
    assert state(at_once) == state(lake)
    assert contents(at_once) == contents(lake)
    assert at_once.raw_tree(SPORT, "f1db") == lake.raw_tree(SPORT, "f1db")
