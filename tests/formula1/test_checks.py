"""The checks find what they are there to find, and nothing else."""

from __future__ import annotations

import polars as pl
import pytest

from formguide.formula1 import checks
from formguide.formula1.tables import RaceResults


def results(*orders, race="2024-monaco"):
    """Races as (position, finish_order) pairs."""
    return pl.DataFrame(
        [(race, position, order) for position, order in orders],
        schema={"race_id": pl.String, "position": pl.Int32, "finish_order": pl.Int32},
        orient="row",
    )


def field(classified, out=0):
    return results(
        *((i, i) for i in range(1, classified + 1)), *((None, classified + 1 + i) for i in range(out))
    )


def test_a_proper_classification_passes():
    assert checks.one_car_per_position(field(16, 4)).passed
    assert checks.complete_fields(field(16, 4)).passed


def test_two_cars_in_one_position_are_found():
    finding = checks.one_car_per_position(results((1, 1), (2, 2), (2, 3)))
    assert not finding.passed
    assert finding.rows["place"].to_list() == ["2"]
    assert not checks.one_car_per_position(results((1, 1), (None, 1))).passed


def test_the_same_position_in_two_races_is_fine():
    assert checks.one_car_per_position(
        pl.concat([field(16), field(16).with_columns(race_id=pl.lit("b"))])
    ).passed


def test_gaps_and_small_fields_are_found():
    with_gap = field(18).filter(pl.col("position") != 2)
    assert checks.one_car_per_position(with_gap).passed
    assert not checks.complete_fields(with_gap).passed
    assert not checks.complete_fields(field(4)).passed
    assert not checks.complete_fields(field(27)).passed


def test_no_race_is_no_fault():
    assert checks.one_car_per_position(results()).passed
    assert checks.complete_fields(results()).passed


@pytest.fixture
def made(tables):
    return tables["race_results"]


def test_a_table_fits_its_declaration(made):
    assert checks.fits(made, RaceResults).passed


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda t: pl.concat([t, t.head(1)]), "primary key"),
        (lambda t: t.with_columns(points=pl.lit(-1.0)), "points"),
        (lambda t: t.drop("laps"), "laps"),
        (lambda t: t.with_columns(laps=pl.col("laps").cast(pl.Int64)), "Int64"),
        (lambda t: t.with_columns(driver_id=pl.lit(None, pl.String)), "driver_id"),
    ],
)
def test_a_damaged_table_is_found(made, damage, says):
    finding = checks.fits(damage(made), RaceResults)
    assert not finding.passed
    assert finding.count >= 1
    assert says in finding.said or says == "primary key"


def test_disagreements_are_counted_and_shown():
    rows = pl.DataFrame(
        {
            "race_id": ["2024-monaco", "2024-spain", "2024-spain"],
            "table": ["race_results"] * 3,
            "field": ["laps", "laps", "points"],
            "source_a": ["f1db"] * 3,
            "source_b": ["jolpica"] * 3,
        }
    )
    finding = checks.sources_agree(rows)
    assert (finding.passed, finding.count) == (False, 3)
    assert finding.rows.row(0, named=True) | {"example": None} == {
        "table": "race_results",
        "field": "laps",
        "source_a": "f1db",
        "source_b": "jolpica",
        "count": 2,
        "races": 2,
        "example": None,
    }
    assert checks.sources_agree(rows.head(0)).passed


def test_the_wet_rule_is_compared_with_the_list():
    listed = pl.DataFrame(
        {
            "race_id": [str(i) for i in range(10)],
            "wet_score": [1.0] * 5 + [-1.0] * 5,
            "wet_listed": [True] * 5 + [False] * 4 + [None],
        }
    )
    assert checks.wet_rule(listed).passed
    wrong = listed.with_columns(wet_score=-pl.col("wet_score"))
    finding = checks.wet_rule(wrong)
    assert (finding.passed, finding.count) == (False, 9)
    assert checks.wet_rule(listed.head(0)).passed


def test_probabilities_that_do_not_add_up_are_found():
    race = {"race_id": "a", "moment": "on_grid", "scenario": "dry", "model": "strengths"}
    rows = pl.DataFrame(
        [
            {**race, "p_win": 0.6, "position_probs": [0.6, 0.4]},
            {**race, "p_win": 0.4, "position_probs": [0.4, 0.6]},
        ]
    )
    assert checks.probabilities(rows).passed
    assert not checks.probabilities(rows.head(1)).passed
    leaky = rows.with_columns(position_probs=pl.Series([[0.6, 0.3], [0.4, 0.6]]))
    assert not checks.probabilities(leaky).passed


def test_rows_as_markdown():
    frame = pl.DataFrame({"name": ["a|b", None], "value": [0.12345, 2.0]})
    assert checks.as_markdown(frame) == "| name | value |\n| --- | --- |\n| a\\|b | 0.123 |\n|  | 2.000 |"
