"""Was it a wet race? Inferred afterwards, from that race alone, since no source records tyres or weather.

Rain leaves marks in a classification: the winner's average lap is far above the fastest lap (once safety
cars and red flags are taken out), fastest laps are slow against qualifying if it never dried, drivers
who left early have much slower bests than those who saw the track dry, and nearly everybody stops within
three laps without a safety car. Five such measures add up to `wet_score`; their weights and the
threshold were fitted to the races of 2014-2022 in `known_wet_races.yml`. Where that list speaks it
decides, and the rule speaks for the races after it. Against the list the rule finds 15 of 22 wet races
with 2 false alarms in 2014-2022 (each season left out of its own fit), and in 2023 to mid-2025, which it
never saw, 7 of 7 with none. It misses short showers (Germany 2018, Russia 2021) and races wet throughout
but with a fast, steady field (Turkey 2021). Comparing with the circuit's earlier races was tried and
added nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

import polars as pl

from formguide.formula1.ids import known_names
from formguide.formula1.records import fingerprint
from formguide.formula1.tables import RaceConditions
from formguide.formula1.yaml_tree import read_yaml
from formguide.schema import dtypes

RULE_VERSION = "1"

# Logit weights (ridge 0.1), the threshold of -1 taken into the intercept.
_INTERCEPT = -5.65
_SLOW = 33.7
_NEVER_DRY = 72.6
_SPREAD = 13.1
_MASS_STOP = 4.0
_RAIN_NAMED = 2.25

# A lap behind the safety car takes about 45 % longer than a racing lap, one under the virtual one 30 %.
_SAFETY_CAR_LAP = 0.45
_VIRTUAL_SAFETY_CAR_LAP = 0.30
# A stop of four minutes or more is a red flag (the clock of the race and of the pit lane runs on).
_RED_FLAG_STOP_SEC = 240.0
# No rain makes the average lap 25 % slower: time that the stops don't explain is an unrecorded stoppage.
_UNEXPLAINED, _USUAL_SLOWNESS = 0.25, 0.05
_FEWEST_LAPS = 5


@dataclass(frozen=True)
class KnownRaces:
    """The hand-written list: the wet races by id, and the dates between which it knows of every race."""

    first: date
    last: date
    wet: frozenset[str]

    def says(self, race_id: str, grand_prix_id: str, race_date: date) -> bool | None:
        """Whether the race was wet, or None where the list is silent (later races, other championships)."""
        real = grand_prix_id in known_names().entities["grand prix"]
        return race_id in self.wet if real and self.first <= race_date <= self.last else None


@cache
def known_races() -> KnownRaces:
    """The list that comes with the package."""
    text = resources.files("formguide.formula1").joinpath("known_wet_races.yml").read_bytes()
    facts = read_yaml(text)
    covers = facts["covers"]
    return KnownRaces(
        date.fromisoformat(covers["first"]), date.fromisoformat(covers["last"]), frozenset(facts["wet"])
    )


def race_conditions(
    calendar: pl.DataFrame,
    race_results: pl.DataFrame,
    qualifying: pl.DataFrame,
    fastest_laps: pl.DataFrame,
    pit_stops: pl.DataFrame,
    incidents: pl.DataFrame,
) -> pl.DataFrame:
    """One row per race that has results, any number of seasons at once. A row depends on its own race only.

    The frames are the canonical tables of those names; returns the table `race_conditions`.
    """
    evidence = _evidence(race_results, qualifying, fastest_laps, pit_stops, incidents)
    known = known_races()
    races = (
        race_results.group_by("race_id")
        .agg(pl.col("session_at").first(), pl.col("source").first())
        .join(
            calendar.select("season", "round", "race_id", "circuit_id", "grand_prix_id", "race_date"),
            on="race_id",
        )
        .join(evidence, on="race_id", how="left")
        .join(_incidents(incidents), on="race_id", how="left")
        .join(
            _fingerprints(race_results, qualifying, fastest_laps, pit_stops, incidents),
            on="race_id",
            how="left",
        )
    )
    listed = [known.says(*row) for row in races.select("race_id", "grand_prix_id", "race_date").iter_rows()]
    neutralised = pl.col("safety_car").fill_null(False) | pl.col("red_flag").fill_null(False)
    return (
        races.with_columns(
            wet_listed=pl.Series(listed, dtype=pl.Boolean),
            wet_score=(
                _INTERCEPT
                + _SLOW * pl.col("slow").fill_null(_USUAL_SLOWNESS)
                + _NEVER_DRY * pl.col("never_dry").fill_null(0.0)
                + _SPREAD * pl.col("spread").fill_null(0.0)
                + _MASS_STOP * pl.col("mass_stop").fill_null(0.0)
                + _RAIN_NAMED * pl.col("rain_named").fill_null(False).cast(pl.Float64)
            ),
        )
        .with_columns(wet=pl.coalesce("wet_listed", pl.col("wet_score") >= 0))
        .with_columns(
            scenario=pl.when("wet")
            .then(pl.lit("wet"))
            .when(neutralised)
            .then(pl.lit("safety_car"))
            .otherwise(pl.lit("dry"))
        )
        .select(pl.col(name).cast(dtype) for name, dtype in dtypes(RaceConditions).items())
        .sort("season", "round", "race_id")
    )


def _incidents(incidents: pl.DataFrame) -> pl.DataFrame:
    """Per race that the lists cover: safety car, red flag, rain named as a cause, neutralised laps."""
    return incidents.group_by("race_id").agg(
        safety_car=(pl.col("kind") == "safety_car").any(),
        red_flag=(pl.col("kind") == "red_flag").any(),
        rain_named=pl.col("rain").fill_null(False).any(),
        safety_car_laps=pl.col("full_laps").filter(pl.col("kind") == "safety_car").sum(),
        virtual_laps=pl.col("full_laps").filter(pl.col("kind") == "virtual_safety_car").sum(),
    )


def _evidence(
    race_results: pl.DataFrame,
    qualifying: pl.DataFrame,
    fastest_laps: pl.DataFrame,
    pit_stops: pl.DataFrame,
    incidents: pl.DataFrame,
) -> pl.DataFrame:
    """The measures per race; missing where the race has not the records for one.

    slow: the winner's average lap over the fastest lap, less one, neutralised laps and stoppages taken
    out; never_dry: the median driver's fastest lap over the best qualifying lap, above 1.10; spread: the
    slowest of the drivers' fastest laps over the median; mass_stop: the share of cars that stopped
    within the same three laps.
    """
    winners = race_results.filter(pl.col("position") == 1).select(
        "race_id", "driver_id", "laps", "race_time_sec"
    )
    stopped = (
        pit_stops.filter(pl.col("duration_sec") >= _RED_FLAG_STOP_SEC)
        .join(winners.select("race_id", "driver_id"), on=["race_id", "driver_id"])
        .group_by("race_id")
        .agg(stopped_sec=pl.col("duration_sec").sum())
    )
    best = qualifying.group_by("race_id").agg(
        qualifying_sec=pl.min_horizontal(
            pl.col("q1_sec").min(), pl.col("q2_sec").min(), pl.col("q3_sec").min()
        )
    )
    raced = race_results.filter(pl.col("laps") >= _FEWEST_LAPS).select("race_id", "driver_id")
    laps = fastest_laps.group_by("race_id").agg(
        fastest=pl.col("lap_time_sec").min(), median=pl.col("lap_time_sec").median()
    )
    spread = (
        fastest_laps.join(raced, on=["race_id", "driver_id"])
        .group_by("race_id")
        .agg(spread=(pl.col("lap_time_sec").max() / pl.col("lap_time_sec").median() - 1).clip(0.0, 0.2))
    )
    neutralised = pl.col("safety_car_laps").fill_null(0) * _SAFETY_CAR_LAP + (
        pl.col("virtual_laps").fill_null(0) * _VIRTUAL_SAFETY_CAR_LAP
    )
    average = (pl.col("race_time_sec") - pl.col("stopped_sec").fill_null(0.0)) / pl.col("laps")
    return (
        winners.unique("race_id", keep="first", maintain_order=True)
        .join(stopped, on="race_id", how="left")
        .join(best, on="race_id", how="left")
        .join(laps, on="race_id", how="left")
        .join(spread, on="race_id", how="left")
        .join(_mass_stops(race_results, pit_stops, incidents), on="race_id", how="left")
        .join(
            _incidents(incidents).select("race_id", "safety_car_laps", "virtual_laps"),
            on="race_id",
            how="left",
        )
        .with_columns(slow=average / pl.col("fastest") - 1 - neutralised / pl.col("laps"))
        .select(
            "race_id",
            "spread",
            "mass_stop",
            slow=pl.when(pl.col("slow") > _UNEXPLAINED)
            .then(_USUAL_SLOWNESS)
            .otherwise(pl.col("slow"))
            .clip(0.0, 0.2),
            never_dry=(pl.col("median") / pl.col("qualifying_sec") - 1.10).clip(0.0, 0.1),
        )
    )


def _mass_stops(race_results: pl.DataFrame, pit_stops: pl.DataFrame, incidents: pl.DataFrame) -> pl.DataFrame:
    """The largest share of a race's cars that stopped within three laps, none of them neutralised."""
    cars = race_results.filter(pl.col("status") != "not_started").group_by("race_id").agg(cars=pl.len())
    # A car may dive in as the signal comes, and the queue to stop outlasts it: a lap on either side
    # counts too.
    neutral = (
        incidents.filter(pl.col("start_lap").is_not_null())
        .select(
            "race_id",
            lap=pl.int_ranges(
                pl.col("start_lap") - 1, pl.col("end_lap").fill_null(pl.col("start_lap") + 2) + 2
            ),
        )
        .explode("lap")
        .with_columns(pl.col("lap").cast(pl.Int32))
        .unique()
    )
    stops = (
        pit_stops.filter(pl.col("duration_sec").fill_null(0.0) < _RED_FLAG_STOP_SEC)
        .select("race_id", "driver_id", "lap")
        .join(neutral, on=["race_id", "lap"], how="anti")
    )
    # Each stop counts for the windows that begin on its lap and on the two before it.
    windows = pl.concat([stops.with_columns(pl.col("lap") - back) for back in range(3)])
    return (
        windows.group_by("race_id", "lap")
        .agg(pl.col("driver_id").n_unique())
        .group_by("race_id")
        .agg(stopped=pl.col("driver_id").max())
        .join(cars, on="race_id")
        .select("race_id", mass_stop=pl.col("stopped") / pl.col("cars"))
    )


def _fingerprints(*frames: pl.DataFrame) -> pl.DataFrame:
    """Per race the hash of everything that its conditions were inferred from, and of the rule."""
    parts = pl.concat([frame.select("race_id", "fingerprint") for frame in frames])
    found = parts.group_by("race_id").agg(pl.col("fingerprint").unique().sort()).sort("race_id")
    hashed = [fingerprint([RULE_VERSION, *marks]) for marks in found["fingerprint"].to_list()]
    return found.select("race_id", fingerprint=pl.Series(hashed, dtype=pl.String))
