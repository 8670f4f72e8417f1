"""A failed run leaves its reason in the lake."""

from __future__ import annotations

import dagster as dg
from upath import UPath

from formguide.alerts import RunFailures
from formguide.lake import Lake
from resources import LakeResource
from sensors.failures import run_failures


def test_a_failed_run_is_written_down_once(tmp_path):
    @dg.op
    def breaks() -> None:
        raise ValueError("the wheel\ncame off")

    @dg.job
    def doomed() -> None:
        breaks()

    with dg.DagsterInstance.ephemeral() as instance:
        result = doomed.execute_in_process(instance=instance, raise_on_error=False)
        with dg.build_run_status_sensor_context(
            sensor_name="run_failures",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
            resources={"lake": LakeResource(root=str(tmp_path))},
        ) as context:
            run_failures(context.for_run_failure())
    (row,) = Lake(UPath(tmp_path)).read_table("platform", RunFailures.name).iter_rows(named=True)
    assert row["run_id"] == result.dagster_run.run_id
    assert row["step"] == "breaks"
    assert row["reason"] == "ValueError: the wheel came off"
