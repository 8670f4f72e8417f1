"""A run that failed leaves an alert in the lake, where it can be queried and nothing overwrites it."""

from datetime import UTC, datetime

import dagster as dg

from assets.launch import root_cause
from formguide.alerts import record_failure
from formguide.lake import Lake


@dg.run_failure_sensor(
    name="run_failures",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=15,
    description="Writes every failed run to the lake's log platform/run_failures.",
)
def run_failures(context: dg.RunFailureSensorContext, lake: dg.ResourceParam[Lake]) -> None:
    run = context.dagster_run
    steps = {
        event.step_key or "": root_cause(event.step_failure_data.error)
        for event in context.get_step_failure_events()
        if event.step_failure_data.error
    }
    reasons = steps or {"": context.failure_event.message or "the run failed"}
    failed_at = datetime.now(UTC).replace(tzinfo=None)
    record_failure(lake, run.run_id, run.job_name, failed_at, reasons)
    context.log.error(f"run {run.run_id} failed in {', '.join(steps) or 'the run itself'}")
