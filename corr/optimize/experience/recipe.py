"""A recipe: an accepted edit of a model, with the evidence it needs, for loops that are alike.

Recipes lie in the lake's folder `recipes`, a JSON file each, to be read and deleted. Such a file is
foreign input: what is made of it passes the gate, the sandbox and the judge like a model's reply.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from collectors.base.foreign_text import one_line
from corr.optimize.experience.seen import BOUND, REMARK
from corr.system.disk import write_whole

FOLDER = "recipes"
FORMAT = 1
#: Bytes of a file, and files of a folder, that are read.
LARGEST, MOST = 1 << 15, 128
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
#: What hides what a text says, or has a terminal obey it.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_UNFIT = re.compile(r"[^A-Za-z0-9_.+-]")


@dataclass(frozen=True)
class Recipe:
    """`old` loops become `new`, `before` stands before their function; or flags and directives.

    `types` are those of names in `old`; `evidence` what was seen there; the rest says whence it is.
    """

    name: str
    program: str
    session: str
    gain: float
    reason: str = ""
    model: str = ""
    evidence: tuple[str, ...] = ()
    old: str = ""
    new: str = ""
    before: str = ""
    types: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """What proposals made of it are called."""
        return f"recipe {self.name}"

    @property
    def kind(self) -> str:
        """The kinds of move that it makes."""
        parts = {"flags": self.flags, "pragma": self.directives, "source": self.old}
        return "+".join(kind for kind, part in parts.items() if part)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of finding of which one has to be seen at a place."""
        return tuple(one for one in self.evidence if not one.startswith((BOUND, REMARK)))

    def text(self) -> str:
        """The file."""
        record = {"format": FORMAT, **{k: v for k, v in asdict(self).items() if v}}
        return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def named(program: str, **more: Any) -> Recipe:
    """A recipe with a name of its own, the same for the same edit."""
    what = [more.get(name) for name in ("old", "new", "before", "flags", "directives")]
    digest = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:8]
    return Recipe(f"{_UNFIT.sub('_', program)[:60] or '_'}-{digest}", program, **more)


def keep(root: Path, recipe: Recipe) -> bool:
    """Write a recipe into a lake; False where it is there already. Raises ValueError, OSError."""
    _check(recipe)
    place = root / FOLDER / f"{recipe.name}.json"
    if place.exists():
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    write_whole(place, recipe.text().encode())
    return True


def recipes(root: Path) -> tuple[list[Recipe], list[tuple[str, str]]]:
    """The recipes of a lake by name, and which files are none, and why."""
    found: list[Recipe] = []
    bad: list[tuple[str, str]] = []
    for path in _files(root / FOLDER):
        try:
            found.append(_read(path))
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            bad.append((one_line(path.name, 80), one_line(str(error), 120)))
    return found, bad


def _files(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from sorted(path for path in folder.iterdir() if path.suffix == ".json")[:MOST]


def _read(path: Path) -> Recipe:
    """The recipe of a file. Raises OSError, and ValueError and its like for what is none."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("no file")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"more than {LARGEST >> 10} kB")
    record = json.loads(content.decode("utf-8"))
    if not isinstance(record, dict) or record.pop("format", None) != FORMAT:
        raise ValueError("no recipe of this version")
    unknown = sorted(record.keys() - {f.name for f in fields(Recipe)})
    if unknown:
        raise ValueError(f"not known: {', '.join(map(str, unknown))}")
    recipe = Recipe(**{name: _frozen(value) for name, value in record.items()})
    _check(recipe)
    if not _NAME.fullmatch(recipe.name) or recipe.name != path.stem:
        raise ValueError("its name is not that of its file")
    return recipe


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _check(recipe: Recipe) -> None:
    texts = ("name", "program", "session", "reason", "model", "old", "new", "before")
    lists = ("evidence", "flags", "directives")
    given = [getattr(recipe, name) for name in texts]
    given += [word for name in lists for word in _words(getattr(recipe, name))]
    given += [word for pair in _words(recipe.types) for word in pair]
    if not all(isinstance(text, str) for text in given):
        raise TypeError("texts are expected")
    for text in given:
        text.encode()
        if _CONTROL.search(text):
            raise ValueError("it has control characters")
    if not all(len(pair) == 2 for pair in recipe.types):
        raise TypeError("a name and its type are expected")
    if isinstance(recipe.gain, bool) or not isinstance(recipe.gain, int | float):
        raise TypeError("a gain is a number")
    if not 0 < recipe.gain < 1e9:
        raise ValueError("no such gain")
    if bool(recipe.old) != bool(recipe.new) or not (
        recipe.old or recipe.flags or recipe.directives
    ):
        raise ValueError("it changes nothing")


def _words(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise TypeError("a list is expected")
    return value
