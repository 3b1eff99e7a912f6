"""A corpus: modules as unoptimised bitcode, each with its command line, in a folder.

The layout is what ml-compiler-opt reads: `corpus_description.json` lists the modules by name;
NAME.bc is one's bitcode, NAME.cmd the arguments of `clang -cc1` between NUL bytes. It lists those
for training only, so that nothing is learned of the others; `corpus.json` lists all, with where
each came from and what it is for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from collectors.base.errors import UsageError
from corr.system.disk import disk_errors, write_whole

OURS, THEIRS = "corpus.json", "corpus_description.json"
FORMAT = 1
#: Of what is not held out, the share that chooses between policies.
VALIDATION = 0.2


class Split(StrEnum):
    """What a module is for."""

    train = "train"  # policies learn from it
    validation = "validation"  # chooses between policies
    held_out = "held-out"  # tells how good the chosen one is; looked at last


@dataclass(frozen=True)
class Module:
    """A module of the corpus. `sha256` is its bitcode's, `code` its compiled code's.

    `text` is the size of that code in bytes, compiled as its command line says.
    """

    name: str
    project: str
    source: str
    split: Split
    sha256: str
    code: str
    text: int


@dataclass(frozen=True)
class Corpus:
    """The modules in a folder, and the LLVM that wrote them."""

    folder: Path
    llvm: int
    held_out: float
    modules: tuple[Module, ...] = ()

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """Raises UsageError where there is no corpus of ours."""
        try:
            said = json.loads((folder / OURS).read_bytes())
            modules = msgspec.convert(said["modules"], tuple[Module, ...])
            if said["format"] != FORMAT:
                raise UsageError(f"{folder / OURS} was written by a newer corr", "upgrade corr")
            return cls(folder, int(said["llvm"]), float(said["held_out"]), modules)
        except FileNotFoundError as error:
            raise UsageError(
                f"{folder} holds no {OURS}", "make a corpus: corr policy corpus SOURCE... -o DIR"
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{folder / OURS} cannot be read: {error}") from error

    def bitcode(self, module: Module) -> Path:
        return self.folder / f"{module.name}.bc"

    def command(self, module: Module) -> list[str]:
        """The arguments of the module's `clang`, from -cc1 on."""
        return read_command(self.folder / f"{module.name}.cmd")

    def of(self, *splits: Split) -> list[Module]:
        return [module for module in self.modules if module.split in splits]

    @property
    def sound(self) -> str:
        """What tells this corpus from another: its modules' content, and what each is for."""
        told = sorted((m.sha256, m.split) for m in self.modules)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:16]

    def write(self) -> None:
        """Write both descriptions."""
        record = {
            "format": FORMAT,
            "llvm": self.llvm,
            "held_out": self.held_out,
            "modules": [asdict(module) for module in self.modules],
        }
        theirs: dict[str, Any] = {
            "has_thinlto": False,
            "modules": [module.name for module in self.of(Split.train, Split.validation)],
        }
        with disk_errors(self.folder):
            write_whole(self.folder / OURS, json.dumps(record, indent=1) + "\n")
            write_whole(self.folder / THEIRS, json.dumps(theirs, indent=1) + "\n")


def read_command(path: Path) -> list[str]:
    """A command line as ml-compiler-opt's tools write it. Raises UsageError."""
    try:
        words = path.read_text("utf-8", "surrogateescape").rstrip("\0\n").split("\0")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if words[0] != "-cc1":
        raise UsageError(f"{path} is not a command line of clang -cc1")
    return words


def write_command(path: Path, words: Sequence[str]) -> None:
    path.write_text("\0".join(words), "utf-8", "surrogateescape")


def split_of(project: str, source: str, held_out: float, apart: Iterable[str] = ()) -> Split:
    """What a module is for: by its name, so that it stays so in a corpus that grows.

    All of a project that is held `apart` is held out.
    """
    if project in apart:
        return Split.held_out
    share = _share(f"{project}/{source}")
    if share < held_out:
        return Split.held_out
    rest = (share - held_out) / (1 - held_out)
    return Split.validation if rest < VALIDATION else Split.train


def _share(text: str) -> float:
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
