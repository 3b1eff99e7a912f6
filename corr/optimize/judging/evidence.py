"""Whether what a program puts out can show that a candidate is wrong.

What is empty, the same whatever the input, or different from run to run, shows nothing.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from collectors.base.errors import CorrError, UsageError
from collectors.base.foreign_text import one_line
from corr.optimize.build_and_run import Builds
from corr.optimize.inputs import Input, Inputs
from corr.optimize.judging.outputs import TOLERANCE, compare_observed, is_text, read_dump
from corr.optimize.judging.references import Reference, References
from corr.optimize.judging.unwritten import filled
from corr.optimize.observed import Evidence, Observed, without_numbers
from corr.optimize.unsteady import Unsteady, unsteady
from corr.optimize.variant import Variant

#: Characters of a path that are shown.
LONGEST_NAME = 80
#: Runs in which numbers that differ are looked for, and seconds after which no other is begun.
RUNS, RUNS_SECONDS = 5, 10.0
#: Seconds that runs may have taken which all gave the same, for another one.
SAME_SECONDS = 2.0
#: What makes the original slower, and seconds up to which it is; lines that speak of time.
SLOWER, SLOWER_SECONDS = ("-O0",), 1.0
_TIME = re.compile(rb"(?i)\b(?:time|elapsed|took|sec(?:ond)?s?|ms)\b|\d ?m?s\b|\(m?s\)")
_FRACTION = re.compile(rb"\d\.\d")
#: What to do about it, besides `--check`.
RANDOM = "make the program repeatable, or name the files that hold its result: --result FILE"
NOTHING = "let it print its result, or name the files that hold it: --result FILE"
CONSTANT = "give it an --input that reaches the loops, or --result FILE"


Again = Callable[[], Reference]


@dataclass(frozen=True)
class Doubt:
    """Why nothing that the program puts out is evidence, and what to do."""

    why: str
    fix: str


def settled(builds: Builds, inputs: Inputs, original: Variant) -> tuple[References, Doubt | None]:
    """The references, with the evidence that there is; and why it is none, if so.

    Raises CompileError, CorrError where the original fails, and UsageError for a declared result
    that it does not write.
    """
    references = References(builds, inputs, original)
    doubt: Doubt | None = None
    twice = inputs.visible[:1] if inputs.output == "dump" else (*inputs.visible[:1], inputs.timed)
    for given in dict.fromkeys(_key(one) for one in twice):
        one = next(i for i in twice if _key(i) == given)
        pair, fills = _twice(references, one)
        if numbered := _numbered(pair):
            numbered |= references.inputs.evidence.numbered
            evidence = replace(references.inputs.evidence, numbered=numbered)
            inputs = replace(inputs, evidence=evidence)
            references = References(builds, inputs, original)
            pair, fills = _twice(references, one)
        seen = references.inputs

        def again(one: Input = one, seen: Inputs = seen) -> Reference:
            return References(builds, seen, original).of(one)

        for reference in pair:
            _check_written(reference.observed, references.inputs.evidence)
        evidence, found = _repeatable(references.inputs.evidence, pair, one.label, again)
        doubt = doubt or found
        if evidence == references.inputs.evidence and (times := _times(references, one)):
            evidence = replace(evidence, unsteady={**evidence.unsteady, **times})
        if evidence != references.inputs.evidence:
            references = References(builds, replace(inputs, evidence=evidence), original)
            if evidence.unsteady:  # without these numbers the same may be told of the others
                _, fills = _twice(references, one)
        inputs = replace(inputs, fills=inputs.fills and fills)
    references.inputs = replace(references.inputs, fills=inputs.fills)
    return references, doubt or _telling(references)


def _twice(references: References, given: Input) -> tuple[tuple[Reference, Reference], bool]:
    """The original run two times, the second time with other content of memory that it never wrote.

    Where that makes it differ, once more without; false where nothing else explains it.
    """
    again = References(references.builds, references.inputs, references.original)
    first = references.of(given)
    second: Reference | None = None
    with contextlib.suppress(CorrError):
        second = again.of(filled(given, random.SystemRandom()))
        if not first.observed.differing(second.observed):
            return (first, second), True
    third = again.of(given)
    chance = set(first.observed.differing(third.observed))
    explained = second is not None and chance >= set(first.observed.differing(second.observed))
    return (first, third), explained


def _key(given: Input) -> tuple[object, ...]:
    """What tells inputs apart."""
    return given.args, tuple(sorted(given.env.items())), given.flags, given.stdin


def compared(observed: Observed) -> str:
    """What is compared, in words."""
    names = [name for name, part in observed.parts if part not in (b"", bytearray())]
    return ", ".join(map(_end_of, names))


def left_aside(evidence: Evidence) -> list[str]:
    """What differs from run to run and is not compared, in words."""
    names = [one_line(name, 80) for name in sorted(evidence.left_out)]
    numbers = [
        f"numbers of {one_line(name, 80)} ({one_line(some.told(), 200)})"
        for name, some in sorted(evidence.unsteady.items())
    ]
    called = [f"digits in the name of {one_line(name, 80)}" for name in sorted(evidence.numbered)]
    return names + numbers + called


def _end_of(name: str) -> str:
    """A file's name; of a long path the end, which tells it from others."""
    return one_line(name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}", 200)


def _check_written(observed: Observed, evidence: Evidence) -> None:
    for name in evidence.declared:
        if name not in observed.files:
            raise UsageError(
                f"--result {name}: the program does not write it",
                "name it as the program does, relative to where it runs",
            )


