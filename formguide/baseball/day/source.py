"""Where the day looks: the league's API, or a folder that holds the same documents.

Both answer with the documents as they are now: nothing is remembered, because the question is asked again
precisely to see what has changed.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from formguide.fetch import Fetcher, FetchError

API = "https://statsapi.mlb.com"

Document = dict[str, Any]


class SourceDown(RuntimeError):
    """The source did not answer, or not with a document; the message is one line."""


class DaySource(Protocol):
    """Answers with schedule and feed/live documents, or raises SourceDown."""

    def schedule(self, game_date: date) -> Document:
        """The schedule of a day."""
        ...

    def feed(self, game_pk: int) -> Document:
        """The feed/live document of a game."""
        ...


@dataclass(frozen=True)
class NetworkSource:
    """The league's API, asked through the polite fetcher."""

    fetcher: Fetcher
    base: str = API

    def schedule(self, game_date: date) -> Document:
        """The schedule of a day."""
        return self._get(f"/api/v1/schedule?sportId=1&date={game_date.isoformat()}")

    def feed(self, game_pk: int) -> Document:
        """The feed/live document of a game."""
        return self._get(f"/api/v1.1/game/{game_pk}/feed/live")

    def _get(self, path: str) -> Document:
        try:
            body = self.fetcher.get(self.base.rstrip("/") + path, refresh=True, check=_document)
        except FetchError as error:
            raise SourceDown(str(error)) from error
        return _document(body)


@dataclass(frozen=True)
class FolderSource:
    """A folder of documents: schedules/<date>.json[.gz] and feeds/<season>/<gamePk>.json[.gz]."""

    folder: Path

    def schedule(self, game_date: date) -> Document:
        """The schedule of a day."""
        return self._read(self.folder / "schedules", f"{game_date.isoformat()}.json")

    def feed(self, game_pk: int) -> Document:
        """The feed/live document of a game, whichever season's."""
        for season in _folders(self.folder / "feeds"):
            if _existing(season, f"{game_pk}.json"):
                return self._read(season, f"{game_pk}.json")
        raise SourceDown(f"{self.folder / 'feeds'}: no document of game {game_pk}")

    def _read(self, folder: Path, name: str) -> Document:
        path = _existing(folder, name)
        if path is None:
            raise SourceDown(f"{folder / name}: no such file")
        try:
            data = path.read_bytes()
            return _document(gzip.decompress(data) if path.suffix == ".gz" else data)
        except (OSError, EOFError, ValueError) as error:
            raise SourceDown(f"{path}: {error}") from error


def _document(body: bytes) -> Document:
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _existing(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / name, folder / f"{name}.gz") if p.is_file()), None)


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted((p for p in folder.iterdir() if p.is_dir()), reverse=True)
