"""What is wrong with a study, said before anything of it is built or run."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from collectors.base.errors import UsageError
from collectors.base.foreign_text import one_line
from corr.search.cases import Case
from corr.search.code import ENDINGS, with_shape
from corr.search.placeholders import used
from corr.search.study import KnobKind, Study
from corr.timing import patterns


def check(study: Study, cases: Sequence[Case] = ()) -> None:
    """Raise UsageError for a study that cannot work, or whose answer could not be told.

    A knob would have no effect, a file is missing, an expression is none, or `cases` have no
    feature that is to decide.
    """
    _knobs(study)
    for key, pattern in (
        ("time.pattern", study.time.pattern),
        ("check.ignore", study.check.ignore),
    ):
        _expression(study, key, pattern)
    if study.recommend.shape:
        with_shape(study.recommend.shape, "")
    for language in study.recommend.languages:
        if language not in ENDINGS:
            raise _unknown(study, "languages", "language", language, [*ENDINGS])
    for name in study.recommend.features if cases else ():
        _feature(study, cases, name)
    there = list(dict.fromkeys(n for case in cases for n in case.features))
    for name in study.recommend.names if cases else ():
        if name not in there:
            raise _unknown(study, "names", "feature", name, there)


def _expression(study: Study, key: str, pattern: str) -> None:
    try:
        patterns.matching(pattern, [""])
    except UsageError as error:
        raise UsageError(f"{_where(study)}: {key}: {error.message}", error.fix) from error


def _feature(study: Study, cases: Sequence[Case], name: str) -> None:
    """A feature that may decide is a number in every case, held-out ones too."""
    lacking = [case for case in cases if name not in case.features]
    if not lacking:
        return
    first = lacking[0]
    if len(lacking) < len(cases):
        raise UsageError(
            f"{_where(study)}: recommend.features: {len(lacking)} of {len(cases)} cases have no"
            f" {name!r} that is a number, as {one_line(first.name, 80)!r}",
            "leave these cases out by [cases] where, or the feature",
        )
    if name in first.labels:
        raise UsageError(
            f"{_where(study)}: recommend.features: {name!r} is a word, as"
            f" {one_line(first.labels[name], 60)!r}, no number",
            f'classes = "{name}" makes a recommendation for each',
        )
    there = list(dict.fromkeys(n for case in cases for n in case.features))
    raise _unknown(study, "features", "feature", name, there)


def _unknown(study: Study, key: str, what: str, name: str, there: Sequence[str]) -> UsageError:
    near = difflib.get_close_matches(name, there, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"{what}s: {', '.join(there) or 'none'}"
    return UsageError(f"{_where(study)}: recommend.{key}: there is no {what} {name!r}", hint)


def _where(study: Study) -> str:
    return study.file or study.name


def _knobs(study: Study) -> None:
    """A knob that nothing uses has no effect; neither has a file that is not there."""
    named = used(study.commands)
    for path in filter(None, (study.run.directory, study.build.template)):
        if "{" not in path and not Path(study.path(path)).exists():
            raise UsageError(f"{study.file or study.name}: there is no {path}")
    for knob in study.knobs:
        by_name = f"knob.{knob.name}"
        needed = {
            KnobKind.source: {"artifact"},
            KnobKind.template: {by_name, "value", "input"},
            KnobKind.environment: named,
        }.get(knob.kind, {"knob", by_name, "value"})
        own = study.build.sources and knob.kind in (
            KnobKind.flag, KnobKind.mllvm, KnobKind.macro,
        )  # fmt: skip
        if not (own or named & needed or knob.kind == KnobKind.environment):
            say = " or ".join(f"{{{name}}}" for name in sorted(needed))
            raise UsageError(
                f"{study.file or study.name}: nothing uses the knob {knob.name!r}",
                f"put {say} into a command",
            )
