"""Modules compiled by Dask's workers, which see the corpus at the same place.

How large code becomes hangs on the compiler alone, so every worker with the same LLVM counts,
whatever its machine. A compilation that is lost with its worker is begun anew elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from collectors.base import toolchain
from collectors.base.errors import CorrError
from collectors.base.foreign_text import one_line
from corr.policy.corpus import Module
from corr.policy.ledger import Trial, compiled
from corr.policy.modules import Builds
from corr.workers.hosts import described


@dataclass(frozen=True)
class Compilers:
    """The workers that have an LLVM. `threads`: compilations that they take at once."""

    client: Any
    chosen: tuple[str, ...]
    threads: int

    @classmethod
    def of(cls, client: Any, llvm: str) -> Compilers:
        """Those of a scheduler. Raises CorrError where none has this LLVM."""
        found = described(client)
        fit = {address: row for address, row in found.items() if row["llvm"] == llvm}
        if not fit:
            there = ", ".join(sorted({row["llvm"] or "none" for row in found.values()}))
            raise CorrError(f"no worker has LLVM {llvm} (they have {there})", "install the same")
        threads = sum(int(row["threads"] or 1) for row in fit.values())
        return cls(client, tuple(fit), threads)

    def text(self, builds: Builds, module: Module, trial: Trial) -> int | None:
        """Bytes of code of a trial; None where the compiler fails. Raises CorrError."""
        corpus = replace(builds.corpus, folder=builds.corpus.folder.absolute())
        future = self.client.submit(
            _text,
            replace(builds, corpus=corpus),
            module,
            trial,
            workers=list(self.chosen),
            pure=False,
        )
        error = future.exception()
        if error is not None:
            said = one_line(f"{type(error).__name__}: {error}", 200)
            raise CorrError(f"the workers cannot compile: {said}", "corr doctor --workers ADDRESS")
        found: int | None = future.result()
        return found


def _text(builds: Builds, module: Module, trial: Trial) -> int | None:
    """Runs on a worker, with the tools of its own."""
    tools = toolchain.find(str(builds.toolchain.major))
    if not builds.corpus.bitcode(module).exists():
        raise CorrError(f"{builds.corpus.folder} is not there: share it with the workers")
    return compiled(Builds(builds.corpus, tools, builds.limits), module, trial)
