"""News for a league that grows: what is computed again is what the news touches, and the lake ends as if it
had been built at once."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from formguide.formula1 import issuing
from formguide.formula1.arrivals import SPORT
from formguide.formula1.forecast_tables import ForecastLog, RaceForecasts
from formguide.formula1.sample import write_sample
from formguide.formula1.settings import ForecastSettings, MlSettings
from formguide.formula1.tables import RaceConditions
from formguide.formula1.weekends import MOMENTS
from formguide.lake import Lake
from tests.formula1.chain import Model, contents, run, state, take_in

ROOT = Path(__file__).parent.parent.parent
RACES, RUN = 8, 6
NAMES = ["amberfell", "cinderholm", "gullwick", "jasper-ridge", "mossgarth", "oldcastle", "stillwater"]
NAMES += ["violet-boulevard"]
"""The races of the league's second season, in order; six have been run, of the seventh the grid is still
open."""


def ids(*rounds: int) -> list[str]:
    """Race ids of rounds of the second season."""
    return [f"2023-{NAMES[number - 1]}" for number in rounds]


def write_league(folder: Path, rounds_run: int) -> None:
    write_sample(folder, seed=5, seasons=2, races=RACES, rounds_run=rounds_run)


class House:
    """A watched folder, the lake beside it, and the count of what the model was asked."""

    def __init__(self, place: Path, model: Model) -> None:
        self.folder, self.lake, self.model, self.place = place / "league", Lake(place / "lake"), model, place

    def weekend(self, number: int, season: int = 2023) -> Path:
        """The folder of a round."""
        (found,) = (self.folder / f"f1db/seasons/{season}/races").glob(f"{number:02d}-*")
        return found

    def edit(self, path: Path, change: Callable[[str], str]) -> None:
        """Writes a file again."""
        before = path.read_text()
        path.write_text(change(before))
        assert path.read_text() != before

    def news(self) -> list[int]:
        """Takes in what is new, counted from nothing."""
        self.model.forget()
        return take_in(self.lake, self.folder)

    def as_at_once(self, but_2022: bool = False) -> None:
        """Demands that the lake is the one that the folder, as it is now, gives in one go; and that another
        look at it computes nothing. but_2022: no file of 2022 has changed, and what it gave is there."""
        assert self.news() == [] and self.model.idle
        at_once = Lake(self.place / ("lake_of_2022" if but_2022 else "at_once"))
        take_in(at_once, self.folder)
        assert self.model.seasons == ([2023] if but_2022 else [2022, 2023])
        assert state(at_once) == state(self.lake)
        assert contents(at_once) == contents(self.lake)

    def forecasts(self) -> set[tuple[str, str]]:
        """Every race and moment that the lake has a forecast of."""
        rows = self.lake.read_table(SPORT, RaceForecasts.name, None, RaceForecasts)
        return set(rows.select("race_id", "moment").rows())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A league of which five rounds have been run, and six, each with its lake; beside the latter, one that
    holds the first season alone."""
    place = tmp_path_factory.mktemp("built")
    for rounds in (RUN - 1, RUN):
        write_league(place / str(rounds) / "league", rounds)
        take_in(Lake(place / str(rounds) / "lake"), place / str(rounds) / "league")
    run(Lake(place / str(RUN) / "lake_of_2022"), [2022], place / str(RUN) / "league")
    return place


