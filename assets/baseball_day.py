"""The baseball day as assets: schedule and line-ups → forecasts → picks → results → streak, and the posts.

A date is a partition. An asset does one part of the day for its date, as of the moment at which it is run,
and leaves in the lake what the next one needs; run twice it changes nothing. What is due when is for
`sensors.baseball_day` to say.
"""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import dagster as dg
import pydantic

from assets.checks import fits, key, table_fits
from assets.partitions import FOLLOWS
from formguide import findings
from formguide.baseball.day import ledger, life, look, plan, shadow
from formguide.baseball.day.decide import decide
from formguide.baseball.day.deps import attempting, gather
from formguide.baseball.day.reconcile import days_back, reconcile
from formguide.baseball.day.settle import recount, settle
from formguide.baseball.day.speak import publish
from formguide.baseball.day.tables import (
    DAY_TABLES,
    SPORT,
    DayChecks,
    DayGames,
    DayLineups,
    PickResults,
    Picks,
    Published,
    ShadowForecasts,
    ShadowReport,
    StreakRecord,
)
from formguide.baseball.forecast_tables import BatterForecasts
from formguide.baseball.publisher import Publisher
from formguide.lake import Lake
from formguide.schema import Table
from resources.publisher import OpenDay

FIRST_DATE = "2024-01-01"
LakeParam = dg.ResourceParam[Lake]
DayParam = dg.ResourceParam[OpenDay]

DATES = dg.DailyPartitionsDefinition(start_date=FIRST_DATE, end_offset=1)
"""The league's official dates, up to today's."""

with warnings.catch_warnings():
    warnings.simplefilter("ignore", dg.BetaWarning)
    SEASON_OF_DATE = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
    """A date leans on its season."""

BY_DATE: dict[str, Any] = {"partitions_def": DATES, "group_name": SPORT, "key_prefix": SPORT}
HISTORY = dg.AssetDep(key(SPORT, "plate_appearances"), partition_mapping=SEASON_OF_DATE)

CHECKED: tuple[type[Table], ...] = (DayGames, DayLineups, BatterForecasts, Picks, DayChecks)
"""What is written by every run that makes it, and checked."""


def _spec(table: type[Table], *deps: Any, kind: str = "polars") -> dg.AssetSpec:
    return dg.AssetSpec(
        [SPORT, table.name],
        deps=deps,
        description=table.description,
        group_name=SPORT,
        kinds={kind},
        code_version="1",
        partitions_def=DATES,
    )


def _result(
    lake: Lake, table: type[Table], day: date, shown: bool = False, **said: Any
) -> dg.MaterializeResult[Any]:
    """What lies in the lake of a date, for the UI."""
    manifest = lake.manifest(SPORT, table.name, ledger.partition(day))
    rows = ledger.read(lake, table, [day])
    metadata: dict[str, Any] = {"rows": rows.height, **{k: v for k, v in said.items() if v not in (None, "")}}
    if shown and rows.height:
        metadata["shown"] = dg.MetadataValue.md(findings.as_markdown(rows.tail(20)))
    return dg.MaterializeResult(
        asset_key=key(SPORT, table.name),
        data_version=dg.DataVersion(manifest.hash if manifest else "nothing"),
        metadata=metadata,
        check_results=table_fits(lake, table, [ledger.partition(day)]) if table in CHECKED else (),
    )


def _date(context: dg.AssetExecutionContext) -> date:
    return date.fromisoformat(context.partition_key)


@dg.multi_asset(
    name=f"{SPORT}__day_schedule",
    specs=[_spec(DayGames, kind="python"), _spec(DayLineups, kind="python")],
    check_specs=fits(DayGames, DayLineups),
)
def day_schedule(
    context: dg.AssetExecutionContext, lake: LakeParam, baseball_day: DayParam
) -> Iterator[dg.MaterializeResult[Any]]:
    """The day's games and the line-ups announced so far, as the league's API has them now."""
    day, of = baseball_day(lake), _date(context)
    with attempting(day, life.asked(day, of, plan.MORNING, plan.LINEUPS)):
        looked = look.look(day, of)
    yield _result(lake, DayGames, of, says=looked.says)
    yield _result(lake, DayLineups, of, teams_announced=looked.lineups)


@dg.asset(
    **BY_DATE,
    kinds={"lightgbm"},
    code_version="1",
    description=BatterForecasts.description,
    deps=[key(SPORT, DayGames.name), key(SPORT, DayLineups.name), HISTORY],
    check_specs=fits(BatterForecasts),
)
def batter_forecasts(
    context: dg.AssetExecutionContext, lake: LakeParam, baseball_day: DayParam
) -> Iterator[dg.MaterializeResult[Any]]:
    day, of = baseball_day(lake), _date(context)
    with attempting(day, life.asked(day, of, plan.MORNING, plan.LINEUPS)):
        look.forecast(day, of)
    yield _result(lake, BatterForecasts, of)


@dg.multi_asset(
    name=f"{SPORT}__picks",
    specs=[_spec(Picks, batter_forecasts, key(SPORT, DayGames.name)), _spec(DayChecks, batter_forecasts)],
    check_specs=fits(Picks, DayChecks),
)
def picks(
    context: dg.AssetExecutionContext, lake: LakeParam, baseball_day: DayParam
) -> Iterator[dg.MaterializeResult[Any]]:
    """The picks as they stand, locked if it is time, and the check's row with pick, gap and decision."""
    day, of = baseball_day(lake), _date(context)
    step = life.asked(day, of, plan.MORNING, plan.LINEUPS)
    with attempting(day, step):
        says = decide(day, step)
    yield _result(lake, Picks, of, shown=True, says=says)
    yield _result(lake, DayChecks, of)


