"""What lies behind another partition definition than the news follows by its automation condition."""

import dagster as dg

automation = dg.AutomationConditionSensorDefinition(
    name="automation",
    target=dg.AssetSelection.all(),
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Evaluates the automation conditions: scorecards and the warehouse follow new forecasts.",
)
