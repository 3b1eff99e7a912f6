"""What a module defines, and which functions must be exchanged together."""

from __future__ import annotations

from corr.experiment.symbols import (
    closure,
    groups,
    names_in,
    renamed,
    symbols_of,
    without_lists,
)

MODULE = r"""
@calls = internal unnamed_addr global i32 0, align 4
@.str = private unnamed_addr constant [6 x i8] c"@calls", align 1
@"odd name" = dso_local global [2 x ptr] [ptr @.str, ptr @work], align 8
@outside = external global i32
@second = dso_local alias void (), ptr @top
@llvm.used = appending global [1 x ptr] [ptr @calls], section "llvm.metadata"

define internal fastcc noundef range(i32 0, 9) i32 @work(ptr noundef readonly captures(none) %0, <4 x float> %1, [2 x i64] %2) unnamed_addr #0 {
  %3 = load i32, ptr @calls, align 4
  ret i32 %3
}

define dso_local void @top() local_unnamed_addr #1 personality ptr @__gxx_personality_v0 {
  %1 = call fastcc i32 @work(ptr @.str, <4 x float> zeroinitializer, [2 x i64] zeroinitializer)
  ret void
}
"""


def test_definitions_have_a_kind_a_signature_and_what_they_use() -> None:
    found = symbols_of(MODULE)
    assert set(found) == {"calls", ".str", "odd name", "second", "work", "top"}
    assert found["work"].signature == "fastcc i32 (ptr, <4 x float>, [2 x i64])"
    assert found["top"].signature == "void ()"
    assert found["top"].uses == {"work", ".str", "__gxx_personality_v0"}
    assert found["calls"].kind == "variable" and found["calls"].local
    assert found[".str"].kind == "constant" and found[".str"].uses == frozenset()
    assert found["odd name"].uses == {".str", "work"} and not found["odd name"].local
    assert found["second"].kind == "alias" and found["second"].uses == {"top"}


def test_renaming_leaves_strings_alone() -> None:
    text = renamed(MODULE, ["calls", ".str"], "other.")
    assert 'c"@calls"' in text and '@"other.calls" = internal' in text
    assert names_in(text) >= {"other.calls", "other..str", "work", "odd name"}
    assert "llvm.used" not in without_lists(MODULE) and "@second" in without_lists(MODULE)


def module(work: str = "i32 @work(i32 %0)", work_body: str = "", top_body: str = "") -> str:
    return (
        "@kept = internal global i32 0\n" * ("@kept" in work_body + top_body)
        + f"define internal {work} {{\n{work_body}\n}}\n"
        + f"define void @top() {{\n  call @work()\n{top_body}\n}}\n"
        + "define void @apart() {\n  ret void\n}\n"
    )


def sides(a: str, b: str, *names: str) -> list[frozenset[str]]:
    return groups(symbols_of(a), symbols_of(b), names)


def test_functions_stand_alone_where_both_builds_call_them_alike() -> None:
    assert sides(module(), module(work_body="  ret"), "work") == [{"work"}]
    assert sides(module(), module(), "top", "apart") == [{"top"}, {"apart"}]


def test_a_function_goes_with_its_callers_where_its_parameters_changed() -> None:
    assert sides(module(), module("i32 @work(i32 %0, ptr %1)"), "work") == [{"work", "top"}]
    assert sides(module(), module("fastcc i32 @work(i32 %0)"), "top", "work") == [{"work", "top"}]


def test_functions_that_share_a_variable_of_one_build_go_together() -> None:
    """The other build does without: what one of them writes the other would not see."""
    shared = module(work_body="  load @kept", top_body="  store @kept")
    assert sides(module(), shared, "work") == [{"work", "top"}]
    assert sides(shared, shared, "work") == [{"work"}]


def test_what_the_other_build_lacks_goes_along() -> None:
    a = symbols_of("define void @top() {\n  ret void\n}\n")
    b = symbols_of(module(work_body="  load @kept"))
    assert closure(["top"], b, {}) == {"top", "work", "kept"}
    assert closure(["top"], b, {"work": b["work"]}) == {"top"}
    assert closure(["top"], a, {}) == {"top"}
