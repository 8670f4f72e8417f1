"""The events there are, as a meet's programme has them: what their marks are and which speak of one another.

Events of one family speak of one another: who runs the 100 fast runs the 60 fast. A family's events have
scales of their own, which whoever mixes them has to take out event by event. A junior's implement or hurdle
makes another event of the same family. Relays, cross country, and races or combinations of no set course are
known, so that their rows are recognised, but are no individual event whose marks compare.

Weights and heights: World Athletics, Competition and Technical Rules, rules 22, 32 and 39; the weight throw
after the NCAA's rule book. The families are by physiology and technique: up to 200 m the start and top speed
decide, to 500 m how long they hold, to 2000 m aerobic power and speed together, beyond it aerobic power.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from formguide.track.tables import GENDERS

GROUPS = ("sprints", "middle", "long", "hurdles + steeple", "jumps", "throws", "walks/road", "combined")
"""The groups in which scores are told; relays and cross country are in none of them."""

MILE_M = 1609.344

_MEN, _WOMEN = GENDERS
_FASTEST_MPS, _SLOWEST_MPS = 11.0, 1.2
"""Mean speeds: Bolt's 9.58 is 10.4 m/s; who is slower than the other walks home."""
_POSSIBLE = {
    "sec": (5.0, 36_000.0), "m": (0.2, 120.0), "points": (1.0, 10_000.0),
    "high jump": (0.5, 2.6), "pole vault": (0.5, 6.6), "horizontal jumps": (1.0, 19.5),
    "standing jumps": (0.5, 4.5), "shot put": (1.0, 27.0), "discus": (2.0, 90.0),
    "hammer and weight": (2.0, 100.0), "javelin": (2.0, 110.0), "one hour": (3000.0, 25_000.0),
}  # fmt: skip
"""By family or unit, in the event's unit: a little beyond the world records, juniors' implements included."""


@dataclass(frozen=True)
class Event:
    """An event: what its marks are, which are better, and which other events speak of it.

    unit: sec, m or points; decimals: how many are usual; clock: whether marks are written 1:52.31;
    wind_matters: whether a following wind of over 2.0 m/s spoils a mark outdoors; individual: whether a mark
    is one athlete's and compares with the event's others; metres: a race's distance; implement_g and
    hurdle_cm: by gender, weight in grams and height in centimetres.
    """

    name: str
    family: str
    group: str
    unit: str
    lower_is_better: bool
    decimals: int = 2
    clock: bool = False
    wind_matters: bool = False
    individual: bool = True
    metres: float | None = None
    implement_g: Mapping[str, int] = field(default_factory=dict, hash=False)
    hurdle_cm: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def possible(self) -> tuple[float, float]:
        """The least and the most that a mark of anybody can be, in `unit`: outside is a slip of the pen."""
        if self.metres is not None:
            return self.metres / _FASTEST_MPS, self.metres / _SLOWEST_MPS
        return _POSSIBLE.get(self.family, _POSSIBLE[self.unit])

    def better(self, mark: float, other: float) -> bool:
        """Whether a mark is better than another."""
        return mark < other if self.lower_is_better else mark > other

    def best(self, marks: list[float]) -> float:
        """The best of some marks. Raises ValueError where there are none."""
        return min(marks) if self.lower_is_better else max(marks)


def events() -> tuple[Event, ...]:
    """The events that are contested everywhere, in the order of a meet's programme."""
    return tuple(STANDARD.values())


def flat(metres: int) -> Event:
    """A flat race of so many metres."""
    return race(f"{metres:,} Meters" if metres >= 10_000 else f"{metres} Meters", metres)


_BY_LENGTH = (
    (220.0, "short sprints", "sprints"),
    (550.0, "long sprints", "sprints"),
    (2200.0, "middle distance", "middle"),
    (float("inf"), "long distance", "long"),
)
"""Up to which length a flat race is of which family and group, metres."""


def race(name: str, metres: float) -> Event:
    """A flat race on a track; its family follows from its length."""
    family, group = next((f, g) for longest, f, g in _BY_LENGTH if metres <= longest)
    wind = metres <= 220
    return Event(name, family, group, "sec", True, clock=True, wind_matters=wind, metres=metres)


def hurdles(metres: int, men_cm: float | None, women_cm: float | None) -> Event:
    """A hurdle race, with the heights of men and women where there is one."""
    family = "short hurdles" if metres < 150 else "long hurdles"
    heights = {g: cm for g, cm in ((_MEN, men_cm), (_WOMEN, women_cm)) if cm is not None}
    return Event(
        f"{metres} Hurdles",
        family,
        "hurdles + steeple",
        "sec",
        True,
        clock=True,
        wind_matters=metres <= 220,
        metres=metres,
        hurdle_cm=heights,
    )


