"""The answer to a move that cannot be made."""

from collectors.base.errors import CorrError


class Refused(CorrError):
    """A move that cannot be applied, or must not be; the message says which rule and where."""
