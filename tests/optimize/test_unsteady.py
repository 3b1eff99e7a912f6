"""Numbers that differ from run to run are found, told, and left out of every comparison."""

from __future__ import annotations

import pytest

from corr.optimize.unsteady import Unsteady, unsteady


def found(*texts: str) -> Unsteady:
    result = unsteady([text.encode() for text in texts])
    assert result is not None
    return result


def blanked(some: Unsteady, text: str) -> str:
    return some.blanked(text.encode()).decode()


def test_only_the_number_that_differs_is_left_out() -> None:
    some = found("sum 12.5 after 3 steps, 0.31 left\n", "sum 12.5 after 3 steps, 0.29 left\n")
    assert blanked(some, "sum 12.5 after 3 steps, 0.2 left\n") == "sum 12.5 after 3 steps, ? left\n"
    assert "13.5" in blanked(some, "sum 13.5 after 3 steps, 0.31 left\n")
    assert blanked(some, "other 0.31\n") == "other 0.31\n", "another line is compared as it is"


def test_a_number_alone_on_its_line_is_known_by_its_turn() -> None:
    some = found("1.25\n0.31\n7\n", "1.25\n0.33\n7\n")
    assert blanked(some, "1.5\n0.9\n8\n") == "1.5\n?\n8\n"


def test_lines_that_all_differ_may_be_more_on_another_input() -> None:
    some = found("step 1: 3.1\nstep 2: 3.2\nx 5", "step 1: 3.0\nstep 2: 3.4\nx 5")
    assert blanked(some, "step 1: 9\nstep 2: 8\nstep 3: 7\nx 6") == (
        "step 1: ?\nstep 2: ?\nstep 3: ?\nx 6"
    )


@pytest.mark.parametrize(
    "line",
    ["insert 50000 rows ... 0.080s", "copy: 1.5 GB/s", "Elapsed time =   0.10 (s)", "fill 3 ms"],
)
def test_times_that_happen_to_be_equal_are_left_out_where_another_differs(line: str) -> None:
    some = found(f"total time: 1.0 s\n{line}\nn 5", f"total time: 1.1 s\n{line}\nn 5")
    rest = blanked(some, f"total time: 7 s\n{line}\nn 5").split("\n")
    assert rest[0] == "total time: ?" and "?" in rest[1] and rest[2] == "n 5"
    some = found("height: 1.0\n", "height: 1.1\n")
    assert blanked(some, line) == line, "nothing that differs is a time"


def test_a_wider_number_moves_nothing() -> None:
    some = found("time:      9.5 s\n", "time:     10.1 s\n")
    assert blanked(some, "time:    100.5 s\n") == blanked(some, "time: 1e-05 s\n")


def test_addresses_count_as_numbers() -> None:
    some = found("sum 5 at 0x7ffe12ab\n", "sum 5 at 0x7ffd00cd\n")
    assert blanked(some, "sum 6 at 0x1\n") == "sum 6 at ?\n"


@pytest.mark.parametrize(
    "texts", [("a 1\n", "b 1\n"), ("a 1\n", "a 1\na 2\n"), ("word one", "word two")]
)
def test_what_differs_in_words_is_no_number(texts: tuple[str, str]) -> None:
    assert unsteady([text.encode() for text in texts]) is None


def test_what_is_left_out_is_told_with_its_units() -> None:
    some = found("elapsed 0.31 s\nlookups 486,037/s\n", "elapsed 310 ms\nlookups 1,486,037/s\n")
    assert some.told() == "elapsed # s; lookups # /s"


def test_where_nothing_is_left_there_is_no_evidence() -> None:
    assert not found("0.31\n", "0.32\n").leaves(b"0.31\n")
    assert found("0.31 of 5\n", "0.32 of 5\n").leaves(b"0.31 of 5\n")


def test_a_large_output_takes_time_in_proportion() -> None:
    some = found("time 1 s\n", "time 2 s\n")
    text = b"1 " * 40_000 + b"\n" + b"x" * 40_000 + b" 5 s\n" + b"sec " * 10_000 + b"time 5 s"
    assert some.blanked(text).endswith(b"time ?")


def test_tables_of_numbers_alone_are_left_as_they_are_unless_they_differ() -> None:
    table = "1.5 -2e3 .25\n" * 3
    some = found(f"{table}time 1 s\n", f"{table}time 2 s\n")
    assert some.blanked(f"{table}time 3 s\n".encode()) == f"{table}time ?\n".encode()
    own = found(f"1.5 2\n{table}", f"1.7 2\n{table}")
    assert own.blanked(b"1.9 2\n1.9 2\n") == b"? 2\n1.9 2\n"


def test_a_sign_that_stands_for_numbers_may_be_in_the_text() -> None:
    some = found("time 1 s\n", "time 2 s\n")
    assert some.blanked(b"5 5\n# 5\n5 5 s\ntime # 3 s") == b"5 5\n# 5\n5 ?\ntime # ?"


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        ("Lookups/s: 486,037", "Lookups/s: 519,001", "Lookups/s: 1,019,001"),
        ("Lookups/s: 1,486,037", "Lookups/s: 999", "Lookups/s: 12"),
        ("took 950 us", "took 1.02 ms", "took 1.1 s"),
        ("rate 980 KB/s", "rate 1.1 MB/s", "rate 1.2 GB/s"),
        ("(in 12 ms)", "(in 13 ms)", "(in 1 s)"),
    ],
)
def test_a_rate_may_have_another_comma_or_prefix_in_the_next_run(
    first: str, second: str, third: str
) -> None:
    frame = "Lookups: 500,000\n{}\nsum 1,234,567 of 3\n"
    some = found(frame.format(first), frame.format(second))
    assert blanked(some, frame.format(third)) == blanked(some, frame.format(first))
    for wrong in (frame.replace("567", "568"), frame.replace("of 3", "of 4")):
        assert blanked(some, wrong.format(third)) != blanked(some, frame.format(first))


def test_commas_between_columns_are_none_of_thousands() -> None:
    some = found("100,200,0.31\n5,7,0.2\n", "100,200,0.33\n5,7,0.1\n")
    assert blanked(some, "100,200,0.5\n5,8,0.1\n") == "100,200,?\n5,8,?\n"
    some = found("1,234\nx,1\ntime 3 s", "1,234\nx,1\ntime 4 s")
    assert blanked(some, "1,235\nx,1\ntime 4 s").startswith("1,235\n")
