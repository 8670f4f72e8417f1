"""What the walk through time costs: one more race, and the whole backtest.

    python -m bench.walk_forward [FOLDER]

FOLDER holds files laid out as f1db's (by default ../shared/data/formula1 where it is, else the sample
league). One more race is put on top of the last checkpoint, beside the ordinary way: run through all races
again. Both
must end in the same bytes. The backtest goes from the parsed tables to the scorecard with every baseline, on
one thread.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from bench._timing import check, duration, interleaved  # isort: skip  (one thread, set before NumPy starts)

import polars as pl

from formguide.formula1 import backtest, conditions, forecast, results, strengths
from formguide.formula1.incremental import CONDITION_INPUTS
from formguide.formula1.ml_layer import MlLayer
from formguide.formula1.outlook import look
from formguide.formula1.sample import write_sample
from formguide.formula1.settings import ForecastSettings
from formguide.formula1.weekends import Weekend, build_weekends

SETTINGS = ForecastSettings()


def load(folder: Path) -> dict[str, pl.DataFrame]:
    """The canonical tables of every season in a folder."""
    files = results.read_folder(folder)
    seasons = [results.build_season(s, files).tables for s in sorted(results.seasons_of(files))]
    tables = {name: pl.concat([s[name] for s in seasons]) for name in seasons[0]}
    tables["race_conditions"] = conditions.race_conditions(*(tables[name] for name in CONDITION_INPUTS))
    return tables


def one_more_race(weekends: list[Weekend]) -> None:
    """The last race on top of a checkpoint, and by running through everything."""
    run = [w for w in weekends if w.race is not None]
    before = strengths.run_forward(run[:-1], SETTINGS).checkpoints[-1]
    ours = strengths.run_forward(run[-1:], SETTINGS, before=before).checkpoints[-1]
    check(
        "one race on top ends in the same bytes as all races again",
        ours == strengths.run_forward(run, SETTINGS).checkpoints[-1],
    )
    seconds = interleaved(
        {
            "on top": lambda: strengths.run_forward(run[-1:], SETTINGS, before=before),
            "all again": lambda: strengths.run_forward(run, SETTINGS),
        },
        rounds=5,
    )
    ratio = seconds["all again"] / seconds["on top"]
    print(f"  one more race after {len(run) - 1}: {duration(seconds['on top'])}")
    print(f"  all {len(run)} races again: {duration(seconds['all again'])}, {ratio:.0f} times as long")


def whole_backtest(tables: dict[str, pl.DataFrame]) -> None:
    """From tables to the scorecard of the last three seasons, the ML layer included."""
    wall, cpu = time.perf_counter(), time.process_time()
    weekends = build_weekends(tables)
    points = strengths.run_forward(weekends, SETTINGS).checkpoints
    last = sorted({w.season for w in weekends if w.race is not None})[-3:]
    known = tables["race_conditions"]
    plain = forecast.forecast_races(weekends, points, known, SETTINGS, seasons=last)
    layer = MlLayer(SETTINGS)
    for due in forecast.due_forecasts(weekends, points):
        if due.checkpoint is not None:
            seen = look(due.weekend, due.moment, due.checkpoint, due.checkpoint.state, due.steps, SETTINGS)
            layer.learn([seen] if seen is not None else [])
    with_ml = forecast.forecast_races(
        weekends, points, known, SETTINGS, seasons=last, adjust=layer.adjust, adjust_fingerprint="ml"
    )
    scores = backtest.race_scores(weekends, pl.concat([plain.table, with_ml.table]), last)
    card = backtest.scorecard(scores, is_sample=False)
    races = scores["race_id"].n_unique()
    print(
        f"  {races} races of {last[0]}-{last[-1]} at four moments, {card.height} rows of scorecard:"
        f" {duration(time.process_time() - cpu)} CPU, {duration(time.perf_counter() - wall)} on the clock"
    )


def main() -> None:
    """Both, on the folder asked for."""
    real = Path("../shared/data/formula1")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else real
        if not folder.exists():
            folder = Path(scratch)
            write_sample(folder)
            print("The sample league:")
        tables = load(folder)
    one_more_race(build_weekends(tables))
    whole_backtest(tables)


if __name__ == "__main__":
    main()
