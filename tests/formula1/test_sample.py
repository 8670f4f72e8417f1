"""The sample league: the same bytes each time, f1db's layout field for field, results that agree with
themselves.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from formguide.formula1 import results
from formguide.formula1.sample import SampleTruth, sample_league, write_sample

SESSION = [
    "position",
    "driverNumber",
    "driverId",
    "constructorId",
    "engineManufacturerId",
    "tyreManufacturerId",
]
QUALIFYING = [*SESSION, "q1", "q2", "q3", "gap", "interval", "laps"]
GRID = [*SESSION, "gridPenalty", "time"]
RESULT = [
    *SESSION,
    "laps",
    "time",
    "timePenalty",
    "gap",
    "interval",
    "reasonRetired",
    "points",
    "gridPosition",
]
FIELDS = {
    "free-practice-1-results": [*SESSION, "time", "gap", "interval", "laps"],
    "free-practice-2-results": [*SESSION, "time", "gap", "interval", "laps"],
    "free-practice-3-results": [*SESSION, "time", "gap", "interval", "laps"],
    "qualifying-results": QUALIFYING,
    "sprint-qualifying-results": QUALIFYING,
    "starting-grid-positions": GRID,
    "sprint-starting-grid-positions": GRID,
    "race-results": RESULT,
    "sprint-race-results": RESULT,
    "pit-stops": [*SESSION, "stop", "lap", "time"],
    "fastest-laps": [*SESSION, "lap", "time", "gap", "interval"],
}
POINTS = [25, 18, 15, 12, 10, 8, 6, 4, 2, 1]
SPRINT_POINTS = [8, 7, 6, 5, 4, 3, 2, 1]
REAL = Path(os.environ.get("FORMGUIDE_REAL_DATA", "../shared/data")) / "formula1"


@pytest.fixture(scope="module")
def league(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleTruth]:
    folder = tmp_path_factory.mktemp("sample") / "league"
    return folder, write_sample(folder, seed=1)


@pytest.fixture(scope="module")
def leagues() -> list[tuple[SampleTruth, list[Any]]]:
    """Leagues of eight seeds, as they are drawn."""
    return [sample_league(seed) for seed in range(1, 9)]


@cache
def rows_of(path: Path) -> Any:
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader) or []


def race_folders(folder: Path) -> list[Path]:
    return sorted((folder / "f1db" / "seasons").glob("*/races/*"))


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def milliseconds(text: str) -> int:
    """Independent of the writer: [h:][m:]s.mmm, with or without a plus, in ms."""
    whole = 0
    *larger, seconds = text.lstrip("+").split(":")
    for part in larger:
        whole = 60 * whole + int(part)
    units, thousandths = seconds.split(".")
    assert len(thousandths) == 3
    return (60 * whole + int(units)) * 1000 + int(thousandths)


# -- the folder ------------------------------------------------------------------------------------------


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_sample(tmp_path / name, seed=5, seasons=2, races=6, rounds_run=3)
    write_sample(tmp_path / "other", seed=6, seasons=2, races=6, rounds_run=3)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    assert bytes_of(tmp_path / "one") != bytes_of(tmp_path / "other")


def test_rewriting_touches_nothing_and_another_league_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "league"
    write_sample(folder, seasons=2, races=6, rounds_run=3)
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}
    write_sample(folder, seasons=2, races=6, rounds_run=3)
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()} == before
    write_sample(folder, seed=9, seasons=1, races=4, rounds_run=2)
    write_sample(tmp_path / "fresh", seed=9, seasons=1, races=4, rounds_run=2)
    assert bytes_of(folder) == bytes_of(tmp_path / "fresh")


@pytest.mark.parametrize("rounds", [2, 3, 5])
def test_one_more_round_leaves_the_rest_as_it_was(tmp_path: Path, rounds: int) -> None:
    for run in (rounds, rounds + 1):
        write_sample(tmp_path / str(run), seasons=2, races=10, rounds_run=run)
    before, after = (bytes_of(tmp_path / str(run) / "f1db") for run in (rounds, rounds + 1))
    changed = [path for path in before if after[path] != before[path]]
    assert all(path.endswith("/race.yml") and f"/{rounds + 1:02d}-" in path for path in changed)
    assert len(after) > len(before)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="a folder of its own"):
        write_sample(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "bad", [{"seasons": 0}, {"races": 3}, {"races": 23}, {"rounds_run": 0}, {"races": 6}]
)
def test_impossible_leagues_are_refused(tmp_path: Path, bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="sample league has"):
        write_sample(tmp_path / "league", **bad)
    assert not (tmp_path / "league").exists()


# -- layout ----------------------------------------------------------------------------------------------


def test_every_file_has_its_kinds_fields(league: tuple[Path, SampleTruth]) -> None:
    seen = set()
    for race in race_folders(league[0]):
        for path in race.glob("*.yml"):
            if path.stem == "race":
                continue
            seen.add(path.stem)
            for row in rows_of(path):
                assert [key for key in row if key != "grandSlam"] == FIELDS[path.stem], path
    assert seen == set(FIELDS)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real data at {REAL}")
def test_layout_is_that_of_the_real_files(league: tuple[Path, SampleTruth]) -> None:
    def shapes(root: Path, years: range) -> dict[str, set[tuple[str, ...]]]:
        found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for year in years:
            for path in sorted((root / "f1db" / "seasons" / str(year)).glob("races/*/*.yml")):
                content = rows_of(path)
                if path.stem == "race":
                    found[f"race {year}"].add(tuple(content))
                    continue
                found[path.stem] |= {tuple(row) for row in content}
        for kind in ("drivers", "constructors", "circuits", "grands-prix"):
            for path in (root / "f1db" / kind).glob("*.yml"):
                found[kind].add(tuple(rows_of(path)))
        return found

    real, ours = shapes(REAL, range(2022, 2026)), shapes(league[0], range(2022, 2026))
    assert set(ours) == set(real)
    for kind in sorted(real):
        unknown = ours[kind] - real[kind]
        if kind.startswith(
            "race "
        ):  # a title may be decided in a kind of weekend where it was not in reality
            plain = {
                tuple(k for k in shape if "Decider" not in k and "scheduled" not in k) for shape in unknown
            }
            unknown = plain - {
                tuple(k for k in s if "Decider" not in k and "scheduled" not in k) for s in real[kind]
            }
        assert not unknown, (kind, unknown)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real data at {REAL}")
def test_lists_have_the_real_headers_and_line_ends(league: tuple[Path, SampleTruth]) -> None:
    for name in ("races", "safety_cars", "virtual_safety_cars", "red_flags"):
        ours, real = (root / "ergast_csv" / f"{name}.csv" for root in (league[0], REAL))
        header = real.read_bytes().split(b"\r\n")[0]
        assert ours.read_bytes().split(b"\r\n")[0] == header
        assert b"\n" not in ours.read_bytes().replace(b"\r\n", b"")


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real data at {REAL}")
def test_no_id_is_a_real_one(league: tuple[Path, SampleTruth]) -> None:
    for kind in ("drivers", "constructors", "circuits", "grands-prix"):
        real = {p.stem for p in (REAL / "f1db" / kind).glob("*.yml")}
        assert real.isdisjoint(p.stem for p in (league[0] / "f1db" / kind).glob("*.yml"))


def test_codes_numbers_and_ids_are_unique(league: tuple[Path, SampleTruth]) -> None:
    drivers = [rows_of(p) for p in sorted((league[0] / "f1db" / "drivers").glob("*.yml"))]
    for key in ("id", "abbreviation", "permanentNumber", "name"):
        assert len({d[key] for d in drivers}) == len(drivers) == 28
    codes = [rows_of(p)["abbreviation"] for p in (league[0] / "f1db" / "grands-prix").glob("*.yml")]
    assert len(set(codes)) == len(codes) == 24


# -- seasons ---------------------------------------------------------------------------------------------


def test_seasons_rounds_and_the_race_to_come(league: tuple[Path, SampleTruth]) -> None:
    folder, truth = league
    races = race_folders(folder)
    assert Counter(r.parts[-3] for r in races) == {"2022": 22, "2023": 22, "2024": 22, "2025": 22}
    assert {r.name[:2] for r in races} == {f"{n:02d}" for n in range(1, 23)}
    run = [r for r in races if (r / "race-results.yml").exists()]
    assert len(run) == 78 and sum("2025" in r.parts for r in run) == 12
    coming = next(r for r in races if r.parts[-3] == "2025" and r.name.startswith("13-"))
    assert sorted(p.stem for p in coming.iterdir()) == [
        "free-practice-1-results",
        "free-practice-2-results",
        "free-practice-3-results",
        "qualifying-results",
        "race",
    ]
    later = [r for r in races if r.parts[-3] == "2025" and int(r.name[:2]) > 13]
    assert all([p.name for p in r.iterdir()] == ["race.yml"] for r in later) and len(later) == 9
    assert truth.next_race_id == f"2025-{coming.name[3:]}"


def test_a_coming_race_tells_nothing_of_how_it_goes(league: tuple[Path, SampleTruth]) -> None:
    hindsight = {
        "scheduledLaps",
        "scheduledDistance",
        "driversChampionshipDecider",
        "constructorsChampionshipDecider",
    }
    for race in race_folders(league[0]):
        if not (race / "race-results.yml").exists():
            assert hindsight.isdisjoint(rows_of(race / "race.yml"))


def test_classification_points_and_times_agree(league: tuple[Path, SampleTruth]) -> None:
    for race in race_folders(league[0]):
        for name, table in (("race-results", POINTS), ("sprint-race-results", SPRINT_POINTS)):
            if not (race / f"{name}.yml").exists():
                continue
            rows = rows_of(race / f"{name}.yml")
            assert len(rows) == len({r["driverId"] for r in rows}) == 20
            assert set(Counter(r["constructorId"] for r in rows).values()) == {2}
            classified = [r for r in rows if r["position"].isdigit()]
            assert rows[: len(classified)] == classified
            assert [int(r["position"]) for r in classified] == list(range(1, len(classified) + 1))
            assert {r["position"] for r in rows[len(classified) :]} <= {"DNF", "DNS", "DSQ"}
            assert all((r["reasonRetired"] != "") == (not r["position"].isdigit()) for r in rows)
            fastest = rows_of(race / "fastest-laps.yml")[0]["driverId"]
            has_bonus = name == "race-results" and race.parts[-3] <= "2024"
            for place, row in enumerate(classified):
                bonus = 1 if has_bonus and place < 10 and row["driverId"] == fastest else 0
                due = (table[place] if place < len(table) else 0) + bonus
                assert int(row["points"] or 0) == due
            assert all(r["points"] == "" for r in rows[len(classified) :])

            winner = milliseconds(classified[0]["time"])
            laps = int(classified[0]["laps"])
            before = winner
            for row in classified[1:]:
                if row["time"]:
                    now = milliseconds(row["time"])
                    assert now - winner == milliseconds(row["gap"]) > 0
                    assert now - before == milliseconds(row["interval"]) > 0
                    assert int(row["laps"]) == laps
                    before = now
                else:
                    behind = laps - int(row["laps"])
                    assert behind >= 1 and row["gap"] == f"+{behind} lap{'s' if behind > 1 else ''}"
            assert [int(r["laps"]) for r in classified] == sorted(
                (int(r["laps"]) for r in classified), reverse=True
            )
            retired = [int(r["laps"]) for r in rows if r["position"] == "DNF"]
            assert retired == sorted(retired, reverse=True) and all(n < laps for n in retired)


def test_fastest_laps_and_stops_fit_the_race(league: tuple[Path, SampleTruth]) -> None:
    for race in race_folders(league[0]):
        if not (race / "race-results.yml").exists():
            continue
        results = {r["driverId"]: r for r in rows_of(race / "race-results.yml")}
        fastest = rows_of(race / "fastest-laps.yml")
        times = [milliseconds(r["time"]) for r in fastest]
        assert times == sorted(times) and len({r["driverId"] for r in fastest}) == len(fastest)
        for row in fastest:
            result = results[row["driverId"]]
            assert 1 <= int(row["lap"]) <= int(result["laps"])
            if result["time"]:
                assert milliseconds(row["time"]) * int(result["laps"]) < milliseconds(result["time"])
        stops = rows_of(race / "pit-stops.yml")
        assert [int(s["position"]) for s in stops] == list(range(1, len(stops) + 1))
        assert [int(s["lap"]) for s in stops] == sorted(int(s["lap"]) for s in stops)
        numbers = defaultdict(list)
        for stop in stops:
            numbers[stop["driverId"]].append(int(stop["stop"]))
            assert 1 <= int(stop["lap"]) < int(results[stop["driverId"]]["laps"])
        assert all(n == list(range(1, len(n) + 1)) for n in numbers.values())


def test_qualifying_is_knock_out(league: tuple[Path, SampleTruth]) -> None:
    for race in race_folders(league[0]):
        for name in ("qualifying-results", "sprint-qualifying-results"):
            if not (race / f"{name}.yml").exists():
                continue
            rows = rows_of(race / f"{name}.yml")
            assert len(rows) == 20
            ranked = [r for r in rows if r["position"].isdigit()]
            assert [int(r["position"]) for r in ranked] == list(range(1, len(ranked) + 1))
            assert {r["position"] for r in rows if not r["position"].isdigit()} <= {"NC", "DSQ"}
            finals = [milliseconds(r["q3"]) for r in ranked if r["q3"]]
            assert finals == sorted(finals) and len(finals) <= 10
            assert sum(bool(r["q2"]) for r in rows) <= 15
            for row in ranked[1:]:
                if row["q3"]:
                    assert milliseconds(row["gap"]) == milliseconds(row["q3"]) - finals[0]


def test_grid_is_qualifying_with_penalties(league: tuple[Path, SampleTruth]) -> None:
    """The rule itself: unpenalised keep their order, penalised lose at most their places, PL has no place."""
    penalties = Counter[str]()
    for race in race_folders(league[0]):
        if not (race / "starting-grid-positions.yml").exists():
            continue
        grid = rows_of(race / "starting-grid-positions.yml")
        source = "qualifying-results"
        if race.parts[-3] == "2022" and (race / "sprint-race-results.yml").exists():
            source = "sprint-race-results"  # until 2022 the sprint set the grid
        order = [r["driverId"] for r in rows_of(race / f"{source}.yml")]
        lane = [r["driverId"] for r in grid if r["position"] == "PL"]
        starters = [r for r in grid if r["position"] != "PL"]
        assert [int(r["position"]) for r in starters] == list(range(1, len(starters) + 1))
        assert grid[: len(starters)] == starters
        before = [d for d in order if d in {r["driverId"] for r in starters}]
        free = [r["driverId"] for r in starters if not r["gridPenalty"]]
        assert free == [d for d in before if d in free]
        for place, row in enumerate(starters):
            lost = place - before.index(row["driverId"])
            if row["gridPenalty"].isdigit():
                # A neighbour's penalty may move him by a place; only at the back is there less to lose.
                others = sum(bool(r["gridPenalty"]) for r in grid) - 1
                assert lost <= int(row["gridPenalty"]) + others
                at_the_back = all(r["gridPenalty"] for r in starters[place + 1 :])
                assert lost >= int(row["gridPenalty"]) - others or at_the_back
            elif not row["gridPenalty"]:
                assert lost <= sum(
                    before.index(r["driverId"]) > before.index(row["driverId"]) for r in starters[:place]
                )
            penalties[row["gridPenalty"]] += 1
        penalties["PL"] += len(lane)
        withdrawn = set(order) - {r["driverId"] for r in grid}
        results = {r["driverId"]: r for r in rows_of(race / "race-results.yml")}
        assert {d: results[d]["position"] for d in withdrawn} == dict.fromkeys(withdrawn, "DNS")
        assert {r["driverId"]: r["position"] for r in grid} == {
            d: r["gridPosition"] for d, r in results.items() if d not in withdrawn
        }
    assert {"3", "5", "10", "SFB", "PL"} <= set(penalties)


def test_it_has_everything_that_a_season_can_throw(league: tuple[Path, SampleTruth]) -> None:
    folder, truth = league
    run = [t for t in truth.races if t.run]
    assert 4 <= sum(bool(t.wet) for t in run) <= 30 and sum(t.wet_qualifying for t in run) >= 2
    assert 15 <= sum(bool(t.safety_car) for t in run) <= 65 and sum(bool(t.red_flag) for t in run) >= 2
    assert any(t.gambled for t in run)
    assert truth.reset_seasons == (2024,)
    for season in truth.seasons:
        assert {s.kind for s in truth.swaps if s.season == season} == {"replaced", "exchanged", "one_race"}
    races = race_folders(folder)
    positions = Counter(
        (p.stem, r["position"]) for race in races for p in race.glob("*results.yml") for r in rows_of(p)
    )
    assert positions["race-results", "DSQ"] >= 3
    assert positions["race-results", "DNS"] >= 6 and positions["race-results", "DNF"] >= 50
    assert positions["qualifying-results", "NC"] >= 1 and positions["qualifying-results", "DSQ"] >= 3
    third = [race / "free-practice-3-results.yml" for race in races]
    assert sum(path.is_file() and path.read_bytes() == b"" for path in third) >= 3
    calendar = [rows_of(race / "race.yml") for race in races]
    assert sum("scheduledLaps" in race for race in calendar) >= 3
    assert sum("driversChampionshipDecider" in race for race in calendar) == 3
    assert {race["circuitType"] for race in calendar} == {"RACE", "STREET", "ROAD"}
    stand_ins = 0
    for race in races:
        if (race / "qualifying-results.yml").exists():
            racing, practising = (
                {r["driverId"] for r in rows_of(race / f"{name}.yml")}
                for name in ("qualifying-results", "free-practice-1-results")
            )
            stand_ins += len(practising - racing)
    assert stand_ins >= 5


def test_swaps_are_in_the_results(league: tuple[Path, SampleTruth]) -> None:
    folder, truth = league
    team_of = {
        (int(race.parts[-3]), int(race.name[:2])): {
            r["driverId"]: r["constructorId"] for r in rows_of(race / "race-results.yml")
        }
        for race in race_folders(folder)
        if (race / "race-results.yml").exists()
    }
    for swap in truth.swaps:
        if (swap.season, swap.round + 1) not in team_of:
            continue
        assert team_of[swap.season, swap.round][swap.driver_in] == swap.team_id
        if swap.kind != "exchanged":
            assert swap.driver_out not in team_of[swap.season, swap.round]
        if swap.kind == "one_race":
            assert swap.driver_in not in team_of[swap.season, swap.round + 1]


def test_a_reset_reshuffles_and_cars_move_faster_than_drivers(
    leagues: list[tuple[SampleTruth, list[Any]]],
) -> None:
    truths = [truth for truth, _ in leagues[:6]]

    def winters(kind: str, reset: bool) -> float:
        moves = []
        for truth in truths:
            for season in truth.seasons[1:]:
                if (season in truth.reset_seasons) is reset:
                    last = [t for t in truth.races if t.season == season - 1][-1]
                    first = next(t for t in truth.races if t.season == season)
                    before, after = getattr(last, kind), getattr(first, kind)
                    moves += [after[k] - before[k] for k in after if k in before]
        return float(np.std(moves))

    assert winters("car_pace", True) > 2.0 * winters("car_pace", False)
    assert winters("car_pace", False) > 2.0 * winters("driver_skill", False)


def test_truth_explains_the_results(leagues: list[tuple[SampleTruth, list[Any]]]) -> None:
    """Pace orders the finish, rain blurs it, and retirement rates are what they are said to be."""
    rank_error: dict[bool, list[float]] = {True: [], False: []}
    expected = observed = starts = 0.0
    for truth, weekends in leagues[:6]:
        told = {t.race_id: t for t in truth.races}
        for weekend in weekends:
            if weekend.race is None:
                continue
            race = told[f"{weekend.season}-{weekend.circuit.grand_prix_id}"]
            pace = race.race_pace()
            finished = [f.driver for f in weekend.race.finishes if f.position.isdigit()]
            by_pace = sorted(finished, key=lambda d: -pace[d])
            rank_error[bool(race.wet)].append(
                float(np.mean([abs(i - by_pace.index(d)) for i, d in enumerate(finished)]))
            )
            ran = [f for f in weekend.race.finishes if f.position != "DNS"]
            expected += sum(race.retire_probability[f.driver] for f in ran)
            observed += sum(f.position == "DNF" for f in ran)
            starts += len(ran)
    assert np.mean(rank_error[False]) < 3.5  # 6.65 if pace told nothing
    assert np.mean(rank_error[True]) > np.mean(rank_error[False]) + 0.3
    # A race cut short spares those who would have retired later; else the rates are binomial.
    assert abs(observed - expected) < 4.0 * np.sqrt(expected) + 0.02 * expected
    assert 0.05 < observed / starts < 0.15


def test_streets_hold_the_grid(leagues: list[tuple[SampleTruth, list[Any]]]) -> None:
    """Where passing is hard the finish follows the grid more closely."""
    moved: dict[bool, list[float]] = {True: [], False: []}
    for truth, weekends in leagues:
        wet = {t.race_id: t.wet for t in truth.races}
        for w in weekends:
            if w.race and w.grid and not wet[f"{w.season}-{w.circuit.grand_prix_id}"]:
                start = [s.driver for s in w.grid]
                finished = [f.driver for f in w.race.finishes if f.position.isdigit()]
                start = [d for d in start if d in finished]
                if w.circuit.hard_to_pass >= 0.4 or w.circuit.hard_to_pass <= 0.08:
                    change = np.mean([abs(start.index(d) - i) for i, d in enumerate(finished) if d in start])
                    moved[w.circuit.hard_to_pass >= 0.4].append(float(change))
    assert np.mean(moved[True]) < 0.8 * np.mean(moved[False])


# -- through the readers ---------------------------------------------------------------------------------


def test_truth_file_is_json_and_says_what_was_returned(league: tuple[Path, SampleTruth]) -> None:
    folder, truth = league
    kept = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    assert kept["seed"] == 1 and kept["next_race_id"] == truth.next_race_id
    assert len(kept["races"]) == len(truth.races) == 79
    assert kept["races"][0]["car_pace"] == pytest.approx(truth.races[0].car_pace, abs=1e-4)


def test_incident_lists_name_races_of_the_calendar(league: tuple[Path, SampleTruth]) -> None:
    folder, truth = league

    def read(name: str) -> list[dict[str, str]]:
        with (folder / "ergast_csv" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    names = {f"{r['year']} {r['name']}": (int(r["year"]), int(r["round"])) for r in read("races")}
    assert len(names) == 88
    told = {(t.season, t.round): t for t in truth.races if t.run}
    for name, flag in (("safety_cars", "safety_car"), ("red_flags", "red_flag")):
        listed = {names[row["Race"]] for row in read(name)}
        assert listed == {key for key, t in told.items() if getattr(t, flag)}
    assert all(int(r["Deployed"]) <= int(r["Retreated"]) for r in read("safety_cars"))


def test_the_readers_take_it_without_a_reject(league: tuple[Path, SampleTruth]) -> None:
    folder, truth = league
    files = results.read_folder(folder)
    assert set(truth.seasons) <= set(results.seasons_of(files))
    without = {s: {p: b for p, b in bodies.items() if p != "truth.json"} for s, bodies in files.items()}
    for season in truth.seasons:
        built = results.build_season(season, files)
        assert built.rejects == []
        assert built.disagreements.is_empty()
        assert not [note for note in built.notes if "newcomer" in note]
        if season == truth.seasons[-1]:
            blind = results.build_season(season, without)
            assert all(table.equals(blind.tables[name]) for name, table in built.tables.items())
            assert blind.notes == built.notes
        tables = built.tables
        run = [t for t in truth.races if t.season == season and t.run]
        assert tables["race_calendar"].height == 22
        assert set(tables["race_results"]["race_id"]) == {t.race_id for t in run}
        assert tables["race_results"].height == 20 * len(run)
        seats = {(t.race_id, d): team for t in run for d, team in t.seats.items()}
        read = tables["race_results"].select("race_id", "driver_id", "constructor_id").rows()
        assert {(race, driver): team for race, driver, team in read} == seats
        qualified = tables["qualifying_results"].filter(pl.col("session") == "qualifying")
        assert set(qualified["race_id"]) == {t.race_id for t in truth.races if t.season == season}
        assert tables["sprint_results"].height == 20 * sum(t.round in (5, 10, 19) for t in run)
        for table in tables.values():
            if table.height:
                assert set(table["source"]) <= {"f1db", "ergast"}
