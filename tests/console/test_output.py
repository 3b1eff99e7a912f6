"""How values read in a table, and the record listing."""

from __future__ import annotations

import io
import re
import sys

import pyarrow as pa
import pytest

from collectors.base.errors import CorrError
from corr import cli
from corr.console.output import Format, emit, emit_records, message, print_line, shown
from corr.console.short_names import distinct_names, short_name


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (None, None, ""),
        (0.1234, "percent", "12.3%"),
        (343_000_000, "count", "343M"),
        (9_999, "count", "9999"),
        (12_345, "count", "12.3k"),
        (2.5e13, "count", "25T"),
        (6.22049, None, "6.22"),
        (123456.7, None, "123,457"),
        (0.0, None, "0"),
        ([1, {"a": None}], None, '[1, {"a": null}]'),
    ],
)
def test_shown(value: object, style: str | None, text: str) -> None:
    assert shown(value, style) == text


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("kernel_gemm/1.1", "kernel_gemm/1.1"),
        ("ns::f(int, std::vector<int> const&)/1", "ns::f/1"),
        ("void g<std::pair<int, int>>(int)/2.1", "g/2.1"),
        ("(anonymous namespace)::Box<int>::run() const/1", "Box::run/1"),
        ("f(int)::$_0::operator()(int) const/1", "f::$_0::operator()/1"),
        (
            "main::$_1::operator()(int) const::{lambda(int)#1}::run(int) const",
            "main::$_1::operator()::{lambda#1}::run",
        ),
        ("operator<<(Money&, std::vector<int> const&)/1", "operator<</1"),
        ("std::ostream& operator<< <char>(std::ostream&, char)", "operator<<"),
        ("int count<&(operator>(Money const&, Box<int> const&))>(int)/1", "count/1"),
        ("Money::operator bool() const/1", "Money::operator bool/1"),
        ("A<int>::operator->() const", "A::operator->"),
        ("void* operator new<int>(Arena&)", "operator new"),
        ('operator"" _kg(long double)', 'operator"" _kg'),
        ("Pick<((N) > (3))>::f(int)", "Pick::f"),
        ("(anonymous namespace)::f(int)@src/two parts.cpp/1", "f@src/two parts.cpp/1"),
        ("<alloc::vec::Vec<i32>>::extend_with", "extend_with"),
        ("mycrate::total::<f64>", "mycrate::total"),
        ("[unknown]", "[unknown]"),
        ("all system calls and faults", "all system calls and faults"),
    ],
)
def test_short_name(name: str, short: str) -> None:
    assert short_name(name) == short


def test_names_stay_apart() -> None:
    said = distinct_names(["f(int)", "f(long)", "g<int>(int)", "h<int>()/1", "h<long>()/1"])
    assert list(said.values()) == ["g", "f(int)", "f(long)", "h<int>()/1", "h<long>()/1"]


def test_records() -> None:
    out = io.StringIO()
    rows = [
        {"share": 0.5, "where": "a.c:1", "none": None, "n": 3},
        {"share": 0.25, "where": "\x1b[31m", "none": None, "n": None},
    ]
    columns = {"share": ("share", "percent"), "where": ("where", None), "none": ("none", None)}
    emit_records(rows, columns | {"n": ("n", None)}, lambda r: ["why"] if r["n"] else [], out)
    assert out.getvalue() == (
        "share  where     n\n50.0%  a.c:1     3\n       why\n25.0%  \\x1b[31m\n"
    )


EVIL = "a\x1b]0;owned\x07\u202eb\udc80|\tc\nd"


@pytest.mark.parametrize(
    ("format", "terminal"),
    [(Format.table, False), (Format.table, True), (Format.markdown, False), (Format.csv, True)],
)
def test_no_cell_commands_a_terminal(
    format: Format, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: terminal)
    columns = {"name": pa.array([EVIL.replace("\udc80", "")])}
    emit(pa.table(columns), format, out=out)
    ours = re.sub("\x1b\\[[01]m|\n", "", out.getvalue())  # the heading's bold, and ends of lines
    assert ours.isprintable() and "\\x1b]0;owned\\x07\\u202eb" in ours


def test_a_file_gets_its_cells_as_they_are() -> None:
    out = io.StringIO()
    emit(pa.table({"name": ["a\x1b[31m"]}), Format.csv, out=out)
    assert out.getvalue() == "name\na\x1b[31m\n"


def test_no_message_commands_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_app: object) -> None:
        raise CorrError(f"cannot read {EVIL}", f"look at {EVIL}")

    monkeypatch.setattr(cli, "get_command", fail)
    assert cli._run([]) == 1
    message(EVIL)
    print_line(EVIL)
    sys.stdout.flush()
    said = capsys.readouterr()
    assert said.err.count("a\\x1b]0;owned\\x07\\u202eb\\udc80|\tc\nd\n") == 3
    assert said.out == "a\\x1b]0;owned\\x07\\u202eb\\udc80|\tc\nd\n"


def test_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "24")
    names = ("one", "two", "three", "four", "five", "six")
    emit_records([dict.fromkeys(names, "value")], {n: (n, None) for n in names}, out=out)
    assert out.getvalue().splitlines()[1] == "value  value  value  value"
    assert capsys.readouterr().err == "without five, six: the terminal is too narrow\n"
