from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from formguide import schema
from formguide.track.sequences import SeasonSequences, SequenceKeys, join_sequences, season_sequences
from formguide.track.tables import INDOOR, OUTDOOR
from tests.track.careers_made import performances, some_careers


def _row(event: str, day: date, mark: float, label: str = OUTDOOR, **more):
    return {"athlete_id": "a", "event": event, "label": label, "date": day, "mark": mark} | more


def test_marks_come_in_order_with_the_days_between_and_the_wind():
    sequences = season_sequences(
        performances(
            [
                _row("100 Meters", date(2024, 5, 20), 10.5, wind_mps=1.1, round="F"),
                _row("100 Meters", date(2024, 5, 20), 10.7, round="P"),
                _row("100 Meters", date(2024, 5, 1), 10.9, wind_mps=-0.4),
                _row("200 Meters", date(2024, 5, 2), 21.0),
            ]
        )
    )
    row = sequences.table.row(0, named=True)
    assert (row["event"], row["length"], row["n_marks"], row["best"]) == ("100 Meters", 3, 3, 10.5)
    np.testing.assert_allclose(sequences.value, [10.9, 10.7, 10.5], rtol=1e-6)
    assert sequences.gap_days.tolist() == [0, 19, 0]
    np.testing.assert_allclose(sequences.wind_mps, [-0.4, np.nan, 1.1], rtol=1e-6)


def test_the_last_32_marks_of_a_season_are_kept_and_the_first_keeps_its_gap():
    days = [date(2024, 1, 2) + timedelta(days=3 * k) for k in range(40)]
    sequences = season_sequences(performances([_row("Shot Put", d, 10 + k / 10) for k, d in enumerate(days)]))
    assert sequences.lengths.tolist() == [32] and sequences.table["n_marks"].to_list() == [40]
    assert sequences.value[0] == pytest.approx(10.8) and sequences.gap_days[0] == 3
    assert season_sequences(performances([_row("Shot Put", days[0], 10.0)]), 5).lengths.tolist() == [1]


def test_a_season_under_way_when_the_other_begins_has_an_opening_of_its_own():
    marks = performances(
        [
            _row("60 Meters", date(2023, 12, 9), 7.0, INDOOR),
            _row("60 Meters", date(2024, 2, 9), 6.9, INDOOR),
            _row("Shot Put", date(2023, 12, 9), 15.0, INDOOR),
            _row("100 Meters", date(2024, 11, 20), 10.8),
            _row("100 Meters", date(2024, 5, 20), 10.6),
        ]
    )
    table = season_sequences(marks).table
    found = {
        (r["family"], r["label"], r["part"]): (r["length"], r["last_date"])
        for r in table.iter_rows(named=True)
    }
    assert found == {
        ("shot put", INDOOR, "whole"): (1, date(2023, 12, 9)),
        ("sprints", INDOOR, "whole"): (2, date(2024, 2, 9)),
        ("sprints", INDOOR, "opening"): (1, date(2023, 12, 9)),
        ("sprints", OUTDOOR, "whole"): (2, date(2024, 11, 20)),
        ("sprints", OUTDOOR, "opening"): (1, date(2024, 5, 20)),
    }


def test_a_list_that_ends_at_its_top_n_makes_no_sequence():
    marks = performances([_row("Shot Put", date(2024, 5, 1), 15.0, complete=False)])
    assert len(season_sequences(marks)) == 0
    assert len(join_sequences([])) == 0


def test_sequences_are_what_a_loop_over_the_marks_finds():
    marks = some_careers()
    sequences = season_sequences(marks)
    schema.check(sequences.table, SequenceKeys)
    padded, lengths = sequences.padded()
    left, _ = sequences.padded(left=True)
    for i, row in enumerate(sequences.table.iter_rows(named=True)):
        mine = marks.filter(
            *(pl.col(c) == row[c] for c in ("athlete_id", "gender", "family", "season", "label")),
            pl.col("date") <= row["last_date"],
        )
        counts = mine["event"].value_counts()
        assert counts.filter(pl.col("count") == counts["count"].max())["event"].is_in([row["event"]]).any()
        mine = mine.filter(pl.col("event") == row["event"]).sort("date")
        expected = mine["mark"].tail(32).to_numpy()
        assert lengths[i] == len(expected)
        np.testing.assert_allclose(np.sort(padded[i, : lengths[i], 0]), np.sort(expected), rtol=1e-6)
        assert padded[i, : lengths[i], 1].sum() == (mine["date"][-1] - mine["date"][-len(expected)]).days
        assert not padded[i, lengths[i] :].any() and not left[i, : 32 - lengths[i]].any()
        np.testing.assert_array_equal(left[i, 32 - lengths[i] :], padded[i, : lengths[i]])
        legal = mine.filter(pl.col("wind_legal").fill_null(True))["mark"]
        best = legal if len(legal) else mine["mark"]
        assert row["best"] == (best.min() if row["unit"] == "sec" else best.max())


def test_an_archive_gives_back_what_went_in_and_equal_sequences_give_equal_bytes():
    marks = some_careers(athletes=4)
    sequences = season_sequences(marks)
    data = sequences.to_npz()
    back = SeasonSequences.from_npz(data)
    assert back.table.equals(sequences.table) and schema.check(back.table, SequenceKeys).equals(back.table)
    for name in ("start", "value", "gap_days", "wind_mps"):
        np.testing.assert_array_equal(getattr(back, name), getattr(sequences, name))
    shuffled = season_sequences(marks.sample(fraction=1, shuffle=True, seed=5))
    assert shuffled.to_npz() == data
    with pytest.raises(ValueError, match="have no"):
        SeasonSequences.from_npz(_npz_without_event(sequences))
    empty = season_sequences(marks.clear())
    assert SeasonSequences.from_npz(empty.to_npz()).table.equals(empty.table)


def _npz_without_event(sequences: SeasonSequences) -> bytes:
    import io

    out = io.BytesIO()
    np.savez(out, lengths=sequences.lengths, value=sequences.value)
    return out.getvalue()


def test_a_season_alone_gives_the_sequences_it_has_among_all():
    marks = some_careers(athletes=5)
    apart = [season_sequences(marks.filter(pl.col("season") == s)) for s in sorted(marks["season"].unique())]
    together = season_sequences(marks)
    joined = join_sequences(apart)
    assert set(joined.table["sequence_id"]) == set(together.table["sequence_id"])
    order = [joined.table["sequence_id"].to_list().index(name) for name in together.table["sequence_id"]]
    taken = joined.take(np.array(order))
    assert taken.table.equals(together.table)
    np.testing.assert_array_equal(taken.value, together.value)


def test_the_name_of_a_sequence_changes_with_any_mark_and_no_other_ones_does():
    marks = some_careers(athletes=5)
    before = season_sequences(marks).table
    chosen = marks["performance_id"][7]
    other = marks.with_columns(
        mark=pl.when(pl.col("performance_id") == chosen).then(pl.col("mark") + 0.01).otherwise(pl.col("mark"))
    )
    after = season_sequences(other).table
    changed = before.filter(~pl.col("sequence_id").is_in(after["sequence_id"].to_list()))
    row = marks.row(7, named=True)
    assert 1 <= changed.height <= 2
    assert set(changed["athlete_id"]) == {row["athlete_id"]} and set(changed["season"]) == {row["season"]}
