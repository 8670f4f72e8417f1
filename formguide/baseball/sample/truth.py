"""What the sample league is made of, kept beside it: the abilities and effects that decided its games."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

TRUTH = "truth.json"


@dataclass(frozen=True)
class SampleTruth:
    """The league's own knowledge of itself. Effects are on the log scale of an outcome's weight.

    `batters` and `pitchers` map a player's id to his abilities (`people.Batting`, `people.Pitching`), `parks`
    a venue's id to its effects on hits and home runs, `umpires` an umpire's to his zone, `ball_lots` each
    played date (ISO) to how lively its balls were. `special` names the games that went their own way
    (game_pk → rain, suspended, shortened), `debuts` who played for the first time when (player → ISO date),
    `absences` who was on the injured list (player, first date, first date back). `next_dates` are the first
    dates not yet played. `games` is how many have been played; `mean_hit_probability` what the odds of their
    plate appearances add up to, per plate appearance, beside the `hit_rate` that came of it.
    """

    seed: int
    seasons: tuple[int, ...]
    dates: int
    dates_played: int
    next_dates: tuple[str, ...]
    games: int
    plate_appearances: int
    mean_hit_probability: float
    hit_rate: float
    batters: Mapping[str, Mapping[str, float]]
    pitchers: Mapping[str, Mapping[str, Any]]
    parks: Mapping[str, Mapping[str, float]]
    umpires: Mapping[str, float]
    ball_lots: Mapping[str, float]
    special: Mapping[str, str]
    debuts: Mapping[str, str]
    absences: tuple[tuple[int, str, str], ...]
    effects_beyond_the_model: tuple[str, ...]
    what: str = "A fictional league. Nothing in it is real, and its scores say nothing about the real sport."

    @property
    def next_date(self) -> date:
        """The first date not yet played."""
        return date.fromisoformat(self.next_dates[0])

    def as_bytes(self) -> bytes:
        """The truth as JSON, numbers to four digits."""

        def rounded(value: object) -> object:
            if isinstance(value, float):
                return round(value, 4)
            if isinstance(value, Mapping):
                return {str(k): rounded(v) for k, v in value.items()}
            return [rounded(v) for v in value] if isinstance(value, list | tuple) else value

        return (json.dumps(rounded(asdict(self)), ensure_ascii=False, indent=1) + "\n").encode()

    @classmethod
    def read(cls, folder: Path | str) -> SampleTruth:
        """The truth of the sample league in a folder. Raises FileNotFoundError without one."""
        told = json.loads((Path(folder) / TRUTH).read_bytes())
        for name in ("seasons", "next_dates", "effects_beyond_the_model"):
            told[name] = tuple(told[name])
        told["absences"] = tuple((int(p), str(a), str(b)) for p, a, b in told["absences"])
        return cls(**told)
