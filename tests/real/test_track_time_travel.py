"""The honesty rule on real careers: what is known of an athlete on a day does not know the day, 2013 to 2019.

Everything that the records say from a day on is dropped, doubled, dealt out anew and changed. Peaks,
sequences, windows, features, the fitted model and its forecasts must not notice. Half of the elite careers
and a fifth of the college ones, to save time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from formguide.asof import fingerprint
from formguide.track import careers
from formguide.track.features import population, window_features
from formguide.track.forecast import forecast_ahead
from formguide.track.peak_model import PeakModel, PeakSettings, fit, history
from formguide.track.trees import TreeSettings
from tests.track.history_made import wrong_from

QUICK = PeakSettings(folds=1, lstm_needs=10**6, trees=TreeSettings(rounds=20, seeds=1))

DATES = {
    "an indoor season begins": date(2013, 11, 1),
    "in the middle of the outdoor season": date(2016, 6, 14),
    "an outdoor season begins": date(2019, 1, 1),
}


@pytest.fixture(scope="module")
def performances(real_data: Callable[[str], Path]) -> pl.DataFrame:
    folder = real_data("track")
    read = [
        careers.read_openath(path.read_bytes(), path.name).rows
        for path in sorted(folder.glob("openath_athletes/*.json"))[::2]
    ]
    path = folder / "qnolan" / "athletes_indoor.csv"
    college = careers.read_qnolan(path.read_bytes(), path.name).rows
    some = college["athlete_id"].unique().sort()[::5]
    return pl.concat([*read, college.filter(pl.col("athlete_id").is_in(some.implode()))])


@pytest.fixture(scope="module")
def model(performances: pl.DataFrame) -> PeakModel:
    return fit(performances, DATES["an indoor season begins"], QUICK)


@pytest.mark.parametrize("day", DATES.values(), ids=DATES)
def test_what_is_known_on_a_day_does_not_know_it(
    day: date, performances: pl.DataFrame, model: PeakModel
) -> None:
    wrong = wrong_from(performances, day, seed=day.toordinal())
    ours, theirs = history(performances, day), history(wrong, day)
    assert ours.windows.height > 300
    for name in ("performances", "peaks", "windows"):
        assert fingerprint(getattr(ours, name)) == fingerprint(getattr(theirs, name)), name
    assert ours.sequences.to_npz() == theirs.sequences.to_npz()
    among = population(ours.performances)
    assert fingerprint(among) == fingerprint(population(theirs.performances))
    # The features are given every performance, and use those before each window's first day.
    found, travelled = (window_features(ours.windows, marks, among) for marks in (performances, wrong))
    assert found.values.tobytes() == travelled.values.tobytes()
    # So are the forecasts of windows, and of the seasons to come, by one and the same model.
    said, again = (model.forecast(ours.windows, marks) for marks in (performances, wrong))
    assert fingerprint(said) == fingerprint(again)
    ahead, travelled_ahead = (forecast_ahead(model, marks, as_of=day) for marks in (performances, wrong))
    assert ahead.height > 100
    assert fingerprint(ahead) == fingerprint(travelled_ahead)


def test_a_model_does_not_know_what_came_after_it(performances: pl.DataFrame, model: PeakModel) -> None:
    wrong = wrong_from(performances, model.as_of, seed=1)
    assert fit(wrong, model.as_of, QUICK).to_files() == model.to_files()


def test_a_wrong_yesterday_is_seen(performances: pl.DataFrame, model: PeakModel) -> None:
    """So that the tests above can fail."""
    day = DATES["in the middle of the outdoor season"]
    wrong = wrong_from(performances, day - timedelta(days=300), seed=1)
    ours, theirs = (forecast_ahead(model, marks, as_of=day) for marks in (performances, wrong))
    key = ["athlete_id", "gender", "event", "season", "label"]
    both = ours.join(theirs, on=key)
    assert both.height > 100
    assert (both["median"] != both["median_right"]).sum() > 0.3 * both.height
