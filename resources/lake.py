"""The lake and the folders beside it, as resources: what a deployment points elsewhere."""

import os
from pathlib import Path

import dagster as dg
import pydantic
from upath import UPath

from formguide.lake import Lake
from formguide.watch import named_folders


class LakeResource(dg.ConfigurableResource[Lake]):
    """The lake that every asset reads and writes; assets receive the `Lake` itself."""

    root: str

    def create_resource(self, context: dg.InitResourceContext) -> Lake:
        """The lake at `root`."""
        return Lake(UPath(self.root))


class WatchedFolders(dg.ConfigurableResource["WatchedFolders"]):
    """The folders whose files are the input of a sport, beside its inbox."""

    folders: list[str] = pydantic.Field(
        default=[],
        description="Folders of result files. 'formula1=/some/folder' is one sport's alone; every sport "
        "looks through the others for files of its own.",
    )

    def of(self, lake: Lake, sport: str) -> list[Path]:
        """Every folder to look into: the sport's inbox first, then those that somebody named."""
        return [lake.inbox(sport), *named_folders(self.folders, sport)]


def lake_root() -> str:
    """Where the lake is: `FORMGUIDE_LAKE`, or `data/lake` beside the platform's code."""
    return os.environ.get("FORMGUIDE_LAKE") or str(Path(__file__).resolve().parent.parent / "data" / "lake")


def watched_folders() -> list[str]:
    """The folders named by `FORMGUIDE_WATCH`, separated as in PATH."""
    return [folder for folder in os.environ.get("FORMGUIDE_WATCH", "").split(os.pathsep) if folder]
