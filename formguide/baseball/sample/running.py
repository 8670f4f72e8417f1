"""Bases and outs of a half inning of the sample league: who stands where, and how a play moves everybody.

Odds of an extra base are the same for everybody; only a steal depends on the runner's speed. Every move is
noted as the documents note it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from formguide.baseball.sample.at_bat import HITS, Dice
from formguide.baseball.sample.plays import EVENTS
from formguide.baseball.sample.side import Side

Json = dict[str, Any]
_BASES = ("1B", "2B", "3B", "score")
_HOME = 3


@dataclass
class Running:
    """A half inning's bases. `won` says whether the home team has just won, which ends everything."""

    dice: Dice
    batting: Side
    won: Callable[[], bool]
    on: list[int | None] = field(default_factory=lambda: [None, None, None])
    outs: int = 0
    moves: list[Json] = field(default_factory=list)

    def men_on(self) -> str:
        """Empty, Men_On, RISP or Loaded, as the documents split it."""
        first, second, third = (runner is not None for runner in self.on)
        if first and second and third:
            return "Loaded"
        return "RISP" if second or third else "Men_On" if first else "Empty"

    def resolve(self, outcome: str, batter: int, trajectory: str) -> str:
        """Moves everybody and counts the outs; returns the event type that the outcome became."""
        if outcome in ("walk", "intent_walk", "hit_by_pitch"):
            self._force(batter, outcome)
        elif outcome == "strikeout":
            self._out(batter, None, outcome, "1B")
        elif outcome in HITS or outcome == "field_error":
            self._drive(batter, outcome)
        else:
            outcome = self._make_outs(batter, trajectory)
        return outcome

    def steal(self, speed: float) -> str:
        """The runner on first goes for second; the event type of how it ends."""
        runner = self.on[0]
        if runner is None:
            raise ValueError("nobody is on first")
        if self.dice.uniform() < 0.62 + 0.25 * speed:
            self._advance(runner, 0, 1, "stolen_base_2b")
            return "stolen_base_2b"
        self._out(runner, 0, "caught_stealing_2b", "2B")
        return "caught_stealing_2b"

    # -- what a play does --------------------------------------------------------------------------

    def _force(self, batter: int, event: str) -> None:
        """Everybody who must moves up by one, the lead runner first."""
        coming, start, base = batter, None, 0
        chain: list[tuple[int, int | None, int]] = []
        while base < _HOME and (standing := self.on[base]) is not None:
            chain.append((coming, start, base))
            coming, start, base = standing, base, base + 1
        chain.append((coming, start, base))
        for runner, origin, target in reversed(chain):
            self._advance(runner, origin, target, event)

    def _drive(self, batter: int, event: str) -> None:
        """A hit or an error, the lead runner first. Nobody passes the one ahead of him, and once the winning
        run is in nobody else scores, unless the ball is over the fence."""
        reach = {"single": 0, "field_error": 0, "double": 1, "triple": 2, "home_run": _HOME}[event]
        farthest = _HOME
        for base in (2, 1, 0):
            runner = self.on[base]
            if runner is None:
                continue
            target = base + reach + 1
            if event == "single" and base < 2:
                target += self.dice.uniform() < (0.60 if base == 1 else 0.27)
            elif event == "double" and base == 0:
                target += self.dice.uniform() < 0.42
            target = min(target, farthest)
            self._advance(runner, base, target, event)
            if target < _HOME:
                farthest = target - 1
            elif event != "home_run" and self.won():
                farthest = min(farthest, 2)
        self._advance(batter, None, min(reach, farthest), event)

    def _make_outs(self, batter: int, trajectory: str) -> str:
        """An out or two on a ball in play; returns the event type."""
        first, _, third = self.on
        u = self.dice.uniform()
        if trajectory == "ground_ball" and first is not None and self.outs < 2 and u < 0.36:
            event = "grounded_into_double_play"
            self._out(first, 0, event, "2B")
            self._out(batter, None, event, "1B")
            self._others_up(event)
            return event
        if trajectory == "ground_ball" and first is not None and u < 0.62:
            self._out(first, 0, "force_out", "2B")
            self._others_up("force_out")
            self._advance(batter, None, 0, "force_out")
            return "force_out"
        sacrifice = trajectory == "fly_ball" and third is not None and self.outs < 2 and u < 0.55
        event = "sac_fly" if sacrifice else "field_out"
        self._out(batter, None, event, "1B")
        if sacrifice and third is not None:
            self._advance(third, 2, _HOME, event)
        elif trajectory == "ground_ball" and u < 0.9:
            self._others_up(event)
        return event

    def _others_up(self, event: str) -> None:
        """Runners on third and second may move up on an out, unless it was the last."""
        for base in (2, 1):
            runner = self.on[base]
            free = base == 2 or self.on[2] is None
            if self.outs < 3 and runner is not None and free and self.dice.uniform() < 0.5:
                self._advance(runner, base, base + 1, event)

    # -- one runner --------------------------------------------------------------------------------

    def _advance(self, runner: int, origin: int | None, target: int, event: str) -> None:
        if origin is not None:
            self.on[origin] = None
        if target < _HOME:
            self.on[target] = runner
        else:
            self.batting.runs += 1
        self._note(runner, origin, target, event)

    def _out(self, runner: int, origin: int | None, event: str, at: str) -> None:
        if origin is not None:
            self.on[origin] = None
        self.outs += 1
        self._note(runner, origin, None, event, out_at=at)

    def _note(
        self, runner: int, origin: int | None, target: int | None, event: str, out_at: str | None = None
    ) -> None:
        out = target is None
        self.moves.append(
            {
                "movement": {
                    "start": None if origin is None else _BASES[origin],
                    "end": None if target is None else _BASES[target],
                    "outBase": out_at,
                    "isOut": out,
                    "outNumber": self.outs if out else None,
                },
                "details": {
                    "event": EVENTS.get(event, "Out"),
                    "eventType": event,
                    "runner": {"id": runner},
                    "isScoringEvent": target == _HOME,
                    "rbi": target == _HOME and event not in ("field_error", "grounded_into_double_play"),
                },
            }
        )
