"""Models, forecasts, backtest and scorecard of track and field in the lake.

Everything goes by fingerprints: what a partition was made from is compared with what it would be made from
now, and where they agree nothing is computed. Forecasts are a function of the lake as it stands; what was
issued is put on record in `forecast_log`, with the clock's time, and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime

import polars as pl

from formguide.asof import fingerprint
from formguide.lake import Lake, LakeError
from formguide.making import Made, carried_over, version_of
from formguide.schema import dtypes
from formguide.track import forecast, peak_model, scorecard
from formguide.track.arrivals import holds_sample
from formguide.track.forecast_tables import BacktestForecasts, ForecastLog, ForecastScorecard, PeakForecasts
from formguide.track.peak_model import PeakModel, PeakSettings
from formguide.track.tables import GENDERS, SPORT, Performances

MODEL = "peak_model"
"""The asset of the fitted models, a partition per gender."""

VERSION = f"{peak_model.VERSION}.1"
"""Changes when the same performances would give other forecasts."""

Progress = Callable[[str], object]


def partition(gender: str) -> str:
    """The partition of a gender: "gender=women"."""
    return f"gender={gender}"


def genders_at_hand(lake: Lake) -> list[str]:
    """The genders of which the lake has performances of whole careers."""
    known = performances(lake).filter(pl.col("complete"))["gender"].unique().cast(pl.String).to_list()
    return [gender for gender in GENDERS if gender in known]


def performances(lake: Lake) -> pl.DataFrame:
    """Every performance of the lake."""
    return lake.read_table(SPORT, Performances.name, None, Performances)


def make_models(lake: Lake, genders: Iterable[str], settings: PeakSettings | None = None) -> dict[str, Made]:
    """Fits the model to everything that the lake knows, and keeps it for each of the genders.

    Raises `TooLittle` where there is too little history.
    """
    settings = settings or PeakSettings()
    made_from = fingerprint(VERSION, asdict(settings), _data_version(lake))
    made: dict[str, Made] = {}
    due = []
    for gender in genders:
        manifest = lake.manifest(SPORT, MODEL, partition(gender))
        if manifest is not None and manifest.made_from == made_from:
            made[gender] = carried_over(manifest)
        else:
            due.append(gender)
    if due:
        model = _same_model(lake, made_from)
        if model is None:
            known = performances(lake)
            model = peak_model.fit(known, forecast.known_until(known), settings)
        errors = dict(model.validation.select("forecaster", "mae_pct").iter_rows())
        facts = {
            "as_of": model.as_of.isoformat(),
            "windows": model.n_windows,
            "default": model.default,
            "validation_mae_pct": errors,
            "validation_seasons": model.validation.row(0, named=True)["n"],
        }
        for gender in due:
            written = lake.write_bytes(SPORT, MODEL, partition(gender), model.to_files(), made_from, facts)
            made[gender] = Made(written.hash, model.n_windows, 1, 0, facts)
    return made


def _same_model(lake: Lake, made_from: str) -> PeakModel | None:
    """The model, if the other gender has it already: it is fitted to both."""
    for gender in GENDERS:
        manifest = lake.manifest(SPORT, MODEL, partition(gender))
        if manifest is not None and manifest.made_from == made_from:
            return model_of(lake, gender)
    return None


def model_of(lake: Lake, gender: str) -> PeakModel:
    """The model that the lake keeps for a gender; raises `LakeError` if there is none, or of another
    version."""
    try:
        return PeakModel.of_files(lake.read_bytes(SPORT, MODEL, partition(gender)))
    except ValueError as error:
        raise LakeError(str(error)) from error


def make_forecasts(lake: Lake, genders: Iterable[str]) -> dict[str, Made]:
    """The coming seasons' peaks of every active athlete of some genders."""
    made: dict[str, Made] = {}
    known: pl.DataFrame | None = None
    for gender in genders:
        made_from = _forecasts_from(lake, gender)
        manifest = lake.manifest(SPORT, PeakForecasts.name, partition(gender))
        if manifest is not None and manifest.made_from == made_from:
            made[gender] = carried_over(manifest)
            continue
        known = performances(lake) if known is None else known
        rows = forecast.forecast_ahead(model_of(lake, gender), known, gender)
        facts = {
            "athletes": rows["athlete_id"].n_unique(),
            "seasons": sorted({f"{s} {label}" for s, label in rows.select("season", "label").iter_rows()}),
        }
        written = lake.write_table(
            SPORT, PeakForecasts.name, partition(gender), rows, PeakForecasts, made_from, facts
        )
        made[gender] = Made(written.hash, rows.height, 1, 0, facts)
    return made


