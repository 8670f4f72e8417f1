"""From forecasts to days to bins: who is picked, what is paired with what, and how days are cut."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.baseball.streak.bins import quality_bins, rates_on
from formguide.baseball.streak.made_up import made_up_profiles
from formguide.baseball.streak.profiles import POOLED_SEED, Days, day_profiles, paired_days
from tests.baseball.streak.conftest import as_backtest

DAY = date(2024, 5, 1)


def forecasts(*rows: tuple[int, int, int, float, bool | None], day: date = DAY) -> pl.DataFrame:
    """Rows of seed, game, batter, chance, hit."""
    schema = ["seed", "game_pk", "batter_id", "p_game_hit", "got_hit"]
    frame = pl.DataFrame(rows, schema=schema, orient="row", schema_overrides={"got_hit": pl.Boolean})
    return as_backtest(frame.with_columns(season=pl.lit(2024), game_date=pl.lit(day)))


def picks(frame: pl.DataFrame, **how: object) -> list[tuple[int, int]]:
    found = day_profiles(frame, **how)  # type: ignore[arg-type]
    return list(zip(found["game_pk"].to_list(), found["batter_id"].to_list(), strict=True))


def test_the_second_pick_is_of_another_game():
    frame = forecasts((1, 10, 1, 0.8, True), (1, 10, 2, 0.79, True), (1, 11, 3, 0.7, False))
    assert picks(frame) == [(10, 1), (11, 3)]
    assert picks(frame, same_game=True) == [(10, 1), (10, 2)]


@pytest.mark.parametrize("same_game", [False, True])
def test_a_doubleheader_does_not_make_one_batter_both_picks(same_game):
    frame = forecasts((1, 10, 1, 0.8, True), (1, 11, 1, 0.79, True), (1, 12, 3, 0.5, False))
    assert picks(frame, same_game=same_game) == [(10, 1), (12, 3)]


def test_three_picks_are_of_three_games():
    frame = forecasts(
        (1, 10, 1, 0.8, True), (1, 11, 2, 0.7, True), (1, 11, 3, 0.69, True), (1, 10, 4, 0.68, True),
        (1, 12, 5, 0.4, True),
    )  # fmt: skip
    assert picks(frame, top=3) == [(10, 1), (11, 2), (12, 5)]


def test_equal_chances_go_to_the_lower_batter_then_the_earlier_game():
    frame = forecasts((1, 12, 9, 0.7, True), (1, 11, 5, 0.7, True), (1, 10, 5, 0.7, True))
    assert picks(frame) == [(10, 5), (12, 9)]


def test_who_never_batted_is_passed_over_and_other_line_ups_are_not_asked():
    frame = forecasts((1, 10, 1, 0.9, None), (1, 11, 2, 0.7, True), (1, 12, 3, 0.6, False))
    assert picks(frame) == [(11, 2), (12, 3)]
    assert picks(frame, task="projected") == []


def test_one_game_only_is_no_double():
    days = paired_days(day_profiles(forecasts((1, 10, 1, 0.8, True), (1, 10, 2, 0.7, True))))
    assert (days.has_second.tolist(), days.hit_both.tolist(), days.p_second.tolist()) == (
        [False],
        [False],
        [0.0],
    )


def test_picks_are_paired_within_a_seed():
    frame = forecasts(
        (1, 10, 1, 0.8, True), (1, 11, 2, 0.7, False),
        (2, 12, 3, 0.9, False), (2, 13, 4, 0.6, True),
    )  # fmt: skip
    days = paired_days(day_profiles(frame))
    assert days.seed.tolist() == [1, 2]
    assert days.p_first.tolist() == [0.8, 0.9]
    assert days.p_second.tolist() == [0.7, 0.6]
    # Across seeds there would be a pair of hits (1 with 4); within seeds there is none.
    assert days.hit_both.tolist() == [False, False]
    assert quality_bins(days, 1).p_both.max() == 0


def test_seeds_can_be_averaged_first():
    frame = forecasts(
        (1, 10, 1, 0.8, True), (1, 11, 2, 0.7, False), (2, 10, 1, 0.5, True), (2, 11, 2, 0.9, False)
    )
    found = day_profiles(frame, pool_seeds=True)
    assert found["seed"].unique().to_list() == [POOLED_SEED]
    assert found["batter_id"].to_list() == [2, 1]
    assert found["p_game_hit"].to_list() == pytest.approx([0.8, 0.65])


def test_days_left_count_dates_with_games_whatever_the_seed():
    dates = [date(2024, 5, 1), date(2024, 5, 2), date(2024, 5, 9)]
    frames = [forecasts((1, 10 + i, 1, 0.8, True), day=day) for i, day in enumerate(dates)]
    frames.append(forecasts((2, 99, 1, 0.8, True), day=dates[0]))
    profiles = day_profiles(pl.concat(frames))
    assert paired_days(profiles).days_left.tolist() == [3, 2, 1, 3]
    ongoing = paired_days(profiles, {2024: 10})
    assert ongoing.days_left.tolist() == [13, 12, 11, 13]


def test_profiles_that_are_none():
    with pytest.raises(ValueError, match="no day profiles"):
        paired_days(day_profiles(forecasts((1, 10, 1, 0.8, None))))
    twice = day_profiles(forecasts((1, 10, 1, 0.8, True)))
    with pytest.raises(ValueError, match="several picks"):
        paired_days(pl.concat([twice, twice]))


# -- bins ------------------------------------------------------------------------------------------


def some_days(p: list[float], hit: list[bool], both: list[bool], left: list[int], seed: int = 1) -> Days:
    n = len(p)
    return Days(
        seed=np.full(n, seed),
        season=np.full(n, 2024),
        date=np.datetime64("2024-09-30") - np.array(left),
        days_left=np.array(left),
        p_first=np.array(p),
        p_second=np.array(p) - 0.1,
        hit_first=np.array(hit),
        hit_both=np.array(both),
        has_second=np.ones(n, bool),
    )


def test_bins_by_hand():
    days = some_days(
        [0.6, 0.7, 0.8, 0.9, 0.5, 0.55],
        [True, False, True, True, False, True],
        [False, False, True, False, False, True],
        [40, 41, 42, 43, 3, 4],
    )
    bins = quality_bins(days, 2, late_days=30)
    assert bins.edges.tolist() == [[0.75], [0.525]]
    assert bins.share.tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert bins.p_hit.tolist() == [[0.5, 1.0], [0.0, 1.0]]
    assert bins.p_both.tolist() == [[0.0, 0.5], [0.0, 1.0]]
    assert bins.dates.tolist() == [[2, 2], [1, 1]]
    assert (bins.bin_of(0.6, 40), bins.bin_of(0.6, 30), bins.bin_of(0.75, 31)) == (0, 1, 1)


def test_shrinkage_by_hand():
    days = some_days([0.6, 0.6, 0.8, 0.8], [True, False, True, True], [False] * 4, [40, 41, 42, 43])
    bins = quality_bins(days, 2, late_days=0, shrink_dates=2)
    # Hits 3 of 4, forecasts 0.7 on average: offset 0.05. Two dates seen in each bin, two believed.
    assert bins.p_hit[0].tolist() == pytest.approx([(0.5 + 0.65) / 2, (1.0 + 0.85) / 2])
    everything = quality_bins(days, 2, late_days=0, shrink_dates=np.inf)
    assert everything.p_hit[0].tolist() == pytest.approx([0.65, 0.85])


def test_days_with_one_game_do_not_count_for_doubles():
    days = some_days([0.7] * 4, [True] * 4, [True, False, True, False], [40, 41, 42, 43])
    days.has_second[3] = False
    days.p_second[3] = 0.0
    bins = quality_bins(days, 1, late_days=0)
    assert bins.p_both[0, 0] == pytest.approx(2 / 3)
    assert bins.p_second[0, 0] == pytest.approx(0.6)
    # All belief in the forecasts, corrected by what three days were off by: 2/3 again.
    assert quality_bins(days, 1, 0, np.inf).p_both[0, 0] == pytest.approx(2 / 3)
    # Half a bin's worth of it, where bins differ.
    halves = some_days([0.5, 0.5, 0.9, 0.9], [True] * 4, [True, False, True, True], [40, 41, 42, 43])
    halves.has_second[0] = False
    off = 2 / 3 - (0.5 * 0.4 + 2 * 0.9 * 0.8) / 3
    shrunk = quality_bins(halves, 2, 0, shrink_dates=2)
    assert shrunk.p_both[0].tolist() == pytest.approx(
        [(0.0 + 0.5 * 0.4 + off) / 2, min((1.0 + 0.9 * 0.8 + off) / 2, 1.0)]
    )


def test_a_date_seen_by_many_seeds_is_one_date():
    one = some_days([0.6, 0.8], [True, False], [False, False], [40, 41])
    both = Days(*(np.concatenate([getattr(one, n), getattr(one, n)]) for n in one.__dataclass_fields__))
    both.seed[2:] = 2
    bins = quality_bins(both, 1, late_days=0)
    assert (bins.dates[0, 0], bins.days[0, 0]) == (2, 4)
    assert (
        quality_bins(both, 1, 0, shrink_dates=3).p_hit[0] == quality_bins(one, 1, 0, shrink_dates=3).p_hit[0]
    )


def test_a_phase_without_days_has_the_other_ones_bins():
    days = some_days([0.6, 0.8], [True, False], [False, False], [40, 41])
    bins = quality_bins(days, 2)
    assert (bins.edges[1] == bins.edges[0]).all()
    assert (bins.p_hit[1] == bins.p_hit[0]).all()


def test_equal_chances_stay_in_one_bin():
    days = some_days([0.7] * 5 + [0.8], [True] * 6, [False] * 6, list(range(40, 46)))
    bins = quality_bins(days, 5, late_days=0)
    assert sorted(bins.share[0]) == pytest.approx([0, 0, 0, 1 / 6, 5 / 6])
    assert bins.share.sum(axis=1) == pytest.approx([1, 1])


@given(
    st.lists(st.sampled_from([0.5, 0.6, 0.61, 0.7, 0.75, 0.8, 0.9]), min_size=1, max_size=40),
    st.integers(1, 12),
    st.integers(0, 30),
)
def test_whatever_the_days_shares_sum_to_one_and_rates_are_those_of_the_days(chances, count, late):
    n = len(chances)
    random = np.random.default_rng(n + count)
    hit = random.random(n) < 0.7
    days = some_days(chances, hit.tolist(), (hit & (random.random(n) < 0.7)).tolist(), list(range(1, n + 1)))
    bins = quality_bins(days, count, late)
    assert bins.share.sum(axis=1) == pytest.approx([1, 1])
    for phase, mine in enumerate((days.days_left > late, days.days_left <= late)):
        chosen = mine if mine.any() else np.ones(n, bool)
        assert (bins.share[phase] * bins.p_hit[phase]).sum() == pytest.approx(hit[chosen].mean())
        both = days.hit_both[chosen].mean()
        assert (bins.share[phase] * bins.p_both[phase]).sum() == pytest.approx(both)
        assert (np.diff(bins.edges[phase][np.isfinite(bins.edges[phase])]) > 0).all()


def test_bins_have_equally_many_days(days):
    bins = quality_bins(days, 5)
    n = np.array([(days.days_left > 30).sum(), (days.days_left <= 30).sum()])
    assert (np.abs(bins.days - n[:, None] / 5) <= 1.01).all()


def test_weights_are_days_counted_more_than_once(days):
    weight = np.ones(len(days))
    weight[:100] = 3
    repeated = days.take(np.repeat(np.arange(len(days)), weight.astype(int)))
    weighted, plain = quality_bins(days, 5, weight=weight), quality_bins(repeated, 5)
    assert weighted.edges == pytest.approx(plain.edges)
    assert weighted.p_both == pytest.approx(plain.p_both)
    assert weighted.share == pytest.approx(plain.share)


def test_other_days_in_the_same_cut(days):
    bins = quality_bins(days.of_seasons([2001, 2002]), 5)
    other = rates_on(bins, days.of_seasons([2003]))
    assert (other.edges == bins.edges).all()
    assert other.share.sum(axis=1) == pytest.approx([1, 1])
    assert not np.allclose(other.p_hit, bins.p_hit)


def test_bins_that_cannot_be():
    days = some_days([0.6], [True], [False], [40])
    for wrong in ({"bins": 0}, {"late_days": -1}, {"shrink_dates": -1.0}, {"weight": np.zeros(1)}):
        with pytest.raises(ValueError):
            quality_bins(days, **wrong)
    with pytest.raises(ValueError, match="chance"):
        quality_bins(days, 2).bin_of(1.5, 3)


def test_made_up_days_are_of_an_honest_shape():
    days = paired_days(made_up_profiles(20, 1))
    assert days.hit_first.mean() == pytest.approx(0.76, abs=0.02)
    assert days.p_first.std() == pytest.approx(0.033, abs=0.006)
    assert days.hit_both.mean() < days.hit_first.mean() ** 2 + 0.02


def test_stretched_days(days):
    far = days.stretched(2.0, 0.01)
    assert far.p_first.std() == pytest.approx(2 * days.p_first.std())
    assert far.p_first.mean() == pytest.approx(days.p_first.mean() + 0.01)
    assert (far.hit_first == days.hit_first).all()
