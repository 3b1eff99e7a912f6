"""Recommended code: a ladder as C++, C, Python, TOML, or a table of flags a case."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence

from collectors.base.errors import UsageError
from corr.search import settings
from corr.search.advice import Advice, Early
from corr.search.cases import Case
from corr.search.ladder import Ladder, Step
from corr.search.settings import OFF
from corr.search.study import Recommend, Study

#: The ending of a file of each language.
ENDINGS = {"c++": "cpp", "c": "c", "python": "py", "toml": "toml", "flags": "flags.txt"}
#: Where the code goes in a shape that is given.
LADDER = "{ladder}"


def code(advice: Advice, study: Study, language: str, cases: Sequence[Case] = ()) -> str:
    """The code that chooses as advised. Raises UsageError for a language that there is not."""
    if language not in ENDINGS:
        raise UsageError(f"no code is written in {language!r}", f"languages: {', '.join(ENDINGS)}")
    if language == "flags":
        return _flags(advice, study, cases)
    if language == "toml":
        return _toml(advice, study)
    writer = {"c++": _c, "c": _c, "python": _python}[language]
    text = writer(advice, study.recommend, variable_of(study))
    if study.recommend.shape and language in ("c++", "c"):
        return with_shape(study.recommend.shape, text)
    return text


def with_shape(shape: str, text: str) -> str:
    """The code in the shape of the function that it is to replace, indented as its place is."""
    place = re.search(rf"^([ \t]*).*{re.escape(LADDER)}", shape, re.MULTILINE)
    if place is None:
        raise UsageError(f"[recommend] shape has no {LADDER} where the code goes")
    lines = text.rstrip("\n").split("\n")
    return shape.replace(LADDER, f"\n{place[1]}".join(lines))


def variable_of(study: Study) -> str:
    """The name that the code sets."""
    given = study.recommend.variable or (
        study.knobs[0].name if len(study.knobs) == 1 else "setting"
    )
    return re.sub(r"\W", "_", given)


# --- C and C++ -----------------------------------------------------------------------------------


def _c(advice: Advice, wanted: Recommend, variable: str) -> str:
    """`TYPE variable; if (…) { … } else { … }`; where the knob is left alone, it is not set."""
    kind = wanted.type or _type(advice)
    head = f"{kind} {variable};\n" if kind != "-" else ""
    if advice.ladder is None:
        return f"// no recommendation: {advice.why}\n"
    return head + "\n".join(_branches(advice.ladder, wanted, variable, "")) + "\n"


def _branches(ladder: Ladder, wanted: Recommend, variable: str, indent: str) -> list[str]:
    if len(ladder.steps) == 1:
        return _then(ladder.steps[0], wanted, variable, indent)
    name = wanted.names.get(ladder.feature, ladder.feature)
    lines: list[str] = []
    for number, step in enumerate(ladder.steps):
        start = "if" if number == 0 else "} else if"
        if step.below is None:
            lines.append(f"{indent}}} else {{")
        else:
            lines.append(f"{indent}{start} ({name} < {_number(step.below)}) {{")
        lines += _then(step, wanted, variable, f"{indent}  ")
    return [*lines, f"{indent}}}"]


def _then(step: Step, wanted: Recommend, variable: str, indent: str) -> list[str]:
    if isinstance(step.choice, Ladder):
        return _branches(step.choice, wanted, variable, indent)
    if step.choice == OFF:
        return [f"{indent}// {variable} as it was"]
    return [f"{indent}{variable} = {_literal(step.choice)};"]


def _number(value: float) -> str:
    """A threshold as one writes it: the square of a power of two as a product."""
    if value != int(value):
        return f"{value:.12g}"
    whole = int(value)
    root = math.isqrt(whole) if whole > 0 else 0
    if root * root == whole and root >= 32 and root & (root - 1) == 0:
        return f"{root} * {root}"
    return str(whole)


def _literal(choice: str) -> str:
    return choice if re.fullmatch(r"-?\d+(\.\d+)?([eE]-?\d+)?", choice) else json.dumps(choice)


def _type(advice: Advice) -> str:
    """Whole numbers, numbers or texts, going by what is chosen."""
    choices = [c for c in _choices(advice.ladder) if c != OFF] if advice.ladder else []
    if all(re.fullmatch(r"-?\d+", c) for c in choices):
        return "int64_t"
    return "double" if all(_literal(c) == c for c in choices) else "const char *"


def _choices(ladder: Ladder) -> list[str]:
    found = []
    for step in ladder.steps:
        found += [step.choice] if isinstance(step.choice, str) else _choices(step.choice)
    return found


def early_code(early: Sequence[Early], wanted: Recommend) -> str:
    """Early returns as constants, as compilers have them: from there on nothing is decided."""
    lines = []
    for one in early:
        name = wanted.names.get(one.feature, one.feature)
        constant = re.sub(r"\W", "_", f"large_{one.feature}").split("_")
        camel = constant[0] + "".join(part.title() for part in constant[1:])
        lines.append(f"const int64_t {camel} = {_number(math.ceil(one.least))};"
                     f"  // {name} >= {camel}: leave it, {one.cases} cases")  # fmt: skip
    return "\n".join(lines) + "\n" if lines else ""


# --- others --------------------------------------------------------------------------------------


def _python(advice: Advice, wanted: Recommend, variable: str) -> str:
    if advice.ladder is None:
        return f"# no recommendation: {advice.why}\n"
    names = ", ".join(wanted.names.get(f, f) for f in advice.ladder.features)
    lines = [f"def {variable}({names}):"]

    def write(ladder: Ladder, indent: str) -> None:
        name = wanted.names.get(ladder.feature, ladder.feature)
        for step in ladder.steps:
            inner = indent
            if step.below is not None:
                lines.append(f"{indent}if {name} < {_number(step.below)}:")
                inner = f"{indent}    "
            if isinstance(step.choice, Ladder):
                write(step.choice, inner)
            else:
                value = "None" if step.choice == OFF else _literal(step.choice)
                lines.append(f"{inner}return {value}")

    write(advice.ladder, "    ")
    return "\n".join(lines) + "\n"


def _toml(advice: Advice, study: Study) -> str:
    """A table of rules, each with the ranges of the features that it holds for."""
    lines = [f"# {study.name}: {advice.why}", f"knob = {json.dumps(variable_of(study))}"]

    def write(ladder: Ladder, ranges: dict[str, tuple[float | None, float | None]]) -> None:
        low: float | None = None
        for step in ladder.steps:
            here = {**ranges, ladder.feature: (low, step.below)}
            if isinstance(step.choice, Ladder):
                write(step.choice, here)
            else:
                lines.append("\n[[rule]]")
                for feature, (least, below) in here.items():
                    lines.extend([f"{feature}-from = {least:.12g}"] if least is not None else [])
                    lines.extend([f"{feature}-below = {below:.12g}"] if below is not None else [])
                lines.append(f"value = {_literal(step.choice)}")
            low = step.below

    if advice.ladder is not None:
        write(advice.ladder, {})
    return "\n".join(lines) + "\n"


def _flags(advice: Advice, study: Study, cases: Sequence[Case]) -> str:
    """A line a case: the flags that are advised for it, after a tab."""
    chosen: Callable[[Case], str] = advice.setting
    rows = []
    for case in cases:
        setting = settings.parsed(study, chosen(case))
        variables = [f"{n}={v}" for n, v in settings.environment(study, setting).items()]
        rows.append(f"{case.name}\t{' '.join([*variables, *settings.flags(study, setting)])}")
    return "\n".join(rows) + "\n"
