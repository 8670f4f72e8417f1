"""From a changed file to a new forecast, with `dagster dev` running: how long, and where the time goes.

    python -m bench.arrival_to_forecast [CHANGES] [FOLDER]

Starts the platform on a lake of its own, waits until it has taken in a watched folder, and then corrects the
last race's result CHANGES times (default 5): once with the sample league, once with the records in FOLDER
(default ../shared/data/formula1 where it is). Each time it waits for the forecasts to change in the lake and
for the same forecasts in the warehouse. A change comes at any point of the sensor's rhythm.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench._timing import duration  # isort: skip  (one thread, also for the processes started here)

from formguide import warehouse
from formguide.formula1.arrivals import SPORT
from formguide.formula1.sample import write_sample
from formguide.lake import Lake

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "data" / "formula1"
GOALS = {"lake": 30.0, "warehouse": 60.0}
PATIENCE_SEC = 600.0


@dataclass(frozen=True)
class Arrival:
    """One change: seconds from the file to the lake and to the warehouse, and of each leg on the way."""

    lake: float
    warehouse: float
    legs: Mapping[str, float]


@contextmanager
def platform(home: Path, lake: Path, watched: Path) -> Iterator[None]:
    """`dagster dev` with its own history, lake and watched folder."""
    home.mkdir()
    shutil.copyfile(ROOT / "dagster.yaml", home / "dagster.yaml")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    places = {"DAGSTER_HOME": str(home), "FORMGUIDE_LAKE": str(lake), "FORMGUIDE_WATCH": str(watched)}
    program = [str(Path(sys.executable).with_name("dagster")), "dev", "--host", "127.0.0.1", "--port", port]
    with open(home / "dagster.log", "wb") as log:
        running = subprocess.Popen(
            program, cwd=ROOT, env=os.environ | places, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(running.pid, signal.SIGINT)
            try:
                running.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()


def wait_for(there: Callable[[], bool], what: str) -> float:
    """The time when it was there, looked at ten times a second."""
    give_up = time.time() + PATIENCE_SEC
    while not there():
        if time.time() > give_up:
            raise SystemExit(f"  {what}: not there after {PATIENCE_SEC:g} s")
        time.sleep(0.1)
    return time.time()


def forecasts_in_lake(lake: Lake, season: str) -> str | None:
    """The version of the season's forecasts in the lake."""
    manifest = lake.manifest(SPORT, "race_forecasts", season)
    return manifest.hash if manifest else None


def forecasts_in_warehouse(lake: Lake, season: str) -> str | None:
    """The version of the season's forecasts in the warehouse."""
    question = f"SELECT hash FROM contents WHERE asset = 'race_forecasts' AND \"partition\" = '{season}'"
    try:
        found = warehouse.query(lake, question)
    except warehouse.NoWarehouse:
        return None
    return str(found["hash"][0]) if found.height else None


def last_result(watched: Path) -> Path:
    """The result of the last race that was run."""
    return max(watched.rglob("race-results.yml"), key=lambda p: (p.parts[-4], p.parent.name))


def correct(result: Path) -> float:
    """Puts the first two drivers in each other's place; when that was done."""
    lines = result.read_text().splitlines()
    for key in ("driverId:", "constructorId:"):
        first, second = [i for i, line in enumerate(lines) if key in line][:2]
        lines[first], lines[second] = lines[second], lines[first]
    result.write_text("\n".join(lines) + "\n")
    return time.time()


def legs(home: Path, changed: float, in_lake: float, in_warehouse: float) -> dict[str, float]:
    """Where the time went, from Dagster's own record of the runs since the change."""
    import dagster as dg

    chain = building = None
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for record in instance.get_run_records(limit=10):
            events = [e for e in instance.all_logs(record.dagster_run.run_id) if e.step_key]
            steps = [e.timestamp for e in events if e.dagster_event_type is dg.DagsterEventType.STEP_START]
            asked = record.create_timestamp.timestamp()
            if not steps or not changed < asked < in_warehouse:
                continue
            leg = (asked, min(steps), record.end_time or in_warehouse)
            names = {e.step_key for e in events}
            # Newest first: the warehouse's last build before it was seen, the chain's first run.
            chain = leg if "results" in names else chain
            building = building or (leg if "warehouse" in names else None)
    if chain is None or building is None:
        raise SystemExit("  Dagster has no record of the runs that were waited for")
    return {
        "until the sensor asks for a run": chain[0] - changed,
        "until the run's process works": chain[1] - chain[0],
        "files to forecasts": in_lake - chain[1],
        "the rest of the run: title odds, log": chain[2] - in_lake,
        "until automation asks for a warehouse": building[0] - chain[2],
        "until that run's process works": building[1] - building[0],
        "scorecard and warehouse": in_warehouse - building[1],
    }


def one_change(home: Path, lake: Lake, result: Path, season: str) -> Arrival:
    """Corrects a result and follows it through."""
    before, changed = forecasts_in_lake(lake, season), correct(result)
    in_lake = wait_for(lambda: forecasts_in_lake(lake, season) != before, "a new forecast")
    now = forecasts_in_lake(lake, season)
    in_warehouse = wait_for(lambda: forecasts_in_warehouse(lake, season) == now, "it in the warehouse")
    return Arrival(in_lake - changed, in_warehouse - changed, legs(home, changed, in_lake, in_warehouse))


def measure(watched: Path, place: Path, changes: int) -> list[Arrival]:
    """Changes one file after the other and waits for each to get through."""
    home, lake, rng = place / "home", Lake(place / "lake"), random.Random(1)
    result = last_result(watched)
    season = result.parts[-4]
    found = []
    began = time.time()
    with platform(home, place / "lake", watched):
        wait_for(lambda: forecasts_in_warehouse(lake, season) is not None, "the first warehouse")
        print(f"  everything for the first time, start of Dagster included: {duration(time.time() - began)}")
        for _ in range(changes):
            time.sleep(rng.uniform(15, 25))
            found.append(one_change(home, lake, result, season))
            print(
                f"  changed file to lake {found[-1].lake:5.1f} s, to warehouse {found[-1].warehouse:5.1f} s"
            )
    return found


def report(arrivals: list[Arrival]) -> None:
    """Medians beside the goals, and the legs they are made of."""
    for where, goal in GOALS.items():
        median = statistics.median(getattr(a, where) for a in arrivals)
        worst = max(getattr(a, where) for a in arrivals)
        said = "reached" if median <= goal else "MISSED"
        print(f"  to the {where}: median {median:.1f} s, worst {worst:.1f} s; goal {goal:g} s {said}")
    for name in arrivals[0].legs:
        print(f"    {name:<42}{statistics.median(a.legs[name] for a in arrivals):6.1f} s")


def main(changes: int, folder: Path) -> None:
    """Measures on the sample league and, where there are any, on real records."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "sample"
        write_sample(place / "league")
        print("the sample league")
        report(measure(place / "league", place, changes))
    if not (folder / "f1db").is_dir():
        print(f"no real records in {folder}")
        return
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "real"
        shutil.copytree(folder / "f1db", place / "watched" / "f1db")
        print("real records")
        report(measure(place / "watched", place, changes))


if __name__ == "__main__":
    chosen = sys.argv[1:]
    main(int(chosen[0]) if chosen else 5, Path(chosen[1]) if len(chosen) > 1 else REAL)
