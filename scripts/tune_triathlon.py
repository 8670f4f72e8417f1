"""How much further off the levels of races are than a model of earlier years expected: `pace_model.AHEAD`.

    python -m scripts.tune_triathlon FOLDER

Fits each distance once, on the seasons before 2015 of a folder of races, its filter's constants among what is
fitted, and prints the root mean square of the standardised errors of the levels of the races of 2015 to 2018.
No later season is read. AHEAD is the figure of both distances together.
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from formguide.triathlon import courses, pace_model
from formguide.triathlon.forecast import fit_before
from formguide.triathlon.results import read_results
from formguide.triathlon.starts import day_number, finishes, starts
from formguide.triathlon.tables import DISTANCES

FITTED_BEFORE = date(2015, 1, 1)
LAST_SEASON = 2018


def main() -> None:
    """Prints a line per distance and one for both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    results = read_results(parser.parse_args().folder).filter(pl.col("year") <= LAST_SEASON)
    history = starts(finishes(results))
    every = []
    for distance in DISTANCES:
        model = fit_before(results, distance, FITTED_BEFORE).pace
        levels, _ = pace_model.levels_of(model, history)
        expected, variance, _ = courses.known_of(model.constants, levels, levels.course, levels.day)
        later = levels.day >= day_number(FITTED_BEFORE)
        error = ((levels.level - expected) / np.sqrt(variance))[later]
        every.append(error)
        print(f"{distance}: {_rms(error):.2f} over {len(error)} races")
    print(f"both: {_rms(np.concatenate(every)):.2f}")


def _rms(error: np.ndarray) -> float:
    return float(np.sqrt(np.mean(error**2)))


if __name__ == "__main__":
    main()
