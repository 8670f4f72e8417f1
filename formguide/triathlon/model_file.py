"""A forecaster as JSON: everything a forecast needs but the results, without the posterior's draws."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import numpy as np

from formguide.triathlon._mixtures import Mixture
from formguide.triathlon.ability import Ability
from formguide.triathlon.courses import CourseConstants, RaceLevels
from formguide.triathlon.forecast import Forecaster
from formguide.triathlon.pace_model import Effects, PaceModel
from formguide.triathlon.splits import Legs

FORMAT = 1


def to_json(forecaster: Forecaster) -> bytes:
    """The forecaster's constants; the same forecaster gives the same bytes."""
    content = {"format": FORMAT, "pace": _plain(forecaster.pace), "legs": _plain(forecaster.legs)}
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def from_json(data: bytes) -> Forecaster:
    """What `to_json` made.

    Raises:
        ValueError: if it is something else.
    """
    try:
        content = json.loads(data)
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, not {FORMAT}: fit the model again")
        pace, legs = content["pace"], content["legs"]
        levels = pace.pop("levels")
        made: dict[str, Any] = {
            name: np.array(pace.pop(name)) for name in ("coefficient", "variance", "sex_age")
        }
        made |= {name: Effects(**pace.pop(name)) for name in ("country_new", "country", "course_new")}
        ability = pace.pop("ability")
        model = PaceModel(
            as_of=date.fromisoformat(pace.pop("as_of")),
            ability=Ability(
                np.array(ability["usual"]),
                np.array(ability["prior"]),
                ability["drift"],
                np.array(ability["noise"]),
            ),
            **made,
            constants=CourseConstants(**pace.pop("constants")),
            levels=RaceLevels(
                np.array(levels["course"], dtype=np.int64),
                np.array(levels["day"], dtype=np.int64),
                np.array(levels["level"], dtype=np.float64),
                np.array(levels["variance"], dtype=np.float64),
                np.array(levels["gaps"], dtype=np.float64),
            ),
            level_courses=tuple(pace.pop("level_courses")),
            warmth=tuple((c, int(d), float(w)) for c, d, w in pace.pop("warmth")),
            shapes=tuple(Mixture(**{k: np.array(v) for k, v in s.items()}) for s in pace.pop("shapes")),
            paces=tuple(pace.pop("paces")),
            **pace,
        )
        return Forecaster(model, Legs(**{name: np.array(values) for name, values in legs.items()}))
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"not a forecaster's file ({type(error).__name__}: {error})") from error


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return value.isoformat() if isinstance(value, date) else value