@pytest.fixture
def house(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """The league after six rounds, taken in."""
    return _house(built / str(RUN), tmp_path, monkeypatch)


@pytest.fixture
def house_before(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """The league after five rounds, taken in."""
    return _house(built / str(RUN - 1), tmp_path, monkeypatch)


def _house(built: Path, place: Path, patch: pytest.MonkeyPatch) -> House:
    shutil.copytree(built, place, dirs_exist_ok=True)
    model = Model()
    model.listen(patch)
    return House(place, model)


def later_than(race: int, known: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The forecasts of races after a round."""
    return {(race_id, moment) for race_id, moment in known if race_id in ids(*range(race + 1, RACES + 1))}


def test_a_new_race_is_added_and_what_comes_after_it_forecast_anew(house_before: House) -> None:
    house = house_before
    write_league(house.folder, RUN)
    assert 2023 in house.news()
    assert house.model.races == ids(6)
    # Of its own forecasts only the last changes: it now has a grid to go by.
    assert set(house.model.forecasts) == {(*ids(6), "on_grid")} | later_than(6, house.forecasts())
    assert ("2023-stillwater", "after_qualifying") in house.model.forecasts
    assert house.model.simulated_after == ids(6)
    house.as_at_once()


def test_a_corrected_race_changes_those_after_it_and_none_before(house: House) -> None:
    before = house.lake.read_table(SPORT, RaceForecasts.name, ["2023"], RaceForecasts)
    house.edit(house.weekend(4) / "race-results.yml", swap_the_first_two)
    assert house.news() == [2023]
    assert house.model.seasons == [2023]
    assert house.model.races == ids(4, 5, 6)
    assert set(house.model.forecasts) == later_than(4, house.forecasts())
    assert len(house.model.forecasts) == len(set(house.model.forecasts))
    assert house.model.simulated_after == ids(4, 5, 6)
    after = house.lake.read_table(SPORT, RaceForecasts.name, ["2023"], RaceForecasts)
    early = ids(1, 2, 3, 4)
    assert after.filter(after["race_id"].is_in(early)).equals(before.filter(before["race_id"].is_in(early)))
    changed = {key for key in later_than(4, house.forecasts()) if p_win(after, key) != p_win(before, key)}
    assert changed == later_than(4, house.forecasts())
    house.as_at_once(but_2022=True)


def test_a_correction_taken_back_is_news_too(house: House) -> None:
    file, kept = house.weekend(4) / "race-results.yml", state(house.lake)
    original = file.read_bytes()
    house.edit(file, swap_the_first_two)
    house.news()
    assert state(house.lake) != kept
    file.write_bytes(original)
    assert house.news() == [2023]
    assert house.model.races == ids(4, 5, 6)
    assert state(house.lake) == kept


def test_a_corrected_race_of_a_past_season_reaches_the_present(house: House) -> None:
    house.edit(house.weekend(7, 2022) / "race-results.yml", swap_the_first_two)
    assert house.news() == [2022, 2023]
    assert house.model.seasons == [2022]
    past = ["2022-stillwater", "2022-violet-boulevard"]
    assert house.model.races == [*past, *ids(1, 2, 3, 4, 5, 6)]
    due = {(race, moment) for race, moment in house.forecasts() if race[:4] == "2023" or race == past[1]}
    assert set(house.model.forecasts) == due and len(due) > 24
    house.as_at_once()


def test_a_file_that_says_the_same_otherwise_is_read_and_no_more(house: House) -> None:
    touched = house.weekend(4) / "race-results.yml"
    os.utime(touched)
    assert house.news() == [] and house.model.idle
    house.edit(touched, lambda text: "# looked at again\n" + text)
    assert house.news() == [2023]
    assert house.model.seasons == [2023]
    assert house.model.races == [] and house.model.forecasts == [] and house.model.simulated_after == []
    house.as_at_once(but_2022=True)


def test_qualifying_changes_two_forecasts_of_one_race(house: House) -> None:
    file = house.weekend(7) / "qualifying-results.yml"
    late = file.read_bytes()
    file.unlink()
    house.news()
    assert house.model.races == [] and house.model.forecasts == []
    assert (*ids(7), "after_qualifying") not in house.forecasts()
    file.write_bytes(late)
    house.news()
    assert house.model.races == [] and house.model.simulated_after == []
    assert set(house.model.forecasts) == {(*ids(7), "after_qualifying"), (*ids(7), "on_grid")}
    house.as_at_once(but_2022=True)


def test_practice_of_a_coming_race_changes_only_its_own_forecasts(house: House) -> None:
    file = house.weekend(7) / "free-practice-1-results.yml"
    house.edit(file, lambda text: text.replace("laps: ", "laps: 1", 1))
    assert house.news() == [2023]
    assert house.model.races == [] and house.model.simulated_after == []
    assert set(house.model.forecasts) == {
        (*ids(7), moment) for moment in ("after_practice", "after_qualifying", "on_grid")
    }


def test_a_safety_car_noted_late_changes_chances_and_no_strengths(house: House) -> None:
    """Only the chances of what kind of race it will be lean on it; they are part of every later forecast."""
    conditions = house.lake.read_table(SPORT, "race_conditions", ["2023"], RaceConditions)
    number = int(conditions.filter(scenario="dry", safety_car=False)["round"][0])
    (race,) = ids(number)
    name = house.lake.read_table(SPORT, "race_calendar", ["2023"]).filter(race_id=race)["race_name"][0]
    cars = house.folder / "ergast_csv/safety_cars.csv"
    house.edit(cars, lambda text: f"{text}2023 {name},Accident,3,6,4\n")
    assert house.news() == [2022, 2023]
    assert house.model.races == []
    assert set(house.model.forecasts) == later_than(number, house.forecasts())
    assert house.model.simulated_after == ids(*range(number, RUN + 1))
    house.as_at_once()


def test_a_deleted_result_takes_its_race_out(house: House) -> None:
    for name in ("race-results.yml", "starting-grid-positions.yml", "fastest-laps.yml", "pit-stops.yml"):
        (house.weekend(6) / name).unlink()
    assert house.news() == [2023]
    assert house.model.races == []
    # Round 6 is to come again: its grid is gone, and those after it start two races back.
    assert set(house.model.forecasts) == {(*ids(6), "on_grid")} | later_than(6, house.forecasts())
    assert "2023-oldcastle" not in set(house.lake.read_table(SPORT, "race_results", ["2023"])["race_id"])
    house.as_at_once(but_2022=True)


def test_a_deleted_weekend_moves_the_later_ones_up(house: House) -> None:
    shutil.rmtree(house.weekend(3))
    house.edit(
        house.folder / "ergast_csv/races.csv", lambda text: without(text, ["Gullwick Grand Prix,2023"])
    )
    assert 2023 in house.news()
    assert house.model.races == ids(4, 5, 6)
    assert set(house.model.forecasts) == later_than(3, house.forecasts())
    assert "2023-gullwick" not in {race for race, _ in house.forecasts()}
    house.as_at_once()


def test_a_season_whose_files_are_gone_is_empty(house: House) -> None:
    shutil.rmtree(house.folder / "f1db/seasons/2023")
    house.edit(house.folder / "ergast_csv/races.csv", lambda text: without(text, [",2023,"]))
    assert 2023 in house.news()
    assert house.model.races == []
    assert {race[:4] for race, _ in house.forecasts()} == {"2022"}
    for asset in ("race_calendar", "strengths", "race_forecasts", "season_forecasts"):
        assert house.lake.read_table(SPORT, asset, ["2023"]).is_empty()
    assert house.news() == [] and house.model.idle


def test_a_renumbered_race_is_the_same_race(house: House) -> None:
    """Rounds 5 to 8 become 6 to 9, as if a race were still to be put in before them."""
    for number in (8, 7, 6, 5):
        renumber(house.weekend(number), number + 1)
    assert house.news() == [2023]
    assert house.model.races == [] and house.model.forecasts == [] and house.model.simulated_after == []
    rows = house.lake.read_table(SPORT, RaceForecasts.name, ["2023"], RaceForecasts)
    rounds = dict(rows.select("race_id", "round").unique().rows())
    assert [rounds[race] for race in ids(4, 5, 6, 7, 8)] == [4, 6, 7, 8, 9]
    house.as_at_once(but_2022=True)


def test_races_that_change_places_are_run_in_the_order_of_their_dates(house: House) -> None:
    fourth, fifth = house.weekend(4), house.weekend(5)
    dates = [_date(fourth), _date(fifth)]
    house.edit(fourth / "race.yml", lambda text: text.replace(dates[0], dates[1]))
    house.edit(fifth / "race.yml", lambda text: text.replace(dates[1], dates[0]))
    renumber(fourth, 15)
    renumber(fifth, 4)
    renumber(house.weekend(15), 5)
    # Another source must not hold on to the old dates.
    house.edit(
        house.folder / "ergast_csv/races.csv",
        lambda text: without(text, ["Jasper Ridge Grand Prix,2023", "Mossgarth Grand Prix,2023"]),
    )
    house.news()
    assert house.model.races == ids(5, 4, 6)
    assert later_than(5, house.forecasts()) <= set(house.model.forecasts)
    assert not [race for race, _ in house.model.forecasts if race in ids(1, 2, 3)]
    house.as_at_once()


def test_the_ml_layer_notices_a_corrected_length_of_course(house: House) -> None:
    """Nothing else looks at it, so every strength and every forecast without the layer is carried over."""
    learner = MlSettings(min_races=6, refit_every_races=4, rounds=30, leaves=31, min_rows_in_leaf=2)
    settings = ForecastSettings(ml=learner)
    issuing.make_ml_forecasts(house.lake, [2022, 2023], settings)
    assert not any(
        made.computed for made in issuing.make_ml_forecasts(house.lake, [2022, 2023], settings).values()
    )
    house.edit(house.weekend(2) / "race.yml", lambda text: text.replace("courseLength: ", "courseLength: 1"))
    house.news()
    assert house.model.races == [] and house.model.forecasts == []
    made = issuing.make_ml_forecasts(house.lake, [2022, 2023], settings)
    assert (made[2022].computed, made[2023].carried) == (0, 0)
    at_once = Lake(house.place / "at_once")
    take_in(at_once, house.folder)
    issuing.make_ml_forecasts(at_once, [2022, 2023], settings)
    assert contents(at_once) == contents(house.lake)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_files_may_come_in_any_order(built: Path, tmp_path: Path, seed: int) -> None:
    league, folder, lake = built / str(RUN) / "league", tmp_path / "league", Lake(tmp_path / "lake")
    files = sorted(p.relative_to(league) for p in league.rglob("*") if p.is_file() and p.name != "truth.json")
    random.Random(seed).shuffle(files)
    folder.mkdir()
    shutil.copy(league / "truth.json", folder)
    for batch in range(3):
        for file in files[batch::3]:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(league / file, folder / file)
        take_in(lake, folder)
    expected = Lake(built / str(RUN) / "lake")
    assert state(lake) == state(expected)
    assert contents(lake) == contents(expected)


KILLED = """
import os, signal, sys
from pathlib import Path

writes, replace = 0, os.replace

def killed_at(*paths):
    global writes
    writes += 1
    if writes > int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*paths)

os.replace = killed_at
from formguide.lake import Lake
from tests.formula1.chain import run

run(Lake(Path(sys.argv[1]) / "lake"), [2022, 2023], Path(sys.argv[1]) / "league")
"""


def test_a_run_that_is_killed_again_and_again_ends_where_an_undisturbed_one_ends(
    built: Path, tmp_path: Path
) -> None:
    """The process dies between writing a file and giving it its name, each time a little further on."""
    shutil.copytree(built / str(RUN - 1), tmp_path, dirs_exist_ok=True)
    write_league(tmp_path / "league", RUN)
    died = 0
    while True:
        command = [sys.executable, "-c", KILLED, str(tmp_path), "15"]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if ended.returncode != -signal.SIGKILL:
            break
        died += 1
    assert ended.returncode == 0, ended.stderr
    assert died >= 3
    lake, undisturbed = Lake(tmp_path / "lake"), Lake(tmp_path / "undisturbed")
    assert take_in(lake, tmp_path / "league") == []
    shutil.copytree(built / str(RUN - 1) / "lake", tmp_path / "undisturbed")
    run(undisturbed, [2022, 2023], tmp_path / "league")
    assert state(lake) == state(undisturbed)
    assert contents(lake) == contents(undisturbed)
    issued = [x.read_table(SPORT, ForecastLog.name, None, ForecastLog) for x in (lake, undisturbed)]
    assert sorted(issued[0]["forecast_id"]) == sorted(issued[1]["forecast_id"])
    assert set(MOMENTS) == set(issued[0]["moment"])


# -- edits -----------------------------------------------------------------------------------------


def swap_the_first_two(text: str) -> str:
    """A result with its first two drivers, and their teams, in each other's place."""
    lines = text.splitlines()
    for key in ("driverId:", "constructorId:"):
        first, second = [i for i, line in enumerate(lines) if key in line][:2]
        lines[first], lines[second] = lines[second], lines[first]
    return "\n".join(lines) + "\n"


def renumber(folder: Path, number: int) -> None:
    """Gives a race's folder and calendar file another round."""
    calendar = folder / "race.yml"
    lines = [f"round: {number}" if r.startswith("round:") else r for r in calendar.read_text().splitlines()]
    calendar.write_text("\n".join(lines) + "\n")
    folder.rename(folder.with_name(f"{number:02d}-{folder.name[3:]}"))


def _date(folder: Path) -> str:
    (line,) = (r for r in (folder / "race.yml").read_text().splitlines() if r.startswith("date:"))
    return line.removeprefix("date: ")


def without(text: str, words: list[str]) -> str:
    """A table without the lines in which any of these occurs."""
    return "".join(r for r in text.splitlines(keepends=True) if not any(word in r for word in words))


def p_win(forecasts: pl.DataFrame, key: tuple[str, str]) -> list[float]:
    """The chances to win of a race at a moment, as they were forecast."""
    return list(forecasts.filter(race_id=key[0], moment=key[1])["p_win"])
