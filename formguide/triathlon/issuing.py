"""Making the posterior, the forecasts and the scorecard again where the results they lean on have changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import polars as pl

from formguide import asof, schema
from formguide.asof import fingerprint
from formguide.lake import Lake
from formguide.making import Made, carried_over
from formguide.triathlon import backtest, forecast, issued, model_file, pace_fit, pace_model, scorecard
from formguide.triathlon.arrivals import ARRIVALS, SPORT
from formguide.triathlon.forecast import Forecaster
from formguide.triathlon.forecast_tables import FinishTimeForecasts, ForecastScorecard
from formguide.triathlon.issued import partition
from formguide.triathlon.posterior import Posterior, from_netcdf
from formguide.triathlon.starts import AGES, Starts, finishes, starts
from formguide.triathlon.tables import DISTANCES, RaceResults

POSTERIOR = "finish_time_posterior"
POSTERIOR_FILE, DIAGNOSTICS_FILE, MODEL_FILE = "posterior.nc", "diagnostics.csv", "forecaster.json"

POSTERIOR_VERSION = f"3-{forecast.VERSION}-{pace_model.VERSION}"
FORECASTS_VERSION = f"1-{forecast.VERSION}-{pace_model.VERSION}"
SCORECARD_VERSION = f"1-{backtest.VERSION}-{scorecard.VERSION}-{forecast.VERSION}-{pace_model.VERSION}"

_DRAWS, _CHAINS, _THIN = 500, 4, 5
_WALKED = 4
"""How many last seasons the scorecard walks through unless told otherwise."""


def make_posterior(lake: Lake, distances: Iterable[str] = DISTANCES) -> dict[str, Made]:
    """The posterior of each distance from everything in the lake, as netCDF with identified effects, and
    beside it what ArviZ says of them and what forecasts need. A distance that has too few results is left
    out."""
    manifests = lake.manifests(SPORT, RaceResults.name)
    made_from = fingerprint(POSTERIOR_VERSION, [m.hash for m in manifests.values()])
    made, results, constants = {}, None, None
    for distance in distances:
        manifest = lake.manifest(SPORT, POSTERIOR, distance)
        if manifest is not None and manifest.made_from == made_from:
            made[distance] = carried_over(manifest)
            continue
        if results is None:
            results = lake.read_table(SPORT, RaceResults.name, None, RaceResults)
        as_of = day_after(results)
        if as_of is None:
            continue
        known = finishes(asof.before(results, as_of, "known_on"))
        if not pace_fit.enough(known, distance):
            continue
        constants = constants or forecast.constants_of(results, as_of)
        fitted = forecast.fit(results, distance, as_of, _DRAWS, _CHAINS, constants=constants, thin=_THIN)
        assert fitted.posterior is not None
        found = identified(fitted.posterior, starts(known), distance)
        facts = {
            "rows": fitted.pace.rows,
            "races": fitted.pace.races,
            "as_of": as_of.isoformat(),
            "scales_by": found.method,
            "importance_weights_worth": found.effective,
            "course_spread": fitted.pace.constants.spread,
            "race_shock": fitted.pace.constants.shock,
        }
        files = {
            POSTERIOR_FILE: found.to_netcdf(),
            DIAGNOSTICS_FILE: found.diagnostics().write_csv().encode(),
            MODEL_FILE: model_file.to_json(fitted),
        }
        written = lake.write_bytes(SPORT, POSTERIOR, distance, files, made_from, facts)
        made[distance] = Made(written.hash, fitted.pace.rows, 1, 0, facts)
    return made


def read_posterior(lake: Lake, distance: str) -> Posterior:
    """The posterior of a distance. Raises LakeError if it has not been made."""
    return from_netcdf(lake.read_bytes(SPORT, POSTERIOR, distance)[POSTERIOR_FILE])


def read_diagnostics(lake: Lake, distance: str) -> pl.DataFrame:
    """What ArviZ said of a distance's posterior, see `Posterior.diagnostics`. Raises LakeError if it has not
    been made."""
    said = lake.read_bytes(SPORT, POSTERIOR, distance)[DIAGNOSTICS_FILE]
    return pl.read_csv(said, schema_overrides={"level": pl.String})


def read_forecaster(lake: Lake, distance: str) -> Forecaster:
    """What forecasts over a distance need. Raises LakeError if it has not been made."""
    return model_file.from_json(lake.read_bytes(SPORT, POSTERIOR, distance)[MODEL_FILE])


def day_after(results: pl.DataFrame) -> date | None:
    """The first day on which all results are known, but for those of races without a date in a year that is
    not over: they count from the year's end on."""
    dated, undated = pl.col("race_on").is_not_null(), pl.col("race_on").is_null()
    last = results.filter(dated)["known_on"].max()
    over = results.filter(undated)
    if isinstance(last, date):
        over = over.filter(pl.col("known_on").dt.year() < last.year)
    days = [day for day in (last, over["known_on"].max()) if isinstance(day, date)]
    return max(days) + timedelta(days=1) if days else None


