"""Memory that nothing wrote is given another content in each checked run.

What a program reads of it is what happened to be there: mostly zeros, so that sums in scratch that
was never cleared are right, until they are not. The C library fills what it hands out and what it
gets back where it is told to, in the very executable that is timed (glibc's tunables); the compiler
fills variables in a build for sanitizers, and their own allocator the rest.
"""

from __future__ import annotations

import random
from dataclasses import replace

from corr.optimize.inputs import Input

#: Bytes of which any number is large, of either sign: what is added to a result shows in it.
LARGE = (*range(0x45, 0x7F), *range(0xC5, 0xFF))
TUNABLES, ASAN = "GLIBC_TUNABLES", "ASAN_OPTIONS"
#: What fills variables on the stack.
VARIABLES = "-ftrivial-auto-var-init=pattern"
#: Bytes of one allocation that the address sanitizer fills.
MOST = 256 << 20


def filled(given: Input, chance: random.Random) -> Input:
    """The input, with a heap that holds a byte of its own before it is written.

    Not where a kernel is repeated: there its own traces of an earlier time are looked for.
    """
    if given.env.get("CORR_REPEAT", "1") != "1":
        return given
    # glibc fills what it hands out with the complement; small pieces only if it does not cache them
    byte = chance.choice(LARGE) ^ 0xFF
    words = f"glibc.malloc.perturb={byte}:glibc.malloc.tcache_count=0"
    return _with(given, TUNABLES, words)


def filled_by_sanitizer(given: Input) -> Input:
    """The same, for an executable with the address sanitizer, which has an allocator of its own."""
    return _with(given, ASAN, f"malloc_fill_byte={LARGE[-1]}:max_malloc_fill_size={MOST}")


def _with(given: Input, name: str, words: str) -> Input:
    found = ":".join(filter(None, (given.env.get(name), words)))
    return replace(given, env={**given.env, name: found})
