"""Materialises assets in this process and tells how it goes: what the `formguide` command runs."""

import logging
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster_shared.error import SerializableErrorInfo

from assets.partitions import partition_range, season_range

SETTINGS = Path(__file__).parent.parent / "dagster.yaml"
"""The project's settings of an instance."""

_PRINTED_AT_ONCE: Mapping[str, Any] = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
}
"""Where steps' output is kept for the UI, it reaches the terminal through a `tail` that is killed when the
run ends, and takes the last lines with it (dagster-io/dagster#23336)."""

Progress = Callable[[str, str, Mapping[str, Any]], None]
"""Told what happened (`STEP_START`, `ASSET_MATERIALIZATION`, …; `LOG` for what an asset says on its way), in
which step, and the metadata that came with it (`said` for a log line)."""


class RunFailed(RuntimeError):
    """A run that did not succeed; the message is its first error in one line."""


class _Tell(logging.Handler):
    """Passes the beginnings and ends of steps on, and what is said in between."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_event", None)
        if event is None:
            meta = getattr(record, "dagster_meta", {})
            if meta.get("step_key"):
                self._progress("LOG", meta["step_key"], {"said": meta["orig_message"]})
            return
        if not event.step_key:
            return
        metadata = event.materialization.metadata if event.is_step_materialization else {}
        self._progress(
            event.event_type_value, event.step_key, {name: m.value for name, m in metadata.items()}
        )


def told_to(progress: Progress) -> dg.LoggerDefinition:
    """A logger that tells `progress` and leaves the terminal alone; what it hears also goes to
    `formguide`'s own log."""

    def quiet(context: dg.InitLoggerContext) -> logging.Logger:
        log = logging.getLogger("formguide.run")
        log.setLevel(logging.DEBUG)
        log.handlers = [_Tell(progress)]
        return log

    return dg.LoggerDefinition(logger_fn=quiet, description="Tells the command how the run goes.")


def instance_in(home: Path | None) -> dg.DagsterInstance:
    """The Dagster instance whose settings and history are in a folder, the project's settings where it has
    none; without a folder, one that is forgotten. What a run prints goes to the terminal."""
    if home is None:
        return dg.DagsterInstance.ephemeral()
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    # An empty file stands for Dagster's defaults: telemetry, and as many runs at once as there are.
    if not settings.exists() or not settings.stat().st_size:
        shutil.copyfile(SETTINGS, settings)
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=_PRINTED_AT_ONCE))


def materialise(
    definitions: dg.Definitions,
    selection: dg.AssetSelection,
    instance: dg.DagsterInstance,
    seasons: Sequence[int] = (),
    partition: str | None = None,
    config: Mapping[str, Any] | None = None,
    up_to: str | None = None,
) -> dict[str, dict[str, object]]:
    """Runs the selected assets, over a range of seasons if some are given, or over one partition of another
    kind, or all from it `up_to` a second; what was said of each, by its name. config: the settings of a step,
    by its name.

    Raises `RunFailed`, also for a season that there is no partition for.
    """
    graph = definitions.resolve_asset_graph()
    wanted = sorted(selection.resolve(graph))
    _require_partitions(graph, wanted, seasons)
    first_only = len(set(seasons)) == 1
    tags = season_range(seasons) if seasons and not first_only else None
    if partition is not None and up_to is not None:
        tags = partition_range(partition, up_to)
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=wanted,
        partition_key=str(seasons[0]) if first_only else None if tags else partition,
        tags=tags,
        run_config={
            "loggers": {name: {} for name in definitions.loggers or ()},
            "ops": {step: {"config": settings} for step, settings in (config or {}).items()},
        },
        raise_on_error=False,
    )
    if not result.success:
        raise RunFailed(_first_error(result.all_events))
    said: dict[str, dict[str, object]] = {}
    for event in result.get_asset_materialization_events():
        metadata = event.materialization.metadata
        said.setdefault(
            event.materialization.asset_key.path[-1], {name: m.value for name, m in metadata.items()}
        )
    return said


def _require_partitions(graph: Any, wanted: Sequence[dg.AssetKey], seasons: Sequence[int]) -> None:
    """Raises `RunFailed` for a season that one of the assets has no partition for."""
    for partitions in {graph.get(asset).partitions_def for asset in wanted} - {None} if seasons else ():
        keys = partitions.get_partition_keys()
        known = set(keys)
        outside = [season for season in seasons if str(season) not in known]
        if outside:
            raise RunFailed(f"seasons are {keys[0]} to {keys[-1]}, not {outside[0]}")


def _first_error(events: Iterable[dg.DagsterEvent]) -> str:
    for event in events:
        if event.is_step_failure and event.step_failure_data.error is not None:
            return f"{event.step_key}: {root_cause(event.step_failure_data.error)}"
    return "the run failed"


def root_cause(error: SerializableErrorInfo) -> str:
    """What went wrong in the first place, in one line."""
    while error.cause is not None:
        error = error.cause
    return " ".join(error.message.split())
