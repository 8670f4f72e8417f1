"""Track and field as assets, the forecasts: models → the coming seasons' peaks → what they were worth.

A gender is a partition; news of the season chain leads here by automation. The backtest fits its models
again for every population and is asked for; its scorecard follows it.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import dagster as dg
import pydantic

from assets import track_checks, track_shown
from assets.checks import fits, table_fits
from assets.events import Report, materialised, numbers
from assets.partitions import FOLLOWS, ONE_RUN
from assets.track import OF_THE_SPORT, LakeParam, performances, windows
from formguide.lake import Lake
from formguide.making import Made, TooLittle
from formguide.schema import Table
from formguide.track import issuing, scorecard
from formguide.track.arrivals import SPORT
from formguide.track.forecast_tables import BacktestForecasts, ForecastLog, ForecastScorecard, PeakForecasts
from formguide.track.peak_model import PeakSettings
from formguide.track.tables import GENDERS

GENDER = dg.StaticPartitionsDefinition(list(GENDERS))
"""Whose competition: a partition each of models and forecasts."""

ALL_SEASONS = [
    dg.AssetDep(asset, partition_mapping=dg.AllPartitionMapping()) for asset in (performances, windows)
]
BY_GENDER: dict[str, Any] = {
    **OF_THE_SPORT,
    "partitions_def": GENDER,
    "backfill_policy": ONE_RUN,
    "automation_condition": FOLLOWS,
}


STANDARD = PeakSettings()


class PeakModelConfig(dg.Config):
    """How the forecasters are fitted; whatever is changed here is part of what a model was made from."""

    folds: int = pydantic.Field(
        STANDARD.folds, ge=1, description="Last training seasons that are forecast unseen, to choose by."
    )
    tree_rounds: int = pydantic.Field(STANDARD.trees.rounds, ge=1, description="Boosted trees per seed.")
    lstm_by_gender: bool = pydantic.Field(
        STANDARD.lstm_by_gender, description="A network for each gender instead of one for both."
    )
    marks: int = pydantic.Field(STANDARD.lstm.marks, ge=1, description="L: marks of a season that are read.")
    seasons_back: int = pydantic.Field(STANDARD.lstm.seasons_back, ge=1, description="K: seasons back.")
    hid_season: int = pydantic.Field(STANDARD.lstm.hid_season, ge=1, description="Width within a season.")
    hid_across: int = pydantic.Field(STANDARD.lstm.hid_across, ge=1, description="Width across seasons.")
    learning_rate: float = pydantic.Field(STANDARD.lstm.learning_rate, gt=0, description="Of AdamW.")
    patience: int = pydantic.Field(
        STANDARD.lstm.patience, ge=1, description="Epochs without a better validation before it stops."
    )
    max_epochs: int = pydantic.Field(STANDARD.lstm.max_epochs, ge=1, description="Epochs at the most.")
    min_samples: int = pydantic.Field(
        STANDARD.lstm.min_samples, ge=1, description="Training windows that an event needs for its own head."
    )
    seed: int = pydantic.Field(STANDARD.seed, ge=0, description="Of trees and, one further on, the network.")

    def to_settings(self) -> PeakSettings:
        """The library's own settings."""
        names = "marks seasons_back hid_season hid_across learning_rate patience max_epochs min_samples"
        chosen = {name: getattr(self, name) for name in names.split()}
        return replace(
            STANDARD,
            folds=self.folds,
            seed=self.seed,
            lstm_by_gender=self.lstm_by_gender,
            trees=replace(STANDARD.trees, rounds=self.tree_rounds),
            lstm=replace(STANDARD.lstm, seed=self.seed + STANDARD.lstm.seed - STANDARD.seed, **chosen),
        )


@dg.asset(
    **BY_GENDER,
    kinds={"lightgbm", "torch"},
    code_version=issuing.VERSION,
    description="The models of a season's peak, the one that ships chosen on seasons it had not seen.",
    deps=ALL_SEASONS,
    output_required=False,
)
def peak_model(
    context: dg.AssetExecutionContext, lake: LakeParam, config: PeakModelConfig
) -> Iterator[Report]:
    made = _unless_too_little(context, issuing.make_models, lake, config.to_settings())
    shown = {gender: track_shown.model(lake, gender) for gender in made}
    yield from materialised(context, made, metadata=shown) if made else ()


@dg.asset(
    **BY_GENDER,
    kinds={"polars"},
    code_version=issuing.VERSION,
    description=PeakForecasts.description,
    deps=[peak_model],
    check_specs=[*fits(PeakForecasts), track_checks.ORDERED],
)
def peak_forecasts(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    genders = list(context.partition_keys)
    made = issuing.make_forecasts(lake, genders)
    shown = {gender: track_shown.forecasts(lake, gender) for gender in made}
    yield from materialised(context, made, metadata=shown, checks=track_checks.of_forecasts(lake, genders))


@dg.asset(
    **BY_GENDER,
    kinds={"polars"},
    code_version="1",
    description=ForecastLog.description,
    deps=[peak_forecasts],
)
def forecast_log(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    yield from materialised(context, issuing.log_forecasts(lake, list(context.partition_keys)))


@dg.asset(
    **OF_THE_SPORT,
    kinds={"lightgbm"},
    code_version=issuing.VERSION,
    description=BacktestForecasts.description,
    deps=ALL_SEASONS,
    check_specs=fits(BacktestForecasts),
)
def backtest_forecasts(
    context: dg.AssetExecutionContext, lake: LakeParam, config: PeakModelConfig
) -> Iterator[Report]:
    made = issuing.make_backtest(lake, settings=config.to_settings(), progress=context.log.info)
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(made.version),
        metadata=numbers(made),
        check_results=table_fits(lake, BacktestForecasts, None),
    )


@dg.asset(
    **OF_THE_SPORT,
    kinds={"polars"},
    code_version=scorecard.VERSION,
    description=ForecastScorecard.description,
    deps=[backtest_forecasts],
    check_specs=[*fits(ForecastScorecard), track_checks.COVERAGE],
    automation_condition=FOLLOWS,
)
def forecast_scorecard(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    made = issuing.make_scorecard(lake)
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(made.version),
        metadata={**numbers(made), **track_shown.scorecard(lake)},
        check_results=track_checks.of_scorecard(lake),
    )


def _unless_too_little(
    context: dg.AssetExecutionContext,
    make: Callable[..., dict[str, Made]],
    lake: Lake,
    settings: PeakSettings,
) -> dict[str, Made]:
    """What was made; nothing, and a warning, where there is too little history to learn from."""
    try:
        return make(lake, list(context.partition_keys), settings)
    except TooLittle as error:
        context.log.warning(str(error))
        return {}


ASSETS = [peak_model, peak_forecasts, forecast_log, backtest_forecasts, forecast_scorecard]
"""Every asset of the forecasts."""

GENDER_CHAIN = dg.AssetSelection.assets(peak_model, peak_forecasts, forecast_log)
"""What is made for each gender."""

BACKTEST = dg.AssetSelection.assets(backtest_forecasts)
"""Walking through past seasons: asked for."""

OVER_ALL_SEASONS = dg.AssetSelection.assets(forecast_scorecard)
"""What looks at every season together and follows by its automation condition."""

DECLARED: tuple[type[Table], ...] = (PeakForecasts, ForecastLog, BacktestForecasts, ForecastScorecard)
TABLES: dict[tuple[str, str], type[Table] | None] = {(SPORT, table.name): table for table in DECLARED}
"""What the warehouse holds of them."""
