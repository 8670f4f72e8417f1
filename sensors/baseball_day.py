"""The baseball day: asks the plan what is due now and starts exactly that.

The plan is a function of the lake, so there is nothing to remember here: a restart asks for what is still
due, and for nothing that was done. A step that is being run is not asked for again. Off until somebody turns
it on (`FORMGUIDE_DAY=1`, or in the UI), since it asks the league's API.
"""

import os
from datetime import UTC, datetime, timedelta

import dagster as dg

from assets import baseball_day as assets
from formguide.baseball.arrivals import holds_sample
from formguide.baseball.day import Day, life, plan
from formguide.lake import Lake
from resources.publisher import OpenDay

ON = "FORMGUIDE_DAY"
STEP = "formguide/day_step"
LOOK_EVERY_SEC = 30

_GOING = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.sensor(
    name="baseball_day",
    target=dg.AssetSelection.assets(*[key for asset in assets.ASSETS for key in asset.keys]),
    minimum_interval_seconds=LOOK_EVERY_SEC,
    default_status=dg.DefaultSensorStatus.RUNNING if os.environ.get(ON) else dg.DefaultSensorStatus.STOPPED,
    description="Looks at line-ups, picks, polls results, reconciles and publishes, each when it is due.",
)
def baseball_day(
    context: dg.SensorEvaluationContext,
    lake: dg.ResourceParam[Lake],
    baseball_day: dg.ResourceParam[OpenDay],
) -> dg.SensorResult | dg.SkipReason:
    if holds_sample(lake):
        return dg.SkipReason("this lake holds the sample league: formguide day play lives through its days")
    day = baseball_day(lake)
    requests = [
        request for step in life.due(day) if (request := _request(context.instance, day, step)) is not None
    ]
    if not requests:
        return dg.SkipReason(f"nothing is due before {life.wake_at(day):%Y-%m-%d %H:%M} UTC")
    return dg.SensorResult(run_requests=requests)


def _request(instance: dg.DagsterInstance, day: Day, step: plan.Step) -> dg.RunRequest | None:
    """A run of a step, unless one is under way, or the last one has only just died."""
    partition = step.game_date.isoformat()
    if not assets.DATES.has_partition_key(partition):
        return None
    tags = {STEP: f"{partition}-{step.kind}"}
    if instance.get_runs(dg.RunsFilter(tags=tags, statuses=_GOING), limit=1):
        return None
    # A run that ended without leaving its row in the lake was killed: the step is due still.
    dead = instance.get_run_records(dg.RunsFilter(tags={**tags, f"{STEP}_key": step.key}), limit=10)
    if dead:
        ended = max(record.update_timestamp for record in dead).replace(tzinfo=None)
        pause = timedelta(minutes=day.settings.retry_min) * (len(dead) - 1)
        if datetime.now(UTC).replace(tzinfo=None) < ended + pause:
            return None
    corrections = {"ops": {"baseball__pick_results": {"config": {"corrections": True}}}}
    return dg.RunRequest(
        run_key=f"day-{step.key}" + (f"-again{len(dead)}" if dead else ""),
        partition_key=partition,
        asset_selection=assets.selection(step),
        tags={**tags, f"{STEP}_key": step.key},
        run_config=corrections if step.kind == plan.RECONCILE else {},
    )
