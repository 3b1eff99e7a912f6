"""The error model: every failure that a user can meet says what, where and what to do."""

from __future__ import annotations


class CorrError(Exception):
    """Something failed (exit code 1). `fix` says what the reader can do about it."""

    exit_code = 1

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class UsageError(CorrError):
    """The command line or the configuration cannot be taken as it is (exit code 2)."""

    exit_code = 2


class ToolMissing(CorrError):
    """A tool or the sandbox is not on this machine (exit code 3)."""

    exit_code = 3


class CompileError(CorrError):
    """The compiler refused the program; the message is the compiler's own (exit code 1)."""
