"""The generated population: networks and baselines on users they have not seen, and the true model beside.

    python scripts/heartrate_population.py [--users 300] [--workouts 20] [--seed 1]
    python scripts/heartrate_population.py --compare [--users 60]   the network taken apart

Everything is learnt and scored as recorded, sensor faults and shifts and all.
"""

from __future__ import annotations

import argparse
import time

import polars as pl

from formguide.heartrate import network, population_backtest
from formguide.heartrate.backtest import MODELS, History
from formguide.heartrate.forecast_tables import SPEED_RUN
from formguide.heartrate.sample import oracle
from formguide.heartrate.sample.population import generate
from formguide.heartrate.scorecard import scorecard
from formguide.heartrate.tracking import Kept


def main() -> None:
    """Prints the scorecard, and how far off the true model it is."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--users", type=int, default=300)
    options.add_argument("--workouts", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--compare", action="store_true")
    options.add_argument("--without", nargs="*", default=[], help="models and networks to leave out")
    options.add_argument("--oracle-users", type=int, default=20)
    asked = options.parse_args()
    population = generate(asked.users, asked.workouts, asked.seed)
    history = History(population.runs, population.runs)
    pl.Config.set_tbl_rows(-1).set_tbl_cols(-1).set_tbl_width_chars(200).set_fmt_str_lengths(40)
    if asked.compare:
        print(population_backtest.compared(history, population_backtest.COMPARED))
        return
    models = {name: learn for name, learn in MODELS.items() if name not in asked.without}
    networks = {name: of for name, of in population_backtest.NETWORKS.items() if name not in asked.without}
    kept = {name: Kept() for name in networks}
    began = time.process_time()
    made = population_backtest.held_out_users(history, networks, models, trackers=kept)
    print(f"{time.process_time() - began:.0f} s of processor time; users: {made.users}")
    for name, fitted in made.networks.items():
        print(name, kept[name].metadata())
        print(f"  {sum(len(b) for b in fitted.to_files().values()):,} bytes, {network.FORMAT}")
    card = scorecard(made.scores, is_sample=True)
    shown = card.filter(pl.col("by").is_in(["all", "earlier workouts", "kind"]))
    columns = ("value", "standard_error", "difference", "difference_se")
    print(
        shown.filter(pl.col("metric").is_in(["mae_bpm", "coverage_80", "rmse_bpm"])).select(
            "given", "model", "by", "group", "metric", "n_workouts", *(pl.col(c).round(3) for c in columns)
        )
    )
    tested = sorted(made.scores["user_id"].unique())[: asked.oracle_users]
    true = oracle.errors(population, tested)
    known = true.select("workout_id", mae_bpm="mae_known")
    scored = made.scores.filter(pl.col("given") == SPEED_RUN)
    for model in (name for name in (population_backtest.NETWORK, "response") if name not in asked.without):
        print(population_backtest.against_the_oracle(scored, known, model))


if __name__ == "__main__":
    main()
