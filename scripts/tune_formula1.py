"""Choose the constants of the Formula 1 model on the races of 2016 to 2022, and of no later one.

    pip install -e '.[tune]' -c constraints.txt
    python -m scripts.tune_formula1 strengths --from FOLDER --out tuned.json
    python -m scripts.tune_formula1 noise     --from FOLDER --start tuned.json --out tuned.json
    python -m scripts.tune_formula1 baselines --from FOLDER

strengths: how cars and drivers move and what sessions tell. noise: the race day's law, scenario by scenario.
baselines: the same care for what has to be beaten. What is found is written or printed, and put into
`formguide.formula1.settings` and `baselines` by hand.

Scores: the winner's log loss plus three times the mean log loss of every driver's finishing position,
averaged over the moments. Covariance-matrix adaptation (Hansen 2016) on the logarithms of the constants,
with a weak pull to the start.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cma
import numpy as np
import polars as pl

from formguide.formula1 import conditions, finishing_order, outlook, results, strengths
from formguide.formula1.baselines import Baselines, BaselineSettings
from formguide.formula1.forecast import due_forecasts
from formguide.formula1.incremental import CONDITION_INPUTS
from formguide.formula1.scenarios import SCENARIOS, RaceHistory
from formguide.formula1.settings import ForecastSettings, NoiseSettings, StrengthSettings
from formguide.formula1.weekends import MOMENTS, Weekend, build_weekends

LAST_SEASON = 2022
FIRST_SCORED = 2016
_FIXED = {"regulation_resets", "sprint_weight", "grid_gain_sd", "grid_gain_step"}


def load(folder: Path) -> tuple[list[Weekend], pl.DataFrame]:
    files = results.read_folder(folder)
    seasons = [
        results.build_season(y, files).tables for y in sorted(results.seasons_of(files)) if y <= LAST_SEASON
    ]
    tables = {name: pl.concat([s[name] for s in seasons]) for name in seasons[0]}
    tables["race_conditions"] = conditions.race_conditions(*(tables[name] for name in CONDITION_INPUTS))
    return build_weekends(tables), tables["race_conditions"]


def outlooks(
    weekends: Sequence[Weekend], settings: ForecastSettings, moments: Sequence[str]
) -> list[outlook.Outlook]:
    points = strengths.run_forward(weekends, settings).checkpoints
    out, states = [], {}
    for due in due_forecasts(weekends, points, moments):
        if due.weekend.season < FIRST_SCORED or due.checkpoint is None or due.weekend.race is None:
            continue
        if due.checkpoint.race_id not in states:
            states = {due.checkpoint.race_id: due.checkpoint.state}
        seen = outlook.look(
            due.weekend, due.moment, due.checkpoint, states[due.checkpoint.race_id], due.steps, settings
        )
        if seen is not None:
            out.append(seen)
    return out


def losses(seen: outlook.Outlook, places: np.ndarray) -> tuple[float, float]:
    """The winner's log loss and the mean log loss of the positions."""
    race = seen.weekend.race
    assert race is not None
    order = [d for d, ok in zip(race.drivers, race.started, strict=True) if ok]
    index = {d: i for i, d in enumerate(seen.drivers)}
    winner = places[index[order[0]], 0] if order[0] in index else 1e-3
    last = places.shape[1] - 1
    position = [np.log(max(places[index[d], min(k, last)], 1e-6)) for k, d in enumerate(order) if d in index]
    return -float(np.log(max(winner, 1e-6))), -float(np.mean(position))


def loss(seen: Sequence[outlook.Outlook], settings: ForecastSettings, history: RaceHistory) -> float:
    by_moment: dict[str, list[float]] = {}
    for one in seen:
        chances = history.probabilities(one.weekend.circuit_id, one.weekend.race_at, one.as_of)
        places = sum(
            chances[s] * finishing_order.exact_positions(outlook.race_field(one, settings.noise(s)))
            for s in SCENARIOS
        )
        winner, position = losses(one, np.asarray(places))
        by_moment.setdefault(one.moment, []).append(winner + 3 * position)
    return float(np.mean([np.mean(v) for v in by_moment.values()]))


