"""What goes wrong, as exceptions that carry the engine's text."""

from __future__ import annotations


class SanError(Exception):
    """Anything that the engine says went wrong; the text says what, and what to do."""


class InvalidArgumentError(SanError, ValueError):
    """An argument is not what can be used."""


class CannotReadError(SanError, OSError):
    """A file is missing or cannot be read."""


class BadDataError(SanError, ValueError):
    """A picture or a model is damaged, or of a kind that is not read."""


class CancelledError(SanError):
    """The call was ended by whoever made it."""


BY_STATUS: dict[int, type[SanError]] = {
    1: InvalidArgumentError,
    2: CannotReadError,
    3: BadDataError,
    4: SanError,
    5: CancelledError,
}
