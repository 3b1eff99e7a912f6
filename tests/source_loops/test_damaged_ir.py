"""Unoptimised IR that is cut off, names what is not there, or nests without end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from collectors.base.errors import CorrError
from collectors.source_loops import debug_info, forest, loops

NORM = Path(__file__).resolve().parents[1] / "fixtures" / "machine_code" / "norm.ll"


def read(tmp_path: Path, text: str) -> list[forest.Function]:
    path = tmp_path / "unit.ll"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    functions = forest.read(path, tmp_path)
    loops.table("unit.c", functions, {}, {}).validate(full=True)
    loops.places(functions, {}, {}).validate(full=True)
    return functions


def test_the_recorded_unit(tmp_path: Path) -> None:
    found = {f.name: len(f.loops) for f in read(tmp_path, NORM.read_text())}
    assert found == {"twice": 0, "norm": 1, "main": 0, "square": 0}


def test_a_text_that_is_cut_within_a_function(tmp_path: Path) -> None:
    text = NORM.read_text()
    with pytest.raises(CorrError, match=r"unit\.ll is cut off in the function"):
        read(tmp_path, text[: text.index("!llvm.loop")])


@pytest.mark.parametrize(
    ("number", "scope"), [("9" * 5000, "!1"), ("!5", "!1"), ("2147483648", "!1"), ("7", "7"), ("²", "")]
)  # fmt: skip
def test_a_place_that_no_source_has(number: str, scope: str) -> None:
    nodes = {"0": "!{!0, !2}", "1": '!DIFile(filename: "a.c", directory: "/x")'}
    nodes["2"] = f"!DILocation(line: {number}, column: {number}, scope: {scope})"
    locate = debug_info.Locator(nodes, Path("/x"))
    start, end = locate.extent("0")
    assert start == end and start is not None and start[1] in (0, 7)
    place = locate.place("2")
    assert place is None or place[1] == 7


def test_a_file_name_that_no_system_takes() -> None:
    nodes = {"1": r'!DIFile(filename: "a\00b.c", directory: "/x")'}
    assert debug_info.Locator(nodes, Path("/x")).file_of("1") == ""


def nest(depth: int, inner: str = "") -> str:
    """A function with loops one in another, as clang writes them."""
    head = "".join(f"h{n}:\n  br label %b{n}\nb{n}:\n" for n in range(depth))
    tail = "".join(f"  br label %h{n}, !llvm.loop !{n + 10}\n" for n in reversed(range(depth)))
    text = f"define void @f() !dbg !1 {{\n{head}{inner}{tail}}}\n"
    text += '!1 = distinct !DISubprogram(name: "f", file: !2, line: 1)\n!2 = !DIFile(filename: "a.c", directory: "/x")\n'
    text += "!3 = !DILocation(line: 5, column: 7, scope: !1)\n"
    return text + "".join(f"!{n + 10} = distinct !{{!{n + 10}, !3, !3}}\n" for n in range(depth))


def test_nests_as_deep_as_a_compiler_takes_and_deeper(tmp_path: Path) -> None:
    (function,) = read(tmp_path, nest(200))
    assert max(loop.depth for loop in function.all_loops()) == 200
    with pytest.raises(CorrError, match="nested deeper"):
        read(tmp_path, nest(5000))


def test_places_know_the_innermost_loop_around_them(tmp_path: Path) -> None:
    (function,) = read(tmp_path, nest(3, "  call void @g(), !dbg !3\n"))
    ((place, loop),) = function.places.items()
    assert place == ("/x/a.c", 5, 7) and loop is not None and loop.depth == 3
    numbers = {loop.depth: loop.number for loop in function.all_loops()}
    assert function.block_tags == {f"{kind}{n}": numbers[n + 1] for n in range(3) for kind in "hb"}


def test_many_loops_and_a_long_word_take_no_time_by_their_square(tmp_path: Path) -> None:
    many = "".join(
        f"h{n}:\n  call void @g(), !dbg !3\n  br label %h{n}, !llvm.loop !{n + 10}\n"
        for n in range(8000)
    )
    text = f"define void @f() !dbg !1 {{\n{many}}}\n" + nest(0).split("}\n", 1)[1]
    text += "".join(f"!{n + 10} = distinct !{{!{n + 10}, !3, !3}}\n" for n in range(8000))
    start = time.process_time()
    (function,) = read(tmp_path, text)
    assert len(function.loops) == 8000 and len(function.block_tags) == 8000
    locate = debug_info.Locator({"1": "!DISubprogram(" + "x" * 1_000_000}, tmp_path)
    assert locate.subprogram("1") == ("", 0)
    assert time.process_time() - start < 30
