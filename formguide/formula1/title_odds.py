"""How the championships may end, from any round onward, by playing the races that are still to come.

Every remaining race is the forecast's own race on the eve of its weekend. What is not known of a car or
driver is drawn once per simulated season and carried, then walks on from race to race as the strengths do;
the weekend's own
deviations and the race day are drawn afresh each time. Points are a grand prix's and a sprint's, without the
fastest
lap's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from formguide import asof, schema
from formguide.formula1 import simulate, strengths
from formguide.formula1.forecast import by_fingerprint
from formguide.formula1.forecast_tables import SeasonForecasts
from formguide.formula1.outlook import Outlook, look, race_field, shared_and_own
from formguide.formula1.scenarios import SCENARIOS, RaceHistory
from formguide.formula1.settings import ForecastSettings, as_dict
from formguide.formula1.simulate import RemainingRace
from formguide.formula1.state import State
from formguide.formula1.strengths import Checkpoint
from formguide.formula1.weekends import Session, Weekend

VERSION = "1"
"""Changes when the same checkpoints would give other odds."""

SIMULATIONS = 5000

# A sprint is a third of a grand prix long, so a third of its retirements.
_SPRINT_HAZARD = 1 / 3


def title_odds(
    weekends: Sequence[Weekend],
    checkpoints: Sequence[Checkpoint],
    conditions: pl.DataFrame,
    season: int,
    settings: ForecastSettings,
    simulations: int = SIMULATIONS,
    seed: int = 1,
    carried: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, int, int]:
    """The `season_forecasts` table of one season, and how many rounds of it were computed and carried over.

    One set of rows before the first race and after every race that was run, as long as races remain.
    """
    history = RaceHistory.of(conditions)
    held = by_fingerprint(carried)
    by_id = {c.race_id: c for c in checkpoints}
    mine = [w for w in weekends if w.season == season]
    last = next(
        (by_id[w.race_id] for w in reversed(weekends) if w.season < season and w.race_id in by_id), None
    )
    frames, computed, taken = [], 0, 0
    for done in range(len(mine)):
        if done and (mine[done - 1].race is None or mine[done - 1].race_id not in by_id):
            break
        if done:
            last = by_id[mine[done - 1].race_id]
        if last is None:
            continue
        coming = mine[done:]
        as_of = coming[0].weekend_at
        chances = [list(history.probabilities(w.circuit_id, w.race_at, as_of).values()) for w in coming]
        name = asof.fingerprint(
            VERSION, strengths.VERSION, as_dict(settings), simulations, seed, last.fingerprint, done, chances,
            [w.calendar_fingerprint for w in coming], [w.fingerprint for w in mine[:done]],
        )  # fmt: skip
        if name in held:
            # A race that was renumbered is the same race: its number is all that is new.
            after = mine[done - 1].round if done else 0
            frames.append(held[name].with_columns(after_round=pl.lit(after, dtype=pl.Int32)))
            taken += 1
            continue
        frames.append(_from_here(mine[:done], coming, chances, last, settings, simulations, seed, name))
        computed += 1
    table = pl.concat(frames) if frames else schema.empty(SeasonForecasts)
    return table.sort("after_round", "kind", "entity_id"), computed, taken


def _from_here(
    done: Sequence[Weekend],
    coming: Sequence[Weekend],
    chances: Sequence[Sequence[float]],
    checkpoint: Checkpoint,
    settings: ForecastSettings,
    simulations: int,
    seed: int,
    fingerprint: str,
) -> pl.DataFrame:
    state = checkpoint.state
    outlooks = [
        o for w in coming if (o := look(_unseen(w), "before_weekend", checkpoint, state, 1, settings))
    ]
    races = [(s, points) for w in done for s, points in _scored(w)]
    entered = [(d, c) for s, _ in races for d, c in zip(s.drivers, s.constructors, strict=True)]
    entered += [(d, c) for o in outlooks for d, c in zip(o.drivers, o.constructors, strict=True)]
    drivers, teams = list(dict.fromkeys(d for d, _ in entered)), list(dict.fromkeys(c for _, c in entered))
    points = {"driver": np.zeros(len(drivers)), "constructor": np.zeros(len(teams))}
    places = {"driver": np.zeros((len(drivers), 26), int), "constructor": np.zeros((len(teams), 26), int)}
    for session, scored in races:
        for place, (d, c, amount) in enumerate(
            zip(session.drivers, session.constructors, scored, strict=True)
        ):
            for kind, row in (("driver", drivers.index(d)), ("constructor", teams.index(c))):
                points[kind][row] += amount
                if session.kind == "race" and place < 26 and session.finished[place]:
                    places[kind][row, place] += 1
    first = outlooks[0]
    car_sd, own_sd = _persistent(state, first, settings)
    s = settings.strengths
    by_driver = dict(zip(first.drivers, own_sd, strict=True))
    by_team = dict(zip(first.constructors, car_sd, strict=True))
    odds = simulate.simulate_season(
        [
            r
            for o, p in zip(outlooks, chances, strict=True)
            for r in _remaining(o, p, own_sd, car_sd, drivers, teams, settings)
        ],
        points["driver"],
        points["constructor"],
        persistent_driver_sd=[by_driver.get(d, 0.0) for d in drivers],
        persistent_car_sd=[by_team.get(c, 0.0) for c in teams],
        drift_driver_sd=float(np.hypot(s.lap_pace_in_race * s.driver_lap_step, s.driver_race_step)),
        drift_car_sd=float(np.hypot(s.lap_pace_in_race * s.car_lap_step, s.car_race_step)),
        places_now_driver=places["driver"],
        places_now_team=places["constructor"],
        n=simulations,
        seed=seed,
    )
    rows = []
    for kind, names, title, expected, position in (
        ("driver", drivers, odds.driver_title, odds.driver_points, odds.driver_position),
        ("constructor", teams, odds.team_title, odds.team_points, odds.team_position),
    ):
        for i, name in enumerate(names):
            rows.append(
                (coming[0].season, done[-1].round if done else 0, coming[0].weekend_at, kind, name,
                points[kind][i],
                 float(expected[i]), float(title[i]), float(position[i, :3].sum()),
                 float(position[i] @ np.arange(1, len(names) + 1)), simulations, fingerprint)
            )  # fmt: skip
    return pl.DataFrame(rows, schema=dict(schema.dtypes(SeasonForecasts)), orient="row")


def _unseen(weekend: Weekend) -> Weekend:
    """The weekend without the sessions it may have held already: a forecast before it knows none of them."""
    return replace(weekend, sessions=())


def _scored(weekend: Weekend) -> list[tuple[Session, np.ndarray]]:
    return [(s, s.points) for s in weekend.sessions if s.kind in ("sprint", "race")]


def _persistent(state: State, outlook: Outlook, settings: ForecastSettings) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations (D,), (D,) of what stays of a driver's car and of the driver from race to race."""
    s = settings.strengths
    state = strengths.admit(state, outlook.drivers, outlook.teams, s)
    rows = state.race_rows(outlook.drivers, outlook.teams, s.lap_pace_in_race)
    car, shared, own = shared_and_own(rows @ state.cov @ rows.T, outlook.teams)
    return shared[car], own


