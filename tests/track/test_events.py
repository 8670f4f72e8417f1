"""Which event a text means: names, abbreviations and codes of every source."""

from __future__ import annotations

import pytest

from formguide.track import events, programme
from formguide.track.events import UnknownEventError, find

CHECKPOINT_EVENTS = [
    *(f"{metres} Meters" for metres in (55, 60, 100, 200, 400, 500, 600, 800, 1000, 1500, 3000, 5000)),
    *("Mile", "10,000 Meters", "3000 Steeplechase"),
    *(f"{metres} Hurdles" for metres in (55, 60, 100, 110, 400)),
    *("High Jump", "Pole Vault", "Long Jump", "Triple Jump"),
    *("Shot Put", "Weight Throw", "Discus", "Hammer", "Javelin"),
    *("Pentathlon", "Heptathlon", "Decathlon"),
]


@pytest.mark.parametrize("name", CHECKPOINT_EVENTS)
def test_tfrrs_names_are_the_canonical_ones(name: str) -> None:
    assert find(name).name == name
    assert find(f"{name} (Men)") == find(name)


@pytest.mark.parametrize(
    ("text", "gender", "name"),
    [
        ("60H", "women", "60 Hurdles"),
        ("60 Meters (Indoor)", None, "60 Meters"),
        ("10000", None, "10,000 Meters"),
        ("10,000 Metres", None, "10,000 Meters"),
        ("3000S", None, "3000 Steeplechase"),
        ("3000 Meter Steeplechase", None, "3000 Steeplechase"),
        ("SP", "men", "Shot Put"),
        ("WT", "women", "Weight Throw"),
        ("Hep", "women", "Heptathlon"),
        ("DMR", None, "Distance Medley Relay"),
        ("4x400", None, "4 x 400 Relay"),
        ("4 x 400 Relay (Women)", None, "4 x 400 Relay"),
        ("4x1600", None, "4 x 1600 Relay"),
        ("4 x 1 Mile Relay", None, "4 x Mile Relay"),
        ("600 yd", None, "600 Yards"),
        ("1100", None, "1100 Meters"),
        ("100-metres", None, "100 Meters"),
        ("long-jump", None, "Long Jump"),
        ("60H76.2", "W", "60 Hurdles (76.2 cm)"),
        ("60H76.2-8.00", "W", "60 Hurdles (76.2 cm, 8.00 m)"),
        ("110H100", "M", "110 Hurdles (99.1 cm)"),
        ("400H84", "M", "400 Hurdles (83.8 cm)"),
        ("100H83.8", "W", "100 Hurdles"),
        ("SP4", "W", "Shot Put"),
        ("SP4", "M", "Shot Put (4 kg)"),
        ("SP5.44", "M", "Shot Put (5.44 kg)"),
        ("JT500", "W", "Javelin (500 g)"),
        ("JT600", "W", "Javelin"),
        ("DT1.75", "M", "Discus (1.75 kg)"),
        ("HT6", "W", "Hammer (6 kg)"),
        ("WT7.26", "W", "Weight Throw (7.26 kg)"),
        ("10K", None, "10 km Road"),
        ("HM", None, "Half Marathon"),
        ("Mar", None, "Marathon"),
        ("10M", None, "10 Miles Road"),
        ("2M", None, "2 Miles"),
        ("MileR", None, "Mile Road"),
        ("500R", None, "500 Meters Road"),
        ("20W", None, "20 km Race Walk"),
        ("15.6W", None, "15.6 km Race Walk"),
        ("10000W", None, "10,000 Race Walk"),
        ("20 Kilometres Race Walk", None, "20 km Race Walk"),
        ("Decj", "M", "Decathlon (U20)"),
        ("Hepy", "W", "Heptathlon (U18)"),
        ("Hepi", "M", "Heptathlon"),
        ("Quay", "W", "Quadrathlon (U18)"),
        ("Peny17S", "W", "Pentathlon (U18, 17S)"),
        ("1H", None, "One Hour Run"),
        ("CC", None, "Cross Country"),
        ("8K", None, "8 km Road"),
    ],
)
def test_abbreviations_and_codes(text: str, gender: str | None, name: str) -> None:
    event = find(text, gender)
    assert event.name == name
    assert find(event.name, gender) == event, "a canonical name means its own event"


@pytest.mark.parametrize("text", ["8K", "4M", "6.2M", "4.97M", "10K"])
def test_colleges_run_their_kilometres_across_country(text: str) -> None:
    event = find(text, source="tfrrs")
    assert event.name == "Cross Country" and not event.individual


def test_what_is_no_individual_event_says_so() -> None:
    assert not any(find(text).individual for text in ("4x100", "DMR", "CC", "RR", "MR", "Com"))
    assert all(find(text).individual for text in ("100", "Dec", "10K", "20W"))


@pytest.mark.parametrize("text", ["", "7", "12345", "Meters", "10.47", "Sprint", "4x", "SP?", "Pole", "nan"])
def test_what_is_no_event_raises(text: str) -> None:
    with pytest.raises(UnknownEventError):
        find(text)


def test_an_unknown_event_names_what_is_near() -> None:
    with pytest.raises(UnknownEventError, match=r"is no event that is known; near names: Triple Jump"):
        find("Triple Jmp")


def test_a_gender_is_men_or_women() -> None:
    assert [events.gender_of(text) for text in ("M", "Men", "F", "women", "W")] == [
        "men",
        "men",
        *["women"] * 3,
    ]
    with pytest.raises(ValueError, match="'x' is no gender"):
        find("100", "x")


def test_weights_and_heights_are_the_rule_books() -> None:
    assert find("SP").implement_g == {"men": 7260, "women": 4000}
    assert find("JT").implement_g == {"men": 800, "women": 600}
    assert find("400H").hurdle_cm == {"men": 91.4, "women": 76.2}
    assert find("SP3", "women").implement_g["women"] == 3000
    assert find("60H91.4", "men").hurdle_cm["men"] == 91.4


def test_families_join_events_that_speak_of_one_another() -> None:
    for one, other in (
        ("60", "100"),
        ("800", "Mile"),
        ("60H", "110H"),
        ("SP3", "SP"),
        ("HT", "WT"),
        ("3000", "5000"),
    ):
        assert find(one).family == find(other).family, (one, other)
    for one, other in (("100", "400"), ("HJ", "PV"), ("60H", "400H"), ("5000", "5K"), ("DT", "HT")):
        assert find(one).family != find(other).family, (one, other)


def test_every_standard_event_has_a_group_a_unit_and_a_direction() -> None:
    for event in programme.events():
        assert event.group in programme.GROUPS or not event.individual
        assert event.lower_is_better == (event.unit == "sec"), event.name
        assert find(event.name) is event
    assert find("100").better(10.1, 10.2) and find("LJ").better(7.1, 7.0)
    assert find("100").best([10.2, 10.1]) == 10.1 and find("LJ").best([6.9, 7.1]) == 7.1


def test_wind_matters_where_the_rules_measure_it() -> None:
    assert all(find(text).wind_matters for text in ("100", "200", "100H", "110H", "LJ", "TJ"))
    assert not any(find(text).wind_matters for text in ("400", "400H", "HJ", "SP", "800"))
