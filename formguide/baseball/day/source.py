"""Where the day looks: the league's API, or a folder that holds the same documents.

Both answer with the documents as they are now: nothing is remembered, because the question is asked again
precisely to see what has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from formguide.baseball.feed import read_json
from formguide.fetch import Fetcher, FetchError

API = "https://statsapi.mlb.com"
HYDRATED = "&hydrate=probablePitcher"
CAP_SEC = 20.0
"""The most that one document may take: a whole game is almost a megabyte."""


class SourceDown(RuntimeError):
    """The source did not answer, or not with a document; the message is one line."""


class DaySource(Protocol):
    """Answers with schedule and feed/live documents, or raises SourceDown."""

    def schedule(self, game_date: date) -> bytes:
        """The schedule of a day, as it came (gzip'd or not)."""
        ...

    def feed(self, game_pk: int) -> bytes:
        """The feed/live document of a game, as it came (gzip'd or not)."""
        ...


@dataclass(frozen=True)
class NetworkSource:
    """The league's API, asked through the polite fetcher."""

    fetcher: Fetcher
    base: str = API

    def schedule(self, game_date: date) -> bytes:
        """The schedule of a day."""
        return self._get(f"/api/v1/schedule?sportId=1&date={game_date.isoformat()}{HYDRATED}")

    def feed(self, game_pk: int) -> bytes:
        """The feed/live document of a game."""
        return self._get(f"/api/v1.1/game/{game_pk}/feed/live")

    def _get(self, path: str) -> bytes:
        try:
            url = self.base.rstrip("/") + path
            return self.fetcher.get(url, refresh=True, check=_check, cap_sec=CAP_SEC)
        except FetchError as error:
            raise SourceDown(str(error)) from error


@dataclass(frozen=True)
class FolderSource:
    """A folder of documents: schedules/<date>.json[.gz] and feeds/<season>/<gamePk>.json[.gz]."""

    folder: Path

    def schedule(self, game_date: date) -> bytes:
        """The schedule of a day."""
        return self._read(self.folder / "schedules", f"{game_date.isoformat()}.json")

    def feed(self, game_pk: int) -> bytes:
        """The feed/live document of a game, whichever season's."""
        for season in _folders(self.folder / "feeds"):
            if _existing(season, f"{game_pk}.json"):
                return self._read(season, f"{game_pk}.json")
        raise SourceDown(f"{self.folder / 'feeds'}: no document of game {game_pk}")

    def _read(self, folder: Path, name: str) -> bytes:
        path = _existing(folder, name)
        if path is None:
            raise SourceDown(f"{folder / name}: no such file")
        try:
            body = path.read_bytes()
            _check(body)
        except (OSError, ValueError) as error:
            raise SourceDown(f"{path}: {error}") from error
        return body


def _check(body: bytes) -> None:
    """Raises ValueError if a body is not a whole document."""
    if not isinstance(read_json(body), dict):
        raise ValueError("not a JSON object")


def _existing(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted((p for p in folder.iterdir() if p.is_dir()), reverse=True)
