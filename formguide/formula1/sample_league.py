"""The fictional championship: its teams, drivers and circuits, and the strengths that decide its races.

Everything here is invented; no id, name or place belongs to the real sport. Strengths are in seconds per lap on a
90-second lap, positive is faster. A car's pace is a random walk from race to race, a driver's skill hardly moves, a
change of rules reshuffles the cars. Two effects are deliberately of a kind that a strength model has no term for: a
driver's *momentum* (form that feeds on his own surprises) and the *tyre gamble* (one shock shared by whoever took it,
across teams). What was used is kept as `SampleTruth`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta

import numpy as np

TYRE_MAKER = "gripwell"
EFFECTS_BEYOND_THE_MODEL = ("momentum", "tyre_gamble")
POINTS = (25, 18, 15, 12, 10, 8, 6, 4, 2, 1)
SPRINT_POINTS = (8, 7, 6, 5, 4, 3, 2, 1)
LAST_SEASON_WITH_FASTEST_LAP_POINT = 2024  # the real rule of those years, so that points tables are familiar


@dataclass(frozen=True)
class Driver:
    """A driver: `driver_id`, name, three-letter code, car number, country id and date of birth."""

    driver_id: str
    first_name: str
    last_name: str
    code: str
    number: int
    country_id: str
    born: str


@dataclass(frozen=True)
class Team:
    """A constructor: `team_id`, short and full name, maker of its engine, country id."""

    team_id: str
    name: str
    full_name: str
    engine_id: str
    country_id: str


@dataclass(frozen=True)
class Circuit:
    """A circuit and its grand prix.

    `quali_lap_sec` is a dry qualifying lap at average pace; `hard_to_pass` the pace advantage (seconds per lap) that a
    pass needs; `p_wet` and `p_safety_car` are per race, the latter before the accidents that bring one out are counted.
    """

    circuit_id: str
    grand_prix_id: str
    place: str
    kind: str
    length_km: float
    turns: int
    quali_lap_sec: float
    hard_to_pass: float
    p_wet: float
    p_safety_car: float
    stops: int
    hour_utc: int
    clockwise: bool
    country_id: str

    @property
    def race_name(self) -> str:
        return f"{self.place} Grand Prix"

    @property
    def race_laps(self) -> int:
        return int(np.ceil((260.0 if self.hard_to_pass >= 0.5 else 305.0) / self.length_km))

    @property
    def sprint_laps(self) -> int:
        return int(np.ceil(100.0 / self.length_km))


def _drivers() -> tuple[Driver, ...]:
    names = """Ada Quillfeather QLF|Bram Oakenshaw OKW|Cleo Marrowby MRW|Dario Fennimore FNM|Esmé Tidewell TDW
        |Finn Garrowmoor GWM|Greta Sunderholm SDH|Hugo Palewing PLW|Inés Calderwick CDW|Joss Harrowgale HWG
        |Kaia Brindleford BDF|Lev Starkwater SKW|Mira Dunscombe DSC|Nils Ashgrove AGV|Orla Wintermere WTM
        |Pell Rookwood RKW|Quin Thistleby TSB|Runa Saltmarsh SMH|Silas Emberton EBT|Tove Lärkspur LKS
        |Uma Copperlane CPL|Viggo Mossbank MBK|Wren Hollowdale HLD|Xan Pikestone PKS|Yara Frostley FTL
        |Zeno Blackheather BKH|Anselm Greyfinch GFN|Birgit Loamfield LFD"""
    plain = str.maketrans("éäí", "eai")
    countries = ("norvale", "ostmark-isles", "tarrowland", "verdane")
    drivers = []
    for i, entry in enumerate(names.replace("\n", "").split("|")):
        first, last, code = entry.split()
        driver_id = f"{first}-{last}".lower().translate(plain)
        number = 2 + 3 * i
        drivers.append(Driver(driver_id, first, last, code, number, countries[i % 4], f"{1986 + i % 20}-0{1 + i % 9}-1{i % 10}"))
    return tuple(drivers)


DRIVERS = _drivers()
TEAMS = tuple(
    Team(f"{word.lower()}-{tail}", f"{word} {tail.title()}", f"{word} {tail.title()} Formula Team", engine, country)
    for word, tail, engine, country in (
        ("Aurora", "racing", "voltaic", "norvale"),
        ("Bramble", "engineering", "halcyon", "tarrowland"),
        ("Cobalt", "works", "voltaic", "verdane"),
        ("Dunewind", "motorsport", "ironmoor", "ostmark-isles"),
        ("Emberline", "racing", "zephyr", "norvale"),
        ("Fjordhawk", "motorsport", "halcyon", "ostmark-isles"),
        ("Granitepeak", "racing", "ironmoor", "tarrowland"),
        ("Harbourlight", "works", "zephyr", "verdane"),
        ("Indigofell", "engineering", "voltaic", "verdane"),
        ("Juniperhill", "motorsport", "halcyon", "norvale"),
    )
)


def _circuits() -> tuple[Circuit, ...]:
    # circuit | place | kind | km | turns | lap | hard to pass | P(wet) | P(SC) | stops | hour UTC
    rows = """amberfell-park|Amberfell|RACE|5.412|15|89.9|.07|.02|.25|2|15
        brackwater-bay|Brackwater|STREET|6.140|24|88.4|.16|.03|.50|1|17
        cinderholm-ring|Cinderholm|RACE|5.278|14|76.8|.13|.12|.35|1|5
        dappledown|Dappledown|RACE|5.807|18|88.6|.15|.25|.25|2|5
        eastmoor-speedway|Eastmoor|RACE|5.451|16|93.7|.07|.15|.25|2|7
        foxglove-harbour|Foxglove Harbour|STREET|5.380|19|87.4|.14|.15|.35|1|20
        gullwick-autodrome|Gullwick|RACE|4.909|19|75.2|.24|.08|.25|1|13
        halewind-streets|Halewind|STREET|3.337|19|70.8|.60|.15|.40|1|13
        ironbrook-island|Ironbrook|STREET|4.361|14|72.4|.10|.30|.45|1|18
        jasper-ridge|Jasper Ridge|RACE|4.657|14|71.9|.17|.05|.15|2|13
        kestrel-hill|Kestrel Hill|ROAD|4.318|10|65.0|.08|.20|.20|2|13
        lanternfield|Lanternfield|RACE|5.891|18|86.2|.09|.30|.30|1|14
        mossgarth|Mossgarth|RACE|4.381|14|76.1|.25|.15|.15|2|13
        nethershaw-forest|Nethershaw|ROAD|7.004|19|105.4|.06|.40|.25|2|13
        oldcastle-dunes|Oldcastle|RACE|4.259|14|70.2|.24|.25|.35|1|13
        pinehollow|Pinehollow|RACE|5.793|11|80.1|.06|.06|.25|1|13
        quarrygate-city|Quarrygate|STREET|6.003|20|101.6|.09|.05|.50|1|11
        ravenstone-marina|Ravenstone|STREET|4.940|19|90.1|.45|.20|.60|1|12
        stillwater-mesa|Stillwater|RACE|5.513|20|92.9|.08|.08|.25|2|19
        tidepool-highland|Tídepool|RACE|4.304|17|76.5|.15|.06|.30|1|20
        umberfall|São Umberfall|RACE|4.309|15|70.5|.07|.35|.40|2|17
        violet-boulevard|Violet Boulevard|STREET|6.201|17|93.1|.07|.02|.35|1|6
        westering-sands|Westering|RACE|5.419|16|81.1|.12|.02|.25|2|17
        yewbridge-lagoon|Yewbridge|RACE|5.281|16|83.0|.12|.02|.20|1|13"""
    countries = ("norvale", "ostmark-isles", "tarrowland", "verdane")
    plain = str.maketrans("íã", "ia")
    circuits = []
    for i, row in enumerate(rows.split("\n")):
        circuit_id, place, kind, km, turns, lap, passing, wet, car, stops, hour = row.strip().split("|")
        grand_prix_id = place.lower().replace(" ", "-").translate(plain)
        circuits.append(
            Circuit(circuit_id, grand_prix_id, place, kind, float(km), int(turns), float(lap), float(passing), float(wet),
                    float(car), int(stops), int(hour), i % 3 != 2, countries[i % 4])
        )  # fmt: skip
    return tuple(circuits)


CIRCUITS = _circuits()


@dataclass(frozen=True)
class Swap:
    """A change of seats inside a season: from `round` on, `driver_in` sits where `driver_out` sat.

    `kind` is `replaced` (for the rest of the season), `exchanged` (two drivers trade teams) or `one_race` (a substitute).
    """

    season: int
    round: int
    team_id: str
    driver_out: str
    driver_in: str
    kind: str


@dataclass(frozen=True)
class RaceTruth:
    """What decided one race. Paces in seconds per lap of a 90-second lap, positive is faster.

    A driver's expected race pace is `driver_skill + driver_form + car_pace` of his seat. `retire_probability` is for the
    conditions that the race had. `run` is False for a weekend that has had its qualifying but not its race; its scenario
    flags are then None.
    """

    race_id: str
    season: int
    round: int
    circuit_id: str
    run: bool
    wet: bool | None
    wet_qualifying: bool
    safety_car: bool | None
    red_flag: bool | None
    seats: Mapping[str, str]
    driver_skill: Mapping[str, float]
    driver_form: Mapping[str, float]
    car_pace: Mapping[str, float]
    retire_probability: Mapping[str, float]
    gambled: tuple[str, ...] = ()

    def race_pace(self) -> dict[str, float]:
        """Expected dry race pace of every driver, s/lap."""
        return {d: self.driver_skill[d] + self.driver_form[d] + self.car_pace[t] for d, t in self.seats.items()}


@dataclass(frozen=True)
class SampleTruth:
    """What the sample league was made from; kept beside it as `truth.json`, which no reader looks at."""

    seed: int
    seasons: tuple[int, ...]
    rounds_run: Mapping[int, int]
    reset_seasons: tuple[int, ...]
    next_race_id: str | None
    swaps: tuple[Swap, ...]
    races: tuple[RaceTruth, ...]
    p_wet: Mapping[str, float] = field(default_factory=dict)
    hard_to_pass: Mapping[str, float] = field(default_factory=dict)
    effects_beyond_model: tuple[str, ...] = EFFECTS_BEYOND_THE_MODEL

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class Strengths:
    """The league's state as it moves from race to race; mutable because the league is told in order."""

    skill: dict[str, float]
    one_lap: dict[str, float]
    wet_skill: dict[str, float]
    error_rate: dict[str, float]
    form: dict[str, float]
    car: dict[str, float]
    car_one_lap: dict[str, float]
    breakdown_rate: dict[str, float]
    seats: dict[str, list[str]]

    @classmethod
    def at_birth(cls, rng: np.random.Generator) -> Strengths:
        ids = [d.driver_id for d in DRIVERS]
        teams = [t.team_id for t in TEAMS]
        regulars = 2 * len(teams)
        skill = {d: float(rng.normal(0.0 if i < regulars else -0.12, 0.14)) for i, d in enumerate(ids)}
        pairs = [ids[i] for i in rng.permutation(regulars)]
        league = cls(
            skill=skill,
            one_lap={d: float(rng.normal(0.0, 0.06)) for d in ids},
            wet_skill={d: float(rng.normal(0.0, 0.18)) for d in ids},
            error_rate={d: float(np.clip(0.03 * np.exp(rng.normal(0.0, 0.45)), 0.008, 0.12)) for d in ids},
            form=dict.fromkeys(ids, 0.0),
            car={t: float(rng.normal(0.0, 0.42)) for t in teams},
            car_one_lap=dict.fromkeys(teams, 0.0),
            breakdown_rate=dict.fromkeys(teams, 0.0),
            seats={t: pairs[2 * i : 2 * i + 2] for i, t in enumerate(teams)},
        )
        return league

    def new_season(self, rng: np.random.Generator, *, reset: bool, first: bool) -> None:
        """Winter: cars move, under new rules are dealt anew; two pairs trade teams, a reserve replaces a regular."""
        for team in self.car:
            kept, spread = (0.1, 0.5) if reset else (0.9, 0.0 if first else 0.12)
            self.car[team] = kept * self.car[team] + float(rng.normal(0.0, spread)) if not first else self.car[team]
            self.car_one_lap[team] = float(rng.normal(0.0, 0.08))
            rate = (0.06 if reset else 0.045) * np.exp(rng.normal(0.0, 0.45))
            self.breakdown_rate[team] = float(np.clip(rate, 0.01, 0.2))
        for driver in self.skill:
            self.form[driver] = 0.0
            self.skill[driver] += 0.0 if first else float(rng.normal(0.0, 0.03))
        if not first:
            for _ in range(2):
                self.exchange(*self._two_teams(rng), rng)
            self.replace(str(rng.choice(list(self.seats))), rng)

    def next_race(self, rng: np.random.Generator) -> None:
        """Between two races: development is a random walk, now and then with an upgrade that works."""
        for team in self.car:
            self.car[team] += float(rng.normal(0.0, 0.05)) + (0.18 if rng.random() < 0.05 else 0.0)
        level = float(np.mean(list(self.car.values())))
        for team in self.car:
            self.car[team] -= level
        for driver in self.skill:
            self.skill[driver] += float(rng.normal(0.0, 0.004))

    def learn_form(self, expected: list[str], classified: list[str]) -> None:
        """Momentum: finishing ahead of where one's pace belongs lifts the next races, and the other way round."""
        rank = {d: i for i, d in enumerate(expected)}
        for place, driver in enumerate(classified):
            surprise = float(np.clip((rank[driver] - place) / 8.0, -1.0, 1.0))
            self.form[driver] = 0.7 * self.form[driver] + 0.12 * surprise

    def reserves(self) -> list[str]:
        seated = {d for pair in self.seats.values() for d in pair}
        return [d.driver_id for d in DRIVERS if d.driver_id not in seated]

    def replace(self, team: str, rng: np.random.Generator) -> tuple[str, str]:
        """A reserve takes the weaker seat of `team`; returns (driver out, driver in)."""
        pair = self.seats[team]
        seat = 0 if self.skill[pair[0]] < self.skill[pair[1]] else 1
        leaving, coming = pair[seat], str(rng.choice(self.reserves()))
        pair[seat] = coming
        return leaving, coming

    def exchange(self, team: str, other: str, rng: np.random.Generator) -> tuple[str, str]:
        """One driver of `team` and one of `other` trade places; returns (driver leaving `team`, driver coming)."""
        a, b = int(rng.integers(2)), int(rng.integers(2))
        leaving, coming = self.seats[team][a], self.seats[other][b]
        self.seats[team][a], self.seats[other][b] = coming, leaving
        return leaving, coming

    def _two_teams(self, rng: np.random.Generator) -> tuple[str, str]:
        team, other = (str(t) for t in rng.choice(list(self.seats), size=2, replace=False))
        return team, other

    def mid_season(self, season: int, number: int, races: int, rng: np.random.Generator) -> list[Swap]:
        """The swaps that take effect at round `number`, and their doing. A third in somebody is replaced, halfway two trade."""
        swaps = []
        if number == max(2, races // 3):
            team = str(rng.choice(list(self.seats)))
            swaps.append(Swap(season, number, team, *self.replace(team, rng), "replaced"))
        if number == max(3, races // 2):
            team, other = self._two_teams(rng)
            out, coming = self.exchange(team, other, rng)
            swaps.append(Swap(season, number, team, out, coming, "exchanged"))
            swaps.append(Swap(season, number, other, coming, out, "exchanged"))
        return swaps

    def substitute(self, season: int, number: int, races: int, rng: np.random.Generator) -> Swap | None:
        """Who is ill this weekend, if this is the season's weekend for it. The seats go back after the race."""
        if number != max(1, races // 5):
            return None
        team = str(rng.choice(list(self.seats)))
        return Swap(season, number, team, self.seats[team][0], str(rng.choice(self.reserves())), "one_race")


def calendar_of(season: int, races: int, index: int) -> list[tuple[int, Circuit, date, bool]]:
    """(round, circuit, race Sunday, has sprint) of a season; two circuits sit out each year, in turn, of the 24."""
    out = {(5 * index + k * 11) % len(CIRCUITS) for k in range(2)}
    field_of = [c for i, c in enumerate(CIRCUITS) if i not in out]
    step = len(field_of) / races
    chosen = [field_of[int(i * step)] for i in range(races)]
    first = date(season, 3, 8)
    first += timedelta(days=(6 - first.weekday()) % 7)
    weeks = [round(k * 38 / max(races - 1, 1)) for k in range(races)] if races <= 22 else list(range(races))
    sprints = {max(1, round(races * share)) for share in (0.22, 0.45, 0.86)}
    return [(k + 1, c, first + timedelta(weeks=weeks[k]), k + 1 in sprints) for k, c in enumerate(chosen)]
