"""One name for everybody: aliases, codes, names that moved on, newcomers and misspellings."""

from __future__ import annotations

import pytest

from formguide.formula1 import ids
from formguide.formula1.ids import UnknownNameError


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        ("VER", "max-verstappen"),
        ("max_verstappen", "max-verstappen"),
        ("Sergio Pérez", "sergio-perez"),
        ("andrea-kimi-antonelli", "kimi-antonelli"),
        ("Andrea Kimi Antonelli", "kimi-antonelli"),
        ("Carlos Sainz", "carlos-sainz-jr"),
        ("zhou", "guanyu-zhou"),
        ("kevin_magnussen", "kevin-magnussen"),
        ("arvid-lindblad", "arvid-lindblad"),
    ],
)
def test_drivers_by_code_alias_and_name(text: str, driver: str) -> None:
    assert ids.find_driver(text) == driver


def test_every_code_of_2025_finds_its_driver() -> None:
    codes = ["VER", "NOR", "PIA", "LEC", "HAM", "RUS", "SAI", "ALO", "STR", "GAS", "OCO", "ALB", "TSU"]
    codes += ["HUL", "LAW", "HAD", "ANT", "BEA", "BOR", "COL", "DOO"]
    assert [ids.driver_code(ids.find_driver(code)) for code in codes] == codes


@pytest.mark.parametrize(
    ("text", "season", "constructor"),
    [
        ("McLaren-Mercedes", 2025, "mclaren"),
        ("Red Bull Racing", 2025, "red-bull"),
        ("Sauber", 2025, "kick-sauber"),
        ("sauber", 2016, "sauber"),
        ("rb", 2024, "rb"),
        ("rb", 2026, "racing-bulls"),
        ("Racing Bulls", 2024, "rb"),
        ("Racing Bulls", None, "racing-bulls"),
        ("alfa", 2020, "alfa-romeo"),
        ("manor", 2015, "marussia"),
        ("manor", 2016, "manor"),
        ("Haas F1 Team", 2025, "haas"),
        ("audi", 2026, "audi"),
        ("cadillac", 2026, "cadillac"),
    ],
)
def test_constructors_by_the_name_they_bore(text: str, season: int | None, constructor: str) -> None:
    assert ids.find_constructor(text, season) == constructor


@pytest.mark.parametrize(
    ("constructor", "team"),
    [
        ("toro-rosso", "racing-bulls"),
        ("alphatauri", "racing-bulls"),
        ("rb", "racing-bulls"),
        ("sauber", "audi"),
        ("alfa-romeo", "audi"),
        ("kick-sauber", "audi"),
        ("force-india", "aston-martin"),
        ("racing-point", "aston-martin"),
        ("lotus-f1", "alpine"),
        ("renault", "alpine"),
        ("marussia", "manor"),
        ("ferrari", "ferrari"),
        ("never-heard-of", "never-heard-of"),
    ],
)
def test_the_team_that_continues(constructor: str, team: str) -> None:
    assert ids.lineage(constructor) == team


def test_lineages_end_at_a_known_constructor_that_continues_in_nothing_else() -> None:
    teams = ids.known_names().entities["constructor"]
    for entity in teams.values():
        assert ids.lineage(ids.lineage(entity.id)) == ids.lineage(entity.id)
        assert ids.lineage(entity.id) in teams


def test_every_entity_is_found_by_its_own_id_and_name() -> None:
    names = ids.known_names()
    for kind, entities in names.entities.items():
        for entity in entities.values():
            assert names.find(kind, entity.id) == entity.id
            assert names.find(kind, entity.name) == entity.id


def test_a_misspelling_is_refused_with_the_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="did you mean lando-norris"):
        ids.find_driver("lando-noris")
    with pytest.raises(UnknownNameError, match="did you mean lando-norris"):
        ids.find_driver("NORR")
    names = ids.names_of_tree({})
    with pytest.raises(UnknownNameError) as error:
        names.resolve("constructor", "aston-marton")
    assert error.value.suggestion == "aston-martin"
    assert not names.newcomers


def test_a_newcomer_is_taken_as_a_slug_and_remembered_apart() -> None:
    names = ids.names_of_tree({})
    assert names.resolve("driver", "brandnewface") == "brandnewface"
    assert names.resolve("driver", "new_face", "Zoë New-Face") == "zoe-new-face"
    assert set(names.newcomers.values()) == {"brandnewface", "zoe-new-face"}
    assert names.resolve("driver", "salo", "Mika Salo") == "mika-salo"
    assert names.resolve("driver", "leclere", "Michel Leclère") == "michel-leclere"
    assert not ids.names_of_tree({}).newcomers


def test_the_trees_own_folders_add_names() -> None:
    files = {
        "drivers/lando-noris.yml": b"id: lando-noris\nname: Lando Noris\nabbreviation: LNN\n",
        "drivers/broken.yml": b"id: [",
        "drivers/andrea-kimi-antonelli.yml": b"id: andrea-kimi-antonelli\nname: Kimi Antonelli\n",
    }
    names = ids.names_of_tree(files)
    assert names.find("driver", "LNN") == "lando-noris"
    assert names.resolve("driver", "lando-noris") == "lando-noris"
    assert names.find("driver", "andrea-kimi-antonelli") == "kimi-antonelli"


def test_drivers_of_the_field_count_as_known() -> None:
    assert ids.find_driver("XAN", field=["zeno-xanthos"]) == "zeno-xanthos"
    assert ids.find_driver("zeno xanthos", field=["zeno-xanthos"]) == "zeno-xanthos"
    assert ids.find_driver("VER", field=["zeno-xanthos"]) == "max-verstappen"


def test_names_for_people() -> None:
    assert ids.display_name("grand prix", "sao-paulo") == "São Paulo Grand Prix"
    assert ids.display_name("driver", "zeno-xanthos") == "Zeno Xanthos"
    assert ids.driver_code("zeno-xanthos") == "XAN"