def identified(found: Posterior, history: Starts, distance: str) -> Posterior:
    """The posterior in contrasts weighted by how many starts each level had: effects are then about the
    sport's average start, and the intercept is that start's log time."""
    chosen = history.distance == DISTANCES.index(distance)
    names = {"course": history.courses, "race": history.races}
    codes = {"course": history.course, "race": history.race}
    counts: dict[str, list[float]] = {}
    for name, all_names in names.items():
        rows = dict(zip(all_names, np.bincount(codes[name][chosen], minlength=len(all_names)), strict=True))
        counts[name] = [float(rows.get(level, 0)) for level in found.levels[name]]
    cell = np.bincount((history.female * len(AGES) + history.age)[chosen], minlength=2 * len(AGES))
    counts["sex_age"] = [float(n) for n in cell]
    years = {
        str(y): int(n) for y, n in zip(*np.unique(history.year[chosen], return_counts=True), strict=True)
    }
    counts["year"] = [float(years.get(level, 0)) for level in found.levels["year"]]
    return found.identified(counts)


def make_forecasts(lake: Lake, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Made]:
    """The forecasts of some distances and seasons, each from models fitted to what came before the season."""
    manifests = lake.manifests(SPORT, RaceResults.name)
    made, due = {}, {}
    for distance, year in wanted:
        upto = [m.hash for season, m in manifests.items() if season is not None and int(season) <= year]
        made_from = fingerprint(FORECASTS_VERSION, distance, upto)
        manifest = lake.manifest(SPORT, FinishTimeForecasts.name, partition(distance, year))
        if manifest is not None and manifest.made_from == made_from:
            made[distance, year] = carried_over(manifest)
        else:
            due[distance, year] = made_from
    if due:
        results = lake.read_table(SPORT, RaceResults.name, None, RaceResults)
        for (distance, year), frame in forecast.forecast_seasons(results, list(due)).items():
            facts = _facts(frame)
            written = lake.write_table(
                SPORT, FinishTimeForecasts.name, partition(distance, year), frame, FinishTimeForecasts,
                due[distance, year], facts,
            )  # fmt: skip
            made[distance, year] = Made(written.hash, frame.height, 1, 0, facts)
    return made


def make_scorecard(
    lake: Lake,
    split: int | None = None,
    seasons: Iterable[int] | None = None,
    distances: Iterable[str] = DISTANCES,
) -> Made:
    """The scorecard of a backtest over what the lake holds: fitted once up to a split (by default four
    seasons before the last), and walked through some seasons (by default those after the split); and what
    was issued before races that have been since."""
    wanted = tuple(distances)
    manifests = lake.manifests(SPORT, RaceResults.name)
    chosen = None if seasons is None else sorted(set(seasons))
    told = issued.scored(lake)
    made_from = fingerprint(
        SCORECARD_VERSION, split, chosen, list(wanted), [m.hash for m in manifests.values()], told
    )
    manifest = lake.manifest(SPORT, ForecastScorecard.name, None)
    if manifest is not None and manifest.made_from == made_from:
        return carried_over(manifest)
    results = lake.read_table(SPORT, RaceResults.name, None, RaceResults)
    card = schema.empty(ForecastScorecard)
    if not results.is_empty():
        at = backtest.split_of(results) if split is None else split
        last = int(results["year"].max())  # type: ignore[arg-type]
        walked = range(at + 1, last + 1) if chosen is None else chosen
        scores = pl.concat(
            [
                backtest.fit_once(results, at, wanted),
                backtest.walk_forward(results, walked, wanted),
                told.filter(pl.col("distance").is_in(wanted)),
            ]
        )
        card = scorecard.scorecard(scores, ARRIVALS.holds_sample(lake))
    facts = {"rows": card.height}
    written = lake.write_table(SPORT, ForecastScorecard.name, None, card, ForecastScorecard, made_from, facts)
    return Made(written.hash, card.height, 1, 0, facts)


def _facts(frame: pl.DataFrame) -> dict[str, object]:
    pit = frame["pit"].drop_nulls()
    facts: dict[str, object] = {"starts": frame.height, "races": frame["race_id"].n_unique()}
    if len(pit):
        facts["coverage_90"] = float(((pit - 0.5).abs() <= 0.45).mean())  # type: ignore[arg-type]
    return facts
