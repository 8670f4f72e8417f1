"""Running the platform from the command: the assets are found by name, since the library knows none of
them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from formguide.cli.base import CommandError, Sport, dagster_home
from formguide.cli.sports import house_of
from formguide.lake import Lake

_NONE = "none: "
"""How a fact begins by which a step says why it made nothing."""


@dataclass
class Told:
    """Prints each step of a run when it is done: its name, how long it took, what was computed and carried
    over."""

    console: Console
    titles: Mapping[str, str] = field(default_factory=dict)
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
        title = self.titles.get(step, step)
        if event == "STEP_START":
            self.started[step] = time.monotonic()
            if self.spinner is not None:
                self.spinner.update(f"[dim]{title} …[/dim]")
        elif event == "LOG":
            if self.spinner is not None:
                self.spinner.update(f"[dim]{title}: {said['said']} …[/dim]")
        elif event == "ASSET_MATERIALIZATION":
            self.numbers.setdefault(step, said)
        elif event in ("STEP_SUCCESS", "STEP_FAILURE"):
            mark = "[green]✓[/green]" if event == "STEP_SUCCESS" else "[red]✗[/red]"
            seconds = time.monotonic() - self.started.get(step, time.monotonic())
            self.console.print(f"  {mark} {title:<32} {seconds:6.1f} s   {self._counts(step)}")

    def _counts(self, step: str) -> str:
        said = self.numbers.get(step, {})
        if why := next(
            (one for one in said.values() if isinstance(one, str) and one.startswith(_NONE)), None
        ):
            return f"[dim]{escape(why)}[/dim]"
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

    def materialise(
        self,
        selection: Any,
        seasons: Sequence[int] = (),
        partition: str | None = None,
        config: Mapping[str, Any] | None = None,
        up_to: str | None = None,
    ) -> dict[str, dict[str, Any]]:
        """Runs assets; what was said of each. Raises `CommandError` with the run's first error."""
        try:
            with self.told.watching():
                made: dict[str, dict[str, Any]] = self.launch.materialise(
                    self.definitions, selection, self.instance, seasons, partition, config, up_to
                )
        except self.launch.RunFailed as error:
            raise CommandError(str(error)) from error
        return made

    def season_chain(self, sport: str, seasons: Sequence[int]) -> dict[str, dict[str, Any]]:
        """Runs everything that a season of a sport is taken through, from its files to its forecasts."""
        return self.materialise(import_module(f"assets.{sport}").SEASON_CHAIN, seasons)

    def summaries(self, lake: Lake, sports: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Runs what looks at all seasons of some sports together, and the warehouse over everything."""
        selection = import_module("assets.warehouse").WAREHOUSE
        for sport in sports:
            of_the_sport = house_of(sport).over_all_seasons(lake)
            selection = selection if of_the_sport is None else selection | of_the_sport
        return self.materialise(selection)


@contextmanager
def platform(
    lake: Lake, chosen: Path | None, folders: Mapping[str, Sequence[Path]], console: Console
) -> Iterator[Platform]:
    """The platform over a lake and the folders that each sport reads beside its inbox."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        definitions, resources = import_module("definitions"), import_module("resources")
        watched = [f"{sport}={path.absolute()}" for sport, paths in folders.items() for path in paths]
        launch, told = import_module("assets.launch"), Told(console, _titles())
        built = definitions.build_defs(
            {
                "lake": resources.LakeResource(root=str(lake.root)),
                "watched": resources.WatchedFolders(folders=watched),
            },
            loggers={"command": launch.told_to(told)},
        )
        with launch.instance_in(dagster_home(lake, chosen)) as instance:
            yield Platform(built, instance, launch, told)


def _titles() -> dict[str, str]:
    """Every step in words."""
    titles = {"warehouse": "warehouse"}
    for sport in Sport:
        titles |= house_of(sport).titles
    return titles
