"""Driver and car strengths, followed through time by a Gaussian filter with a Plackett–Luce race update.

A driver's pace is his car's plus his own. Cars move from race to race and much more between seasons, most at
a change of regulations; drivers hardly move, so two teammates separate the driver from the car. Each weekend
a car and
a driver deviate from themselves. Practice and qualifying show one-lap pace as gaps (Student-t noise, since a
lap can
go wrong); the race shows race pace, which leans on one-lap pace, through the finishing order given the grid.
Nothing is refitted: a session is one update of the posterior, so a race costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from formguide import asof, schema
from formguide.formula1 import plackett_luce
from formguide.formula1.forecast_tables import Strengths
from formguide.formula1.settings import ForecastSettings, StrengthSettings, as_dict
from formguide.formula1.state import State
from formguide.formula1.weekends import Session, Weekend

VERSION = "1"
"""Changes when the same sessions would give other strengths."""

_FIELD = 20
_STUDENT_DOF = 4.0
_MIN_TIMES = 8


@dataclass(frozen=True)
class Checkpoint:
    """The state after one race, named by everything that it was made from."""

    race_id: str
    season: int
    round: int
    fingerprint: str
    data: bytes

    @property
    def state(self) -> State:
        """The state itself."""
        return State.from_bytes(self.data)


@dataclass(frozen=True)
class StrengthsResult:
    """Checkpoints in race order and how many of them had to be computed."""

    checkpoints: tuple[Checkpoint, ...]
    computed: int
    carried: int


def initial_state(season: int, s: StrengthSettings) -> State:
    """Nothing known: no car, no driver, the grid gain at its prior."""
    variance = np.array([s.grid_gain_sd, s.grid_stickiness_sd]) ** 2
    return State(
        season=season,
        cars=(),
        drivers=(),
        mean=np.array([s.grid_gain, s.grid_stickiness]),
        cov=np.diag(variance),
    )


def run_forward(
    weekends: Sequence[Weekend],
    settings: ForecastSettings,
    previous: Mapping[str, Checkpoint] | None = None,
    before: Checkpoint | None = None,
) -> StrengthsResult:
    """Checkpoints after every race that was run, in order.

    previous: checkpoints of an earlier run by race id; one whose fingerprint still holds is carried over, and
    the first that does not makes everything after it new. before: the checkpoint that these weekends continue
    from.
    """
    previous = previous or {}
    root = asof.fingerprint(VERSION, as_dict(settings.strengths), settings.reliability_half_life_races)
    chain = before.fingerprint if before else root
    state: State | None = None
    last, done, computed = before, [], 0
    for weekend in weekends:
        if weekend.race is None:
            continue
        chain = asof.fingerprint(root, chain, weekend.fingerprint)
        held = previous.get(weekend.race_id)
        if held is not None and held.fingerprint == chain:
            last, state = replace(held, round=weekend.round), None
        else:
            if state is None:
                state = last.state if last else initial_state(weekend.season, settings.strengths)
            state = after_race(state, weekend, settings)
            last = Checkpoint(weekend.race_id, weekend.season, weekend.round, chain, state.to_bytes())
            computed += 1
        done.append(last)
    return StrengthsResult(tuple(done), computed, len(done) - computed)


def after_race(state: State, weekend: Weekend, settings: ForecastSettings) -> State:
    """The state once a whole weekend, its race included, is known."""
    state = open_weekend(state, weekend, settings.strengths)
    for session in weekend.sessions:
        state = absorb(state, session, weekend, settings)
    race = weekend.race
    if race is None:
        raise ValueError(f"{weekend.race_id} has not been run")
    return replace(state.closed(), entry=_entry(race), race_id=weekend.race_id)


def _entry(race: Session) -> tuple[tuple[str, str, str], ...]:
    """Two seats a team as (driver, team, constructor): who started, then who was entered and will be back."""
    rows = list(zip(race.drivers, race.teams, race.constructors, strict=True))
    order = [*np.flatnonzero(race.started), *np.flatnonzero(~race.started)]
    seats: dict[str, list[tuple[str, str, str]]] = {}
    for i in order:
        crew = seats.setdefault(rows[i][1], [])
        if len(crew) < 2:
            crew.append(rows[i])
    return tuple(seat for crew in seats.values() for seat in crew)


def open_weekend(state: State, weekend: Weekend, s: StrengthSettings, steps: int = 1) -> State:
    """The state on the eve of a weekend: moved on by `steps` races and, if the season is new, by a winter."""
    if weekend.season > state.season:
        state = _new_season(state, weekend.season, s)
    at, variance = state.offsets(), np.zeros(len(state.mean))
    for block, sd in (
        ("car_lap", s.car_lap_step),
        ("car_race", s.car_race_step),
        ("driver_lap", s.driver_lap_step),
        ("driver_race", s.driver_race_step),
    ):
        size = len(state.cars) if block.startswith("car") else len(state.drivers)
        variance[at[block] : at[block] + size] = steps * sd**2
    variance[at["grid"]] = steps * s.grid_gain_step**2
    state = replace(state, cov=state.cov + np.diag(variance))
    return state.opened(_weekend_sd(s))


def _weekend_sd(s: StrengthSettings) -> tuple[float, float, float]:
    return s.weekend_car, s.weekend_driver, s.weekend_car_race


def _new_season(state: State, season: int, s: StrengthSettings) -> State:
    state = state.without_drivers([d for d in state.drivers if state.last_seen.get(d, season) < season - 1])
    reset = any(state.season < year <= season for year in s.regulation_resets)
    memory = s.car_reset_memory if reset else s.car_season_memory
    at = state.offsets()
    cars, drivers = len(state.cars), len(state.drivers)
    keep, variance = np.ones(len(state.mean)), np.zeros(len(state.mean))
    keep[at["car_lap"] : at["car_lap"] + cars] = memory
    variance[at["car_lap"] : at["car_lap"] + cars] = (s.car_reset_step if reset else s.car_season_step) ** 2
    variance[at["car_race"] : at["car_race"] + cars] = s.car_race_season_step**2
    variance[at["driver_lap"] : at["driver_lap"] + drivers] = s.driver_season_step**2
    variance[at["driver_race"] : at["driver_race"] + drivers] = s.driver_season_step**2 / 2
    return replace(
        state,
        season=season,
        mean=state.mean * keep,
        cov=state.cov * np.outer(keep, keep) + np.diag(variance),
    )


def admit(state: State, drivers: Sequence[str], teams: Sequence[str], s: StrengthSettings) -> State:
    """The state with whoever is new: newcomers at the prior, returning drivers where they were, less
    certain."""
    first = not state.race_id
    new_cars = {
        t: (0.0 if first else s.new_car_mean, s.car_initial, 0.0, 2 * s.car_race_season_step)
        for t in dict.fromkeys(teams)
        if t not in state.cars
    }
    new_drivers = {}
    for driver in dict.fromkeys(drivers):
        if driver in state.drivers:
            continue
        if driver in state.archive:
            lap, lap_var, race, race_var = state.archive[driver]
            extra = 2 * s.driver_season_step**2
            new_drivers[driver] = (
                lap,
                float(np.sqrt(lap_var + extra)),
                race,
                float(np.sqrt(race_var + extra)),
            )
        else:
            mean = 0.0 if first else s.new_driver_mean
            new_drivers[driver] = (mean, s.driver_initial, 0.0, s.driver_race_initial)
    state = state.with_entities(new_cars, new_drivers, _weekend_sd(s))
    return replace(state, last_seen=state.last_seen | dict.fromkeys(drivers, state.season))


def absorb(state: State, session: Session, weekend: Weekend, settings: ForecastSettings) -> State:
    """The state once `session` of an open weekend is known."""
    s = settings.strengths
    state = admit(state, session.drivers, session.teams, s)
    match session.kind:
        case "practice":
            return _absorb_lap(state, session, s.practice_noise[session.number - 1], 1.0)
        case "sprint_qualifying":
            return _absorb_lap(state, session, s.sprint_qualifying_noise, 0.8)
        case "qualifying":
            return _absorb_lap(state, session, s.qualifying_noise, 0.7)
        case "sprint":
            return _absorb_order(
                state, session, weekend, s.sprint_scale, s, weight=s.sprint_weight, grid=False
            )
        case "race":
            state = _absorb_order(state, session, weekend, s.race_scale, s)
            return replace(
                state,
                reliability=state.reliability.after(session, settings.reliability_half_life_races),
                stickiness=_stickiness_after(state, session, weekend),
            )
    return state


def _absorb_lap(state: State, session: Session, noise: float, usual_spread: float) -> State:
    ok = np.isfinite(session.gap_pct)
    if ok.sum() < _MIN_TIMES:
        return state
    gap = session.gap_pct[ok]
    # A session with an unusually wide field (rain, a drying track) tells less.
    spread = float(np.median(np.abs(gap - np.median(gap))))
    rows = state.lap_rows(_pick(session.drivers, ok), _pick(session.teams, ok))
    return _gaussian_update(state, rows, gap, noise * max(1.0, spread / usual_spread))


def _absorb_order(
    state: State,
    session: Session,
    weekend: Weekend,
    scale: float,
    s: StrengthSettings,
    weight: float = 1.0,
    grid: bool = True,
) -> State:
    ok = session.finished
    if ok.sum() < 3:
        return state
    effect = grid_effect(session.grid[ok], s) if grid else None
    rows = state.race_rows(
        _pick(session.drivers, ok),
        _pick(session.teams, ok),
        s.lap_pace_in_race,
        effect,
        stickiness(state, weekend),
    )
    projected = rows @ state.cov
    cov, mean = projected @ rows.T, rows @ state.mean
    mode, information = plackett_luce.laplace(mean, cov, scale, weight, s.backward)
    n = len(mean)
    gain = np.linalg.solve(cov + 1e-9 * np.eye(n), mode - mean)
    shrink = np.linalg.solve(np.eye(n) + information @ cov, information)
    return _moved(state, projected.T @ gain, projected.T @ shrink @ projected)


def _gaussian_update(state: State, rows: np.ndarray, gap: np.ndarray, noise: float) -> State:
    """Update on gaps whose common level is unknown; Student-t noise by iterated reweighting (Lange et al.
    1989)."""
    residual = gap - np.median(gap) - rows @ state.mean
    projected = rows @ state.cov
    # The unknown level of the session: a flat prior, integrated out.
    cov = projected @ rows.T + 25.0
    variance = np.full(len(gap), noise**2)
    for _ in range(3):
        left = (residual - cov @ np.linalg.solve(cov + np.diag(variance), residual)) / noise
        variance = noise**2 * (_STUDENT_DOF + left**2) / (_STUDENT_DOF + 1)
    total = cov + np.diag(variance)
    return _moved(
        state, projected.T @ np.linalg.solve(total, residual), projected.T @ np.linalg.solve(total, projected)
    )


def _moved(state: State, step: np.ndarray, less: np.ndarray) -> State:
    cov = state.cov - less
    return replace(state, mean=state.mean + step, cov=(cov + cov.T) / 2)


def grid_effect(grid: np.ndarray, s: StrengthSettings) -> np.ndarray:
    """What a starting place is worth before the gain: 0 on pole, -1 in place 20, convex near the front."""
    return np.asarray((1 - grid**s.grid_power) / (_FIELD**s.grid_power - 1))


def stickiness(state: State, weekend: Weekend) -> float:
    """How much more than elsewhere races at this circuit end in the order of the grid, so far; 0 is average.

    Five times the difference between the circuit's shrunken mean correlation of grid and finish and
    everyone's.
    """
    total, races = state.stickiness.get("*", (0.0, 0.0))
    usual = total / races if races else 0.75
    here, times = state.stickiness.get(weekend.circuit_id, (0.0, 0.0))
    return 5.0 * ((here + 4.0 * usual) / (times + 4.0) - usual)


def _stickiness_after(state: State, race: Session, weekend: Weekend) -> dict[str, tuple[float, float]]:
    grid = race.grid[race.finished]
    if len(grid) < _MIN_TIMES:
        return state.stickiness
    correlation = float(np.corrcoef(np.argsort(np.argsort(grid)), np.arange(len(grid)))[0, 1])
    updated = dict(state.stickiness)
    for key in ("*", weekend.circuit_id):
        total, races = updated.get(key, (0.0, 0.0))
        updated[key] = (total + correlation, races + 1.0)
    return updated


def _pick(names: Sequence[str], ok: np.ndarray) -> list[str]:
    return [name for name, keep in zip(names, ok, strict=True) if keep]


def strengths_table(
    checkpoints: Sequence[Checkpoint], weekends: Sequence[Weekend], settings: ForecastSettings
) -> pl.DataFrame:
    """One row per race and driver or car: posterior lap and race pace after the race, and retirement hazard.

    Pace in % of lap time relative to the mean of that race's field, higher is faster.
    """
    by_id = {w.race_id: w for w in weekends}
    rows = []
    for point in checkpoints:
        state, weekend = point.state, by_id[point.race_id]
        at = state.offsets()
        entered = {"car": {t for _, t, _ in state.entry}, "driver": {d for d, _, _ in state.entry}}
        for kind, names in (("car", state.cars), ("driver", state.drivers)):
            who = [n for n in names if n in entered[kind]]
            index = np.array([names.index(n) for n in who])
            level = np.eye(len(who)) - 1 / len(who)
            hazard = _own_hazard(state, kind, who, settings.reliability_prior_starts)
            values = []
            for block in ("lap", "race"):
                i = at[f"{kind}_{block}"] + index
                pick = np.zeros((len(who), len(state.mean)))
                pick[np.arange(len(who)), i] = 1.0
                if block == "race":
                    pick[np.arange(len(who)), at[f"{kind}_lap"] + index] = settings.strengths.lap_pace_in_race
                pick = level @ pick
                cov = pick @ state.cov @ pick.T
                values.append((pick @ state.mean, np.sqrt(np.clip(np.diag(cov), 0.0, None))))
            for j, name in enumerate(who):
                rows.append(
                    (weekend.season, weekend.round, weekend.race_id, weekend.race_at, kind, name,
                     *(float(v[j]) for pair in values for v in pair), float(hazard[j]), point.fingerprint)
                )  # fmt: skip
    return pl.DataFrame(rows, schema=schema.dtypes(Strengths), orient="row").sort(
        "season", "round", "race_id", "entity_kind", "entity_id"
    )


def _own_hazard(state: State, kind: str, names: Sequence[str], prior_starts: float) -> np.ndarray:
    car, accident = state.reliability.hazards(
        names if kind == "driver" else [""] * len(names),
        names if kind == "car" else [""] * len(names),
        prior_starts,
    )
    return car if kind == "car" else accident
