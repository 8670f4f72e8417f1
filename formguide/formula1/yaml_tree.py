"""YAML as plain text: mappings, lists and strings, and nothing that a file could do to its reader.

f1db's files are small and flat. Every scalar stays a string (YAML 1.1 would read 07:00 as a number of
minutes), anchors and aliases are refused (ten lines of them can unfold to gigabytes), and so are
large, deeply nested or non-UTF-8 files and keys given twice. Building from the parser's events does all
that in one pass and takes less time than PyYAML's own loaders.
"""

from __future__ import annotations

from typing import Any

import yaml

_LARGEST_FILE = 1_000_000
_DEEPEST = 8


class YamlError(ValueError):
    """A file that is no YAML, or not of the plain kind read here. The message is one line."""


def read_yaml(body: bytes, limit: int = _LARGEST_FILE) -> Any:
    """The file's one document as dicts, lists and strings; None for an empty file. Raises `YamlError`."""
    if len(body) > limit:
        raise YamlError(f"file of {len(body)} bytes; the limit is {limit}")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise YamlError(f"not UTF-8 (byte {error.start})") from error
    try:
        return _build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise YamlError(f"malformed YAML, {line}{error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise YamlError(f"malformed YAML: {' '.join(str(error).split())[:200]}") from error


def _build(text: str) -> Any:
    root: Any = None
    documents = 0
    holders: list[dict[str, Any] | list[Any]] = []
    keys: list[str | None] = []
    event: Any
    for event in yaml.parse(text, Loader=yaml.CBaseLoader):
        kind = event.__class__
        if kind is yaml.ScalarEvent:
            if event.anchor is not None:
                raise YamlError(f"line {event.start_mark.line + 1}: anchors are not accepted")
            value = event.value
            if not holders:
                root = value
            elif isinstance(holders[-1], list):
                holders[-1].append(value)
            elif keys[-1] is None:
                if value in holders[-1]:
                    raise YamlError(f"line {event.start_mark.line + 1}: {value!r} is given twice")
                keys[-1] = value
            else:
                holders[-1][keys[-1]] = value
                keys[-1] = None
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if event.anchor is not None:
                raise YamlError(f"line {event.start_mark.line + 1}: anchors are not accepted")
            if len(holders) >= _DEEPEST:
                raise YamlError(f"line {event.start_mark.line + 1}: nested more than {_DEEPEST} deep")
            new: dict[str, Any] | list[Any] = {} if kind is yaml.MappingStartEvent else []
            if not holders:
                root = new
            elif isinstance(holders[-1], list):
                holders[-1].append(new)
            elif keys[-1] is None:
                raise YamlError(f"line {event.start_mark.line + 1}: a key must be plain text")
            else:
                holders[-1][keys[-1]] = new
                keys[-1] = None
            holders.append(new)
            keys.append(None)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            holders.pop()
            keys.pop()
        elif kind is yaml.AliasEvent:
            raise YamlError(f"line {event.start_mark.line + 1}: aliases are not accepted")
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                raise YamlError(f"line {event.start_mark.line + 1}: more than one document")
    return root if root != "" else None
