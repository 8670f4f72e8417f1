"""Heart rate as assets, what forecasts were worth: backtest, network and its held-out users → scorecard.

The backtest forecasts past runs again, the network is fitted to some users and scored on others: both are
asked for; the scorecard follows them.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dagster as dg
import pydantic

from assets import heartrate_shown
from assets.checks import fits, key, table_fits
from assets.events import Report, numbers
from assets.heartrate import heart_rate_forecasts
from assets.partitions import FOLLOWS
from formguide.heartrate import issuing, network_issuing, scorecard
from formguide.heartrate.arrivals import SPORT
from formguide.heartrate.forecast_tables import BacktestScores, ForecastScorecard, HeldOutScores
from formguide.heartrate.tracking import WeightsAndBiases
from formguide.lake import Lake
from formguide.making import carried_over
from formguide.schema import Table

LakeParam = dg.ResourceParam[Lake]
OF_THE_SPORT: dict[str, Any] = {"group_name": SPORT, "key_prefix": SPORT}
ALL_MONTHS = [dg.AssetDep(heart_rate_forecasts, partition_mapping=dg.AllPartitionMapping())]


@dg.asset(
    **OF_THE_SPORT,
    kinds={"numba"},
    code_version=issuing.SCORES_VERSION,
    description=BacktestScores.description,
    deps=ALL_MONTHS,
    check_specs=fits(BacktestScores),
)
def backtest_scores(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    made = issuing.make_scores(lake, context.log.info)
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(made.version),
        metadata=numbers(made),
        check_results=table_fits(lake, BacktestScores, None),
    )


class NetworkConfig(dg.Config):
    """Who hears of a training beside Dagster."""

    weights_and_biases: str | None = pydantic.Field(
        None, description="A project of Weights & Biases (extra wandb; WANDB_MODE=offline keeps it here)."
    )


MODEL, HELD_OUT = (key(SPORT, name) for name in (network_issuing.MODEL, HeldOutScores.name))


@dg.multi_asset(
    name=f"{SPORT}__network",
    specs=[
        dg.AssetSpec(
            MODEL,
            deps=ALL_MONTHS,
            description="The network for people it has never seen, fitted to some users, with its settings.",
            group_name=SPORT,
            kinds={"torch"},
            code_version=network_issuing.VERSION,
            skippable=True,
        ),
        dg.AssetSpec(
            HELD_OUT,
            deps=ALL_MONTHS,
            description=HeldOutScores.description,
            group_name=SPORT,
            kinds={"torch"},
            code_version=network_issuing.VERSION,
        ),
    ],
    check_specs=fits(HeldOutScores),
)
def network(context: dg.AssetExecutionContext, lake: LakeParam, config: NetworkConfig) -> Iterator[Report]:
    """Fitted to 70 % of the users, stopped by 15 %, scored on the rest; of few users there is none."""
    project = config.weights_and_biases
    tracker = WeightsAndBiases(project) if project else None
    made = network_issuing.make_network(lake, tracker, progress=context.log.info)
    if (manifest := lake.manifest(SPORT, network_issuing.MODEL, None)) is not None:
        # Made, or carried over, together with its scores.
        model = replace(carried_over(manifest), computed=made.computed, carried=made.carried)
        shown = heartrate_shown.network(lake)
        yield dg.MaterializeResult(
            asset_key=MODEL,
            data_version=dg.DataVersion(model.version),
            metadata={**numbers(model), **shown},
        )
    yield dg.MaterializeResult(
        asset_key=HELD_OUT,
        data_version=dg.DataVersion(made.version),
        metadata=numbers(made),
        check_results=table_fits(lake, HeldOutScores, None),
    )


@dg.asset(
    **OF_THE_SPORT,
    kinds={"polars"},
    code_version=scorecard.VERSION,
    description=ForecastScorecard.description,
    deps=[backtest_scores, HELD_OUT],
    check_specs=fits(ForecastScorecard),
    automation_condition=FOLLOWS,
)
def forecast_scorecard(context: dg.AssetExecutionContext, lake: LakeParam) -> Iterator[Report]:
    made = issuing.make_scorecard(lake)
    yield dg.MaterializeResult(
        data_version=dg.DataVersion(made.version),
        metadata={**numbers(made), **heartrate_shown.scorecard(lake)},
        check_results=table_fits(lake, ForecastScorecard, None),
    )


ASSETS = [backtest_scores, network, forecast_scorecard]
"""Every asset that looks at all months together."""

BACKTEST = dg.AssetSelection.assets(backtest_scores)
"""Forecasting past runs again: asked for."""

NETWORK = dg.AssetSelection.assets(network)
"""The network, and what it is worth for users whom it has not seen: asked for."""

OVER_ALL_MONTHS = dg.AssetSelection.assets(forecast_scorecard)
"""What follows them by its automation condition."""

DECLARED: tuple[type[Table], ...] = (BacktestScores, HeldOutScores, ForecastScorecard)
TABLES: dict[tuple[str, str], type[Table] | None] = {(SPORT, table.name): table for table in DECLARED}
"""What the warehouse holds of them."""
