"""Making a season again: only what its inputs say has changed, the rest carried over.

Each function makes one kind of thing for some seasons and writes it to the lake. It goes by fingerprints:
what a partition was `made_from` is compared with what it would be made from now, and where they agree
nothing is read, computed or written. So a second call makes nothing, and a lake that grew file by file ends
equal to one that was made at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from formguide import making
from formguide.asof import fingerprint
from formguide.formula1 import arrivals, strengths
from formguide.formula1.arrivals import SPORT
from formguide.formula1.forecast_tables import Strengths
from formguide.formula1.results import build_season
from formguide.formula1.settings import ForecastSettings, as_dict
from formguide.formula1.strengths import Checkpoint
from formguide.formula1.tables import SOURCE_TABLES, TABLES, RaceConditions
from formguide.formula1.weekends import build_weekends
from formguide.lake import Lake
from formguide.making import Made, carried_over

RESULTS_VERSION = "1"
"""Changes when the same files would give other tables."""

CONDITIONS_VERSION = "1"
"""Changes when the same tables would give other race conditions."""

DISAGREEMENTS = "source_disagreements"
"""The asset that holds what two sources say differently."""

RESULT_ASSETS = {table.name: table.description for table in SOURCE_TABLES} | {
    DISAGREEMENTS: "Where two sources say different things of one race: which field, and what each says."
}
"""What the sources are read into, with what each holds."""

CHECKPOINTS = "strength_checkpoints"
"""The model's state after every race, from which the next race's update starts."""

STRENGTH_INPUTS = (
    "race_calendar",
    "race_results",
    "starting_grids",
    "qualifying_results",
    "practice_results",
    "sprint_results",
)

CONDITION_INPUTS = (
    "race_calendar",
    "race_results",
    "qualifying_results",
    "fastest_laps",
    "pit_stops",
    "race_incidents",
)


def make_source_files(lake: Lake, seasons: Iterable[int], folders: Iterable[str | Path]) -> dict[int, Made]:
    """Mirrors the folders into the raw store and lists what each season is made from."""
    held = arrivals.holdings(lake, folders)
    counts = arrivals.receive(lake, held)
    made = {}
    for season in seasons:
        written = arrivals.write_source_files(lake, season, held)
        facts = {f"files_{what}": n for what, n in counts.items()} | {"passed_over": held.passed_over}
        made[season] = Made(
            written.hash, written.rows or 0, int(written.changed), int(not written.changed), facts
        )
    return made


def results_from(lake: Lake, season: int) -> str:
    """What a season's tables would be made from now."""
    return fingerprint(RESULTS_VERSION, version_of(lake, "source_files", season))


def make_results(lake: Lake, seasons: Iterable[int]) -> dict[str, dict[int, Made]]:
    """The canonical tables of some seasons and where the sources disagree (asset → season → what was made).

    Records that cannot be read go to quarantine; the metadata of the calendar, which every season has,
    names them.
    """
    declared = {table.name: table for table in SOURCE_TABLES}
    made: dict[str, dict[int, Made]] = {name: {} for name in RESULT_ASSETS}
    for season in seasons:
        made_from = results_from(lake, season)
        kept = {name: lake.manifest(SPORT, name, str(season)) for name in made}
        current = {name: m for name, m in kept.items() if m is not None and m.made_from == made_from}
        if len(current) == len(made):
            for name, manifest in current.items():
                made[name][season] = carried_over(manifest)
            continue
        built = build_season(season, arrivals.season_bodies(lake, season))
        for reject in built.rejects:
            lake.quarantine(SPORT, reject.file, reject.payload, str(reject))
        said = {"rejects": sorted(str(reject) for reject in built.rejects), "notes": sorted(built.notes)}
        for name, frame in {**built.tables, DISAGREEMENTS: built.disagreements}.items():
            facts = said if name == "race_calendar" else {}
            written = lake.write_table(SPORT, name, str(season), frame, declared.get(name), made_from, facts)
            made[name][season] = Made(written.hash, frame.height, 1, 0, facts)
    return made


def conditions_from(lake: Lake, season: int) -> str:
    """What a season's race conditions would be made from now."""
    until = [key for key in lake.partitions(SPORT, "race_calendar") if int(key) <= season]
    inputs = [version_of(lake, name, int(key)) for key in until for name in CONDITION_INPUTS]
    return fingerprint(CONDITIONS_VERSION, inputs)


