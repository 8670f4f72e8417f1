"""What was known before a race is read the same whatever the race's own files say, or if there are none."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from formguide.formula1.results import Files, build_season, read_folder

from .test_ergast import files as ergast_files
from .test_f1db import FIELD, folder, grid_yml, race_yml, results_yml
from .test_jolpica import ASHGROVE, QUALIFYING, RESULTS, body, race, result
from .test_results import tree

EARLIER = ("practice_results", "qualifying_results", "starting_grids", "race_calendar")
LATER_FILES = ("race-results", "sprint-race-results", "fastest-laps", "pit-stops")
Change = Callable[[bytes], bytes | None]


def _did_not_start(which: slice) -> Change:
    """Some records become those of drivers who did not start and had no place on the grid."""

    def change(text: bytes) -> bytes:
        records = text.split(b"- position")[1:]
        for i in range(len(records))[which]:
            lines = [line for line in records[i].splitlines() if b"gridPosition" not in line]
            records[i] = b"\n".join([b": DNS", *lines[1:], b""])
        return b"".join(b"- position" + record for record in records)

    return change


def _turned_around(text: bytes) -> bytes:
    return b"".join(b"- " + record for record in reversed(text.split(b"- ")[1:]))


def _strangers(text: bytes) -> bytes:
    return text.replace(b"driverId: ", b"driverId: somebody-like-")


CHANGES: dict[str, Change] = {
    "deleted": lambda text: None,
    "emptied": lambda text: b"",
    "cut": lambda text: text[: len(text) // 2],
    "no text": lambda text: b"\xff\xfe\x00" + text,
    "nobody started": _did_not_start(slice(None)),
    "half did not start": _did_not_start(slice(0, None, 2)),
    "the other half did not start": _did_not_start(slice(1, None, 2)),
    "turned around": _turned_around,
    "strangers": _strangers,
}


def changed(files: dict[str, bytes], names: tuple[str, ...], change: Change) -> dict[str, bytes]:
    """The files with those of the given sessions changed or left out."""
    after = {
        path: change(text) if path.rsplit("/", 1)[-1].removesuffix(".yml") in names else text
        for path, text in files.items()
    }
    return {path: text for path, text in after.items() if text is not None}


def as_bytes(season: int, files: Files) -> dict[str, bytes]:
    """Every table as a file of Arrow."""
    written = {}
    for name, frame in build_season(season, files).tables.items():
        buffer = io.BytesIO()
        frame.rechunk().write_ipc(buffer)
        written[name] = buffer.getvalue()
    return written


def of(names: tuple[str, ...], tables: dict[str, bytes]) -> dict[str, bytes]:
    return {name: tables[name] for name in names}


def entries(*texts: str) -> bytes:
    records = zip(FIELD, texts, strict=True)
    return "".join(
        f"- position: {text}\n  driverId: {driver}\n  constructorId: {team}\n  time: 1:15.000\n  laps: 20\n"
        for (driver, team, _), text in records
    ).encode()


@pytest.fixture(scope="module")
def league_files(league: tuple[Path, object]) -> dict[str, bytes]:
    """The f1db tree of the sample league's 2024; in its second race two cars share a place on the grid."""
    found = {
        path: text
        for path, text in read_folder(league[0])["f1db"].items()
        if "seasons/" not in path or path.startswith("seasons/2024/")
    }
    grid = [path for path in sorted(found) if path.endswith("/starting-grid-positions.yml")][1]
    assert b"position: 12\n" in found[grid]
    found[grid] = found[grid].replace(b"position: 12\n", b"position: 11\n")
    return found


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_season_before_its_races(league_files: dict[str, bytes], change: Change) -> None:
    whole = as_bytes(2024, {"f1db": league_files})
    other = as_bytes(2024, {"f1db": changed(league_files, LATER_FILES, change)})
    assert of(EARLIER, other) == of(EARLIER, whole)
    assert other["race_results"] != whole["race_results"]


