"""Forecasts of finishing positions: every race of the calendar, at four moments, by scenario and mixed.

Each forecast is a function of the sessions that started before its `as_of`. Rows carry the fingerprint of
what they were made from; a forecast whose fingerprint still holds is carried over, not computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from formguide import asof, schema
from formguide.formula1 import finishing_order, ids, strengths
from formguide.formula1.forecast_tables import RaceForecasts
from formguide.formula1.outlook import Outlook, inputs_fingerprint, look, race_field
from formguide.formula1.scenarios import MIXED, SCENARIOS, RaceHistory
from formguide.formula1.settings import ForecastSettings, as_dict
from formguide.formula1.simulate import GRAND_PRIX_POINTS
from formguide.formula1.state import State
from formguide.formula1.strengths import Checkpoint
from formguide.formula1.weekends import MOMENTS, Weekend, build_weekends

VERSION = "1"
"""Changes when the same outlooks would give other forecasts."""

Adjustment = Callable[[Outlook], np.ndarray]
"""Adds to the expected pace of each driver (D,), in % of lap time."""


@dataclass(frozen=True)
class ForecastOptions:
    """What the asker may choose. The defaults are the forecast that is scored.

    p_wet: chance of a wet race in place of the climatology; scenarios: which of them may happen, their
    chances rescaled; use_bayesian: whether the posterior's uncertainty enters or only its mean;
    driver_weights, team_weights: factors on the Plackett–Luce worth by canonical driver id and team lineage.
    """

    p_wet: float | None = None
    scenarios: tuple[str, ...] = SCENARIOS
    use_bayesian: bool = True
    driver_weights: Mapping[str, float] = field(default_factory=dict)
    team_weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.p_wet is not None and not 0 <= self.p_wet <= 1:
            raise ValueError(f"p_wet is a probability, not {self.p_wet:g}")
        unknown = [s for s in self.scenarios if s not in SCENARIOS]
        if unknown or not self.scenarios:
            raise ValueError(f"scenarios are {', '.join(SCENARIOS)}; not {', '.join(unknown) or 'none'}")
        for name, weight in {**self.driver_weights, **self.team_weights}.items():
            if not (np.isfinite(weight) and weight > 0):
                raise ValueError(f"the weight of {name} must be a positive number, not {weight!r}")

    @property
    def hand_weighted(self) -> bool:
        """Whether somebody put his thumb on the scale; such a forecast is kept out of the scorecard."""
        return bool(self.driver_weights or self.team_weights)


@dataclass(frozen=True)
class ForecastResult:
    """The table and how many forecasts (a race at a moment) were computed and carried over."""

    table: pl.DataFrame
    computed: int
    carried: int


@dataclass(frozen=True)
class _Due:
    """A forecast that can be made: the weekend, the moment and the state it starts from."""

    weekend: Weekend
    moment: str
    checkpoint: Checkpoint | None
    steps: int


def due_forecasts(
    weekends: Sequence[Weekend], checkpoints: Sequence[Checkpoint], moments: Sequence[str] = MOMENTS
) -> Iterator[_Due]:
    """What can be forecast, in order: each weekend from the last race run before it, never from a later
    one."""
    by_id = {c.race_id: c for c in checkpoints}
    last: Checkpoint | None = None
    steps = 1
    for weekend in weekends:
        if last is not None:
            for moment in moments:
                yield _Due(weekend, moment, last, steps)
        if weekend.race is not None and weekend.race_id in by_id:
            last, steps = by_id[weekend.race_id], 1
        else:
            steps += 1


def forecast_races(
    weekends: Sequence[Weekend],
    checkpoints: Sequence[Checkpoint],
    conditions: pl.DataFrame,
    settings: ForecastSettings,
    options: ForecastOptions | None = None,
    seasons: Sequence[int] | None = None,
    carried: pl.DataFrame | None = None,
    adjust: Adjustment | None = None,
    adjust_fingerprint: str = "",
    moments: Sequence[str] = MOMENTS,
    only: str | None = None,
) -> ForecastResult:
    """Forecasts of every weekend of `seasons` (all by default), or of the race `only`, at every moment that
    has come.

    carried: forecasts of an earlier run; those whose fingerprint still holds are taken over. adjust: the ML
    layer.
    """
    options = options or ForecastOptions()
    history = RaceHistory.of(conditions)
    held = by_fingerprint(carried)
    base = asof.fingerprint(
        VERSION, strengths.VERSION, as_dict(settings), options.p_wet, options.scenarios, options.use_bayesian,
        dict(options.driver_weights), dict(options.team_weights), adjust_fingerprint,
    )  # fmt: skip
    states: dict[str, State] = {}
    tables, computed, taken = [], 0, 0
    for due in due_forecasts(weekends, checkpoints, moments):
        weekend = due.weekend
        if (seasons is not None and weekend.season not in seasons) or (only and weekend.race_id != only):
            continue
        chances = history.probabilities(
            weekend.circuit_id, weekend.race_at, weekend.as_of(due.moment), options.p_wet
        )
        name = asof.fingerprint(
            base, inputs_fingerprint(weekend, due.moment, due.checkpoint, due.steps), list(chances.values())
        )
        if name in held:
            tables.append(held[name].with_columns(round=pl.lit(weekend.round, dtype=pl.Int32)))
            taken += 1
            continue
        if due.checkpoint is not None and due.checkpoint.race_id not in states:
            states = {due.checkpoint.race_id: due.checkpoint.state}
        state = states[due.checkpoint.race_id] if due.checkpoint else None
        if state is None:
            continue
        outlook = look(weekend, due.moment, due.checkpoint, state, due.steps, settings)
        if outlook is None:
            continue
        if adjust is not None:
            outlook = outlook.shifted(adjust(outlook))
        model = "strengths+ml" if adjust is not None else "strengths"
        tables.append(_table(weigh(outlook, options, settings), chances, settings, options, model, name))
        computed += 1
    table = pl.concat(tables) if tables else schema.empty(RaceForecasts)
    return ForecastResult(
        table.sort("season", "round", "race_id", "as_of", "moment", "scenario", "driver_id", "model"),
        computed,
        taken,
    )


def by_fingerprint(carried: pl.DataFrame | None) -> dict[str, pl.DataFrame]:
    """The forecasts of an earlier run, each under the fingerprint of what it was made from."""
    if carried is None or carried.is_empty():
        return {}
    return {
        str(frame["fingerprint"][0]): frame
        for frame in carried.partition_by("fingerprint", maintain_order=True)
    }


def forecast_as_of(
    tables: Mapping[str, pl.DataFrame],
    race_id: str,
    moment: str,
    settings: ForecastSettings,
    options: ForecastOptions | None = None,
) -> pl.DataFrame:
    """One race's forecast from scratch: every table is cut at the moment's `as_of` before anything is built
    on it.

    The slow and plainly honest way, against which the incremental one is tested. Raises KeyError for a race
    that is not on the calendar.
    """  # fmt: skip
    calendar = build_weekends({"race_calendar": tables["race_calendar"]})
    weekend = next((w for w in calendar if w.race_id == race_id), None)
    if weekend is None:
        raise KeyError(f"no race {race_id} on the calendar")
    as_of = weekend.as_of(moment)
    known = {name: asof.before(frame, as_of) for name, frame in tables.items()}
    weekends = [w for w in build_weekends(known) if w.race_at <= weekend.race_at]
    run = strengths.run_forward(weekends, settings)
    return forecast_races(
        weekends,
        run.checkpoints,
        known["race_conditions"],
        settings,
        options,
        moments=(moment,),
        only=race_id,
    ).table


def weigh(outlook: Outlook, options: ForecastOptions, settings: ForecastSettings) -> Outlook:
    """The outlook under the asker's options: hand weights multiply the Plackett–Luce worth exp(pace /
    race_scale)."""
    if not options.use_bayesian:
        outlook = outlook.certain()
    if options.hand_weighted:
        weight = [
            options.driver_weights.get(d, 1.0) * options.team_weights.get(t, 1.0)
            for d, t in zip(outlook.drivers, outlook.teams, strict=True)
        ]
        outlook = outlook.shifted(settings.strengths.race_scale * np.log(weight))
    return outlook


def scenario_positions(
    outlook: Outlook, settings: ForecastSettings
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """By scenario: place probabilities (D, D), those of classified cars alone (D, D), and chances to retire
    (D,)."""
    out = {}
    for scenario in SCENARIOS:
        field = race_field(outlook, settings.noise(scenario))
        out[scenario] = (*finishing_order.listed_and_classified(field), field.retire_prob)
    return out


def _table(
    outlook: Outlook,
    chances: Mapping[str, float],
    settings: ForecastSettings,
    options: ForecastOptions,
    model: str,
    fingerprint: str,
) -> pl.DataFrame:
    total = sum(chances[s] for s in options.scenarios)
    weights = {s: chances[s] / total if total > 0 else 1 / len(options.scenarios) for s in options.scenarios}
    by_scenario = {s: v for s, v in scenario_positions(outlook, settings).items() if s in weights}
    mixed = tuple(sum(weights[s] * by_scenario[s][i] for s in weights) for i in range(3))
    weekend, n, laws = outlook.weekend, len(outlook.drivers), {**by_scenario, MIXED: mixed}
    places = np.concatenate([np.asarray(p) for p, _, _ in laws.values()])
    places = places / places.sum(axis=1, keepdims=True)
    points = [finishing_order.expected_points(np.asarray(c), GRAND_PRIX_POINTS) for _, c, _ in laws.values()]
    of_driver = pl.DataFrame(
        {
            "driver_id": outlook.drivers,
            "constructor_id": outlook.constructors,
            "grid_place": outlook.grid,
            "pace_pct": outlook.mean,
            "pace_sd": np.sqrt(np.clip(np.diag(outlook.cov), 0.0, None)),
        }
    )
    frame = pl.concat([of_driver] * len(laws)).with_columns(
        pl.Series("scenario", [s for s in laws for _ in range(n)]),
        pl.Series("scenario_prob", np.repeat([float(weights.get(s, 1.0)) for s in laws], n)),
        pl.Series("p_win", places[:, 0]),
        pl.Series("p_podium", places[:, :3].sum(axis=1)),
        pl.Series("p_points", places[:, :10].sum(axis=1)),
        pl.Series("p_retire", np.concatenate([np.asarray(r) for _, _, r in laws.values()])),
        pl.Series("expected_points", np.concatenate(points)),
        pl.Series("expected_position", places @ np.arange(1.0, n + 1)),
        pl.Series("position_probs", places).arr.to_list(),
        pl.lit(weekend.season, pl.Int32).alias("season"),
        pl.lit(weekend.round, pl.Int32).alias("round"),
        pl.lit(weekend.race_id).alias("race_id"),
        pl.lit(outlook.moment).alias("moment"),
        pl.lit(outlook.as_of, pl.Datetime("ms")).alias("as_of"),
        pl.lit(outlook.grid_from).alias("grid_from"),
        pl.lit(outlook.field_from).alias("field_from"),
        pl.lit(model).alias("model"),
        pl.lit(fingerprint).alias("fingerprint"),
    )
    return frame.select(_COLUMNS)


_COLUMNS = list(schema.dtypes(RaceForecasts))


def resolve_weights(given: Mapping[str, float], kind: str, field: Iterable[str] = ()) -> dict[str, float]:
    """Hand weights by canonical id from driver codes or names ('VER') or team names ('McLaren-Mercedes').

    kind: 'driver' or 'team'; teams become lineages. field: ids that count as known beside the crosswalk's,
    for instance those of a league of one's own. Raises ValueError naming an unknown one and its nearest.
    """
    if kind == "driver":
        return {ids.find_driver(name, field): float(weight) for name, weight in given.items()}
    known = set(field)
    return {
        ids.lineage(team if (team := ids.slug(name)) in known else ids.find_constructor(name)): float(weight)
        for name, weight in given.items()
    }  # fmt: skip
