"""Errors that say in one line what is wrong and what to do."""


class PlainError(Exception):
    """The message is for whoever asked: the `formguide` command prints it as it is, and no traceback."""
