"""A lake, a clock that the test moves, and a day of the tiny league."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from formguide.baseball.day import Day, DaySettings, run_due
from formguide.baseball.day.life import Ran, wake_at
from formguide.baseball.day.pick import by_thresholds
from formguide.baseball.publisher import Post, Receipt
from formguide.lake import Lake
from tests.baseball.day.tiny import Clock, TinyGame, TinyLeague, forecaster


@dataclass
class Board:
    """A publisher that keeps what it was given to post, and every attempt; like the real one, it posts a
    thing once. `broken` makes it fail."""

    posts: dict[tuple[Any, str], Post] = field(default_factory=dict)
    attempts: list[Post] = field(default_factory=list)
    replies: dict[str, str | None] = field(default_factory=dict)
    broken: Exception | None = None

    def publish(self, post: Post, parent: Receipt | None = None, root: Receipt | None = None) -> Receipt:
        self.attempts.append(post)
        if self.broken is not None:
            raise self.broken
        self.posts.setdefault((post.game_date, post.key), post)
        self.replies[post.key] = parent.uri if parent else None
        return Receipt("board", f"at://{post.game_date}/{post.key}", "cid")


@dataclass
class Played:
    """A day that is being played through."""

    day: Day
    clock: Clock
    league: TinyLeague
    board: Board

    def until(self, end: datetime, every: int | None = None) -> list[Ran]:
        """Everything that is done up to a moment, by somebody who looks every so many minutes, or else
        exactly when there is something to do."""
        ran = []
        while self.clock.now <= end:
            ran += run_due(self.day)
            step = self.clock.now + timedelta(minutes=every or 0)
            self.clock.now = step if every else max(wake_at(self.day), step + timedelta(seconds=1))
        self.clock.now = end
        return ran

    def restarted(self) -> Played:
        """The same lake, source and clock, and nothing else that was remembered."""
        return replace(self, day=replace(self.day, lake=Lake(UPath(str(self.day.lake.root)))))


Play = Callable[..., Played]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """`play(games, start, chances)` sets up a day of the tiny league."""

    def of(
        games: list[TinyGame],
        start: datetime,
        chances: dict[int, float] | None = None,
        shadow: dict[int, float] | None = None,
        advise: Any = by_thresholds,
        lake: Path = tmp_path / "lake",
        **settings: Any,
    ) -> Played:
        clock, board = Clock(start), Board()
        league = TinyLeague(games, clock)
        day = Day(
            lake=Lake(UPath(lake)),
            source=league,
            forecast=forecaster(chances or {}, shadow),
            advise=advise,
            publisher=board,
            settings=DaySettings(**settings),
            clock=clock,
        )
        return Played(day, clock, league, board)

    return of
