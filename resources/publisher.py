"""The baseball day's resources: how a deployment runs the day, and where it announces what it picked.

Without settings the day is private: what would be posted is only written into the lake. Credentials come from
the environment (`FORMGUIDE_BLUESKY_HANDLE`, `FORMGUIDE_BLUESKY_APP_PASSWORD`), never from a settings file.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pydantic

from formguide.baseball.day import Day, DaySettings
from formguide.baseball.day.settings import SETTINGS_FILE
from formguide.baseball.day.setup import folder, open_day, publisher_of
from formguide.baseball.publisher import Publisher
from formguide.lake import Lake

OpenDay = Callable[[Lake], Day]
"""Makes the day of a lake."""


def settings_of(file: str) -> DaySettings:
    """The settings of a file; the defaults where none is named."""
    return DaySettings.read(Path(file).expanduser()) if file else DaySettings()


class PublisherResource(dg.ConfigurableResource[Publisher]):
    """Where picks and results are announced."""

    settings_file: str = pydantic.Field(default="", description="The day's settings (TOML).")

    def create_resource(self, context: dg.InitResourceContext) -> Publisher:
        """Nobody but the lake in private mode, else the account named in the environment."""
        return publisher_of(settings_of(self.settings_file))


class DayResource(dg.ConfigurableResource[OpenDay]):
    """How the day is run."""

    settings_file: str = pydantic.Field(default="", description="The day's settings (TOML).")
    documents: str = pydantic.Field(
        default="", description="A folder of schedules and feeds to go by instead of the league's API."
    )

    def create_resource(self, context: dg.InitResourceContext) -> OpenDay:
        """Makes the day of a lake, with the policy and the settings as they are then."""
        settings = settings_of(self.settings_file)
        source = folder(Path(self.documents).expanduser()) if self.documents else None
        return lambda lake: open_day(lake, settings, source)


def day_resources() -> dict[str, Any]:
    """The resources of the day by name, as the environment has them."""
    file = os.environ.get(SETTINGS_FILE, "")
    return {
        "publisher": PublisherResource(settings_file=file),
        "baseball_day": DayResource(settings_file=file),
    }
