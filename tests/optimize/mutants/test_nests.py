"""Which nests are broken: those of the program's own files before those of a library's headers."""

from __future__ import annotations

from typing import Any

from corr.optimize.mutants.nests import LEAST_SHARE, ranked


def loop(key: str, place: str, share: float | None, iterations: int = 100) -> dict[str, Any]:
    """A row of a loop."""
    path = key.rpartition("/")[2]
    return {
        **{"key": key, "function": key.rpartition("/")[0], "unit": "t.cpp", "path": path},
        **{"place": place, "share": share, "iterations": iterations, "trips": 3.0},
    }


TREE = loop("std::find_in/1", "/usr/include/c++/12/bits/stl_tree.h:1950", 0.5)


def keys(*rows: dict[str, Any], functions: tuple[dict[str, Any], ...] = ()) -> list[str]:
    return [nest.key for nest in ranked(rows, functions)]


def test_the_programs_own_come_first() -> None:
    own = loop("work/1", "t.cpp:7", 0.1)
    assert keys(TREE, own) == ["work/1", "std::find_in/1"]
    above = loop("part/1", "lib/part.h:3", 0.2)
    assert keys(TREE, above, own) == ["part/1", "work/1", "std::find_in/1"]


def test_though_hardly_anything_was_sampled_in_them() -> None:
    own = [loop(f"main/{n}", f"t.cpp:{n}", LEAST_SHARE / (n + 1)) for n in (1, 2, 3)]
    assert keys(TREE, *own) == ["main/1", "main/2", "std::find_in/1"]
    assert keys(TREE, loop("main/1", "t.cpp:7", None, 0)) == ["std::find_in/1"], "it never ran"
    hot = {"function": "memcmp", "place": "/usr/src/memcmp.S:80", "share": 0.4}
    assert keys(own[0], functions=(hot,)) == ["main/1", "memcmp"]


def test_a_unit_outside_of_the_folder_is_the_programs() -> None:
    there = {**loop("work/1", "/tmp/other/t.cpp:7", 0.1), "unit": "/tmp/other/t.cpp"}
    assert keys(TREE, there) == ["work/1", "std::find_in/1"]


def test_where_nothing_was_sampled() -> None:
    rows = [loop("main/1", "t.cpp:7", None), loop("std::sort/1", "/usr/include/x:1", None, 900)]
    assert keys(*reversed(rows)) == ["main/1", "std::sort/1"]
