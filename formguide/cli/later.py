"""Commands that are imported when they are called: `formguide --help` names them all and loads none, and
forecasting one sport does not load the others."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

import click
import typer
from typer.core import TyperCommand


class Later(TyperCommand):
    """Stands for a command, or a group of them, until it is called.

    where: `module:name` of the function or the typer app, below `formguide.cli`. says: the first paragraph of
    its help. cls: which class of command the function becomes, told its module.
    """

    def __init__(
        self,
        name: str,
        where: str,
        says: str,
        cls: Callable[[ModuleType], type[TyperCommand]] = lambda _: TyperCommand,
    ) -> None:
        super().__init__(name, help=says)
        self._where = where
        self._cls = cls

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """A context of the command itself, which then is what runs."""
        return self.loaded().make_context(info_name, args, parent, **extra)

    def loaded(self) -> click.Command:
        """The command itself."""
        module_name, _, name = self._where.partition(":")
        module = import_module(f"formguide.cli.{module_name}")
        found = getattr(module, name)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer(add_completion=False)
            alone.command(self.name, cls=self._cls(module))(found)
            return typer.main.get_command(alone)
        group = typer.main.get_group(found)
        group.name = self.name
        return group
