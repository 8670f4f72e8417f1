"""What is believed about one coming race at one moment: who drives, how fast, how surely.

An `Outlook` is the model's answer before any scenario is chosen: the joint posterior of the field's race
paces given every session known at the moment. `probabilities` turns it into the distribution of finishing
positions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from formguide import asof
from formguide.formula1 import finishing_order, strengths
from formguide.formula1.settings import ForecastSettings, NoiseSettings
from formguide.formula1.state import State
from formguide.formula1.strengths import Checkpoint
from formguide.formula1.weekends import Session, Weekend


@dataclass(frozen=True)
class Outlook:
    """The field of one race as seen at `as_of`; D drivers in `drivers`' order.

    mean (D,), cov (D, D): posterior race pace in % of lap time, the grid's effect included; grid_part (D,):
    that effect alone; grid (D,): starting places, expected ones (fractional) where not known; grid_known:
    where the grid
    is from ('grid', 'qualifying') or 'expected'; car_hazard, accident_hazard (D,): chances to retire.
    field_from: which session named the entrants; inputs: fingerprint of everything used.
    """

    weekend: Weekend
    moment: str
    as_of: datetime
    drivers: tuple[str, ...]
    teams: tuple[str, ...]
    constructors: tuple[str, ...]
    mean: np.ndarray
    cov: np.ndarray
    grid_part: np.ndarray
    grid: np.ndarray
    grid_from: str
    field_from: str
    pit_lane: np.ndarray
    car_hazard: np.ndarray
    accident_hazard: np.ndarray
    lap_pace: np.ndarray
    inputs: str

    def shifted(self, pace: np.ndarray) -> Outlook:
        """The same field with `pace` (D,) added to the means: what hand weights and the ML layer do."""
        return replace(self, mean=self.mean + pace)

    def certain(self) -> Outlook:
        """The same field with the posterior's uncertainty left out, as a plug-in forecast would."""
        return replace(self, cov=np.zeros_like(self.cov))


def look(
    weekend: Weekend,
    moment: str,
    checkpoint: Checkpoint | None,
    state: State,
    steps: int,
    settings: ForecastSettings,
) -> Outlook | None:
    """The outlook of a weekend at a moment, or None if the moment has not come or nobody is known to drive.

    checkpoint and its `state`: after the last race that was run before this weekend; steps: how many races of
    the calendar lie from it to this one (at least 1).
    """
    as_of = weekend.as_of(moment)
    known = weekend.known(as_of)
    if not _has_come(moment, known):
        return None
    field = _field(state, known)
    if not field[1]:
        return None
    field_from, entrants = field
    s = settings.strengths
    state = strengths.open_weekend(state, weekend, s, steps)
    for session in known:
        state = strengths.absorb(state, session, weekend, settings)
    drivers, teams, constructors = (tuple(x) for x in zip(*entrants, strict=True))
    state = strengths.admit(state, drivers, teams, s)
    lap_rows = state.lap_rows(drivers, teams)
    lap_mean, lap_cov = lap_rows @ state.mean, lap_rows @ state.cov @ lap_rows.T
    grid_from, grid, pit_lane = _grid(known, drivers, moment)
    spread = np.zeros(len(drivers))
    if grid is None:
        grid, spread = _expected_grid(lap_mean, lap_cov, s.qualifying_noise)
    effect = strengths.grid_effect(grid, s)
    sticky = strengths.stickiness(state, weekend)
    rows = state.race_rows(drivers, teams, s.lap_pace_in_race, effect, sticky)
    gain = state.mean[state.offsets()["grid"] :][:2] @ np.array([1.0, sticky])
    # A place not yet fixed is noise in the pace, as wide as the places the driver may still take.
    slope = np.abs(
        strengths.grid_effect(grid + 0.5, s) - strengths.grid_effect(np.maximum(grid - 0.5, 0.5), s)
    )
    cov = rows @ state.cov @ rows.T + np.diag((gain * slope * spread) ** 2)
    car, accident = state.reliability.hazards(drivers, teams, settings.reliability_prior_starts)
    return Outlook(
        weekend=weekend,
        moment=moment,
        as_of=as_of,
        drivers=drivers,
        teams=teams,
        constructors=constructors,
        mean=rows @ state.mean,
        cov=cov,
        grid_part=gain * effect,
        grid=grid,
        grid_from=grid_from,
        field_from=field_from,
        pit_lane=pit_lane,
        car_hazard=car,
        accident_hazard=accident,
        lap_pace=lap_mean - lap_mean.mean(),
        inputs=inputs_fingerprint(weekend, moment, checkpoint, steps),
    )


def inputs_fingerprint(weekend: Weekend, moment: str, checkpoint: Checkpoint | None, steps: int) -> str:
    """Names what `look` uses, without looking."""
    known = weekend.known(weekend.as_of(moment))
    return asof.fingerprint(
        moment,
        steps,
        checkpoint.fingerprint if checkpoint else "",
        weekend.calendar_fingerprint,
        [s.fingerprint for s in known],
    )