WEEKEND = {
    "free-practice-1-results": entries("1", "2", "3", "4"),
    "qualifying-results": entries("2", "1", "3", "4"),
    "sprint-qualifying-results": entries("1", "2", "3", "4"),
    "sprint-starting-grid-positions": grid_yml(("1", "2", "2", "3")),
    "sprint-race-results": results_yml(("1", "2", "DNS", "3")),
    "starting-grid-positions": grid_yml(("1", "2", "2", "PL")),
    "race-results": results_yml(("1", "DNS", "2", "DNF")),
    "fastest-laps": entries("1", "2", "3", "4"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
@pytest.mark.parametrize("name", sorted(WEEKEND))
def test_a_session_is_read_from_its_own_file(name: str, change: Change) -> None:
    given = folder({"race": race_yml(more="sprintRaceLaps: 24\n"), **WEEKEND})
    whole = build_season(2024, {"f1db": given}).tables
    other = build_season(2024, {"f1db": changed(given, (name,), change)}).tables
    touched = {
        "free-practice-1-results": ("practice_results", 1),
        "qualifying-results": ("qualifying_results", "qualifying"),
        "sprint-qualifying-results": ("qualifying_results", "sprint_qualifying"),
        "sprint-starting-grid-positions": ("starting_grids", "sprint"),
        "starting-grid-positions": ("starting_grids", "race"),
    }.get(name, (name.replace("sprint-race", "sprint").replace("-", "_"), None))
    for table, frame in whole.items():
        kept, still = frame, other[table]
        if table == touched[0]:
            if touched[1] is None:
                continue
            kept, still = (part.filter(pl.col("session") != touched[1]) for part in (kept, still))
        assert still.equals(kept), table


SCHEDULE = body(race(Qualifying={"date": "2025-04-12", "time": "16:00:00Z"}), url="ergast/f1/2025")
NAMED = [*QUALIFYING, QUALIFYING[0] | {"Driver": ASHGROVE, "position": "4"}]


@pytest.mark.parametrize("change", ["absent", "cut", "turned around", "another race's"])
def test_a_jolpica_qualifying_before_its_race(change: str) -> None:
    before = {
        "schedule": SCHEDULE,
        "qualifying": body(race(QualifyingResults=NAMED), url="ergast/f1/2025/4/qualifying"),
    }
    stops = [{"driverId": "ashgrove", "lap": "12", "stop": "1", "duration": "23.4"}]
    records = [*RESULTS[:3], result(3, "W", grid="0", laps="0", status="Withdrew") | {"Driver": ASHGROVE}]
    after = {
        "results": body(race(Results=records)),
        "a-stops": body(race(PitStops=stops), url="ergast/f1/2025/4/pitstops"),
    }
    whole = as_bytes(2025, {"jolpica": before | after})
    turned = [record | {"position": str(4 - i)} for i, record in enumerate(records)]
    later: dict[str, dict[str, bytes]] = {
        "absent": {},
        "cut": {f"f1_2025_{name}": text[:-60] for name, text in after.items()},
        "turned around": after | {"results": body(race(Results=turned))},
        "another race's": {"results": body(race(number=5, name="Monaco Grand Prix", Results=records))},
    }
    given = {"jolpica": before | later[change]}
    assert build_season(2025, given).tables["qualifying_results"]["driver_id"][-1] == "nils-ashgrove"
    names = EARLIER[1:2] if change == "another race's" else ("qualifying_results", "race_calendar")
    assert of(names, as_bytes(2025, given)) == of(names, whole)


@pytest.mark.parametrize("results", [None, b"", b"\xff", "turned around"])
def test_where_f1db_has_the_grid_the_other_sources_results_do_not_matter(results: bytes | str | None) -> None:
    given = tree(starting_grid_positions=grid_yml(("1", "2", "2", "PL")))
    whole = as_bytes(2023, {"f1db": given, "ergast_csv": ergast_files()})
    csvs = ergast_files()
    if isinstance(results, str):
        head, *rows = csvs["results.csv"].splitlines()
        csvs["results.csv"] = b"\n".join([head, *reversed(rows)])
    elif results is None:
        del csvs["results.csv"]
    else:
        csvs["results.csv"] = results
    assert of(EARLIER, as_bytes(2023, {"f1db": given, "ergast_csv": csvs})) == of(EARLIER, whole)
