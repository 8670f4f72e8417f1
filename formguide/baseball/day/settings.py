"""How the day is run: one typed settings object, read from a TOML file or left at its defaults.

No password belongs in here: a publisher's credentials come from the environment alone.
"""

from __future__ import annotations

import os
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pydantic
from pydantic import Field

from formguide.baseball.streak.rules import Rules

SETTINGS_FILE = "FORMGUIDE_DAY_SETTINGS"
"""Names the settings file in the environment."""


class SettingsError(ValueError):
    """The settings file cannot be used; the message is one line that says why."""


class DaySettings(pydantic.BaseModel, frozen=True, extra="forbid"):
    """Everything about the day that somebody may want otherwise."""

    private_mode: bool = Field(
        default=True, description="Write what would be posted into the lake, post nothing."
    )
    shadow_model: bool = Field(
        default=True, description="Keep the shadow model's picks beside the real ones."
    )
    early_lock_gap: float = Field(
        default=0.03,
        ge=0,
        le=1,
        description="Lock a confirmed pick early if it leads the best projected one by this much.",
    )
    timezone: str = Field(
        default="America/New_York", description="Whose calendar the morning and the night go by."
    )
    morning_at: time = Field(default=time(10), description="When the day's first look is taken (local time).")
    lineup_check_offset_min: int = Field(
        default=45, ge=1, description="Minutes before a start at which line-ups are looked at."
    )
    cluster_min: int = Field(
        default=10, ge=0, description="Windows that open within so many minutes become one."
    )
    doubleheader_recheck_min: int = Field(
        default=30, ge=1, description="Minutes between two looks for a start that is still to be announced."
    )
    fallback_deadline_min: int = Field(
        default=15,
        ge=1,
        description="Minutes before its first pitch at which a pick is locked as it stands.",
    )
    results_first_min: int = Field(default=10, ge=0, description="Minutes after the start of the first poll.")
    results_poll_interval_min: int = Field(default=15, ge=1, description="Minutes between two polls.")
    results_cap_hour: int = Field(
        default=5,
        ge=0,
        le=12,
        description="Hour of the next local day at which polling is left to reconciliation.",
    )
    reconcile_at: time = Field(default=time(2), description="When past days are checked again (local time).")
    reconcile_days: int = Field(default=8, ge=1, description="How many days back.")
    retry_min: int = Field(
        default=5,
        ge=1,
        description="Minutes until a step that failed is tried again; then twice as many, up to a poll's.",
    )
    alert_after_failures: int = Field(
        default=3, ge=1, description="Failures of a step in a row that somebody is told of."
    )
    season_ends: tuple[int, int] = Field(
        default=(9, 28), description="Month and day of the last games, where the schedule does not say."
    )
    saver_from: int = Field(default=10, ge=1, description="Shortest streak that the saver saves.")
    saver_to: int = Field(default=15, ge=1, description="Longest streak that the saver saves.")
    goal: int = Field(default=57, ge=1, description="The streak that wins.")
    policy_file: Path | None = Field(
        default=None, description="The streak policy; without one, thresholds decide."
    )
    bluesky_service: str = Field(default="https://bsky.social", description="The server of the account.")
    bluesky_chat_service: str = Field(
        default="https://api.bsky.chat", description="The server of its messages."
    )
    alert_recipient: str | None = Field(
        default=None, description="Account (DID) that gets a direct message when steps fail."
    )

    @pydantic.field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{name} is no time zone") from error
        return name

    @pydantic.model_validator(mode="after")
    def _in_order(self) -> DaySettings:
        if self.fallback_deadline_min >= self.lineup_check_offset_min:
            raise ValueError("fallback_deadline_min must be less than lineup_check_offset_min")
        if self.saver_from > self.saver_to:
            raise ValueError("saver_from is above saver_to")
        return self

    @classmethod
    def read(cls, path: Path) -> DaySettings:
        """The settings of a TOML file; raises SettingsError naming the file and the field."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text()))
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "settings"
            raise SettingsError(f"{path}: {where}: {first['msg']}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: {error}") from error
        except OSError as error:
            raise SettingsError(f"{path}: {error.strerror or error}") from error

    @classmethod
    def from_env(cls) -> DaySettings:
        """The settings of the file named by `FORMGUIDE_DAY_SETTINGS`; the defaults without one."""
        name = os.environ.get(SETTINGS_FILE)
        return cls.read(Path(name).expanduser()) if name else cls()

    @property
    def rules(self) -> Rules:
        """The contest's rules."""
        return Rules(self.goal, self.saver_from, self.saver_to)

    # -- the calendar --------------------------------------------------------------------------------

    def at(self, day: date, hour: time) -> datetime:
        """A local time of a day, in naive UTC."""
        local = datetime.combine(day, hour, ZoneInfo(self.timezone))
        return local.astimezone(UTC).replace(tzinfo=None)

    def local_date(self, now: datetime) -> date:
        """The local date at a moment (naive UTC)."""
        return now.replace(tzinfo=UTC).astimezone(ZoneInfo(self.timezone)).date()

    def polling_ends(self, day: date) -> datetime:
        """When the results of a day are no longer polled for."""
        return self.at(day + timedelta(days=1), time(self.results_cap_hour))
