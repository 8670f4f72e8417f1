"""What the sample league is made of, kept beside its pages: what its athletes can do, and its one secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from formguide.track.sample.league import SampleLeague
from formguide.track.sample.people import SEASONS, SHOES, SHOES_EVENTS, SHOES_FROM, SHOES_TEAMS

TRUTH = "truth.json"


@dataclass(frozen=True)
class SampleTruth:
    """The league's own knowledge of itself.

    `athletes` maps an athlete's id to who it is, and by season ("2022 Indoor") class, injury and form by
    event: the share of the event's middling mark that was to be expected on the best day of the season.
    `performances` is how many marks there are, in individual events.
    """

    seed: int
    seasons: tuple[int, ...]
    performances: int
    athletes: Mapping[str, Mapping[str, Any]]
    effects_beyond_the_model: tuple[str, ...]
    what: str = "A fictional league. Nothing in it is real, and its scores say nothing about the real sport."

    @classmethod
    def of(cls, league: SampleLeague) -> SampleTruth:
        """The truth of a league."""
        athletes = {
            str(one.athlete_id): {
                "name": one.name,
                "team": one.team,
                "gender": one.gender,
                "kind": one.kind,
                "growth": one.growth,
                "seasons": {
                    f"{s.season} {s.label}": {"class": s.class_year, "injured": s.injured, "form": s.form}
                    for s in one.seasons.values()
                },
            }
            for one in league.athletes
        }
        who, what = ", ".join(SHOES_TEAMS), ", ".join(sorted(SHOES_EVENTS))
        shoes = f"from {SHOES_FROM} on {who} are {SHOES:.1%} faster in {what}"
        marks = sum(result.value is not None for result in league.results)
        return cls(league.seed, SEASONS, marks, athletes, (shoes,))

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
        for name in ("seasons", "effects_beyond_the_model"):
            told[name] = tuple(told[name])
        return cls(**told)
