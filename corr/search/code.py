"""Recommended code: a ladder as C++, C, Python, TOML, or a table of flags a case."""

from __future__ import annotations

import json
import keyword
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
    text = writer(advice, study)
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
    """The name of what the code chooses."""
    given = study.recommend.variable or (
        study.knobs[0].name if len(study.knobs) == 1 else "setting"
    )
    return _plain(given)


def variables(study: Study) -> list[str]:
    """The names that the code sets, one a knob."""
    if len(study.knobs) == 1:
        return [variable_of(study)]
    return [_plain(knob.name) for knob in study.knobs]


def _plain(name: str) -> str:
    """A name in C and Python."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"_{plain}" if not plain or plain[0].isdigit() or keyword.iskeyword(plain) else plain


def _values(study: Study, choice: str) -> list[str | None]:
    """The value of each knob in a setting, as it is spelled; None: it is left alone."""
    found = settings.parsed(study, choice).values if len(study.knobs) > 1 else (choice,)
    return [None if value is None or value == OFF else _literal(str(value)) for value in found]


# --- C and C++ -----------------------------------------------------------------------------------


def _c(advice: Advice, study: Study) -> str:
    """`TYPE variable; if (…) { … } else { … }`; where a knob is left alone, it is not set."""
    if advice.ladder is None:
        return f"// no recommendation: {advice.why}\n"
    wanted = study.recommend
    head = ""
    for place, variable in enumerate(variables(study)):
        values = [_values(study, choice)[place] for choice in _choices(advice.ladder)]
        kind = wanted.type or _type([value for value in values if value is not None])
        head += f"{kind} {variable};\n" if kind != "-" else ""
    return head + "\n".join(_branches(advice.ladder, study, "")) + "\n"


def _branches(ladder: Ladder, study: Study, indent: str) -> list[str]:
    if len(ladder.steps) == 1:
        return _then(ladder.steps[0], study, indent)
    name = study.recommend.names.get(ladder.feature, ladder.feature)
    lines: list[str] = []
    for number, step in enumerate(ladder.steps):
        start = "if" if number == 0 else "} else if"
        if step.below is None:
            lines.append(f"{indent}}} else {{")
        else:
            lines.append(f"{indent}{start} ({name} < {_number(step.below)}) {{")
        lines += _then(step, study, f"{indent}  ")
    return [*lines, f"{indent}}}"]


def _then(step: Step, study: Study, indent: str) -> list[str]:
    if isinstance(step.choice, Ladder):
        return _branches(step.choice, study, indent)
    return [
        f"{indent}// {variable} as it was" if value is None else f"{indent}{variable} = {value};"
        for variable, value in zip(variables(study), _values(study, step.choice), strict=True)
    ]


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


def _type(values: Sequence[str]) -> str:
    """Whole numbers, numbers or texts, going by what is chosen."""
    if all(re.fullmatch(r"-?\d+", value) for value in values):
        return "int64_t"
    return "const char *" if any(value.startswith('"') for value in values) else "double"


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


def _python(advice: Advice, study: Study) -> str:
    """A function of the features; of several knobs it returns the values in their order."""
    if advice.ladder is None:
        return f"# no recommendation: {advice.why}\n"
    given = study.recommend.names
    # what C knows as `shape.n()` has its own name as a parameter
    names = {f: given.get(f, f) for f in advice.ladder.features}
    names = {f: _plain(f) if _plain(name) != name else name for f, name in names.items()}
    lines = [f"def {variable_of(study)}({', '.join(names.values())}):"]

    def write(ladder: Ladder, indent: str) -> None:
        for step in ladder.steps:
            inner = indent
            if step.below is not None:
                lines.append(f"{indent}if {names[ladder.feature]} < {_number(step.below)}:")
                inner = f"{indent}    "
            if isinstance(step.choice, Ladder):
                write(step.choice, inner)
                continue
            values = ["None" if v is None else v for v in _values(study, step.choice)]
            if len(values) > 1:
                lines.append(f"{inner}{', '.join(variables(study))} = {', '.join(values)}")
                lines.append(f"{inner}return {', '.join(variables(study))}")
            else:
                lines.append(f"{inner}return {values[0]}")

    write(advice.ladder, "    ")
    return "\n".join(lines) + "\n"


def _toml(advice: Advice, study: Study) -> str:
    """A table of rules, each with the ranges of the features that it holds for."""
    several = len(study.knobs) > 1
    knob = f"knobs = {json.dumps(variables(study))}" if several else (
        f"knob = {json.dumps(variable_of(study))}"
    )  # fmt: skip
    lines = [f"# {study.name}: {advice.why}", knob]

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
                values = [v or json.dumps(OFF) for v in _values(study, step.choice)]
                pairs = zip(variables(study), values, strict=True)
                table = "{ " + ", ".join(f"{name} = {value}" for name, value in pairs) + " }"
                lines.append(f"values = {table}" if several else f"value = {values[0]}")
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