def search(
    start: dict[str, float],
    score: Callable[[dict[str, float]], float],
    out: Callable[[dict[str, float], float], None],
    iterations: int,
    sigma: float,
    seed: int,
) -> None:
    names = list(start)
    free = np.array([0.3 if start[n] > 0 else 0.1 for n in names])

    def values(x: np.ndarray) -> dict[str, float]:
        return {
            n: start[n] * float(np.exp(f * v)) if start[n] > 0 else start[n] + f * float(v)
            for n, f, v in zip(names, free, x, strict=True)
        }

    es = cma.CMAEvolutionStrategy(
        np.zeros(len(names)), sigma, {"popsize": 12, "seed": seed, "verbose": -9, "maxiter": iterations}
    )
    best = score(start)
    print(f"start {best:.4f}", flush=True)
    while not es.stop():
        asked = es.ask()
        got = []
        for x in asked:
            try:
                got.append(score(values(x)) + 3e-4 * float(np.square(x).sum()))
            except (ArithmeticError, np.linalg.LinAlgError):
                got.append(1e3)
        es.tell(asked, got)
        if min(got) < best:
            best = min(got)
            out(values(asked[int(np.argmin(got))]), best)
        print(es.countiter, round(min(got), 4), round(best, 4), flush=True)


def _flat(s: object, fixed: set[str]) -> dict[str, float]:
    flat: dict[str, float] = {}
    for name, value in asdict(s).items():  # type: ignore[call-overload]
        if name in fixed:
            continue
        if isinstance(value, tuple):
            flat |= {f"{name}.{i}": v for i, v in enumerate(value)}
        else:
            flat[name] = value
    return flat


def _unflat(kind: type, base: object, flat: dict[str, float]) -> object:
    values: dict[str, object] = {}
    for name, value in asdict(base).items():  # type: ignore[call-overload]
        if isinstance(value, tuple) and f"{name}.0" in flat:
            values[name] = tuple(flat[f"{name}.{i}"] for i in range(len(value)))
        else:
            values[name] = flat.get(name, value)
    for name in ("backward", "car_season_memory", "car_reset_memory", "trouble_weight"):
        if name in values:
            values[name] = min(float(values[name]), 1.0 if name != "trouble_weight" else 0.6)  # type: ignore[arg-type]
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def read_settings(path: Path | None) -> ForecastSettings:
    """Settings written by an earlier stage, or the shipped ones."""
    settings = ForecastSettings()
    if path is None:
        return settings
    held = json.loads(path.read_text())
    parts = {n: _unflat(NoiseSettings, getattr(settings, n), held[n]) for n in SCENARIOS if n in held}
    if "strengths" in held:
        parts["strengths"] = _unflat(StrengthSettings, settings.strengths, _flat_json(held["strengths"]))
    return replace(settings, **parts)  # type: ignore[arg-type]


def _flat_json(held: dict[str, object]) -> dict[str, float]:
    flat: dict[str, float] = {}
    for name, value in held.items():
        if isinstance(value, list):
            flat |= {f"{name}.{i}": v for i, v in enumerate(value)}
        else:
            flat[name] = value  # type: ignore[assignment]
    return flat


def tune_strengths(
    weekends: list[Weekend], known: pl.DataFrame, settings: ForecastSettings, args: argparse.Namespace
) -> None:
    noise = {
        f"noise.{k}": v
        for k, v in _flat(settings.dry, {"car_factor", "accident_factor", "grid_gain_factor"}).items()
    }
    start = _flat(settings.strengths, _FIXED) | noise

    def build(flat: dict[str, float]) -> ForecastSettings:
        law = _unflat(
            NoiseSettings, settings.dry, {k[6:]: v for k, v in flat.items() if k.startswith("noise.")}
        )
        moved = _unflat(StrengthSettings, settings.strengths, flat)
        return replace(settings, strengths=moved, dry=law, wet=law, safety_car=law)  # type: ignore[arg-type]

    history = RaceHistory.of(known)
    moments = ("before_weekend", "after_practice", "on_grid")
    search(
        start,
        lambda flat: loss(outlooks(weekends, build(flat), moments), build(flat), history),
        lambda flat, best: _write(args.out, build(flat), best),
        args.iterations, args.sigma, args.seed,
    )  # fmt: skip


