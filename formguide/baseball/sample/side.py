"""A team during one game of the sample league: who bats, who fields, who has gone and who may still come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from formguide.baseball.sample.manager import NineMen
from formguide.baseball.sample.world import POSITIONS

Json = dict[str, Any]


def position(code: str) -> Json:
    """A position as the documents write it."""
    name, kind, short = POSITIONS[code]
    return {"code": code, "name": name, "type": kind, "abbreviation": short}


@dataclass
class Side:
    """A team's state in a game; `order` holds who stands in each of the nine places now."""

    nine: NineMen
    order: list[int]
    at: dict[int, str]
    bench: list[int]
    bullpen: list[int]
    pitcher: int
    limit: float
    entered: dict[int, str] = field(default_factory=dict)
    played: dict[int, list[str]] = field(default_factory=dict)
    pitchers: list[int] = field(default_factory=list)
    up: int = 0
    runs: int = 0
    pitches: int = 0
    innings_pitched: int = 0
    runs_off_pitcher: int = 0
    met: dict[int, int] = field(default_factory=dict)
    to_field: list[tuple[int, int]] = field(default_factory=list)
    pinch_hits: int = 0
    closing: bool = False

    @classmethod
    def of(cls, nine: NineMen, limit: float) -> Side:
        """The team as it starts; `limit` is how many pitches the starter has in him."""
        side = cls(
            nine,
            list(nine.order),
            dict(nine.positions),
            list(nine.bench),
            list(nine.bullpen),
            nine.pitcher,
            limit,
        )
        side.entered = {player: f"{slot}00" for slot, player in enumerate(nine.order, start=1)}
        side.played = {player: [code] for player, code in nine.positions.items()}
        side.played[nine.pitcher] = ["1"]
        side.pitchers = [nine.pitcher]
        return side

    def catcher(self) -> int:
        """Who stands behind the plate."""
        return next(p for p in self.order if self.at[p] == "2")

    def replace_batter(self, slot: int, player: int, code: str) -> Json:
        """A pinch hitter or runner (`code` 11 or 12) takes a place in the order; what the play event adds."""
        gone = self.order[slot]
        self.bench.remove(player)
        times = sum(1 for b in self.entered.values() if b[0] == str(slot + 1))
        self.entered[player] = f"{slot + 1}{times:02d}"
        self.played[player] = [code]
        self.order[slot] = player
        self.at[player] = self.at.pop(gone)
        if self.at[player] != "10":
            self.to_field.append((player, gone))
        return {
            "player": {"id": player},
            "position": position(code),
            "battingOrder": self.entered[player],
            "replacedPlayer": {"id": gone},
        }

    def relieve_fielder(self, slot: int, player: int) -> Json:
        """A substitute takes over a fielder's position and place in the order."""
        code = self.at[self.order[slot]]
        added = self.replace_batter(slot, player, code)
        self.to_field.pop()
        return added

    def take_the_field(self) -> list[Json]:
        """Pinch hitters and runners go to their positions: the events of their doing so."""
        events = []
        for player, gone in self.to_field:
            if self.order[int(self.entered[player][0]) - 1] != player:
                continue
            code = self.at[player]
            self.played[player].append(code)
            events.append(
                {
                    "player": {"id": player},
                    "position": position(code),
                    "battingOrder": self.entered[player],
                    "replacedPlayer": {"id": gone},
                }
            )
        self.to_field = []
        return events

    def change_pitcher(self, player: int, limit: float) -> Json:
        """A reliever comes in."""
        self.bullpen.remove(player)
        self.pitcher, self.limit = player, limit
        self.pitches = self.innings_pitched = self.runs_off_pitcher = 0
        self.pitchers.append(player)
        self.played[player] = ["1"]
        return {"player": {"id": player}, "position": position("1")}