@dg.asset(
    **BY_DATE,
    kinds={"lightgbm"},
    code_version="1",
    description=ShadowForecasts.description,
    deps=[key(SPORT, Picks.name), HISTORY],
)
def shadow_forecasts(
    context: dg.AssetExecutionContext, lake: LakeParam, baseball_day: DayParam
) -> dg.MaterializeResult[Any]:
    day, of = baseball_day(lake), _date(context)
    step = life.asked(day, of, plan.SHADOW_STEP)
    with attempting(day, step):
        says = shadow.shadow_picks(day, step)
    return _result(lake, ShadowForecasts, of, says=says)


class ResultsConfig(dg.Config):
    """Which results are looked at."""

    corrections: bool = pydantic.Field(
        default=False, description="Look at the picks of the days before the date again, not at the date's."
    )


@dg.asset(
    **BY_DATE,
    kinds={"polars"},
    code_version="1",
    description=PickResults.description,
    deps=[key(SPORT, Picks.name)],
)
def pick_results(
    context: dg.AssetExecutionContext, lake: LakeParam, baseball_day: DayParam, config: ResultsConfig
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetMaterialization]:
    day, of = baseball_day(lake), _date(context)
    step = life.asked(day, of, plan.RECONCILE if config.corrections else plan.RESULTS)
    before = {d: lake.manifest(SPORT, PickResults.name, ledger.partition(d)) for d in days_back(day, of)}
    with attempting(day, step):
        says = reconcile(day, step) if config.corrections else settle(day, step)
    yield _result(lake, PickResults, of, shown=True, says=says)
    for earlier, was in before.items():
        now = lake.manifest(SPORT, PickResults.name, ledger.partition(earlier))
        if now is not None and (was is None or was.hash != now.hash):
            yield dg.AssetMaterialization(
                asset_key=context.asset_key,
                partition=str(earlier),
                metadata={"says": says},
                tags={"dagster/data_version": now.hash},
            )


@dg.asset(
    **BY_DATE,
    kinds={"python"},
    code_version="1",
    description=Published.description,
    deps=[key(SPORT, Picks.name), pick_results],
)
def published(
    context: dg.AssetExecutionContext,
    lake: LakeParam,
    baseball_day: DayParam,
    publisher: dg.ResourceParam[Publisher],
) -> dg.MaterializeResult[Any]:
    day, of = replace(baseball_day(lake), publisher=publisher), _date(context)
    with attempting(day, life.asked(day, of, plan.PUBLISH)):
        says = publish(day, of)
    return _result(lake, Published, of, shown=True, says=says)


@dg.asset(
    **BY_DATE,
    kinds={"python"},
    code_version="1",
    description="The documents of the last days' games, fetched at night into the inbox: tomorrow's history.",
)
def gathered(
    context: dg.AssetExecutionContext, lake: LakeParam, baseball_day: DayParam
) -> dg.MaterializeResult[Any]:
    day = baseball_day(lake)
    step = life.asked(day, _date(context), plan.GATHER)
    with attempting(day, step):
        says = gather(day, step)
    return dg.MaterializeResult(metadata={"says": says})


@dg.asset(
    key_prefix=SPORT,
    group_name=SPORT,
    kinds={"polars"},
    code_version="1",
    description=StreakRecord.description,
    deps=[pick_results],
    automation_condition=FOLLOWS,
)
def streak_record(lake: LakeParam, baseball_day: DayParam) -> dg.MaterializeResult[Any]:
    written = recount(baseball_day(lake))
    rows = ledger.read_record(lake)
    shown = dg.MetadataValue.md(findings.as_markdown(rows.tail(20)))
    return dg.MaterializeResult(
        data_version=dg.DataVersion(written.hash), metadata={"rows": rows.height, "latest": shown}
    )


@dg.asset(
    key_prefix=SPORT,
    group_name=SPORT,
    kinds={"polars"},
    code_version="1",
    description=ShadowReport.description,
    deps=[streak_record],
    automation_condition=FOLLOWS,
)
def shadow_report(lake: LakeParam) -> dg.MaterializeResult[Any]:
    report = shadow.shadow_report(lake)
    written = lake.write_table(SPORT, ShadowReport.name, None, report, ShadowReport, made_from="")
    return dg.MaterializeResult(
        data_version=dg.DataVersion(written.hash),
        metadata={"report": dg.MetadataValue.md(findings.as_markdown(report))},
    )


def selection(step: plan.Step) -> list[dg.AssetKey]:
    """The assets that do a step."""
    names: dict[str, tuple[type[Table], ...]] = {
        plan.MORNING: (DayGames, DayLineups, BatterForecasts, Picks, DayChecks),
        plan.LINEUPS: (DayGames, DayLineups, BatterForecasts, Picks, DayChecks),
        plan.SHADOW_STEP: (ShadowForecasts,),
        plan.RESULTS: (PickResults,),
        plan.RECONCILE: (PickResults,),
        plan.PUBLISH: (Published,),
    }
    if step.kind == plan.GATHER:
        return [gathered.key]
    return [key(SPORT, table.name) for table in names[step.kind]]


ASSETS = [
    day_schedule,
    batter_forecasts,
    picks,
    shadow_forecasts,
    pick_results,
    published,
    gathered,
    streak_record,
    shadow_report,
]
"""Every asset of the day."""

DECLARED: tuple[type[Table], ...] = (*DAY_TABLES, StreakRecord, ShadowReport, BatterForecasts)
TABLES: dict[tuple[str, str], type[Table] | None] = {(SPORT, table.name): table for table in DECLARED}
"""What the warehouse holds of them."""
