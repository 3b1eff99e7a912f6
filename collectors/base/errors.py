"""The error model: every failure that a user can meet says what, where and what to do."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How `corr` ends. Scripts rely on them; the README lists them."""

    ok = 0
    failed = 1  # or a gate says no
    usage = 2  # or configuration
    tool_missing = 3  # or the sandbox
    no_candidate = 4  # survived
    model_server = 5  # failed
    interrupted = 130  # as a shell says of a process that SIGINT ended


class CorrError(Exception):
    """Something failed. `fix` says what the reader can do about it."""

    exit_code = ExitCode.failed

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class UsageError(CorrError):
    """The command line or the configuration cannot be taken as it is."""

    exit_code = ExitCode.usage


class ToolMissing(CorrError):
    """A tool or the sandbox is not on this machine."""

    exit_code = ExitCode.tool_missing


class CompileError(CorrError):
    """The compiler refused the program; the message is the compiler's own."""
