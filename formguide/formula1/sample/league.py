"""The sample league: four seasons of a fictional championship, as files that the readers take for real ones.

`write_sample` tells the league race by race and writes it in the layout of f1db (with safety cars and race
names in Ergast's CSV form beside it), so that the sample goes every step of the road that real files go. Its
strengths are known and kept in `truth.json`. The last season stops in the middle: its next race has had
practice and qualifying.

The same arguments give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from formguide.formula1.sample.files import league_files
from formguide.formula1.sample.race import Oddities, RaceRun, retire_probability, run_race
from formguide.formula1.sample.schedule import Weekend
from formguide.formula1.sample.sheet import Finish
from formguide.formula1.sample.strengths import RaceTruth, SampleTruth, Strengths, Swap
from formguide.formula1.sample.weekend import Entry, Timed, practice, qualifying, starting_grid
from formguide.formula1.sample.world import (
    CIRCUITS,
    DRIVERS,
    LAST_SEASON_OF_SPRINT_FOR_GRID,
    LAST_SEASON_WITH_FASTEST_LAP_POINT,
    POINTS,
    SPRINT_POINTS,
    Circuit,
    calendar_of,
)

TRUTH = "truth.json"


def write_sample(
    folder: Path | str,
    seed: int = 1,
    seasons: int = 4,
    *,
    races: int = 22,
    rounds_run: int = 12,
    first_season: int = 2022,
) -> SampleTruth:
    """Write the sample league into `folder` and return its truth.

    `folder` gets `f1db/` (seasons, drivers, constructors, circuits, grands-prix), `ergast_csv/` and
    `truth.json`. Of the last season `rounds_run` races have been run, and the next has had its qualifying. A
    sample already there is brought up to date: files that are right stay untouched, others of its own are
    replaced or removed. With one more round run, what was there before stays as it was, like a real folder
    that grows (only `race.yml` of that round may learn that the race was cut short or decided a title).

    Raises ValueError for an impossible league, FileExistsError where `folder` holds something that is not a
    sample.
    """
    folder = Path(folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / TRUTH).is_file():
        raise FileExistsError(
            f"{folder} holds files but no {TRUTH}: the sample league wants a folder of its own"
        )
    truth, weekends = sample_league(
        seed, seasons, races=races, rounds_run=rounds_run, first_season=first_season
    )
    files = league_files(weekends)
    folder.mkdir(parents=True, exist_ok=True)
    # The truth comes first: it marks the folder as a sample, so that one cut short is repaired the next time.
    _write(folder / TRUTH, _truth_bytes(truth))
    for name, body in files.items():
        _write(folder / name, body)
    for stale in _own_files(folder) - {folder / name for name in files}:
        stale.unlink()
    return truth


def _write(path: Path, body: bytes) -> None:
    if path.is_file() and path.read_bytes() == body:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def _own_files(folder: Path) -> set[Path]:
    return {
        p
        for part in ("f1db", "ergast_csv")
        for p in (folder / part).rglob("*")
        if p.suffix in (".yml", ".csv")
    }


def _truth_bytes(truth: SampleTruth) -> bytes:
    def rounded(value: object) -> object:
        if isinstance(value, float):
            return round(value, 4)
        if isinstance(value, Mapping):
            return {str(k): rounded(v) for k, v in value.items()}
        return [rounded(v) for v in value] if isinstance(value, list | tuple) else value

    return (json.dumps(rounded(truth.as_json()), ensure_ascii=False, indent=1) + "\n").encode()


def sample_league(
    seed: int = 1, seasons: int = 4, *, races: int = 22, rounds_run: int = 12, first_season: int = 2022
) -> tuple[SampleTruth, list[Weekend]]:
    """Tell the league without writing it: its truth and its weekends (races to come have no sessions)."""
    if not (1 <= seasons <= 12 and 4 <= races <= 22 and 1 <= rounds_run <= races):
        raise ValueError(
            "a sample league has 1 to 12 seasons of 4 to 22 races, of the last at least one has been run; "
            f"asked for {seasons} seasons of {races} races, {rounds_run} of the last run"
        )
    years = tuple(range(first_season, first_season + seasons))
    resets = tuple(years[seasons // 2 : seasons // 2 + 1]) if seasons > 1 else ()
    league = Strengths.at_birth(np.random.default_rng([seed, 0]))
    weekends: list[Weekend] = []
    truths: list[RaceTruth] = []
    swaps: list[Swap] = []
    for index, season in enumerate(years):
        rng = np.random.default_rng([seed, season])
        league.new_season(rng, reset=season in resets, first=index == 0)
        run = rounds_run if season == years[-1] else races
        calendar = calendar_of(season, races, index)
        # Drawn over the whole season, run or not: one round more leaves the rounds before it as they were.
        oddities = _oddities(rng, [number for number, _, _, sprint in calendar if not sprint])
        table = _Points(season, calendar)
        for number, circuit, day, sprint in calendar:
            weekend = Weekend(len(weekends) + 5001, season, number, circuit, day, sprint)
            if number <= run + 1:
                race_rng = np.random.default_rng([seed, season, number])
                league.next_race(race_rng)
                swaps += league.mid_season(season, number, races, rng)
                stand_in = league.substitute(season, number, races, rng)
                swaps += [stand_in] if stand_in else []
                weekend, told = _hold(
                    race_rng, league, weekend, stand_in, oddities.get(number), run=number <= run
                )
                truths.append(told)
                if weekend.race is not None:
                    weekend = table.add(weekend)
            weekends.append(weekend)
    next_race = next((t.race_id for t in truths if not t.run), None)
    truth = SampleTruth(
        seed=seed,
        seasons=years,
        rounds_run={season: rounds_run if season == years[-1] else races for season in years},
        reset_seasons=resets,
        next_race_id=next_race,
        swaps=tuple(swaps),
        races=tuple(truths),
        p_wet={c.circuit_id: c.p_wet for c in CIRCUITS},
        hard_to_pass={c.circuit_id: c.hard_to_pass for c in CIRCUITS},
    )
    return truth, weekends


def _oddities(rng: np.random.Generator, rounds: list[int]) -> dict[int, tuple[Oddities, bool]]:
    """Round → what its race is made to contain, and whether its third practice is called off."""
    kinds = (
        (Oddities(disqualified=True), False),
        (Oddities(stays_on_the_grid=True), False),
        (Oddities(withdrawn=True), False),
        (Oddities(cut_short=True), False),
        (Oddities(qualifying_disqualified=True), False),
        (Oddities(), True),
    )
    at = [rounds[i] for i in rng.permutation(len(rounds))]
    return dict(zip(at, kinds, strict=False))


def _entries(league: Strengths, rng: np.random.Generator, stand_in: Swap | None) -> list[Entry]:
    entries = []
    for team, pair in league.seats.items():
        setup, race_day = rng.normal(0.0, 0.10), rng.normal(0.0, 0.07)
        for regular in pair:
            driver = stand_in.driver_in if stand_in and regular == stand_in.driver_out else regular
            entries.append(_entry(league, team, driver, float(setup), float(race_day)))
    return entries


def _entry(league: Strengths, team: str, driver: str, setup: float, race_day: float) -> Entry:
    pace = league.skill[driver] + league.form[driver] + league.car[team] + setup
    one_lap = pace + league.one_lap[driver] + league.car_one_lap[team]
    return Entry(
        driver,
        team,
        pace + race_day,
        one_lap,
        league.wet_skill[driver],
        league.breakdown_rate[team],
        league.error_rate[driver],
    )


def _hold(
    rng: np.random.Generator,
    league: Strengths,
    weekend: Weekend,
    stand_in: Swap | None,
    oddity: tuple[Oddities, bool] | None,
    *,
    run: bool,
) -> tuple[Weekend, RaceTruth]:
    """Hold a weekend: all of it, or (`run` False) as far as qualifying."""
    odd, practice_called_off = oddity or (Oddities(), False)
    circuit, season = weekend.circuit, weekend.season
    old_sprint = weekend.has_sprint and season <= LAST_SEASON_OF_SPRINT_FOR_GRID
    seats = {d: t for t, pair in league.seats.items() for d in pair}
    if stand_in:
        seats = {stand_in.driver_in if d == stand_in.driver_out else d: t for d, t in seats.items()}
    skill, form, car = dict(league.skill), dict(league.form), dict(league.car)
    entries = _entries(league, rng, stand_in)
    wet = bool(rng.random() < circuit.p_wet)
    wet_saturday = bool(rng.random() < (0.35 if wet else 0.3 * circuit.p_wet))

    practised: dict[int, list[Timed]] = {}
    for number in (1, 2) if old_sprint else (1,) if weekend.has_sprint else (1, 2, 3):
        field = entries if number > 1 or weekend.has_sprint else _first_practice_field(league, rng, entries)
        practised[number] = (
            [] if number == 3 and practice_called_off else practice(rng, field, circuit, number)
        )
    weekend = replace(weekend, practice=practised)

    sheet = qualifying(rng, entries, circuit, wet=wet_saturday, disqualify=odd.qualifying_disqualified)
    weekend = replace(weekend, qualifying=sheet)
    if weekend.has_sprint and (run or not old_sprint):
        shootout = None if old_sprint else qualifying(rng, entries, circuit, wet=False)
        slots = starting_grid(rng, shootout or sheet, penalties=False, out=None)
        sprint = run_race(
            rng,
            entries,
            slots,
            circuit,
            laps=circuit.sprint_laps,
            wet=False,
            sprint=True,
            points=SPRINT_POINTS,
        )
        weekend = replace(weekend, sprint_qualifying=shootout, sprint_grid=slots, sprint=sprint)

    race: RaceRun | None = None
    if run:
        order = sheet if weekend.sprint is None or not old_sprint else _as_order(weekend.sprint.finishes)
        out = sheet[-1].driver if odd.withdrawn else None
        grid = starting_grid(rng, order, penalties=True, out=out)
        race = run_race(
            rng,
            entries,
            grid,
            circuit,
            laps=circuit.race_laps,
            wet=wet,
            points=POINTS,
            fastest_lap_point=season <= LAST_SEASON_WITH_FASTEST_LAP_POINT,
            odd=odd,
        )
        weekend = replace(weekend, grid=grid, race=race)
        expected = [e.driver for e in sorted(entries, key=lambda e: -e.race_pace)]
        finished = [f.driver for f in race.finishes if f.position.isdigit()]
        league.learn_form([d for d in expected if d in finished], finished)
    flags = race.interruptions if race else []
    truth = RaceTruth(
        race_id=f"{season}-{circuit.grand_prix_id}",
        season=season,
        round=weekend.round,
        circuit_id=circuit.circuit_id,
        run=run,
        wet=wet if run else None,
        wet_qualifying=wet_saturday,
        safety_car=any(f.kind == "safety_car" for f in flags) if run else None,
        red_flag=any(f.kind == "red_flag" for f in flags) if run else None,
        seats=seats,
        driver_skill={d: skill[d] for d in seats},
        driver_form={d: form[d] for d in seats},
        car_pace=car,
        retire_probability={e.driver: retire_probability(e, wet and run) for e in entries},
        gambled=race.gambled if race else (),
    )
    return weekend, truth


def _first_practice_field(league: Strengths, rng: np.random.Generator, entries: list[Entry]) -> list[Entry]:
    """First practice, in which a team now and then lets a reserve drive one of its cars."""
    spare = [d for d in league.reserves() if d not in {e.driver for e in entries}]
    field = []
    for e in entries:
        if spare and rng.random() < 0.035:
            driver = spare.pop(int(rng.integers(len(spare))))
            field.append(_entry(league, e.team, driver, -0.1, 0.0))
        else:
            field.append(e)
    return field


def _as_order(finishes: Iterable[Finish]) -> list[Timed]:
    return [Timed(f.driver, f.team, f.position, (None,), None) for f in finishes]


class _Points:
    """Championship tables of a season as it goes; says in which race a title was decided."""

    def __init__(self, season: int, calendar: list[tuple[int, Circuit, date, bool]]) -> None:
        most, team = (26, 44) if season <= LAST_SEASON_WITH_FASTEST_LAP_POINT else (25, 43)
        self.left = [(most + 8 * sprint, team + 15 * sprint) for _, _, _, sprint in calendar]
        self.drivers = {d.driver_id: 0 for d in DRIVERS}
        self.teams: dict[str, int] = {}
        self.decided = [False, False]

    def add(self, weekend: Weekend) -> Weekend:
        for run in (weekend.sprint, weekend.race):
            for f in run.finishes if run else ():
                self.drivers[f.driver] += f.points
                self.teams[f.team] = self.teams.get(f.team, 0) + f.points
        now = [False, False]
        for i, table in enumerate((self.drivers, self.teams)):
            first, second = sorted(table.values(), reverse=True)[:2]
            now[i] = not self.decided[i] and first - second > sum(
                left[i] for left in self.left[weekend.round :]
            )
            self.decided[i] = self.decided[i] or now[i]
        return replace(weekend, drivers_title=now[0], constructors_title=now[1])