def make_conditions(lake: Lake, seasons: Iterable[int]) -> dict[int, Made]:
    """Wet races and safety cars of some seasons, each from its own races and every earlier one."""
    from formguide.formula1.conditions import race_conditions

    made, due = {}, {}
    for season in seasons:
        made_from = conditions_from(lake, season)
        manifest = lake.manifest(SPORT, RaceConditions.name, str(season))
        if manifest is not None and manifest.made_from == made_from:
            made[season] = carried_over(manifest)
        else:
            due[season] = made_from
    if due:
        known = [key for key in lake.partitions(SPORT, "race_calendar") if int(key) <= max(due)]
        frames = season_tables(lake, known, CONDITION_INPUTS)
        conditions = race_conditions(*(frames[name] for name in CONDITION_INPUTS))
        for season, made_from in due.items():
            frame = conditions.filter(pl.col("season") == season)
            written = lake.write_table(
                SPORT, RaceConditions.name, str(season), frame, RaceConditions, made_from
            )
            made[season] = Made(written.hash, frame.height, 1, 0)
    return dict(sorted(made.items()))


def strengths_from(lake: Lake, season: int, settings: ForecastSettings) -> str:
    """What a season's strengths would be made from now."""
    inputs = [version_of(lake, name, season) for name in STRENGTH_INPUTS]
    _, before = last_run(lake, season)
    return fingerprint(strengths.VERSION, as_dict(settings), inputs, before)


def make_strengths(
    lake: Lake, seasons: Iterable[int], settings: ForecastSettings | None = None
) -> dict[int, Made]:
    """Strengths after each race of some seasons, from the first race on that is new or leans on a changed
    one.

    Each season goes on from the last checkpoint before it; `computed` and `carried` count races.
    """
    settings = settings or ForecastSettings()
    made = {}
    for season in sorted(seasons):
        made_from = strengths_from(lake, season, settings)
        manifest = lake.manifest(SPORT, Strengths.name, str(season))
        kept = lake.manifest(SPORT, CHECKPOINTS, str(season))
        if manifest and kept and manifest.made_from == kept.made_from == made_from:
            made[season] = carried_over(manifest, len(kept.extra["races"]))
            continue
        weekends = build_weekends(season_tables(lake, [season], STRENGTH_INPUTS))
        previous = {point.race_id: point for point in checkpoints(lake, [season])}
        run = strengths.run_forward(weekends, settings, previous, last_checkpoint(lake, season))
        write_checkpoints(lake, season, run.checkpoints, made_from)
        table = strengths.strengths_table(run.checkpoints, weekends, settings)
        written = lake.write_table(SPORT, Strengths.name, str(season), table, Strengths, made_from)
        made[season] = Made(written.hash, table.height, run.computed, run.carried)
    return made


def checkpoints(lake: Lake, seasons: Iterable[int]) -> list[Checkpoint]:
    """The checkpoints of some seasons, in the order of the races."""
    found = []
    for season in sorted(seasons):
        manifest = lake.manifest(SPORT, CHECKPOINTS, str(season))
        if manifest is None:
            continue
        contents = lake.read_bytes(SPORT, CHECKPOINTS, str(season))
        found += [
            Checkpoint(season=season, data=contents[f"{r['race_id']}.npz"], **r)
            for r in manifest.extra["races"]
        ]
    return found


def write_checkpoints(lake: Lake, season: int, points: Sequence[Checkpoint], made_from: str) -> None:
    """Makes these the season's checkpoints."""
    races = [{"race_id": p.race_id, "round": p.round, "fingerprint": p.fingerprint} for p in points]
    # A season of which no race has been run yet has no checkpoint, but a partition all the same.
    contents = {"races.txt": "\n".join(p.race_id for p in points).encode()}
    contents |= {f"{p.race_id}.npz": p.data for p in points}
    lake.write_bytes(SPORT, CHECKPOINTS, str(season), contents, made_from, {"races": races})


def last_run(lake: Lake, before: int) -> tuple[int | None, str | None]:
    """The last earlier season of which a race was run, and the fingerprint of its last checkpoint."""
    for key in reversed(lake.partitions(SPORT, CHECKPOINTS)):
        manifest = lake.manifest(SPORT, CHECKPOINTS, key)
        if int(key) < before and manifest is not None and manifest.extra["races"]:
            return int(key), str(manifest.extra["races"][-1]["fingerprint"])
    return None, None


def last_checkpoint(lake: Lake, before: int) -> Checkpoint | None:
    """The model's state after the last race of any earlier season."""
    season, _ = last_run(lake, before)
    return checkpoints(lake, [season])[-1] if season is not None else None


def season_tables(
    lake: Lake, seasons: Iterable[int | str] | None = None, names: Iterable[str] = tuple(TABLES)
) -> dict[str, pl.DataFrame]:
    """The canonical tables of some seasons (by default all), by name; what is not there yet is empty."""
    keys = None if seasons is None else [str(season) for season in seasons]
    return {name: lake.read_table(SPORT, name, keys, TABLES[name]) for name in names}


def version_of(lake: Lake, asset: str, season: int) -> str | None:
    """The hash of what an asset says of a season; None if it says nothing yet."""
    return making.version_of(lake, SPORT, asset, season)
