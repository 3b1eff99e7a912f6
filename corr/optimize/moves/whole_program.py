"""Moves for a whole program: what it is compiled for, how it is linked, laid out, and run.

None of them changes what the sources say: the compiler is given a profile of the program's runs,
it sees all files at once, or the program finds other settings of the C library where it runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from corr.optimize.gate.refusal import Refused
from corr.optimize.layout import RELOCATIONS
from corr.optimize.variant import Move, Variant

#: glibc's settings of its allocator, the only ones of the environment that may be changed.
_TUNABLES = "GLIBC_TUNABLES"
_SETTING = re.compile(
    r"glibc\.malloc\.(?:trim_threshold|mmap_threshold|top_pad|hugetlb|arena_max|mmap_max"
    r"|tcache_count|tcache_max|mxfast)=\d{1,19}"
)
_LINK_TIME = ("full", "thin")
#: What takes the place of the code that BOLT would move.
_FIXED = ("-static", "-Wl,-r", "-Wl,--strip-all", "-Wl,-s", "-s")


@dataclass(frozen=True)
class Profile(Move):
    """The compiler is given a profile of the variant's own runs."""

    kind: ClassVar[str] = "profile"

    def changed(self, variant: Variant) -> Variant:
        if variant.trained:
            raise Refused("it is compiled with a profile already")
        flags = [f for u in variant.program.units for f in u.flags]
        if any(f.startswith(("-fprofile-use", "-fprofile-instr-use")) for f in flags):
            raise Refused("the program is compiled with a profile of its own")
        return replace(variant, trained=True)

    def describe(self) -> str:
        return "profile-guided"

    def called(self) -> str:
        return self.describe()


@dataclass(frozen=True)
class LinkTime(Move):
    """All files are optimised together when they are linked, by lld."""

    mode: str = "full"
    kind: ClassVar[str] = "lto"

    def changed(self, variant: Variant) -> Variant:
        if self.mode not in _LINK_TIME:
            raise Refused(f"link-time optimisation is {' or '.join(_LINK_TIME)}")
        flags = [f for u in variant.program.units for f in (*u.flags, *variant.flags)]
        if any(f.startswith("-flto") for f in flags):
            raise Refused("it is optimised when it is linked already")
        given = any(f.startswith(("-fuse-ld", "--ld-path")) for f in variant.program.link_flags)
        link = () if given else ("-fuse-ld=lld",)
        flag = f"-flto={self.mode}"
        return replace(variant, flags=(*variant.flags, flag), link=(*link, *variant.link))

    def describe(self) -> str:
        return f"-flto={self.mode}"

    def called(self) -> str:
        return self.describe()


@dataclass(frozen=True)
class Layout(Move):
    """BOLT puts blocks and functions in the order in which the variant's own runs take them."""

    kind: ClassVar[str] = "layout"

    def changed(self, variant: Variant) -> Variant:
        if variant.laid_out:
            raise Refused("its code is laid out already")
        if any(flag in _FIXED for flag in variant.program.link_flags):
            raise Refused("it is linked so that its code cannot be moved")
        return replace(variant, laid_out=True, link=(*variant.link, RELOCATIONS))

    def describe(self) -> str:
        return "laid out by BOLT"

    def called(self) -> str:
        return self.describe()


@dataclass(frozen=True)
class Allocator(Move):
    """Settings of glibc's allocator, by the environment that the program is run in."""

    settings: tuple[str, ...]
    kind: ClassVar[str] = "environment"

    def changed(self, variant: Variant) -> Variant:
        for setting in self.settings:
            if not _SETTING.fullmatch(setting):
                raise Refused("only settings of glibc's allocator may be made, by numbers")
        if _TUNABLES in variant.program.run.env:
            raise Refused(f"the program is run with {_TUNABLES} of its own")
        kept = tuple(pair for pair in variant.environment if pair[0] != _TUNABLES)
        return replace(variant, environment=(*kept, (_TUNABLES, ":".join(self.settings))))

    def describe(self) -> str:
        return f"{_TUNABLES}={':'.join(self.settings)}"

    def called(self) -> str:
        return self.describe()
