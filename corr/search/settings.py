"""Which settings of the knobs there are, and what each puts into a command."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

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
    if (count := combinations(study, quick=quick)) > MOST_SETTINGS and len(study.knobs) > 1:
        raise UsageError(
            f"{count} combinations of {len(study.knobs)} knobs are too many to measure each",
            f"give the knobs fewer values (`quick`), up to {MOST_SETTINGS} combinations",
        )
    first = baseline(study)
    lists = [arms(knob, quick=quick) for knob in study.knobs]
    found = [Setting(values, first.names) for values in itertools.product(*lists)]
    return [setting for setting in found if setting != first]


def combinations(study: Study, *, quick: bool = False) -> int:
    """How many settings there are."""
    return math.prod(len(arms(knob, quick=quick)) for knob in study.knobs)


def parsed(study: Study, name: str) -> Setting:
    """The setting of a name in a table. Raises UsageError."""
    values: list[Value | None] = []
    rest = name
    for number, knob in enumerate(study.knobs):
        prefix = f"{knob.name}=" if len(study.knobs) > 1 else ""
        last = number == len(study.knobs) - 1
        after = "" if last else f", {study.knobs[number + 1].name}="
        for value in (*arms(knob), *arms(knob, quick=True)):
            text = prefix + (OFF if value is None else str(value))
            if rest.startswith(text + after) and (rest == text or not last):
                values.append(value)
                rest = rest[len(text) :].removeprefix(", ")
                break
        else:
            raise UsageError(f"the study {study.name} has no setting {name!r}")
    return Setting(tuple(values), baseline(study).names)


def arms(knob: Knob, *, quick: bool = False) -> list[Value | None]:
    """What a knob may be set to, leaving it alone among it."""
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
