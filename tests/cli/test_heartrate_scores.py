"""The scorecard of heart rate at the terminal."""

import io

import polars as pl
import pytest
from rich.console import Console

from formguide.cli.heartrate.screen_forecasts import scores
from formguide.heartrate.forecast_tables import AS_RECORDED, CORRECTED, LAST_BLOCK, METRICS, SPEED_RUN


def card(workouts: int, corrected_mae: float) -> pl.DataFrame:
    rows = [
        {
            "task": LAST_BLOCK,
            "given": SPEED_RUN,
            "training": training,
            "scored": AS_RECORDED,
            "model": "formguide",
            "by": "all",
            "group": "all",
            "metric": metric,
            "is_sample": False,
            "n_workouts": workouts,
            "n_users": 1,
            "value": corrected_mae if (training, metric) == (CORRECTED, "mae_bpm") else 0.5,
            "standard_error": 0.1,
            "difference": 0.2,
            "difference_se": 0.0001,
            "difference_t": 2000.0,
        }
        for training in (AS_RECORDED, CORRECTED)
        for metric in METRICS
    ]
    return pl.DataFrame(rows)


def said(frame: pl.DataFrame, full: bool) -> str:
    page = io.StringIO()
    scores(Console(file=page, width=200), frame, full)
    return page.getvalue()


@pytest.mark.parametrize(("corrected_mae", "same"), [(0.5, True), (0.4, False)])
def test_what_corrections_did_not_change_is_one_line(corrected_mae, same):
    whole = said(card(9, corrected_mae), True)
    assert ("the same scores, no record is corrected" in whole) == same
    assert ("0.40 ± 0.10" in whole) != same
    assert "learnt from" not in said(card(9, corrected_mae), False)


def test_of_a_few_workouts_nothing_is_divided_by_their_error():
    assert "2000" in said(card(9, 0.5), True)
    assert "2000" not in said(card(2, 0.5), True)
