"""The features against the same numbers by hand, and against a future made wrong."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from formguide import asof
from formguide.asof import fingerprint
from formguide.track import events, programme
from formguide.track.features import (
    Features,
    from_percent,
    population,
    season_over,
    speed,
    targets,
    window_features,
)
from formguide.track.peak_model import history
from formguide.track.tables import INDOOR, OUTDOOR
from tests.track import features_by_hand
from tests.track.history_made import careers, made, wrong_from

END = date(2030, 1, 1)


def lives() -> list[dict[str, Any]]:
    """A handful of careers with everything in them that a feature asks about."""
    rng = np.random.default_rng(3)
    rows: list[dict[str, Any]] = []

    def season(who: str, event: str, year: int, label: str, marks: list[float], **more: Any) -> None:
        first = date(year, 1, 10) if label == INDOOR else date(year, 4, 20)
        for number, mark in enumerate(marks):
            day = first + timedelta(days=int(rng.integers(0, 9)) + 9 * number)
            rows.append(
                {"athlete_id": who, "event": event, "label": label, "date": day, "mark": mark, **more}
            )

    born = {"birth_date": date(1996, 7, 1)}
    # A sprinter with winds, a missing season, and 200 m beside the 100 and 60.
    for year, marks in (
        (2013, [11.4, 11.3]),
        (2014, [11.1]),
        (2016, [10.9, 10.85, 10.85, 11.0]),
        (2017, [10.8]),
    ):
        season("sprinter", "100 Meters", year, OUTDOOR, marks, wind_mps=1.0, wind_legal=True, **born)
    season("sprinter", "100 Meters", 2016, OUTDOOR, [10.5], wind_mps=3.4, wind_legal=False, **born)
    season("sprinter", "100 Meters", 2018, OUTDOOR, [10.4, 10.45], wind_mps=2.8, **born)
    season("sprinter", "100 Meters", 2019, OUTDOOR, [10.7, 10.95], **born)
    for year, mark in ((2015, 6.99), (2016, 6.95), (2017, 6.9), (2018, 6.85)):
        season("sprinter", "60 Meters", year, INDOOR, [mark, mark + 0.03], **born)
    for year, mark in ((2014, 22.9), (2015, 22.5), (2016, 22.1), (2017, 21.9), (2018, 21.8)):
        season("sprinter", "200 Meters", year, OUTDOOR, [mark], wind_legal=True, **born)
        season("sprinter", "200 Meters", year, INDOOR, [mark + 0.3], **born)
    # A college jumper with both labels, a class, and marks before the new year.
    for since, year in enumerate((2015, 2016, 2017, 2018, 2019)):
        told = {"class_year": since + 1, "team": "Anytown"}
        season("jumper", "Long Jump", year, INDOOR, [7.0 + 0.1 * since, 6.9, 7.02], **told)
        season(
            "jumper", "Long Jump", year, OUTDOOR, [7.1 + 0.1 * since], wind_mps=-0.3, wind_legal=True, **told
        )
        season("jumper", "Triple Jump", year, OUTDOOR, [14.2 + 0.2 * since, 14.0], wind_mps=0.1, **told)
        season("jumper", "High Jump", year, OUTDOOR, [2.0 + 0.02 * since], **told)
    rows.append(
        {
            "athlete_id": "jumper",
            "event": "Long Jump",
            "label": INDOOR,
            "date": date(2017, 12, 2),
            "mark": 7.25,
        }
    )
    # A junior putter: a lighter shot first, then the men's; of a southern summer, in November and December.
    for year, event, mark in (
        (2014, "SP5", 15.0),
        (2015, "SP5", 16.2),
        (2016, "SP6", 15.8),
        (2017, "SP6", 16.6),
    ):
        season("putter", event, year, OUTDOOR, [mark, mark - 0.4], birth_date=date(1998, 12, 24))
    for year in (2017, 2018, 2019):
        season(
            "putter", "Shot Put", year, OUTDOOR, [15.0 + 0.3 * (year - 2017)], birth_date=date(1998, 12, 24)
        )
        rows.append(
            {
                "athlete_id": "putter", "event": "Shot Put", "label": OUTDOOR,
                "date": date(year, 12, 5), "mark": 15.4, "birth_date": date(1998, 12, 24),
            }
        )  # fmt: skip
    # A woman of points and hurdles, of nobody knows what age; some of her marks are from a list.
    for year, points in ((2014, 5200), (2016, 5400), (2017, 5350), (2018, 5600)):
        season("allrounder", "Heptathlon", year, OUTDOOR, [points], gender="women")
        season("allrounder", "100 Hurdles", year, OUTDOOR, [14.2, 14.0], gender="women", wind_mps=2.0)
    season("allrounder", "100 Hurdles", 2015, OUTDOOR, [13.1], gender="women", complete=False)
    # Old, and out of doors only.
    for year in (2010, 2011, 2012, 2013, 2014, 2015, 2018):
        season(
            "old", "10,000 Meters", year, OUTDOOR, [1710.0 + 3 * (year - 2010)], birth_date=date(1976, 2, 2)
        )
    return rows


@pytest.fixture(scope="module")
def invented() -> pl.DataFrame:
    """The careers above among those of others, so that events have a level."""
    return pl.concat([careers(lives()), made(30, seed=5)])


def by_hand(windows: pl.DataFrame, marks: pl.DataFrame, among: pl.DataFrame) -> list[dict[str, float]]:
    rows = marks.with_columns(pl.col("gender", "label", "unit").cast(pl.String)).to_dicts()
    levels = {
        (row["gender"], row["event"]): (row["mean"], row["sd"], row["n"])
        for row in among.iter_rows(named=True)
    }
    asked = windows.with_columns(pl.col("gender", "label", "unit").cast(pl.String)).to_dicts()
    return [
        features_by_hand.features(window, rows, levels, programme.GROUPS, events.find(window["event"]).group)
        for window in asked
    ]


def compared(found: Features, told: list[dict[str, float]]) -> None:
    assert {*found.names} == {*told[0]}
    theirs = np.array([[row[name] for name in found.names] for row in told])
    off = ~np.isclose(found.values, theirs, rtol=1e-9, atol=1e-9)
    wrong = [
        (found.names[j], i, found.values[i, j], theirs[i, j]) for i, j in zip(*np.nonzero(off), strict=True)
    ]
    assert not wrong, wrong[:5]


def test_the_population_is_that_of_plain_python(invented: pl.DataFrame) -> None:
    rows = invented.with_columns(pl.col("gender", "label", "unit").cast(pl.String)).to_dicts()
    theirs = features_by_hand.population(rows)
    ours = {(g, e): (m, sd, n) for g, e, m, sd, n in population(invented).iter_rows()}
    assert ours.keys() == theirs.keys()
    assert ("women", "Heptathlon") not in ours, "four season bests are no level"
    for key, told in theirs.items():
        assert ours[key] == pytest.approx(told)


def test_every_number_of_every_window_is_that_of_plain_python(invented: pl.DataFrame) -> None:
    names = {row["athlete_id"] for row in lives()}
    windows = history(invented, END).windows.filter(pl.col("athlete_id").is_in(names))
    assert windows.height > 40
    among = population(invented)
    found = window_features(windows, invented, among)
    compared(found, by_hand(windows, invented, among))
    # None of the columns is the same for everybody here, but for groups of which there is nobody.
    never = {n for n in found.names if np.ptp(found.columns(n)) == 0}
    assert never <= {"is_middle", "is_walks/road"}, never


def test_the_same_of_generated_careers(invented: pl.DataFrame) -> None:
    windows = history(invented, END).windows.sample(60, seed=1)
    among = population(made(25, seed=9))
    found = window_features(windows, invented, among)
    compared(found, by_hand(windows, invented, among))


def test_the_hand_would_notice(invented: pl.DataFrame) -> None:
    """So that the two above can fail: a day more, and most windows have other numbers."""
    windows = history(invented, END).windows.sample(40, seed=2)
    among = population(invented)
    later = windows.with_columns(pl.col("as_of") + pl.duration(days=200))
    with pytest.raises(AssertionError):
        compared(window_features(later, invented, among), by_hand(windows, invented, among))


def test_rows_are_those_of_the_windows_in_their_order(invented: pl.DataFrame) -> None:
    windows = history(invented, END).windows
    among = population(invented)
    found = window_features(windows, invented, among)
    order = np.random.default_rng(0).permutation(windows.height)
    turned = window_features(windows[order.tolist()], invented, among)
    assert turned.names == found.names
    assert np.array_equal(turned.values, found.values[order])
    assert np.array_equal(turned.group, found.group[order])
    assert found.group.tolist() == [
        programme.GROUPS.index(events.find(event).group) for event in windows["event"].to_list()
    ]
    assert np.isfinite(found.values).all()
    assert found.columns("gap", "best").shape == (windows.height, 2)


def test_the_order_of_the_records_does_not_matter(invented: pl.DataFrame) -> None:
    windows = history(invented, END).windows
    turned = invented.sample(fraction=1, shuffle=True, seed=1)
    assert fingerprint(history(turned, END).windows) == fingerprint(windows)
    among = population(invented)
    assert fingerprint(population(turned)) == fingerprint(among)
    found, again = (window_features(windows, marks, among) for marks in (invented, turned))
    assert found.values.tobytes() == again.values.tobytes()


def test_who_has_nothing_but_wind_has_numbers_too() -> None:
    marks = [
        {"athlete_id": "a", "event": "100 Meters", "label": OUTDOOR, "date": date(year, 6, 1), "mark": 10.5,
         "wind_mps": 3.0, "wind_legal": False}
        for year in (2015, 2016)
    ]  # fmt: skip
    frame = careers(marks)
    (windows,) = (history(frame, END).windows,)
    found = window_features(windows, frame, population(frame))
    assert found.values.shape[0] == 1
    assert np.isfinite(found.values).all()
    assert found.columns("wind_aided", "no_level").tolist() == [[1.0, 1.0]]


# -- percent ---------------------------------------------------------------------------------------


def test_a_percent_is_better_both_ways() -> None:
    unit = np.array(["sec", "m", "points"])
    reference = np.array([10.0, 8.0, 6000.0])
    marks = from_percent(reference, np.array([1.0, 1.0, -1.0]), unit)
    assert marks == pytest.approx([10 * np.exp(-0.01), 8 * np.exp(0.01), 6000 * np.exp(-0.01)])
    windows = pl.DataFrame({"peak": marks, "last_peak": reference, "unit": unit})
    assert targets(windows) == pytest.approx([1.0, 1.0, -1.0])
    assert windows.select(speed("peak") > speed("last_peak")).to_series().to_list() == [True, True, False]


@pytest.mark.parametrize(
    ("season", "label", "day"), [(2020, INDOOR, date(2020, 4, 1)), (2020, OUTDOOR, date(2020, 11, 1))]
)
def test_a_season_is_over(season: int, label: str, day: date) -> None:
    frame = pl.DataFrame({"season": [season], "label": [label]})
    assert frame.select(season_over()).item() == day


# -- the honesty rule ------------------------------------------------------------------------------

DAYS = (date(2013, 11, 1), date(2015, 1, 1), date(2015, 6, 17), date(2016, 11, 1))


@pytest.fixture(scope="module")
def past() -> pl.DataFrame:
    return made(60, seed=7)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_what_is_known_on_a_day_does_not_know_the_day(past: pl.DataFrame, day: date, seed: int) -> None:
    wrong = wrong_from(past, day, seed)
    ours, theirs = history(past, day), history(wrong, day)
    assert ours.windows.height > 50
    for name in ("performances", "peaks", "windows"):
        assert fingerprint(getattr(ours, name)) == fingerprint(getattr(theirs, name)), name
    assert ours.sequences.to_npz() == theirs.sequences.to_npz()
    among, of_wrong = population(ours.performances), population(theirs.performances)
    assert fingerprint(among) == fingerprint(of_wrong)
    # Given all performances, the features still use those before each window's first day only.
    found, travelled = (window_features(ours.windows, marks, among) for marks in (past, wrong))
    assert found.values.tobytes() == travelled.values.tobytes()
    assert found.group.tobytes() == travelled.group.tobytes()


def test_each_window_knows_what_was_before_its_own_day_and_no_more(past: pl.DataFrame) -> None:
    windows = history(past, END).windows
    among = population(past)
    found = window_features(windows, past, among)
    for as_of in windows["as_of"].unique().sort().to_list()[::3]:
        rows = (windows["as_of"] == as_of).to_numpy()
        cut = window_features(windows.filter(rows), asof.before(past, as_of, "date"), among)
        assert cut.values.tobytes() == found.values[rows].tobytes()


def test_a_wrong_yesterday_is_seen(past: pl.DataFrame) -> None:
    """So that the tests above can fail."""
    day = date(2015, 1, 1)
    windows = history(past, END).windows.filter(pl.col("as_of") == day)
    among = population(past)
    wrong = wrong_from(past, day - timedelta(days=300), 1)
    found, other = (window_features(windows, marks, among).values for marks in (past, wrong))
    assert (found != other).any(axis=1).mean() > 0.8
