"""Running the platform from the command: the assets are found by name, since the library knows none of
them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from formguide.cli.base import CommandError, dagster_home
from formguide.lake import Lake

_TITLES = {
    "formula1__source_files": "source files",
    "results": "results of every source",
    "formula1__race_conditions": "wet races and safety cars",
    "formula1__strengths": "driver and car strengths",
    "formula1__race_forecasts": "race forecasts",
    "formula1__season_forecasts": "title odds",
    "formula1__forecast_log": "what is issued, on record",
    "formula1__forecast_scorecard": "scorecard with baselines",
    "warehouse": "warehouse",
}


@dataclass
class Told:
    """Prints each step of a run when it is done: its name, how long it took, what was computed and carried
    over."""

    console: Console
    spinner: Status | None = None
    started: dict[str, float] = field(default_factory=dict)
    numbers: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """With a spinner that names the step under way, and nothing left over from another run."""
        self.started.clear()
        self.numbers.clear()
        with self.console.status("[dim]starting …[/dim]") as self.spinner:
            yield
        self.spinner = None

    def __call__(self, event: str, step: str, said: Mapping[str, Any]) -> None:
        """Takes one event of a run."""
        title = _TITLES.get(step, step)
        if event == "STEP_START":
            self.started[step] = time.monotonic()
            if self.spinner is not None:
                self.spinner.update(f"[dim]{title} …[/dim]")
        elif event == "ASSET_MATERIALIZATION":
            self.numbers.setdefault(step, said)
        elif event in ("STEP_SUCCESS", "STEP_FAILURE"):
            mark = "[green]✓[/green]" if event == "STEP_SUCCESS" else "[red]✗[/red]"
            seconds = time.monotonic() - self.started.get(step, time.monotonic())
            self.console.print(f"  {mark} {title:<28} {seconds:6.1f} s   {self._counts(step)}")

    def _counts(self, step: str) -> str:
        said = self.numbers.get(step, {})
        if "computed" not in said:
            return f"[dim]{said['rows']:,} rows[/dim]" if "rows" in said else ""
        return f"[dim]{said['computed']} computed, {said['carried_over']} carried over[/dim]"


@dataclass(frozen=True)
class Platform:
    """The assets over one lake and some folders, ready to be materialised in this process."""

    definitions: Any
    instance: Any
    launch: Any
    told: Told

    def materialise(self, selection: Any, seasons: Sequence[int] = ()) -> dict[str, dict[str, Any]]:
        """Runs assets; what was said of each. Raises `CommandError` with the run's first error."""
        try:
            with self.told.watching():
                made: dict[str, dict[str, Any]] = self.launch.materialise(
                    self.definitions, selection, self.instance, seasons
                )
        except self.launch.RunFailed as error:
            raise CommandError(str(error)) from error
        return made

    def season_chain(self, seasons: Sequence[int]) -> dict[str, dict[str, Any]]:
        """Runs everything that a season is taken through, from its files to its forecasts."""
        return self.materialise(import_module("assets.formula1").SEASON_CHAIN, seasons)

    def summaries(self) -> dict[str, dict[str, Any]]:
        """Runs what looks at all seasons together: the scorecard and the warehouse."""
        return self.materialise(import_module("assets.warehouse").OVER_ALL_SEASONS)


@contextmanager
def platform(
    lake: Lake, chosen: Path | None, folders: Sequence[Path], console: Console
) -> Iterator[Platform]:
    """The platform over a lake and the folders to read beside its inbox."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        definitions, resources = import_module("definitions"), import_module("resources")
        launch, told = import_module("assets.launch"), Told(console)
        built = definitions.build_defs(
            {
                "lake": resources.LakeResource(root=str(lake.root)),
                "watched": resources.WatchedFolders(folders=[str(folder.absolute()) for folder in folders]),
            },
            loggers={"command": launch.told_to(told)},
        )
        with launch.instance_in(dagster_home(lake, chosen)) as instance:
            yield Platform(built, instance, launch, told)
