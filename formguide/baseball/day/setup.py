"""The day as a deployment has it: settings from a file, credentials from the environment, the real API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl

from formguide.baseball.day.deps import Day, Forecast, utc_now
from formguide.baseball.day.policy import policy_of
from formguide.baseball.day.settings import DaySettings
from formguide.baseball.day.source import DaySource, FolderSource, NetworkSource
from formguide.baseball.publisher import (
    HANDLE,
    PASSWORD,
    Alarm,
    Bluesky,
    PrivatePublisher,
    Publisher,
    PublishError,
)
from formguide.baseball.pull import PullError, pull
from formguide.fetch import Fetcher
from formguide.lake import Lake


def open_day(
    lake: Lake,
    settings: DaySettings | None = None,
    source: DaySource | None = None,
    publisher: Publisher | None = None,
    forecast: Forecast | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Day:
    """A lake's day with everything that was not named as it usually is.

    Raises SettingsError, or PublishError if posts are to be public and no account is named.
    """
    settings = settings or DaySettings.from_env()
    real = source is None
    return Day(
        lake=lake,
        source=source or network(lake),
        forecast=forecast or IssuedForecast(),
        advise=policy_of(lake, settings),
        publisher=publisher or publisher_of(settings),
        settings=settings,
        clock=clock or utc_now,
        alarm=alarm_of(settings),
        gather=gatherer(lake) if real else None,
    )


def network(lake: Lake) -> NetworkSource:
    """The league's API, with what it said kept below the lake's cache."""
    return NetworkSource(Fetcher.from_env(Path(str(lake.root)) / "cache" / "http"))


def gatherer(lake: Lake) -> Callable[[date, date], str]:
    """Pulls the games of some dates into the lake's inbox, where the files' sensor takes them in. What is
    final and there is left alone, but for the first date's, which are asked for once more: by then the
    official scorers have made up their minds."""

    def gather(first: date, last: date) -> str:
        fetcher = Fetcher.from_env(Path(str(lake.root)) / "cache" / "http")
        out = lake.inbox("baseball")
        reports = [pull(fetcher, first, first, out=out, again=True), pull(fetcher, first, last, out=out)]
        failed = [f"{f.what}: {f.reason}" for report in reports for f in report.failures]
        if failed or not all(report.complete for report in reports):
            raise PullError(failed[0] if failed else "some games are missing: they are asked for again")
        return f"{sum(len(report.written) for report in reports)} documents new or changed"

    return gather


def folder(path: Path) -> FolderSource:
    """A folder that holds the API's documents."""
    return FolderSource(path)


def publisher_of(settings: DaySettings) -> Publisher:
    """Where posts go: nowhere in private mode, else to the account named in the environment."""
    if settings.private_mode:
        return PrivatePublisher()
    account = _account(settings)
    if account is None:
        raise PublishError(f"private_mode is off: set {HANDLE} and {PASSWORD}, or turn it on")
    return account


def alarm_of(settings: DaySettings) -> Alarm | None:
    """Who is told of failures beside the lake's log: the recipient in the settings, if there is an account to
    write to him from."""
    return _account(settings) if settings.alert_recipient else None


class IssuedForecast:
    """The blend's forecast of a day. It brings LightGBM, which a look at the day's state does not need."""

    @property
    def version(self) -> str:
        """Changes when the same history would give other forecasts."""
        from formguide.baseball import issuing

        return str(issuing.VERSION)

    def __call__(
        self,
        lake: Lake,
        game_date: date,
        games: pl.DataFrame,
        lineups: pl.DataFrame,
        *,
        shadow: bool = False,
    ) -> pl.DataFrame:
        """The forecasts, the shadow model's if asked for."""
        from formguide.baseball import issuing

        return issuing.forecast_day(lake, game_date, games, lineups, shadow=shadow)


def _account(settings: DaySettings) -> Bluesky | None:
    return Bluesky.from_env(settings.bluesky_service, settings.bluesky_chat_service, settings.alert_recipient)
