"""One name for each driver, constructor, circuit and grand prix, whoever wrote the file.

The canonical ids are f1db's. `crosswalk.yml` lists them with the names that other sources and older
files use; the `drivers/`, `constructors/`, `circuits/` and `grands-prix/` folders of an f1db tree add to
it. An id that nobody knows is a newcomer and is taken as it stands, unless it looks like a misspelling
of a known one: then it is refused with the suggestion.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from formguide.formula1.yaml_tree import YamlError, read_yaml
from formguide.plain import PlainError

Kind = Literal["driver", "constructor", "circuit", "grand prix"]

_SECTIONS: dict[Kind, str] = {
    "driver": "drivers",
    "constructor": "constructors",
    "circuit": "circuits",
    "grand prix": "grands_prix",
}
FOLDERS: dict[str, Kind] = {
    "drivers": "driver",
    "constructors": "constructor",
    "circuits": "circuit",
    "grands-prix": "grand prix",
}
_NEAR_MISS = 0.85
_WORTH_A_HINT = 0.6
_SHORTEST_MISSPELLED = 5


class UnknownNameError(PlainError, ValueError):
    """A name that is not known; `suggestion` is the known id that it resembles, if any."""

    def __init__(self, kind: Kind, text: str, suggestion: str | None) -> None:
        hint = f"; did you mean {suggestion}?" if suggestion else ""
        super().__init__(f"unknown {kind} {text!r}{hint}")
        self.kind = kind
        self.suggestion = suggestion


@dataclass(frozen=True)
class Entity:
    """A driver, constructor, circuit or grand prix.

    `last_season` is the last it was seen in, as far as known. For a constructor, `team` is the id under which
    its team races last, and `in_seasons` holds names that mean it in some seasons only (first, last): what
    Jolpica calls sauber was Kick Sauber in 2024 and 2025.
    """

    id: str
    name: str
    code: str | None = None
    aliases: tuple[str, ...] = ()
    last_season: int | None = None
    team: str | None = None
    in_seasons: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True)
class Names:
    """The known names of each kind: entities by id, and every alias (folded, see `fold`) to its id."""

    entities: Mapping[Kind, Mapping[str, Entity]]
    aliases: Mapping[Kind, Mapping[str, str]]
    newcomers: dict[tuple[Kind, str], str] = field(default_factory=dict, compare=False)

    def look_up(self, kind: Kind, text: str, season: int | None = None) -> str | None:
        """The canonical id of an id, code, alias or name, or None; `season` decides names that moved on."""
        folded = fold(text)
        if season is not None:
            for name, entity_id, first, last in self._dated(kind):
                if name == folded and first <= season <= last:
                    return entity_id
        return self.aliases[kind].get(folded)

    def find(self, kind: Kind, text: str, season: int | None = None) -> str:
        """As `look_up`, but raises `UnknownNameError` (with a suggestion) for what is not known."""
        found = self.look_up(kind, text, season)
        if found is None:
            # Somebody typed this: a far-fetched hint is better than none.
            hint = self._closest(kind, fold(text), self.aliases[kind], _WORTH_A_HINT)
            raise UnknownNameError(kind, text, hint)
        return found

    def suggest(self, kind: Kind, text: str) -> str | None:
        """The known id of which a text is likely a misspelling, if there is one."""
        folded = fold(text)
        # Short names resemble codes and each other by chance: Salo is no misspelling of ALO.
        if len(folded) < _SHORTEST_MISSPELLED:
            return None
        candidates = [name for name in self.aliases[kind] if len(name) >= _SHORTEST_MISSPELLED]
        return self._closest(kind, folded, candidates, _NEAR_MISS)

    def _closest(self, kind: Kind, folded: str, candidates: Iterable[str], cutoff: float) -> str | None:
        close = difflib.get_close_matches(folded, candidates, n=1, cutoff=cutoff)
        return self.aliases[kind][close[0]] if close else None

    def _dated(self, kind: Kind) -> list[tuple[str, str, int, int]]:
        return [
            (fold(name), entity.id, first, last)
            for entity in self.entities[kind].values()
            for name, first, last in entity.in_seasons
        ]

    def resolve(self, kind: Kind, text: str, full_name: str | None = None, season: int | None = None) -> str:
        """The canonical id of what a source wrote; a newcomer's is the slug of its full name, or of the text.

        f1db's own ids need no `season`; the others reuse ids over the years. Raises `UnknownNameError` for
        what looks like a misspelling of a known name. Newcomers are remembered.
        """
        found = self.look_up(kind, text, season)
        if found is None and full_name is not None:
            found = self.aliases[kind].get(fold(full_name))
        if found is None:
            found = self.newcomers.get((kind, text))
        if found is not None:
            return found
        suggestion = self.suggest(kind, full_name or text)
        if suggestion is not None:
            raise UnknownNameError(kind, text, suggestion)
        newcomer = slug(full_name or text)
        if not newcomer:
            raise UnknownNameError(kind, text, None)
        self.newcomers[(kind, text)] = newcomer
        return newcomer

    def name_of(self, kind: Kind, entity_id: str) -> str:
        """The name that people use; for an unknown id, made from it."""
        entity = self.entities[kind].get(entity_id)
        made = entity_id.replace("-", " ").title()
        if entity is not None:
            return entity.name
        return f"{made} Grand Prix" if kind == "grand prix" else made

    def with_entities(self, kind: Kind, more: Iterable[Entity]) -> Names:
        """These names and some more; an alias that is known keeps its meaning."""
        entities = dict(self.entities[kind])
        aliases = dict(self.aliases[kind])
        for entity in more:
            canonical = aliases.get(fold(entity.id), entity.id)
            if canonical not in entities:
                entities[canonical] = entity
            for text in (entity.id, entity.name, *entity.aliases):
                aliases.setdefault(fold(text), canonical)
            if entity.code:
                aliases.setdefault(fold(entity.code), canonical)
        return replace(
            self,
            entities=MappingProxyType({**self.entities, kind: entities}),
            aliases=MappingProxyType({**self.aliases, kind: aliases}),
            newcomers={},
        )


def fold(text: str) -> str:
    """A text without case, accents, punctuation: `Sergio Pérez`, `sergio-perez`, `SERGIO_PEREZ` are one."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", " ", plain.lower()).strip()


