"""The reader of optimisation remarks against PyYAML, on generated documents."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.remarks.reader import read
from tests.support.remark_oracle import REMARK, expected, one, rows, write

PLAIN = st.from_regex(r"[A-Za-z0-9_.^](?:[A-Za-z0-9_.^, -]{0,20}[A-Za-z0-9_.^-])?", fullmatch=True)
PRINTABLE = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc", "Zl", "Zp"]).filter(
        lambda c: c not in "\ufeff\ufffe\uffff\x7f"
    ),
    max_size=20,
)
ANY = st.text(st.characters(max_codepoint=0x2FFFF, exclude_categories=["Cs"]), max_size=12)
SHORT_ESCAPES = {"\\": "\\\\", '"': '\\"', "\0": "\\0", "\n": "\\n", "\t": "\\t", "\x1b": "\\e"}


def escape(text: str) -> str:
    """The double-quoted form, with escapes as LLVM chooses them."""

    def escaped(c: str) -> str:
        if c in SHORT_ESCAPES:
            return SHORT_ESCAPES[c]
        if c.isprintable():
            return c
        code = ord(c)
        return (
            f"\\x{code:02X}"
            if code < 256
            else f"\\u{code:04X}"
            if code < 65536
            else f"\\U{code:08X}"
        )

    return '"' + "".join(escaped(c) for c in text) + '"'


def single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


BLOCKS = st.lists(
    st.from_regex(r"[A-Za-z:#'\"\[{-][ -~]{0,20}", fullmatch=True), min_size=1, max_size=4
).map(lambda lines: "|" + "".join(f"\n      {line}" for line in lines))
SCALAR = st.one_of(PLAIN, PRINTABLE.map(single), ANY.map(escape))
FILE = st.one_of(PLAIN.filter(lambda s: "," not in s), PRINTABLE.map(single), ANY.map(escape))
NUMBER = st.integers(0, 2**31 - 1)
KEY = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,20}", fullmatch=True).filter(lambda k: k != "DebugLoc")


@st.composite
def debug_loc(draw: st.DrawFn, indent: int) -> str:
    file, line, column = draw(FILE), draw(NUMBER), draw(NUMBER)
    gap = " " * (indent + 19)
    wrap = draw(st.sampled_from([("", ""), (f"\n{gap}", ""), ("", f"\n{gap}")]))
    head = " " * indent + "DebugLoc:        "
    return f"{head}{{ File: {file}, {wrap[0]}Line: {line}, {wrap[1]}Column: {column} }}\n"


@st.composite
def argument(draw: st.DrawFn) -> str:
    value = draw(st.one_of(SCALAR, SCALAR, SCALAR, BLOCKS))
    text = f"  - {draw(KEY) + ':':<16} {value}\n"
    return text + (draw(debug_loc(4)) if draw(st.booleans()) else "")


@st.composite
def remark(draw: st.DrawFn) -> str:
    tag = draw(st.sampled_from(["Passed", "Missed", "Analysis", "AnalysisFPCommute", "Failure"]))
    text = f"--- !{tag}\nPass:            {draw(PLAIN)}\nName:            {draw(SCALAR)}\n"
    if draw(st.booleans()):
        text += draw(debug_loc(0))
    text += f"Function:        {draw(SCALAR)}\n"
    if draw(st.booleans()):
        text += f"Hotness:         {draw(st.integers(0, 2**63 - 1))}\n"
    args = draw(st.lists(argument(), max_size=5))
    return text + ("Args:\n" + "".join(args) if args else "") + "...\n"


@settings(max_examples=250, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    documents=st.lists(remark(), max_size=5),
    again=st.lists(st.integers(0, 4), max_size=4),
    crlf=st.booleans(),
    block=st.sampled_from([3 << 20, 1 << 12]),
)
def test_equals_pyyaml_on_generated_documents(
    tmp_path: Path, documents: list[str], again: list[int], crlf: bool, block: int
) -> None:
    text = "".join(documents + [documents[i] for i in again if i < len(documents)])
    path = write(tmp_path / "a.opt.yaml", text.replace("\n", "\r\n") if crlf else text)
    reader = read(path, "unit", block=block)
    assert rows(reader) == expected(text)
    assert reader.problems == []


def test_scalars_are_text(tmp_path: Path) -> None:
    words = ["null", "yes", "4", "0x10", "1e3", "~", ".inf", "2020-01-01", "'4'", '"4"', "''"]
    arguments = "".join(f"  - Word:            {word}\n" for word in words)
    text = REMARK.replace("NoDefinition", "yes").replace("Args:\n", "Args:\n" + arguments)
    found, _ = one(tmp_path / "s.opt.yaml", text)
    assert found == expected(text)
    assert found[0]["name"] == "yes"
    values = [arg["value"] for arg in found[0]["args"][: len(words)]]
    assert values == [word.strip("'\"") for word in words]
