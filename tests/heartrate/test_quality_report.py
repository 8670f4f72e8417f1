"""The quality report: counts against counting by hand, and a page that carries no markup of others."""

from __future__ import annotations

import html
import re
from pathlib import Path

import polars as pl
import pytest

from formguide.heartrate import quality_report
from formguide.heartrate.cleaning import RULES
from formguide.heartrate.tables import SPORT, Corrections, QualityFindings, Workouts
from formguide.lake import Lake
from formguide.schema import dtypes
from tests.heartrate.invented_workouts import Invented, invented

HOSTILE = "<script>alert(1)</script>"


def test_rules_are_counted_with_their_examples() -> None:
    made = invented(42)
    rules = {row["rule"]: row for row in quality_report.by_rule(made.workouts, made.findings).to_dicts()}
    found = [(row["workout_id"], row["rule"], row["seconds"]) for row in made.findings.to_dicts()]
    for rule, row in rules.items():
        here = [entry for entry in found if entry[1] == rule]
        assert row["workouts"] == len(here) > 3
        assert row["share"] == pytest.approx(len(here) / 42)
        assert row["samples"] == sum(seconds for _, _, seconds in here)
        assert row["users"] == len({workout.partition("/")[0] for workout, _, _ in here})
        assert len(row["examples"]) == 3
        assert all(any(example.startswith(entry[0] + ": ") for entry in here) for example in row["examples"])
    assert rules["no_heart_rate"]["as_a_whole"] == 6 and rules["heart_rate_range"]["as_a_whole"] == 0
    assert list(rules) == ["no_heart_rate", "heart_rate_range"]


@pytest.mark.parametrize("group", list(quality_report.GROUPS))
def test_groups_add_up_to_all(group: str) -> None:
    made = invented(42)
    rows = quality_report.by_group(made.workouts, made.findings, group)
    assert rows["workouts"].sum() == 42
    assert rows["hours"].sum() == pytest.approx(made.workouts["duration_sec"].sum() / 3600)
    weighted = (rows["usable"] * rows["workouts"]).sum()
    assert weighted == pytest.approx(made.workouts["usable"].sum())
    column = quality_report.GROUPS[group]
    first = rows.to_dicts()[0]
    own = made.workouts.filter(pl.col(column).cast(pl.String) == first[group])
    assert first["quality"] == pytest.approx(own["quality"].mean())
    often = made.findings.join(own, on="workout_id", how="semi")["rule"].value_counts(sort=True)
    assert first["most_often"] == f"{often['rule'][0]} ({often['count'][0]})"


def test_a_distribution_loses_nobody() -> None:
    values = pl.Series([0.0, 1.0, 2.0, 3.0, 1e9, None, float("nan"), float("inf")])
    assert quality_report.distribution(values, (0, 1.5, 2.5, float("inf"))) == [2, 1, 3]


def test_the_page_says_what_was_counted_and_escapes_what_others_wrote() -> None:
    made = invented(42, ("ana", HOSTILE))
    page = quality_report.page(made.workouts, made.findings, described={"no_heart_rate": "none & nothing"})
    assert "<script" not in page and html.escape(HOSTILE) in page
    assert "none &amp; nothing" in page
    assert "script-src 'none'" in html.unescape(page)
    assert not re.search(r"(src|href)\s*=|https?:| style=", page)
    assert "<b>42</b> workouts of 2 users" in page
    assert f"<b>{100 * made.workouts['usable'].sum() / 42:.1f} %</b> that models may learn from" in page


def told(made: Invented, lags: dict[int, float]) -> pl.DataFrame:
    """Rows of `Corrections`: the workouts at some places are late, all others are as they should be."""
    late = pl.Series([lags.get(i, 0.0) for i in range(made.workouts.height)])
    types = dtypes(Corrections)
    return (
        made.workouts.select("workout_id", "month", "user_id", "started_at")
        .with_columns(
            earlier_workouts=pl.lit(9),
            offset_bpm=pl.lit(0.0),
            offset_se_bpm=pl.lit(1.0),
            lag_sec=late,
            lag_se_sec=pl.lit(1.0),
            found=pl.Series(["lag" if lag else "none" for lag in late]),
            applied_offset_bpm=pl.lit(0.0),
            applied_lag_sec=late,
            provenance=pl.lit("estimator"),
            second_opinion=pl.lit(None, pl.String),
        )
        .cast({c: types[c] for c in ("earlier_workouts", "found", "provenance")})
    )


def test_shifted_and_late_workouts_are_told_the_latest_first() -> None:
    made = invented(60)
    by_start = made.workouts["started_at"].arg_sort().to_list()
    rows = told(made, {by_start[3]: 21.7, by_start[50]: 12.0})
    found = quality_report.shifted_or_late(rows)
    names = [made.workouts["workout_id"][by_start[i]] for i in (50, 3)]
    assert found.rows() == [(names[0], "lag", 0.0, 12.0), (names[1], "lag", 0.0, 21.7)]
    page = quality_report.page(made.workouts, made.findings, rows)
    assert page.index(names[0]) < page.index(names[1]) and "21.7" in page
    many = quality_report.page(made.workouts, made.findings, told(made, dict.fromkeys(range(50), 9.0)))
    assert "the latest 40 of 50" in many
    assert "No heart rate is found to be shifted or late" in quality_report.page(made.workouts, made.findings)


def test_of_nothing_there_is_a_page_too(tmp_path: Path) -> None:
    assert "<b>0</b> workouts" in quality_report.of_lake(Lake(tmp_path))


def test_of_a_lake_it_is_that_of_its_tables(tmp_path: Path) -> None:
    made, lake = invented(20), Lake(tmp_path)
    lake.write_table(SPORT, Workouts.name, "202103", made.workouts, Workouts, "test")
    lake.write_table(SPORT, QualityFindings.name, "202103", made.findings, QualityFindings, "test")
    late = told(made, {4: 21.7})
    lake.write_table(SPORT, Corrections.name, "202103", late, Corrections, "test")
    page = quality_report.of_lake(lake)
    said = {rule.name: rule.says for rule in RULES}
    assert page == quality_report.page(made.workouts, made.findings, late, described=said)
    assert said["heart_rate_range"] in html.unescape(page)