def forecasts(lake: Lake) -> pl.DataFrame:
    """What the lake forecasts of the coming seasons, of every gender."""
    return lake.read_table(SPORT, PeakForecasts.name, None, PeakForecasts)


def log_forecasts(lake: Lake, genders: Iterable[str], made_at: datetime | None = None) -> dict[str, Made]:
    """Puts on record the forecasts that the log does not hold yet, as they are issued now."""
    now = made_at or datetime.now(UTC).replace(tzinfo=None)
    made = {}
    for gender in genders:
        key = ["athlete_id", "gender", "event", "season", "label", "data_version"]
        issued = lake.manifest(SPORT, PeakForecasts.name, partition(gender))
        if issued is None:
            made[gender] = Made(fingerprint(gender), 0, 0, 0)
            continue
        # What they were made from, and not what the lake holds by now: newer marks have not been heard yet.
        rows = lake.read_table(SPORT, PeakForecasts.name, [partition(gender)], PeakForecasts).with_columns(
            made_at=pl.lit(now, pl.Datetime("ms")),
            code_version=pl.lit(VERSION),
            data_version=pl.lit(issued.made_from),
            seed=pl.lit(model_of(lake, gender).settings.seed, pl.Int32),
        )
        log = lake.read_table(SPORT, ForecastLog.name, None, ForecastLog)
        new = rows.select(list(dtypes(ForecastLog))).join(log, on=key, how="anti")
        if not new.is_empty():
            lake.append_log(SPORT, new, ForecastLog)
        held = log.filter(pl.col("gender") == gender).height + new.height
        version = fingerprint(gender, held, rows["data_version"].unique().to_list())
        made[gender] = Made(version, held, new.height, rows.height - new.height)
    return made


def make_backtest(
    lake: Lake,
    first_season: int | None = None,
    settings: PeakSettings | None = None,
    progress: Progress = lambda _: None,
) -> Made:
    """Forecasts of the last seasons by models that had not seen them. first_season: see `backtest.walk`."""
    from formguide.track import backtest

    settings = settings or PeakSettings()
    made_from = fingerprint(VERSION, asdict(settings), first_season, _data_version(lake))
    manifest = lake.manifest(SPORT, BacktestForecasts.name, None)
    if manifest is not None and manifest.made_from == made_from:
        return carried_over(manifest)
    rows = backtest.walk(performances(lake), first_season, settings, progress)
    written = lake.write_table(SPORT, BacktestForecasts.name, None, rows, BacktestForecasts, made_from)
    return Made(written.hash, rows.height, 1, 0)


def make_scorecard(lake: Lake) -> Made:
    """Scores what the backtest forecast and keeps the scorecard."""
    sample = holds_sample(lake)
    made_from = fingerprint(scorecard.VERSION, version_of(lake, SPORT, BacktestForecasts.name, None), sample)
    manifest = lake.manifest(SPORT, ForecastScorecard.name, None)
    if manifest is not None and manifest.made_from == made_from:
        return carried_over(manifest)
    rows = lake.read_table(SPORT, BacktestForecasts.name, None, BacktestForecasts)
    card = scorecard.scorecard(rows, sample)
    written = lake.write_table(SPORT, ForecastScorecard.name, None, card, ForecastScorecard, made_from)
    return Made(written.hash, card.height, 1, 0)


def _forecasts_from(lake: Lake, gender: str) -> str:
    return fingerprint(VERSION, version_of(lake, SPORT, MODEL, partition(gender)), _data_version(lake))


def _data_version(lake: Lake) -> str:
    """Names every performance of the lake."""
    found = lake.manifests(SPORT, Performances.name)
    return fingerprint({str(key): manifest.hash for key, manifest in found.items()})
