"""What must hold of the tables before a model may use them, as findings that people can read."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from formguide.findings import SHOWN, Finding
from formguide.lake import Lake
from formguide.triathlon import race_page, reference_csv
from formguide.triathlon.arrivals import ARRIVALS
from formguide.triathlon.folders import RACES, REFERENCE
from formguide.triathlon.tables import FINISHED, SPORT, RaceRecords


def nothing_lost(lake: Lake, seasons: Sequence[int]) -> Finding:
    """Every line of every page, and every row of a table of finishes, is there or was set aside: they are
    counted in the files again."""
    wrong = []
    lines = set_aside = 0
    for season in seasons:
        files = ARRIVALS.season_files(lake, season)
        tree = files.get(RACES, {})
        bodies = [
            lake.raw_get(SPORT, sha) for path, sha in tree.items() if path.endswith(f"/{race_page.FILE}")
        ]
        manifest = lake.manifest(SPORT, RaceRecords.name, str(season))
        rows = manifest.rows or 0 if manifest else 0
        refused = int(manifest.extra.get("set_aside", 0)) if manifest else 0
        tables = [lake.raw_get(SPORT, sha) for sha in files.get(REFERENCE, {}).values()]
        there = sum(race_page.count_lines(body) for body in bodies)
        there += sum(reference_csv.count_rows(body, season) for body in tables)
        lines, set_aside = lines + there, set_aside + refused
        if there != rows + refused:
            wrong.append({"season": season, "lines": there, "rows": rows, "set_aside": refused})
    said = f"{lines} lines, {set_aside} set aside, {len(wrong)} seasons that do not add up"
    return Finding(not wrong, said, len(wrong), pl.DataFrame(wrong))


def every_record_has_an_athlete(records: pl.DataFrame, results: pl.DataFrame) -> Finding:
    """The results are the records, each once, and each given to an athlete."""
    lost = records.join(results.drop_nulls("athlete_id"), on="result_id", how="anti")
    added = results.join(records, on="result_id", how="anti")
    wrong = pl.concat([lost.select("result_id"), added.select("result_id")])
    athletes = results["athlete_id"].n_unique()
    said = f"{results.height} starts of {athletes} athletes, {wrong.height} too few or many"
    return Finding(wrong.is_empty(), said, wrong.height, wrong.head(SHOWN))


def nobody_twice_a_day(results: pl.DataFrame) -> Finding:
    """Nobody finishes two races on one day."""
    finished = results.filter((pl.col("status") == FINISHED) & pl.col("race_on").is_not_null())
    days = finished.group_by("athlete_id", "race_on").agg(pl.col("race_id").unique().sort())
    wrong = days.filter(pl.col("race_id").list.len() > 1).sort("race_on", "athlete_id")
    shown = wrong.with_columns(pl.col("race_id").list.join(", "))
    return Finding(
        wrong.is_empty(), f"{wrong.height} athletes finished twice on a day", wrong.height, shown.head(SHOWN)
    )


def few_implausible(results: pl.DataFrame, most: float = 0.05) -> Finding:
    """No more than a twentieth of a race's finishes cannot be; where more are, its page is at fault."""
    races = (
        results.filter(pl.col("status") == FINISHED)
        .group_by("race_id")
        .agg(finishes=pl.len(), implausible=pl.col("implausible").sum())
    )
    wrong = races.filter(pl.col("implausible") > most * pl.col("finishes")).sort("race_id")
    said = f"{races.height} races, {wrong.height} with more than {most:.0%} of finishes that cannot be"
    return Finding(wrong.is_empty(), said, wrong.height, wrong.head(SHOWN))


def older_than_the_race(profiles: pl.DataFrame, results: pl.DataFrame) -> Finding:
    """No profile knows more finishes than its athlete had before the day of the race, counted again from the
    results."""
    usable = results.filter("usable").select("athlete_id", finished_on="known_on")
    eve = pl.when(pl.col("race_on").is_null()).then(pl.date(pl.col("year"), 1, 1)).otherwise("race_on")
    starts = results.select("result_id", eve.alias("eve"))
    asked = profiles.select("result_id", "athlete_id", "races_before").join(starts, on="result_id")
    # The finishes before a day are the athlete's place in a list of finishes by day.
    counted = (
        usable.sort("finished_on")
        .with_columns(n=pl.int_range(1, pl.len() + 1).over("athlete_id"))
        .group_by("athlete_id", "finished_on", maintain_order=True)
        .agg(pl.col("n").max())
    )
    found = asked.sort("eve").join_asof(
        counted.sort("finished_on"),
        left_on="eve",
        right_on="finished_on",
        by="athlete_id",
        strategy="backward",
        allow_exact_matches=False,
    )
    wrong = found.filter(pl.col("races_before") != pl.col("n").fill_null(0)).sort("result_id")
    said = f"{profiles.height} profiles, {wrong.height} that know other finishes than there were"
    return Finding(wrong.is_empty(), said, wrong.height, wrong.head(SHOWN))