def steeple(metres: int) -> Event:
    """A steeplechase."""
    name, heights = f"{metres} Steeplechase", {_MEN: 91.4, _WOMEN: 76.2}
    group = "hurdles + steeple"
    return Event(name, "steeplechase", group, "sec", True, clock=True, metres=metres, hurdle_cm=heights)


def _jump(name: str, family: str, wind: bool = False) -> Event:
    return Event(name, family, "jumps", "m", False, wind_matters=wind)


def _throw(name: str, family: str, men_g: int, women_g: int) -> Event:
    return Event(name, family, "throws", "m", False, implement_g={_MEN: men_g, _WOMEN: women_g})


def combined(name: str) -> Event:
    """A combined event, in points."""
    return Event(name, "combined events", "combined", "points", False, decimals=0)


def road(name: str, metres: float) -> Event:
    """A race on the road."""
    return Event(name, "road", "walks/road", "sec", True, decimals=0, clock=True, metres=metres)


def walk(name: str, metres: float, road: bool) -> Event:
    """A race walk, on the road or on a track."""
    return Event(
        name, "walks", "walks/road", "sec", True, decimals=0 if road else 2, clock=True, metres=metres
    )


def relay(name: str) -> Event:
    """A relay: nobody's own mark."""
    return Event(name, "relays", "relays", "sec", True, clock=True, individual=False)


def _elsewhere(name: str) -> Event:
    """A race whose course is never the same twice."""
    return Event(name, "cross country", "cross country", "sec", True, 0, clock=True, individual=False)


_LIST = (
    *(flat(metres) for metres in (50, 55, 60, 80, 100, 150, 200, 300, 400, 500, 600, 800, 1000, 1500)),
    race("Mile", MILE_M),
    *(flat(metres) for metres in (2000, 3000)),
    race("2 Miles", 2 * MILE_M),
    *(flat(metres) for metres in (5000, 10_000)),
    Event("One Hour Run", "one hour", "long", "m", False, decimals=0),
    *(hurdles(metres, 106.7, 83.8) for metres in (50, 55, 60)),
    hurdles(80, None, 76.2),
    hurdles(100, None, 83.8),
    hurdles(110, 106.7, None),
    hurdles(200, 76.2, 76.2),
    hurdles(300, 91.4, 76.2),
    hurdles(400, 91.4, 76.2),
    *(steeple(metres) for metres in (1500, 2000, 3000)),
    _jump("High Jump", "high jump"),
    _jump("Pole Vault", "pole vault"),
    _jump("Long Jump", "horizontal jumps", wind=True),
    _jump("Triple Jump", "horizontal jumps", wind=True),
    _jump("Standing Long Jump", "standing jumps"),
    _throw("Shot Put", "shot put", 7260, 4000),
    _throw("Discus", "discus", 2000, 1000),
    _throw("Hammer", "hammer and weight", 7260, 4000),
    _throw("Weight Throw", "hammer and weight", 15_880, 9080),
    _throw("Javelin", "javelin", 800, 600),
    *(combined(name) for name in ("Pentathlon", "Heptathlon", "Octathlon", "Decathlon")),
    road("Mile Road", MILE_M),
    *(road(f"{km} km Road", 1000.0 * km) for km in (5, 8, 10, 15, 20)),
    road("10 Miles Road", 10 * MILE_M),
    road("Half Marathon", 21_097.5),
    road("Marathon", 42_195.0),
    walk("Mile Race Walk", MILE_M, road=False),
    *(walk(f"{metres} Race Walk", metres, road=False) for metres in (2000, 3000, 5000)),
    walk("10,000 Race Walk", 10_000, road=False),
    *(walk(f"{km} km Race Walk", 1000.0 * km, road=True) for km in (5, 10, 20, 35, 50)),
    *(relay(f"4 x {leg} Relay") for leg in ("100", "200", "400", "800", "1500", "1600", "Mile")),
    *(relay(name) for name in ("Distance Medley Relay", "Sprint Medley Relay", "Shuttle Hurdle Relay")),
    _elsewhere("Cross Country"),
    _elsewhere("Mountain Race"),
    _elsewhere("Road Race"),
    Event("Combined Events", "combined events", "combined", "points", False, 0, individual=False),
)
STANDARD = {event.name: event for event in _LIST}
"""Every event that is contested everywhere, and those that are none of their own, by name."""
