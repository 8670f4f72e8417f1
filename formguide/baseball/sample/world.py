"""The sample league's fixed world: eight teams, their parks, the umpires, and names. All of it is invented.

Park and umpire effects are on the log scale of an outcome's weight: +0.05 makes the outcome some 5 % more
frequent.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Park:
    """A ballpark: what it does to singles, doubles and triples (`hit`) and to home runs (`homer`).

    `roof_type` as the documents give it; `temp_f` is an ordinary April afternoon's, `offset_hours` the local
    time's distance to UTC.
    """

    venue_id: int
    name: str
    roof_type: str
    hit: float
    homer: float
    temp_f: float
    offset_hours: int
    time_zone: str


@dataclass(frozen=True)
class Team:
    """A team and its park."""

    team_id: int
    place: str
    nickname: str
    code: str
    park: Park

    @property
    def name(self) -> str:
        """The whole name: Alder Bay Herons."""
        return f"{self.place} {self.nickname}"


TEAMS = (
    Team(9001, "Alder Bay", "Herons", "ALB",
         Park(9101, "Lantern Field", "Open", 0.02, -0.10, 55.0, -4, "EDT")),
    Team(9002, "Brackwater", "Lamplighters", "BRW",
         Park(9102, "Saltworks Park", "Open", -0.06, -0.16, 52.0, -4, "EDT")),
    Team(9003, "Copper Hollow", "Millers", "COP",
         Park(9103, "Smelter Grounds", "Open", 0.13, 0.22, 58.0, -6, "MDT")),
    Team(9004, "Dunmere", "Foxes", "DUN",
         Park(9104, "Dunmere Dome", "Dome", 0.0, 0.02, 72.0, -5, "CDT")),
    Team(9005, "Eastwick Ferry", "Pilots", "EAF",
         Park(9105, "Ropewalk Stadium", "Retractable", 0.03, 0.10, 66.0, -5, "CDT")),
    Team(9006, "Fallow County", "Crows", "FAL",
         Park(9106, "Threshing Floor", "Open", 0.05, 0.0, 57.0, -5, "CDT")),
    Team(9007, "Granite Pass", "Otters", "GRA",
         Park(9107, "Quarry Park", "Open", -0.10, -0.06, 61.0, -7, "PDT")),
    Team(9008, "Harrow Point", "Gulls", "HAR",
         Park(9108, "Breakwater Yard", "Retractable", -0.03, 0.06, 60.0, -7, "PDT")),
)  # fmt: skip
TEAM = {team.team_id: team for team in TEAMS}


@dataclass(frozen=True)
class Umpire:
    """An umpire and his strike zone: `zone` lifts strikeouts and lowers walks."""

    umpire_id: int
    name: str
    zone: float


UMPIRES = tuple(
    Umpire(980_001 + i, name, zone)
    for i, (name, zone) in enumerate(
        (
            ("Amos Birchfeather", 0.10),
            ("Cyrus Quillmoor", -0.08),
            ("Dorian Hatchwell", 0.03),
            ("Elias Thornbeck", -0.02),
            ("Felix Marrowdale", 0.07),
            ("Gideon Pennywhistle", -0.12),
            ("Horace Tallowby", 0.00),
            ("Ignatius Wrenfield", 0.05),
            ("Jasper Oakhollow", -0.05),
            ("Kit Summerscale", 0.01),
        )
    )
)

FIRST_NAMES = """
    Abel Anton Arlo Barnaby Bastian Benno Caleb Casimir Cato Conrad Dario Desmond Edwin Emeric Ezra Fabian
    Ferris Gaspar Gideon Hale Hector Ilan Ivor Jonas Jovan Kasper Kelvin Lambert Leif Lorenz Magnus Marlow
    Matteo Milo Nestor Niall Olek Orson Pascal Percy Quentin Rafe Remy Rufus Silas Soren Tobias Tomas Ulric
    Valentin Wendell Xavi Yorick Zeno
    """
LAST_NAMES = """
    Abernook Ashgrave Barleycote Beckwhistle Birkmantle Blackthistle Bramblethorpe Brightwater Cawdrell
    Cinderby Coldharrow Copperstone Crakehill Dapplewood Dewhallow Drakemoor Dunwhistle Elderquist Emberlyn
    Fairwether Fennimore Fernhollow Flintlock Foxglove Galebright Gorsefield Greyfallow Halewick Harthorne
    Hawkmarsh Hazelrigg Hollowell Inglebrook Ironmonger Juniperus Kestrelby Kingsfoil Larkmoor Lindenrow
    Loamfield Marchbanks Meadowlark Millstone Mistral Moorcastle Nettlefold Nightjar Oakenshaw Osterhaven
    Otterburn Peregrine Pikeswater Plumtree Quickbeam Ravenscar Redfern Rookwood Rosethorn Saltmarsh
    Sedgewick Silverdale Sparrowhawk Stonecrop Sundew Swiftwater Tanglewood Thistledown Thornapple Underhill
    Valerian Vetchling Wagtail Weatherby Whinfell Whitethorn Wintergreen Withywind Woodruff Wychelm Yarrowby
    """

POSITIONS = {
    "1": ("Pitcher", "Pitcher", "P"),
    "2": ("Catcher", "Catcher", "C"),
    "3": ("First Base", "Infielder", "1B"),
    "4": ("Second Base", "Infielder", "2B"),
    "5": ("Third Base", "Infielder", "3B"),
    "6": ("Shortstop", "Infielder", "SS"),
    "7": ("Outfielder", "Outfielder", "LF"),
    "8": ("Outfielder", "Outfielder", "CF"),
    "9": ("Outfielder", "Outfielder", "RF"),
    "10": ("Designated Hitter", "Hitter", "DH"),
    "11": ("Pinch Hitter", "Hitter", "PH"),
    "12": ("Pinch Runner", "Runner", "PR"),
}
"""Position code → name, type and abbreviation, as the documents write them."""