def _remaining(
    outlook: Outlook,
    chances: Sequence[float],
    own_sd: np.ndarray,
    car_sd: np.ndarray,
    drivers: list[str],
    teams: list[str],
    settings: ForecastSettings,
) -> list[RemainingRace]:
    """A weekend's sprint, if it has one, and its race, less the uncertainty that is carried through the
    season."""
    own = dict(zip(outlook.drivers, own_sd, strict=True))
    shared = dict(zip(outlook.teams, car_sd, strict=True))
    scenarios = []
    for scenario, chance in zip(SCENARIOS, chances, strict=True):
        field = race_field(outlook, settings.noise(scenario))
        lasting = np.array([own.get(d, 0.0) for d in outlook.drivers])
        lasting_car = np.array([shared.get(t, 0.0) for t in dict.fromkeys(outlook.teams)])
        scenarios.append(
            (
                chance,
                replace(
                    field,
                    own_sd=np.sqrt(np.maximum(field.own_sd**2 - lasting**2, 0.0)),
                    car_sd=np.sqrt(np.maximum(field.car_sd**2 - lasting_car**2, 0.0)),
                ),
            )
        )
    rows = (
        np.array([drivers.index(d) for d in outlook.drivers]),
        np.array([teams.index(c) for c in outlook.constructors]),
    )
    race = RemainingRace(scenarios, *rows)
    if not outlook.weekend.has_sprint:
        return [race]
    sprint = [(chance, replace(f, retire_prob=f.retire_prob * _SPRINT_HAZARD)) for chance, f in scenarios]
    return [RemainingRace(sprint, *rows, points=simulate.SPRINT_POINTS, sprint=True), race]
