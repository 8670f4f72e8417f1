"""Materialises assets in this process and tells how it goes: what the `formguide` command runs."""

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import dagster as dg

from assets.partitions import SEASONS, season_range

Progress = Callable[[str, str], None]
"""Told what happened (`STEP_START`, `STEP_SUCCESS`, `STEP_FAILURE`) and to which step."""


class RunFailed(RuntimeError):
    """A run that did not succeed; the message is its first error in one line."""


class _Tell(logging.Handler):
    """Passes the beginnings and ends of steps on."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_event", None)
        if event is not None and event.step_key:
            self._progress(event.event_type_value, event.step_key)


def told_to(progress: Progress, log_file: Path | None = None) -> dg.LoggerDefinition:
    """A logger that tells `progress`, writes everything to a file if one is named, and leaves the terminal alone."""

    @dg.logger(description="Tells the command how the run goes.")
    def quiet(context: dg.InitLoggerContext) -> logging.Logger:
        log = logging.getLogger("formguide.run")
        log.setLevel(logging.DEBUG)
        log.propagate = False
        log.handlers = [_Tell(progress)]
        if log_file is not None:
            to_file = logging.FileHandler(log_file, encoding="utf-8")
            to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
            log.handlers.append(to_file)
        return log

    return quiet


def instance_in(home: Path | None) -> dg.DagsterInstance:
    """The Dagster instance whose settings and history are in a folder; without one, one that is forgotten."""
    if home is None:
        return dg.DagsterInstance.ephemeral()
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").touch()
    return dg.DagsterInstance.from_config(str(home))


def materialise(
    definitions: dg.Definitions,
    selection: dg.AssetSelection,
    instance: dg.DagsterInstance,
    seasons: Sequence[int] = (),
) -> dict[str, dict[str, object]]:
    """Runs the selected assets, over a range of seasons if some are given; what was said of each, by its name.

    Raises `RunFailed`, also for a season that there is no partition for.
    """
    outside = [season for season in seasons if str(season) not in SEASONS.get_partition_keys()]
    if outside:
        keys = SEASONS.get_partition_keys()
        raise RunFailed(f"seasons are {keys[0]} to {keys[-1]}, not {outside[0]}")
    first_only = len(set(seasons)) == 1
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        asset_selection=sorted(selection.resolve(definitions.resolve_asset_graph())),
        partition_key=str(seasons[0]) if first_only else None,
        tags=season_range(seasons) if seasons and not first_only else None,
        raise_on_error=False,
    )
    if not result.success:
        raise RunFailed(_first_error(result.all_events))
    said: dict[str, dict[str, object]] = {}
    for event in result.get_asset_materialization_events():
        metadata = event.materialization.metadata
        said.setdefault(event.materialization.asset_key.path[-1], {name: m.value for name, m in metadata.items()})
    return said


def _first_error(events: Iterable[dg.DagsterEvent]) -> str:
    for event in events:
        if event.is_step_failure and event.step_failure_data.error is not None:
            error = event.step_failure_data.error
            while error.cause is not None:
                error = error.cause
            return f"{event.step_key}: {' '.join(error.message.split())}"
    return "the run failed"
