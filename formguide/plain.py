"""Errors that say in one line what is wrong and what to do."""


class PlainError(Exception):
    """The message is for whoever asked: the `formguide` command prints it as it is, and no traceback."""


def not_installed(package: str, extra: str) -> str:
    """What to say where a package of one of the project's extras is missing."""
    return f"{package} is not installed: run pip install -e '.[{extra}]' -c constraints.txt in the project"