def slug(text: str) -> str:
    """An id as f1db writes them: `Arvid Lindblad` gives arvid-lindblad."""
    return fold(text).replace(" ", "-")


@cache
def known_names() -> Names:
    """The names of the crosswalk that comes with the package."""
    text = resources.files("formguide.formula1").joinpath("crosswalk.yml").read_bytes()
    sections = read_yaml(text, limit=2_000_000)
    if not isinstance(sections, dict):
        raise TypeError("crosswalk.yml must hold a mapping")
    names = Names({kind: {} for kind in _SECTIONS}, {kind: {} for kind in _SECTIONS})
    for kind, section in _SECTIONS.items():
        entities = [_entity(key, facts) for key, facts in sections[section].items()]
        # Of two drivers who used one code (Vergne and Verstappen: VER) the one who raced last has it.
        entities.sort(key=lambda entity: entity.last_season or 0, reverse=True)
        names = names.with_entities(kind, entities)
    return names


def _entity(key: str, facts: Mapping[str, Any]) -> Entity:
    dated = facts.get("in_seasons", {})
    return Entity(
        id=key,
        name=facts["name"],
        code=facts.get("code"),
        aliases=tuple(facts.get("aliases", ())),
        last_season=int(facts["last_season"]) if "last_season" in facts else None,
        team=facts.get("team"),
        in_seasons=tuple((name, int(first), int(last)) for name, (first, last) in dated.items()),
    )


def names_of_tree(files: Mapping[str, bytes], known: Names | None = None) -> Names:
    """The known names and those that a tree's id folders add; unreadable id files are passed over.

    The result has its own memory of newcomers.
    """
    names = replace(known or known_names(), newcomers={})
    found: dict[Kind, list[Entity]] = {}
    for path in sorted(files):
        folder, _, file = path.partition("/")
        kind = FOLDERS.get(folder)
        if kind is None or not file.endswith(".yml"):
            continue
        try:
            facts = read_yaml(files[path])
        except YamlError:
            continue
        if isinstance(facts, dict) and facts.get("id"):
            names_given = [facts.get(key) for key in ("fullName", "name")]
            found.setdefault(kind, []).append(
                Entity(
                    id=str(facts["id"]),
                    name=str((names_given[0] if kind == "grand prix" else names_given[1]) or facts["id"]),
                    code=str(facts["abbreviation"])
                    if facts.get("abbreviation") and kind == "driver"
                    else None,
                    aliases=tuple(str(name) for name in names_given if name),
                )
            )
    for kind, entities in found.items():
        names = names.with_entities(kind, entities)
    return names


def find_driver(text: str, field: Iterable[str] = ()) -> str:
    """The driver id of a code (`VER`), a name or any source's id.

    `field` holds ids that count as known too, each with its code: drivers of a season whom the crosswalk
    lacks. Raises `UnknownNameError` with a suggestion.
    """
    names = known_names()
    strangers = [name for name in field if name not in names.entities["driver"]]
    if strangers:
        made = [Entity(name, display_name("driver", name), driver_code(name)) for name in sorted(strangers)]
        names = names.with_entities("driver", made)
    return names.find("driver", text)


def find_constructor(text: str, season: int | None = None) -> str:
    """The constructor id of a team's name (`McLaren-Mercedes`) or any source's id. Raises `UnknownNameError`.

    With a season, a name means the team that bore it then: Sauber is kick-sauber in 2025.
    """
    return known_names().find("constructor", text, season)


def driver_code(driver_id: str) -> str:
    """The driver's three letters; for an unknown one, the first three of the last name."""
    entity = known_names().entities["driver"].get(driver_id)
    if entity is not None and entity.code:
        return entity.code
    return driver_id.rsplit("-", 1)[-1][:3].upper()


def display_name(kind: Kind, entity_id: str) -> str:
    """The name that people use; for an unknown id, made from it."""
    return known_names().name_of(kind, entity_id)


def lineage(constructor_id: str) -> str:
    """The team behind a constructor: the id under which it races last (toro-rosso gives racing-bulls)."""
    entity = known_names().entities["constructor"].get(constructor_id)
    return entity.team if entity is not None and entity.team else constructor_id
