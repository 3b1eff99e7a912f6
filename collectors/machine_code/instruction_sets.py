"""Which instruction set a binary has: the modules that answer `isa.InstructionSet`'s questions."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from pathlib import Path

from collectors.base import elf
from collectors.base.errors import CorrError
from collectors.machine_code.aarch64 import AARCH64
from collectors.machine_code.isa import InstructionSet
from collectors.machine_code.x86 import X86_32, X86_64

#: By the machine in an ELF header.
_KNOWN: dict[str, InstructionSet] = {
    "EM_X86_64": X86_64,
    "EM_386": X86_32,
    "EM_AARCH64": AARCH64,
}
_HOSTS: dict[str, InstructionSet] = {"x86_64": X86_64, "i686": X86_32, "aarch64": AARCH64}


def machine(binary: Path) -> str:
    """What a binary is for, in words; empty for a file that is not ELF."""
    try:
        with elf.opened(binary) as file:
            return str(file.get_machine_arch())
    except CorrError:
        return ""


def of_binary(binary: Path) -> InstructionSet | None:
    """The instruction set of a binary; None for one that corr does not read."""
    try:
        with elf.opened(binary) as file:
            return _KNOWN.get(file["e_machine"])
    except CorrError:
        return None


def of_host() -> InstructionSet | None:
    """The instruction set of this machine."""
    return _HOSTS.get(platform.machine())


def of_operands(operands: Iterable[str | None]) -> InstructionSet:
    """The instruction set that disassembled operands are of: AT&T syntax marks registers."""
    return X86_64 if any("%" in text for text in operands if text) else AARCH64
