"""The chain that news sets off, without Dagster, and a record of what was computed on the way.

`take_in` decides as the watching sensor does and then makes what the assets make, in their order. `Model`
counts the work itself: files read into tables, races taken into the strengths, races looked at for a
forecast, seasons simulated. What the functions say of themselves (`computed`, `carried`) is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from formguide.formula1 import arrivals, conditions, forecast, incremental, issuing, strengths, title_odds
from formguide.formula1.arrivals import SPORT
from formguide.lake import Lake, Manifest

LOG = "forecast_log"

STEPS: dict[str, Callable[[Lake, Sequence[int]], object]] = {
    "results": incremental.make_results,
    "race_conditions": incremental.make_conditions,
    "strengths": incremental.make_strengths,
    "race_forecasts": issuing.make_race_forecasts,
    "season_forecasts": issuing.make_season_forecasts,
    LOG: issuing.log_forecasts,
}
"""What a run makes after `source_files`, in the order of the assets."""


def take_in(lake: Lake, *folders: Path) -> list[int]:
    """Makes whatever the folders' files have changed; the seasons that a run was asked for, none if no file
    says anything new."""
    changed = arrivals.changed_seasons(lake, arrivals.holdings(lake, folders))
    if not changed:
        return []
    known = [int(key) for key in lake.partitions(SPORT, arrivals.SourceFiles.name)]
    seasons = list(range(min(changed), max([*changed, *known]) + 1))
    run(lake, seasons, *folders)
    return seasons


def run(lake: Lake, seasons: Sequence[int], *folders: Path) -> None:
    """Makes the seasons, whether or not anything has changed."""
    incremental.make_source_files(lake, seasons, folders)
    for make in STEPS.values():
        make(lake, seasons)


@dataclass
class Model:
    """What was computed since the last `asked`: seasons read, races inferred to be wet or dry (calls), races
    taken into the strengths, forecasts (race, moment) computed, and the races after which the rest of a
    season was simulated."""

    seasons: list[int] = field(default_factory=list)
    conditions: int = 0
    races: list[str] = field(default_factory=list)
    forecasts: list[tuple[str, str]] = field(default_factory=list)
    simulated_after: list[str] = field(default_factory=list)

    @property
    def idle(self) -> bool:
        """Whether nothing at all was computed."""
        return self == Model()

    def forget(self) -> None:
        """Starts counting anew."""
        self.__init__()  # type: ignore[misc]

    def listen(self, patch: pytest.MonkeyPatch) -> None:
        """Puts a counter in front of every function that does the work."""

        def count(module: Any, name: str, note: Callable[..., None]) -> None:
            real = getattr(module, name)

            def counted(*args: Any, **kwargs: Any) -> Any:
                result = real(*args, **kwargs)
                note(result, *args)
                return result

            patch.setattr(module, name, counted)

        def simulated(outlook: object, weekend: object, moment: str, checkpoint: Any, *_: object) -> None:
            if checkpoint.race_id not in self.simulated_after:
                self.simulated_after.append(checkpoint.race_id)

        def looked(outlook: object, weekend: Any, moment: str, *_: object) -> None:
            if outlook is not None:
                self.forecasts.append((weekend.race_id, moment))

        def inferred(*_: object) -> None:
            self.conditions += 1

        count(incremental, "build_season", lambda _, season, *__: self.seasons.append(season))
        count(conditions, "race_conditions", inferred)
        count(strengths, "after_race", lambda _, __, weekend, *___: self.races.append(weekend.race_id))
        count(forecast, "look", looked)
        count(title_odds, "look", simulated)


def state(lake: Lake) -> dict[tuple[str, str, str | None], Manifest]:
    """Every partition of the lake but the log, whose rows say when they were made."""
    return {key: manifest for key, manifest in lake.state().items() if key[1] != LOG}


def contents(lake: Lake) -> dict[str, bytes]:
    """Every file that the manifests name, the log's aside, by its path in the lake."""
    return {
        str(file.relative_to(lake.root)): file.read_bytes()
        for sport, asset in lake.assets()
        if asset != LOG
        for file in lake.data_files(sport, asset)
    }
