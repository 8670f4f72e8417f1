"""Memories of what has been worked out: a backtest asks the same of the same workouts again and again.

    Memory        values by a digest of everything that they depend on
    OfObjects     values of objects that nobody changes, by the object itself

Both forget the oldest; a value that is remembered is the one that would be made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Memory(Generic[T]):
    """The latest values by a digest of everything that they depend on."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[str, T] = {}

    def get(self, key: str, make: Callable[[], T]) -> T:
        """The value, made if it is not remembered."""
        if key not in self._values:
            made = make()
            while len(self._values) >= self._most:
                self._values.pop(next(iter(self._values)))
            self._values[key] = made
        return self._values[key]

    def clear(self) -> None:
        """Forgets everything."""
        self._values.clear()


class OfObjects(Generic[K, T]):
    """The latest values of objects; each object is kept with its value, so that no other takes its place."""

    def __init__(self, make: Callable[[K], T], most: int) -> None:
        self._make, self._most = make, most
        self._values: dict[int, tuple[K, T]] = {}

    def __call__(self, of: K) -> T:
        """The value, made if it is not remembered."""
        held = self._values.get(id(of))
        if held is not None and held[0] is of:
            return held[1]
        made = self._make(of)
        while len(self._values) >= self._most:
            self._values.pop(next(iter(self._values)))
        self._values[id(of)] = (of, made)
        return made