def _repeatable(
    evidence: Evidence, pair: tuple[Reference, Reference], label: str, again: Again
) -> tuple[Evidence, Doubt | None]:
    """Without what differs from run to run; a doubt where that holds the result."""
    pair = _differing(pair, again)
    first, second = (reference.observed for reference in pair)
    differing = first.differing(second)
    if not differing:
        return evidence, None
    if first.status != second.status:
        why = f"two runs of the original end differently: {first.status} and {second.status}"
        return replace(evidence, left_out=evidence.left_out | set(differing)), Doubt(why, RANDOM)
    numbers = _numbers(evidence, pair, differing, again)
    evidence = replace(evidence, unsteady={**evidence.unsteady, **numbers})
    differing = [name for name in differing if name not in numbers]
    if not differing:
        return evidence, None
    left = replace(evidence, left_out=evidence.left_out | set(differing))
    if evidence.declared and not set(differing) & set(evidence.declared):
        return left, None
    found = compare_observed(first, second, TOLERANCE, dump=evidence.dump)
    why = f"two runs of the original differ ({label}): {found.detail or 'in rounding'}"
    return left, Doubt(why, RANDOM)


def _differing(pair: tuple[Reference, Reference], again: Again) -> tuple[Reference, Reference]:
    """The pair, or one that differs where some more runs of a short program give one.

    A time or a rate that is printed to three digits is the same in two runs now and then.
    """
    first, second = pair
    spent = first.wall + second.wall
    for _ in range(RUNS - 2):
        if first.observed.differing(second.observed) or spent > SAME_SECONDS:
            break
        second = again()
        spent += second.wall
    return first, second


def _times(references: References, given: Input) -> dict[str, Unsteady]:
    """Numbers on lines that speak of time which a slower build of the original prints otherwise.

    A time of few digits is the same in all runs of one program, and another in a faster one.
    """
    first, evidence = references.of(given), references.inputs.evidence
    told = {
        name: bytes(text).splitlines(keepends=True)
        for name, text in first.observed.printed.items()
        if name not in evidence.declared
    }
    spoken = any(_of_time(line) for lines in told.values() for line in lines)
    if evidence.dump or first.wall > SLOWER_SECONDS or not spoken:
        return {}
    try:
        slow = references.of(given, SLOWER).observed
    except CorrError:
        return {}
    found = {}
    for name, lines in told.items():
        others = bytes(slow.printed.get(name, b"")).splitlines(keepends=True)
        if len(others) == len(lines):
            mixed = [b if _of_time(a) else a for a, b in zip(lines, others, strict=True)]
            numbers = unsteady([b"".join(lines), b"".join(mixed)]) if mixed != lines else None
            if numbers is not None and numbers.leaves(b"".join(lines)):
                found[name] = numbers | evidence.unsteady.get(name, Unsteady())
    return found


def _of_time(line: bytes) -> bool:
    return _TIME.search(line) is not None and _FRACTION.search(line) is not None


def _numbered(pair: tuple[Reference, Reference]) -> frozenset[str]:
    """The names of files that differ in their digits from run to run, each with # for these."""
    first, second = (reference.observed.files.keys() for reference in pair)
    only = [sorted(map(without_numbers, own)) for own in (first - second, second - first)]
    return frozenset(only[0]) if only[0] == only[1] else frozenset()


def _numbers(
    evidence: Evidence, pair: tuple[Reference, Reference], names: Sequence[str], again: Again
) -> dict[str, Unsteady]:
    """What differs in numbers only, by name: which numbers, found in several runs.

    Reads a file only where it was not declared to hold the result.
    """
    wanted = [n for n in names if n not in evidence.declared and not evidence.dump]
    if not wanted:
        return {}
    runs = list(pair)
    while len(runs) < RUNS and sum(run.wall for run in runs) < RUNS_SECONDS:
        runs.append(again())
    found = {}
    for name in wanted:
        texts = [_text(run.observed, name) for run in runs]
        whole = [text for text in texts if text is not None]
        numbers = unsteady(whole) if len(whole) == len(runs) else None
        if numbers is not None and numbers.leaves(whole[0]):
            found[name] = numbers | evidence.unsteady.get(name, Unsteady())
    return found


def _text(observed: Observed, name: str) -> bytes | None:
    """What is printed, or in a file, by that name; None if it is no text."""
    if name in observed.printed:
        text = bytes(observed.printed[name])
    elif name in observed.files and observed.files[name].kind == "file":
        text = observed.files[name].content
    else:
        return None
    return text if is_text(text) else None


def _telling(references: References) -> Doubt | None:
    """Why what is repeatable says nothing of the result; None if it may."""
    inputs = references.inputs
    found = {_key(given): references.of(given).observed for given in inputs.named}
    if all(observed.empty for observed in found.values()):
        what = "no arrays" if inputs.output == "dump" else f"nothing on {inputs.output}"
        where = ", no file in its folders" if inputs.evidence.files else ""
        return Doubt(f"nothing that it puts out can be compared: {what}{where}", NOTHING)
    if inputs.output == "dump" and all(map(_no_number, found.values())):
        return Doubt("its arrays hold no number, only NaN", NOTHING)
    if len(found) > 1 and len({observed.digest() for observed in found.values()}) == 1:
        why = (
            f"it puts out the same for {len(found)} inputs that differ: no wrong result would show"
        )
        return Doubt(why, CONSTANT)
    return None


def _no_number(observed: Observed) -> bool:
    """Its arrays are as they were before anything was written to them."""
    try:
        arrays = [a for text in observed.printed.values() for a in read_dump(text).values()]
    except ValueError:
        return False
    return all(a.dtype.kind == "f" and bool(np.isnan(a).all()) for a in arrays)
