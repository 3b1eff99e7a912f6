"""Which settings of the knobs there are, and what each puts into a command."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from collectors.base.errors import UsageError
from corr.search.placeholders import Filling, text_with
from corr.search.study import MOST_SETTINGS, Knob, KnobKind, Study, Value

#: A knob that is left alone.
OFF = "off"


@dataclass(frozen=True)
class Setting:
    """A value for each knob of a study, in their order; None: the knob is left alone.

    `code` stands in the place of a constant in a source: what was recommended.
    """

    values: tuple[Value | None, ...]
    names: tuple[str, ...]
    code: str | None = None

    @property
    def name(self) -> str:
        """How tables call it: `150`, or `unroll=4, width=8`."""
        texts = [OFF if value is None else str(value) for value in self.values]
        if len(texts) == 1:
            return texts[0]
        return ", ".join(f"{n}={text}" for n, text in zip(self.names, texts, strict=True))

    @property
    def number(self) -> float | None:
        """Its value, if there is one knob and that is a number."""
        if len(self.values) == 1 and isinstance(self.values[0], int | float):
            return float(self.values[0])
        return None


def baseline(study: Study) -> Setting:
    """What every other setting is compared with."""
    return Setting(
        tuple(knob.baseline for knob in study.knobs), tuple(knob.name for knob in study.knobs)
    )


def settings(study: Study, *, quick: bool = False) -> list[Setting]:
    """Every setting but the baseline; of several knobs all combinations.

    Raises UsageError for more combinations than one would measure one by one.
    """
    names = tuple(knob.name for knob in study.knobs)
    lists = [_arms(knob, quick) for knob in study.knobs]
    count = 1
    for arms in lists:
        count *= len(arms)
    if len(lists) > 1 and count > MOST_SETTINGS:
        raise UsageError(
            f"{count} combinations of {len(names)} knobs are too many to measure each",
            f"give the knobs fewer values (`quick`), up to {MOST_SETTINGS} combinations",
        )
    first = baseline(study)
    found = [Setting(values, names) for values in itertools.product(*lists)]
    return [setting for setting in found if setting != first]


def parsed(study: Study, name: str) -> Setting:
    """The setting of a name in a table. Raises UsageError."""
    for setting in (baseline(study), *settings(study), *settings(study, quick=True)):
        if setting.name == name:
            return setting
    raise UsageError(f"the study {study.name} has no setting {name!r}")


def _arms(knob: Knob, quick: bool) -> list[Value | None]:
    values: list[Value | None] = [*(knob.quickly() if quick else knob.every())]
    if knob.baseline is not None and knob.baseline not in values:
        values.insert(0, knob.baseline)
    return [None, *values] if knob.off else values


def flags(study: Study, setting: Setting) -> tuple[str, ...]:
    """The compiler's arguments of a setting, in the order of the knobs: `{knob}`."""
    found: list[str] = []
    for knob, value in zip(study.knobs, setting.values, strict=True):
        if value is None:
            continue
        if knob.kind == KnobKind.flag:
            found += (text_with(word, {"value": str(value)}) for word in knob.option.split())
        elif knob.kind == KnobKind.mllvm:
            found += ("-mllvm", f"-{(knob.option or knob.name).lstrip('-')}={value}")
        elif knob.kind == KnobKind.macro:
            found.append(f"-D{knob.option or knob.name}={value}")
    return tuple(found)


def environment(study: Study, setting: Setting) -> dict[str, str]:
    """The variables that a setting asks for."""
    return {
        knob.option or knob.name: str(value)
        for knob, value in zip(study.knobs, setting.values, strict=True)
        if knob.kind == KnobKind.environment and value is not None
    }


def fillings(study: Study, setting: Setting) -> dict[str, Filling]:
    """What a setting fills placeholders with: `{knob}`, `{knob.NAME}`, `{value}`."""
    found: dict[str, Filling] = {"knob": flags(study, setting)}
    for knob, value in zip(study.knobs, setting.values, strict=True):
        text = "" if value is None else str(value)
        if knob.kind == KnobKind.template and knob.option and value is not None:
            text = text_with(knob.option, {"value": text})
        found[f"knob.{knob.name}"] = text
    if len(study.knobs) == 1:
        found["value"] = "" if setting.values[0] is None else str(setting.values[0])
    return found


def to_json(setting: Setting) -> list[Any]:
    return list(setting.values)


def numeric(found: Sequence[Setting]) -> bool:
    """All of them are numbers, but for those that leave the knob alone."""
    return all(s.number is not None or s.values == (None,) for s in found)