def _has_come(moment: str, known: Sequence[Session]) -> bool:
    kinds = {s.kind for s in known}
    match moment:
        case "before_weekend":
            return True
        case "after_practice":
            return bool(kinds & {"practice", "sprint_qualifying", "sprint"})
        case "after_qualifying":
            return "qualifying" in kinds
    return bool(kinds & {"qualifying", "grid"})


def _field(state: State, known: Sequence[Session]) -> tuple[str, list[tuple[str, str, str]]]:
    """Who is expected to start: as the latest telling session has it, else as the last race had it."""
    for kind in ("grid", "qualifying"):
        for session in known:
            if session.kind == kind:
                return kind, list(zip(session.drivers, session.teams, session.constructors, strict=True))
    crews: dict[str, list[tuple[str, str, str]]] = {}
    for session in known:
        latest: dict[str, list[tuple[str, str, str]]] = {}
        for entrant in zip(session.drivers, session.teams, session.constructors, strict=True):
            latest.setdefault(entrant[1], []).append(entrant)
        # A team is taken from its latest session with a full crew; a reserve on one car of a lone driver is
        # not one.
        crews |= {team: crew for team, crew in latest.items() if len(crew) == 2 or team not in crews}
    if crews:
        return "practice", [entrant for crew in crews.values() for entrant in crew[:2]]
    return "last_race", list(state.entry)


def _grid(
    known: Sequence[Session], drivers: Sequence[str], moment: str
) -> tuple[str, np.ndarray | None, np.ndarray]:
    """Where the grid is from, places (D,) or None if not known, and who starts from the pit lane (D,)."""
    nobody = np.zeros(len(drivers), dtype=bool)
    by_kind: Mapping[str, Session] = {s.kind: s for s in known}
    if moment == "on_grid" and "grid" in by_kind:
        session = by_kind["grid"]
        return "grid", session.grid, session.pit_lane
    if "qualifying" in by_kind and moment in ("after_qualifying", "on_grid"):
        return "qualifying", np.arange(1.0, len(drivers) + 1), nobody
    return "expected", None, nobody


def _expected_grid(mean: np.ndarray, cov: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Expected starting places and their standard deviations, from who is likely to be faster than whom."""
    from scipy.special import ndtr  # loads in a third of a second: not for --help

    variance = np.diag(cov)
    apart = variance[:, None] + variance[None, :] - 2 * cov + 2 * noise**2
    faster = ndtr((mean[None, :] - mean[:, None]) / np.sqrt(np.maximum(apart, 1e-12)))
    np.fill_diagonal(faster, 0.0)
    return 1 + faster.sum(axis=1), np.sqrt((faster * (1 - faster)).sum(axis=1))


def race_field(outlook: Outlook, noise: NoiseSettings) -> finishing_order.Field:
    """The generative model of the race under one scenario.

    The posterior covariance is split into what two teammates share, what is the driver's own, and what the
    whole field shares, which decides nothing and is left out.
    """
    car, car_sd, own_sd = shared_and_own(outlook.cov * noise.posterior_scale**2, outlook.teams)
    weight = noise.trouble_weight
    centre = weight * noise.trouble_shift
    return finishing_order.Field(
        mean=outlook.mean + (noise.grid_gain_factor - 1) * outlook.grid_part,
        own_sd=own_sd,
        car=car,
        car_sd=car_sd,
        retire_prob=np.clip(
            1 - (1 - np.clip(outlook.car_hazard * noise.car_factor, 0, 0.95))
            * (1 - np.clip(outlook.accident_hazard * noise.accident_factor, 0, 0.95)), 0.0, 0.95,
        ),
        noise_weight=np.array([1 - weight, weight]),
        noise_shift=np.array([centre, centre - noise.trouble_shift]),
        noise_sd=np.array([noise.own_sd, noise.trouble_sd]),
    )  # fmt: skip


def shared_and_own(cov: np.ndarray, teams: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A covariance of paces (D, D) as car index (D,), standard deviations shared in a car (T,) and a driver's
    own (D,).

    Two drivers share a car; should a file name a third for a team, he has one to himself.
    """
    crews: dict[tuple[str, int], list[int]] = {}
    for i, team in enumerate(teams):
        crews.setdefault((team, teams[:i].count(team) // 2), []).append(i)
    car = np.empty(len(teams), dtype=int)
    for j, members in enumerate(crews.values()):
        car[members] = j
    rivals = car[:, None] != car[None, :]
    everyone = float(cov[rivals].mean()) if rivals.any() else 0.0
    own = np.maximum(np.diag(cov) - everyone, 0.0)
    shared = np.zeros(len(crews))
    for i, members in enumerate(crews.values()):
        if len(members) == 2:
            a, b = members
            shared[i] = min(max(cov[a, b] - everyone, 0.0), own[a], own[b])
    return car, np.sqrt(shared), np.sqrt(np.maximum(own - shared[car], 0.0))
