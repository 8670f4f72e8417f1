"""The frame itself: what an import costs, and that the files of settings say what they should."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "jax", "numpyro", "dagster", "lightgbm", "matplotlib", "numba")


def imported_by(statement: str) -> set[str]:
    """The modules that are loaded after `statement` in a fresh interpreter."""
    script = f"{statement}\nimport sys\nprint(' '.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "module", ["formguide", "formguide.lake", "formguide.warehouse", "formguide.fetch", "formguide.show"]
)
def test_the_library_is_light_to_import(module: str) -> None:
    assert imported_by(f"import {module}").isdisjoint(HEAVY)


def test_no_sport_pulls_in_torch_or_dagster() -> None:
    sports = [p.parent.name for p in (ROOT / "formguide").glob("*/__init__.py") if p.parent.name != "cli"]
    loaded = imported_by("\n".join(f"import formguide.{sport}" for sport in sports))
    assert sports and loaded.isdisjoint({"torch", "jax", "numpyro", "dagster"})


def test_every_dependency_has_a_range_and_a_pin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    pinned = {
        line.partition("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    names = {requirement.partition(">")[0].partition("=")[0].lower() for requirement in wanted}
    assert names <= pinned


def test_dagster_is_told_to_be_quiet_and_careful() -> None:
    settings = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    assert settings["telemetry"] == {"enabled": False}
    assert settings["concurrency"]["runs"]["max_concurrent_runs"] == 2


def test_make_says_what_it_needs() -> None:
    run = subprocess.run(
        ["make", "PYTHON=no-such-python", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "make run" in run.stdout and "make test" in run.stdout


def test_an_old_python_is_refused_in_words(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14", "python"):
        (tools / name).write_text("#!/bin/sh\nexit 1\n")
        (tools / name).chmod(0o755)
    environment = {"PATH": f"{tools}:/usr/bin:/bin"}
    run = subprocess.run(["make", "install"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode != 0
    assert "needs Python 3.11 or newer and found none" in run.stderr
