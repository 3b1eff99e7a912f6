"""How the program under study is started, and what its ending means."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from collectors.base import process
from collectors.base.errors import CorrError
from collectors.base.process import Completed

#: The program may append `kernel_seconds 0.123` lines to the file that this variable names.
TIMES_VARIABLE = "CORR_TIMES"
#: Bytes of the program's own stdout and stderr that are kept for a message.
KEPT_OUTPUT = 1024 * 1024


@dataclass(frozen=True)
class Invocation:
    """One way to run the program: what `binary args < stdin` in `cwd` would do.

    `env` is added to the caller's environment; `timeout` is in seconds of wall time. An exit
    status that is not in `ok_status` is a failure.
    """

    binary: Path
    args: tuple[str, ...] = ()
    stdin: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    timeout: float = 600.0
    ok_status: tuple[int, ...] = (0,)

    @property
    def argv(self) -> tuple[str, ...]:
        """The command; the binary is absolute because `cwd` may be another folder."""
        return (os.path.abspath(self.binary), *self.args)

    def environment(self, **additions: str) -> dict[str, str]:
        """The caller's environment with `env` and `additions`.

        CORR_TIMES is only there when it is one of the `additions`: a run under a tool must not
        mix its slow times into those of the real runs.
        """
        merged = os.environ | dict(self.env)
        merged.pop(TIMES_VARIABLE, None)
        return merged | additions

    def run(
        self,
        tool: Sequence[str | Path] = (),
        *,
        additions: Mapping[str, str] | None = None,
        discard: bool = False,
        stdout: Path | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Run the program, or `tool` with the program's command after it.

        Up to 1 MiB each of stdout and stderr are kept, or none with `discard`; `failure` tells
        what its ending means. Raises ToolMissing or CorrError when it cannot be started.
        """
        done = process.run(
            [*tool, *self.argv],
            cwd=self.cwd,
            env=self.environment(**(additions or {})),
            stdin=self.stdin,
            stdout=stdout,
            discard=discard,
            timeout=self.timeout if timeout is None else timeout,
            limit=KEPT_OUTPUT,
        )
        return replace(done, ok_status=self.ok_status)


def failure(done: Completed) -> CorrError | None:
    """Why the program did not work, as an error to raise or report; None if it worked."""
    if done.ok:
        return None
    name = Path(done.argv[0]).name
    said = _said(done)
    if done.timed_out:
        return CorrError(
            f"{name}: {done.ending()} (time limit){said}",
            "give it a smaller input with --run-args, or a longer --time-limit",
        )
    if done.returncode < 0:
        return CorrError(
            f"{name} crashed: {done.ending()}{said}",
            "run it by hand under a debugger: it must end well before it can be measured",
        )
    return CorrError(
        f"{name} ended with {done.ending()}{said}",
        "arguments: --run-args; input: --stdin FILE; if this status is right: --ok-status",
    )


def _said(done: Completed) -> str:
    last = done.last_lines()
    return f"\n{last}" if last else ""
