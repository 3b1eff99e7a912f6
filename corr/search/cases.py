"""The cases of a study with their features: from a file, a table, or generated."""

from __future__ import annotations

import csv
import itertools
import math
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from collectors.base.errors import UsageError
from collectors.base.foreign_text import one_line
from corr.search import expressions
from corr.search.placeholders import Filling
from corr.search.study import Study
from corr.timing.patterns import groups_of

MOST_CASES = 100_000
#: What starts a feature in a line: `-n 16`, `--width=8`, `k=3`.
_OPTION = re.compile(r"-{1,2}([A-Za-z][\w-]*?)(?:=(.*))?$")
_PAIR = re.compile(r"([A-Za-z]\w*)=(.*)$")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
#: The label of the first word of a line that is no option.
OPERATION = "op"
#: Placeholders that are not features.
_TAKEN = frozenset({"case", "words", "knob", "value", "output", "input", "artifact", "folder"})


@dataclass(frozen=True)
class Case:
    """One case: its name, the line that it is given as, its features and labels."""

    name: str
    line: str
    features: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def fillings(self) -> dict[str, Filling]:
        """`{case}`, `{words}` (each an argument), and each feature by its name."""
        found: dict[str, Filling] = {n: _spelled(v) for n, v in self.features.items()}
        found |= self.labels
        return found | {"case": self.line, "words": _words(self.line)}


def cases(study: Study, tell: Callable[[str], None] = lambda _line: None) -> list[Case]:
    """The cases in the order of the study, each once. Raises UsageError."""
    told = study.cases
    if told.file:
        found = of_lines(study.path(told.file), told.pattern)
    elif told.table:
        found = of_table(study.path(told.table))
    else:
        found = _generated(told.generate)
    everywhere = {name for case in found for name in _names(case)} | set(told.features)
    found = [_derived(case, told.features, everywhere) for case in found]
    if told.where:
        found = [case for case in found if expressions.value_of(told.where, _names(case))]
    given = len(found)
    found = _once(found)
    if len(found) < given:
        tell(f"{given - len(found)} of {given} cases are there twice: each counts once")
    if not found:
        raise UsageError(f"the study {study.name} has no case", "see [cases] in its file")
    if len(found) > MOST_CASES:
        raise UsageError(f"{len(found)} cases: more than {MOST_CASES} are not taken")
    return found


def _once(cases: Sequence[Case]) -> list[Case]:
    """Each case once, and each with a name of its own: equal ones get their features' values."""
    found: dict[str, Case] = {}
    for case in cases:
        name = case.name
        if name in found and not _alike(found[name], case):
            told = {**case.labels, **{n: _spelled(v) for n, v in case.features.items()}}
            name = f"{name} {' '.join(f'{n}={text}' for n, text in told.items())}"
        found.setdefault(name, replace(case, name=name))
    return list(found.values())


def _alike(one: Case, other: Case) -> bool:
    return (one.line, one.features, one.labels) == (other.line, other.features, other.labels)


def _derived(case: Case, formulas: Mapping[str, str], everywhere: set[str]) -> Case:
    """The case with what can be worked out; not from a feature that only other cases have."""
    features = dict(case.features)
    for name, formula in formulas.items():
        if name in _TAKEN:
            raise UsageError(f"a feature cannot be called {name!r}")
        lacking = expressions.names_in(formula) - {*features, *case.labels}
        if lacking and lacking <= everywhere:
            continue
        features[name] = expressions.value_of(formula, {**case.labels, **features})
    return Case(case.name, case.line, features, case.labels)


def _names(case: Case) -> dict[str, float | str]:
    return {**case.labels, **case.features}


def of_lines(path: Path, pattern: str) -> list[Case]:
    lines = [line.strip() for line in _read(path).splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not pattern:
        return [_of_line(line) for line in lines]
    found = []
    for line, groups in zip(lines, groups_of(pattern, lines), strict=True):
        if groups is None:
            raise UsageError(f"{path}: {one_line(line, 80)!r} does not match {pattern}")
        found.append(_of_texts(line, line, groups))
    return found


def _of_line(line: str) -> Case:
    """Features as a tool's arguments say them: `convbfp16 -n 16 -c 2048 --layout NHWC`."""
    given: dict[str, str] = {}
    waiting: str | None = None
    for word in _words(line):
        option, pair = _OPTION.match(word), _PAIR.match(word)
        if waiting is not None and (not option or _is_number(word)):
            given[waiting] = word
            waiting = None
        elif option and not _is_number(word):
            if waiting is not None:
                given[waiting] = "1"
            waiting = _feature(option[1])
            if option[2] is not None:
                given[waiting], waiting = option[2], None
        elif pair:
            given[_feature(pair[1])] = pair[2]
        else:
            given.setdefault(OPERATION, word)
    if waiting is not None:
        given[waiting] = "1"
    return _of_texts(line, line, {n: t for n, t in given.items() if n not in _TAKEN})


def of_table(path: Path) -> list[Case]:
    text = _read(path)
    delimiter = "\t" if "\t" in text.split("\n", 1)[0] else ","
    found = []
    for number, row in enumerate(csv.DictReader(text.splitlines(), delimiter=delimiter), start=2):
        texts = {_feature(n): v for n, v in row.items() if n is not None and v is not None}
        if None in row or len(texts) < len(row):
            raise UsageError(f"{path}:{number}: not as many cells as the head has")
        line = texts.pop("case", None)
        name = line or " ".join(f"{n}={v}" for n, v in texts.items())
        found.append(_of_texts(name, name, texts))
    return found


def _generated(lists: Mapping[str, list[int | float | str]]) -> list[Case]:
    names = [*lists]
    found = []
    for values in itertools.islice(itertools.product(*lists.values()), MOST_CASES + 1):
        texts = {n: str(v) for n, v in zip(names, values, strict=True)}
        single = next(iter(texts.values())) if len(texts) == 1 else None
        name = single or " ".join(f"{n}={v}" for n, v in texts.items())
        found.append(_of_texts(name, name, texts))
    return found


def _of_texts(name: str, line: str, texts: Mapping[str, str]) -> Case:
    features = {n: float(t) for n, t in texts.items() if _is_number(t)}
    labels = {n: t for n, t in texts.items() if n not in features}
    return Case(name, line, features, labels)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: {error}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _words(line: str) -> tuple[str, ...]:
    """The words of a line; by its blanks where its quotes do not pair."""
    try:
        return tuple(shlex.split(line))
    except ValueError:
        return tuple(line.split())


def _feature(name: str) -> str:
    return re.sub(r"\W", "_", name.strip())


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def _spelled(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
