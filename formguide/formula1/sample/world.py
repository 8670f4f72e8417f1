"""The fictional championship's world: drivers, teams, circuits and calendar.

Everything here is invented; no id, name or place belongs to the real sport.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

TYRE_MAKER = "gripwell"
POINTS = (25, 18, 15, 12, 10, 8, 6, 4, 2, 1)
SPRINT_POINTS = (8, 7, 6, 5, 4, 3, 2, 1)
# Until 2022 a sprint set the grid of the race and had no qualifying of its own.
LAST_SEASON_OF_SPRINT_FOR_GRID = 2022
# The real rule of those years, so that points tables look familiar.
LAST_SEASON_WITH_FASTEST_LAP_POINT = 2024


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

    `quali_lap_sec` is a dry qualifying lap at average pace; `hard_to_pass` the pace advantage (seconds per
    lap) that a pass needs; `p_wet` and `p_safety_car` are per race, the latter before the accidents that
    bring one out are counted.
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
    def where(self) -> tuple[float, float]:
        """Latitude and longitude, made from the length: nothing depends on them."""
        return 5.0 + 7.3 * self.length_km, -40.0 + 11.0 * self.length_km

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
        drivers.append(
            Driver(
                driver_id,
                first,
                last,
                code,
                number,
                countries[i % 4],
                f"{1986 + i % 20}-0{1 + i % 9}-1{i % 10}",
            )
        )
    return tuple(drivers)


DRIVERS = _drivers()
TEAMS = tuple(
    Team(
        f"{word.lower()}-{tail}",
        f"{word} {tail.title()}",
        f"{word} {tail.title()} Formula Team",
        engine,
        country,
    )
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
            Circuit(
                circuit_id,
                grand_prix_id,
                place,
                kind,
                float(km),
                int(turns),
                float(lap),
                float(passing),
                float(wet),
                float(car),
                int(stops),
                int(hour),
                i % 3 != 2,
                countries[i % 4],
            )
        )
    return tuple(circuits)


CIRCUITS = _circuits()


def calendar_of(season: int, races: int, index: int) -> list[tuple[int, Circuit, date, bool]]:
    """(round, circuit, race Sunday, has sprint) of a season; of the 24 circuits two sit out, in turn."""
    out = {(5 * index + k * 11) % len(CIRCUITS) for k in range(2)}
    field_of = [c for i, c in enumerate(CIRCUITS) if i not in out]
    step = len(field_of) / races
    chosen = [field_of[int(i * step)] for i in range(races)]
    first = date(season, 3, 8)
    first += timedelta(days=(6 - first.weekday()) % 7)
    weeks = [round(k * 38 / max(races - 1, 1)) for k in range(races)] if races <= 22 else list(range(races))
    sprints = {max(1, round(races * share)) for share in (0.22, 0.45, 0.86)}
    return [(k + 1, c, first + timedelta(weeks=weeks[k]), k + 1 in sprints) for k, c in enumerate(chosen)]
