"""Under which licence an exported folder comes: what whoever exports it says, and never more than that.

Workouts belong to those who ran them and to the sites that they left them with: no program knows their
licence. Unless one is named a folder says that none was. The sample league is Formguide's own, under its
licence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OF_THE_HUB = frozenset(
    re.split(
        r"\s+",
        "afl-3.0 apache-2.0 bsd bsd-2-clause bsd-3-clause cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 "
        "cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 "
        "cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cdla-permissive-1.0 "
        "cdla-permissive-2.0 cdla-sharing-1.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-3.0 mit mpl-2.0 odbl odc-by "
        "openrail pddl unlicense",
    )
)
"""Identifiers that the Hugging Face hub knows, those of code that nobody gives to data left out."""

OF_THE_SAMPLE = "mit"
NOT_NAMED = "not-named"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+_-]{0,79}")


@dataclass(frozen=True)
class Licence:
    """A licence as it was named; None: nobody named one. ours: Formguide's own, of what it generated."""

    name: str | None
    ours: bool = False

    def front(self) -> dict[str, str]:
        """The lines of a card's header: what the hub does not know is another licence, by its name."""
        short = (self.name or NOT_NAMED).lower().replace(" ", "-")
        return {"license": short} if short in OF_THE_HUB else {"license": "other", "license_name": short}

    def said(self) -> str:
        """One line of a card."""
        if self.name is None:
            return (
                "**Licence of the workouts: not named.** Whoever exported this did not say under which "
                "licence they come: ask before you pass anything on."
            )
        if self.ours:
            own = "Formguide's own: its sample league generated them"
            return f"**Licence of the workouts: {self.name}**, {own}."
        return f"**Licence of the workouts: {self.name}**, as whoever exported this says."


def licence(name: str | None, is_sample: bool) -> Licence:
    """What was named; of the sample league, where nothing was, Formguide's own. Raises ValueError where it is
    no name of a licence."""
    if name is None:
        return Licence(OF_THE_SAMPLE, ours=True) if is_sample else Licence(None)
    if not _NAME.fullmatch(name.strip()):
        raise ValueError(f"{name!r} is no licence: name one as cc-by-4.0, odbl, mit")
    return Licence(name.strip())
