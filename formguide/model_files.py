"""The two files that a network is kept as: its tensors, and beside them what else it is, as JSON.

Loading them runs no code. What is wrong with a file is said in one line that names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from numpy.typing import NDArray

from formguide.plain import PlainError

WEIGHTS_FILE = "weights.safetensors"

Tensors = Mapping[str, NDArray[Any]]


class ModelFileError(PlainError, ValueError):
    """A saved network is not what it should be. The message is one line naming file and field."""


def to_files(
    tensors: Mapping[str, NDArray[Any]], meta_file: str, meta: Mapping[str, Any]
) -> dict[str, bytes]:
    """`weights.safetensors` and the JSON file; equal models give equal bytes. meta: with its `format`."""
    from safetensors.numpy import save

    text = json.dumps(meta, indent=1, sort_keys=True, ensure_ascii=False)
    return {WEIGHTS_FILE: save(dict(tensors)), meta_file: text.encode()}


def from_files(contents: Mapping[str, bytes], meta_file: str, kind: str) -> tuple[Tensors, dict[str, Any]]:
    """Tensors and meta of what `to_files` gave; kind: the `format` that it must say.

    Raises ModelFileError.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    for name in (WEIGHTS_FILE, meta_file):
        if name not in contents:
            raise ModelFileError(f"{name}: not there")
    with reading(meta_file):
        meta: dict[str, Any] = json.loads(contents[meta_file])
        if meta["format"] != kind:
            raise ModelFileError(f"{meta_file}: format is {meta['format']!r}, not {kind!r}")
    try:
        return load(contents[WEIGHTS_FILE]), meta
    except SafetensorError as error:
        raise ModelFileError(f"{WEIGHTS_FILE}: {error}") from None


@contextmanager
def reading(name: str) -> Iterator[None]:
    """What is made of a file's content: that it cannot be is a ModelFileError naming the file."""
    try:
        yield
    except ModelFileError:
        raise
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        said = str(error).splitlines()[0] if str(error) else ""
        raise ModelFileError(f"{name}: {type(error).__name__}: {said}") from None
