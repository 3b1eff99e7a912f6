"""A program under study that may be hostile: run as any other by the layers, but confined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from collectors.base.invocation import KEPT_OUTPUT, TIMES_VARIABLE, Invocation
from collectors.base.process import Completed
from collectors.base.scratch import scratch
from collectors.sandbox import confined
from collectors.sandbox.confined import Limits
from collectors.sandbox.places import Place

#: Files that a program is told to write by the environment, and how large they may be.
_WRITTEN = {TIMES_VARIABLE: 1 << 20, "LLVM_PROFILE_FILE": 64 << 20}


@dataclass(frozen=True)
class ConfinedInvocation(Invocation):
    """The same way to run the program, inside the sandbox; a tool runs outside and watches.

    `readonly` and `places` are what the program finds besides itself. Of the caller's environment
    it has nothing. Files that it is told to write are copied to where they were asked for.
    """

    readonly: tuple[Path, ...] = ()
    places: tuple[Place, ...] = ()

    def run(
        self,
        tool: Sequence[str | Path] = (),
        *,
        additions: Mapping[str, str] | None = None,
        discard: bool = False,
        stdout: Path | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """As Invocation's. Raises CorrError also where the sandbox does not start."""
        written = {name: path for name, path in (additions or {}).items() if name in _WRITTEN}
        longest = self.timeout if timeout is None else timeout
        with scratch("confined") as folder:
            done = confined.run(
                self.argv,
                readonly=self.readonly,
                writable=folder,
                outputs=list(written),
                places=self.places,
                env={**self.env, **{name: str(folder / name) for name in written}},
                cwd=self.cwd,
                stdin=self.stdin,
                limits=Limits(wall=longest, cpu=max(longest, Limits.cpu), kept=KEPT_OUTPUT),
                discard=discard or stdout is not None,
                ok_status=self.ok_status,
                watcher=tool,
            )
            for name, path in written.items():
                content = confined.read_output(folder, name, _WRITTEN[name])
                # one process wrote it, whatever its number
                Path(path.replace("%p", "confined").replace("%%", "%")).write_bytes(content)
        return done