def tune_noise(
    weekends: list[Weekend], known: pl.DataFrame, settings: ForecastSettings, args: argparse.Namespace
) -> None:
    """Each scenario's law on the races that turned out so."""
    scenario_of = dict(known.select("race_id", "scenario").iter_rows())
    seen = outlooks(weekends, settings, MOMENTS)
    for scenario in SCENARIOS:
        mine = [o for o in seen if scenario_of[o.weekend.race_id] == scenario]
        certain = RaceHistoryOf(scenario)

        def score(
            flat: dict[str, float],
            scenario: str = scenario,
            settings: ForecastSettings = settings,
            mine: list[outlook.Outlook] = mine,
            certain: RaceHistory = certain,
        ) -> float:
            law = _unflat(NoiseSettings, getattr(settings, scenario), flat)
            return loss(mine, replace(settings, **{scenario: law}), certain)  # type: ignore[arg-type]

        best: dict[str, float] = _flat(getattr(settings, scenario), set())
        found: list[dict[str, float]] = []

        def keep(flat: dict[str, float], _: float, found: list[dict[str, float]] = found) -> None:
            found.append(flat)

        search(best, score, keep, args.iterations, args.sigma, args.seed)
        if found:
            law = _unflat(NoiseSettings, getattr(settings, scenario), found[-1])
            settings = replace(settings, **{scenario: law})  # type: ignore[arg-type]
        print(scenario, len(mine), getattr(settings, scenario), flush=True)
        _write(args.out, settings, 0.0)


class RaceHistoryOf(RaceHistory):
    """A history in which every race is of one scenario, so that its law is judged on the races that turned
    out so."""

    def __init__(self, scenario: str) -> None:
        object.__setattr__(self, "scenario", scenario)

    def probabilities(self, *args: object, **kwargs: object) -> dict[str, float]:
        return {s: float(s == self.scenario) for s in SCENARIOS}  # type: ignore[attr-defined]


def tune_baselines(
    weekends: list[Weekend], known: pl.DataFrame, settings: ForecastSettings, args: argparse.Namespace
) -> None:
    seen = {
        (o.weekend.race_id, o.moment): o for o in outlooks(weekends, settings, ("before_weekend", "on_grid"))
    }
    for names in (("grid", "championship"), ("elo", "grid_strength")):
        keys = {"grid": {"smoothing_places", "pseudo_races"}}.get(
            names[0], set(_flat(BaselineSettings(), {"smoothing_places", "pseudo_races"}))
        )

        def score(flat: dict[str, float], names: tuple[str, ...] = names) -> float:
            values = {**flat, "elo_season_memory": min(flat.get("elo_season_memory", 0.8), 1.0)}
            memory, total = Baselines(replace(BaselineSettings(), **values)), []
            for weekend in weekends:
                memory.open_season(weekend.season)
                for moment in ("before_weekend", "on_grid"):
                    one = seen.get((weekend.race_id, moment))
                    for name in names:
                        places = memory.positions(one, name) if one else None
                        if one is not None and places is not None:
                            winner, position = losses(one, places)
                            total.append(winner + 3 * position)
                memory.learn(weekend)
            return float(np.mean(total))

        search(
            {k: v for k, v in asdict(BaselineSettings()).items() if k in keys}, score,
            lambda flat, best: print(json.dumps(flat), best, flush=True),
            args.iterations, args.sigma, args.seed,
        )  # fmt: skip


def _write(path: Path, settings: ForecastSettings, best: float) -> None:
    path.write_text(json.dumps({"loss": best, **asdict(settings)}, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=("strengths", "noise", "baselines"))
    parser.add_argument("--from", dest="folder", type=Path, required=True)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--out", type=Path, default=Path("tuned.json"))
    parser.add_argument("--iterations", type=int, default=60)
    parser.add_argument("--sigma", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    weekends, known = load(args.folder)
    stage = {"strengths": tune_strengths, "noise": tune_noise, "baselines": tune_baselines}[args.stage]
    stage(weekends, known, read_settings(args.start), args)


if __name__ == "__main__":
    main()
