"""The gate reads a text in steps that grow as its length does, whatever shape the text has.

Counted are the lines of the gate that are executed, by a trace, and the tokens that it steps over
at once, by its own account. Both are the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corr.optimize import gate
from corr.optimize.gate import of_source, steps
from tests.optimize.gate.counting import is_linear, is_steady, lines_run
from tests.optimize.gate.programs import CXX, LOOP, C


def lines_and_steps(before: str, after: str, name: str) -> tuple[int, int]:
    """Lines of the gate that run for the change, and the steps that it counts itself."""
    counts: list[steps.Steps] = []

    class Counted(steps.Steps):
        def __init__(self, characters: int) -> None:
            super().__init__(characters)
            counts.append(self)

    gate.source(before, before, name)  # so that the original is known
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_source, "Steps", Counted)
        patch.setattr(of_source, "MOST_REFUSALS", sys.maxsize)  # else it stops somewhere
        lines = lines_run(lambda: gate.source(before, after, name))
    return lines, sum(one.taken for one in counts)


SHAPES: dict[str, Callable[[int], str]] = {
    "declarators": lambda n: "void f(void) { int x0" + ",x0" * n + "; }",
    "declarators with values": lambda n: "void f(void) { int x0" + ",x0=x0" * n + "; }",
    "declarators at the top": lambda n: "static int x" + ",*x" * n + ";",
    "uses of one name": lambda n: "void f(void) { int x0;" + "x0;" * n + "}",
    "one name in many blocks": lambda n: "void f(void) {" + "{int x0; x0;}" * n + "}",
    "one name in blocks in blocks": lambda n: (
        "void f(void) {" + "{int x0; x0;" * n + "}" * n + "}"
    ),
    "statements of for": lambda n: "void f(void) {" + "for(int y0=0;;)" * n + ";}",
    "statements of if": lambda n: "void f(void) {" + "if(1)" * n + ";" + "else;" * n + "}",
    "a ladder of else if": lambda n: "void f(void) {" + "if(1);else " * n + ";}",
    "parentheses": lambda n: "void f(void) { x = " + "(" * n + "1" + ")" * n + "; }",
    "parentheses that stay open": lambda n: "void f(void) { x = " + "(" * n,
    "parentheses that were not open": lambda n: "void f(void) { x = " + ")" * n,
    "brackets": lambda n: "void f(void) { x" + "[" * n + "1" + "]" * n + "; }",
    "double brackets": lambda n: "[[" * n,
    "double brackets that close": lambda n: "[[" * n + ";" + "]]" * n,
    "braces": lambda n: "int x = " + "{" * n + "1" + "}" * n + ";",
    "blocks": lambda n: "void f(void) " + "{" * n + "}" * n,
    "brackets of all kinds": lambda n: "([{" * n + "}])" * n,
    "brackets that cross": lambda n: "({" * n + ")}" * n,
    "calls of calls": lambda n: "void f(void) { f" + "(1)" * n + "; }",
    "calls in calls": lambda n: "void f(void) { " + "f(" * n + ")" * n + "; }",
    "casts": lambda n: "void f(void) { x = " + "(double)" * n + "(1); }",
    "casts in casts": lambda n: "void f(void) { x = " + "((double)" * n + "1" + ")" * n + "; }",
    "calls through casts": lambda n: (
        "void f(void) { " + "((f)" * n + "(1)" + ")(1)" * n + "; }"
    ),
    "calls of elements": lambda n: "void f(void) { " + "x[" * n + "1" + "](1)" * n + "; }",
    "function pointers": lambda n: "int " + "(*" * n + "f" + ")(int)" * n + ";",
    "typedefs of functions": lambda n: "typedef int f0(int);" * n + "f0 *x;" * n,
    "typedefs in one": lambda n: "double typedef " * n + ";",
    "using in one": lambda n: "using fn = double" * n + ";",
    "stars": lambda n: "void f(void) { a " + "*" * n + "b; }",
    "stars at the top": lambda n: "x0 *" * n,
    "members": lambda n: "void f(void) { x" + ".x" * n + "(1); }",
    "static": lambda n: "void f(void) { static" + " a" * n + " static b" * n + "; }",
    "statics": lambda n: "void f(void) {" + "static int a;" * n + "}",
    "statics in statics": lambda n: "void f(void) {" + "static int a = ({" * n + "1;})" * n + ";}",
    "statics in statics that stay open": lambda n: "(" * (2 * n) + "static ({" * n,
    "statics in classes": lambda n: "void f(void) {" + "static struct {" * n + "int x;} a;" * n + "}",
    "static static": lambda n: "void f(void) { " + "static " * n + "int x; }",
    "extern": lambda n: "extern " * n,
    "extern blocks": lambda n: 'extern "C" {' * n + "}" * n,
    "asm": lambda n: "asm " * n,
    "asm in asm": lambda n: "asm(" * n + ")" * n,
    "attributes": lambda n: "__attribute__((unused)) " * n + "int x;",
    "attributes in attributes": lambda n: "__attribute__((a(" * n + ")))" * n,
    "a list of attributes": lambda n: "__attribute__((unused" + ",unused" * n + ")) int x;",
    "attributes with calls": lambda n: "__attribute__((aligned(" + "f(" * n + ")" * n + "))) int x;",
    "pragmas": lambda n: '_Pragma("x") ' * n,
    "pragmas in pragmas": lambda n: "_Pragma(" * n + ")" * n,
    "directives": lambda n: "#pragma x\n" * n,
    "macros": lambda n: "".join(f"#define A{i} A{i + 1}\n" for i in range(n)) + f"#define A{n} asm\n",
    "a macro of many": lambda n: "#define A" + " B" * n + "\n",
    "ladder of #if": lambda n: "#if 1\n" * n + "#endif\n" * n,
    "ladder of #elif": lambda n: "#if 1\n" + "{\n#elif 1\n" * n + "{\n#endif\n",
    "#if with open braces": lambda n: "#if 1\n{\n#else\n{\n#endif\n" * n,
    "comments": lambda n: "/* */" * n,
    "comments that stay open": lambda n: "/*" * n,
    "stars in a comment": lambda n: "/*" + "*" * n,
    "line comments": lambda n: "// x\n" * n,
    "strings": lambda n: '"x"' * n,
    "quotes": lambda n: '"' * (2 * n + 1),
    "escaped quotes": lambda n: '"' + '\\"' * n,
    "escaped quotes of letters": lambda n: "'" + "\\'" * n,
    "raw strings": lambda n: 'R"(' * n,
    "raw strings with marks": lambda n: 'R"abcdefgh(' * n,
    "marks": lambda n: 'R"' + "a" * n,
    "splices": lambda n: "\\\n" * n,
    "splices with blanks": lambda n: "\\" + "  " * n + "x",
    "trigraphs": lambda n: "??/" * n,
    "numbers": lambda n: "1e+" * n,
    "long names": lambda n: "a" * (20 * n),
    "letters": lambda n: "é" * n,
    "labels": lambda n: "void f(void) {" + "x0:" * n + ";}",
    "cases": lambda n: "void f(void) { switch (1) {" + "case 1:" * n + ";}}",
    "enumerators": lambda n: "enum {" + "x0," * n + "};",
    "structs": lambda n: "struct x0 {" * n + "int x0;" + "} x0;" * n,
    "compound literals": lambda n: "void f(void) { x = " + "(struct x){" * n + "}" * n + "; }",
    "statement expressions": lambda n: "void f(void) { x = " + "({int x0;" * n + "1;" + "})" * n + ";}",
    "generic": lambda n: "void f(void) { x = " + "_Generic(1,int:" * n + "1" + ")(1)" * n + "; }",
    "parameters": lambda n: "static int f(int x0" + ",int x0" * n + ") { return x0; }",
    "functions in parameters": lambda n: "static int f(" + "int x0(" * n + ")" * n + ") { return 1; }",
    "prototypes": lambda n: "static int f(int x);" * n,
    "new names": lambda n: "".join(f"x{i};" for i in range(n)),
    "chained comparisons": lambda n: "void f(void) { x = a" + "<a>a" * n + "; }",
}  # fmt: skip
CXX_SHAPES: dict[str, Callable[[int], str]] = {
    "namespaces": lambda n: "namespace a {" * n + "}" * n,
    "namespaces in one": lambda n: "namespace a" + "::a" * n + " {}",
    "templates": lambda n: "template<class x0>" * n + "int f();",
    "templates in templates": lambda n: "a<" * n + "b" + ">" * n + " q;",
    "templates that stay open": lambda n: "a<" * n,
    "templates of templates": lambda n: "template<" * n + "class T" + ">" * n + " class U> int f();",
    "arguments of a template": lambda n: "a<b" + ",b" * n + "> q;",
    "names in names": lambda n: "void f() { a" + "::a" * n + "(1); }",
    "names in templates": lambda n: "void f() { " + "a<b>::" * n + "a(1); }",
    "lambdas": lambda n: "void f() { x = " + "[]{ return " * n + "1;" + "}()" * n + "; }",
    "captures": lambda n: "void f() { x = [" + "x0=1," * n + "x0=1]{}; }",
    "captures in captures": lambda n: "void f() { x = " + "[x0=" * n + "1" + "]{}" * n + "; }",
    "bindings": lambda n: "void f() { auto [" + "x0," * n + "x0] = x; }",
    "bindings in bindings": lambda n: "void f() { auto " + "[" * n + "x0" + "]" * n + " = x; }",
    "classes": lambda n: "class x0 : a {" * n + "};" * n,
    "bases": lambda n: "class x0 : a" + ",a" * n + "{};",
    "operators": lambda n: "operator " * n + "()",
    "constructors": lambda n: "struct S { " + "S(int x0) : a(1) {}" * n + " };",
    "initialised members": lambda n: "struct S { S() : a(1)" + ",a{1}" * n + " {} };",
    "initialised objects": lambda n: "void f() { std::vector<int> v(1)" + ",v(1)" * n + "; }",
    "constraints": lambda n: "template<class T> requires A<T>" + " && A<T>" * n + " int f();",
    "using": lambda n: "using a = int(int);" * n,
    "and": lambda n: "void f() { x = a" + "<a && a>" * n + "a; }",
    "class words": lambda n: "class " * n,
    "class heads": lambda n: "class " + "a " * n + "{};" + "{}" * n,
}  # fmt: skip


def grows(before: str, name: str, shape: Callable[[int], str], size: int) -> None:
    """Doubled and doubled again, the second step is twice the first, and not four times."""
    once, twice, again = (
        lines_and_steps(before, before + shape(n), name) for n in (size, 2 * size, 4 * size)
    )
    for numbers in zip(once, twice, again, strict=True):
        assert is_linear(*numbers, least=2 * size), numbers


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_twice_the_text_takes_twice_the_steps(shape: Callable[[int], str]) -> None:
    grows(C, "work.c", shape, 80)


@pytest.mark.parametrize(
    "shape",
    [*CXX_SHAPES.values(), *SHAPES.values()],
    ids=[*CXX_SHAPES.keys(), *(f"{name}, in C++" for name in SHAPES)],
)
def test_twice_the_text_takes_twice_the_steps_in_cxx(shape: Callable[[int], str]) -> None:
    grows(CXX, "work.cpp", shape, 80)


#: What texts are made of: words, signs and whole phrases, also torn ones.
_WORDS = """
    ( ) [ ] { } < > ; , : :: = * & && -> . ... # ## \\ ' " ? ~ + - / int x0 x1 a f static extern
    typedef struct class enum template using namespace auto operator if else for while do switch
    case return goto sizeof typeof decltype _Generic asm __attribute__ _Pragma virtual const
    constexpr requires public std (*f)( ){ }) ]{ [[ ]] [&]( ({ x0= ,x0 a<b> /* */ // "x" R"( )" 'c'
    1.0 0x1p3 %: <: ??/ é
"""
ATOMS = [*_WORDS.split(), "int x0", "\n#if 1\n", "\n#else\n", "\n#endif\n", "\n#define A B\n"]
ATOMS += ["\n#pragma omp simd\n", "\\\n", "\n", " "]
PHRASES = st.lists(st.sampled_from(ATOMS), min_size=1, max_size=6).map(" ".join)


@settings(max_examples=60, derandomize=True)  # `make fuzz` looks further
@given(PHRASES, PHRASES, PHRASES, st.booleans())
def test_any_phrase_again_and_again(opening: str, middle: str, closing: str, cxx: bool) -> None:
    def shape(n: int) -> str:
        return "\nvoid f() {" + opening * n + middle + closing * n

    assume(is_steady(opening) and is_steady(closing))
    before, name = ("int a;\n", "work.cpp" if cxx else "work.c")
    grows(before, name, shape, 40)


def test_one_original_is_judged_against_any_number_of_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steps, "FREE_STEPS", 0)
    for number in range(40):
        assert gate.source(C, C + f"// {number}\n", "work.c") == []


def test_a_text_that_takes_too_many_steps_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "FREE_STEPS", 0)
    monkeypatch.setattr(steps, "STEPS_PER_CHARACTER", 1)
    (refusal,) = gate.source(C + "\n", C.replace(LOOP, "") + " ", "work.c")
    assert refusal.rule == "length"
    assert "work.c: the text is not read to its end: over " in refusal.what


def test_a_text_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "SECONDS", -1.0)
    (refusal,) = gate.source(C, C + "int a = 1 + 1;\n" * 15_000, "work.c")
    assert refusal.rule == "length"
    assert "seconds" in refusal.what


def test_a_text_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_source, "LONGEST", len(C))
    assert gate.source(C, C, "work.c") == []
    (refusal,) = gate.source(C, C + ";", "work.c")
    assert refusal.rule == "length"
    assert f"{len(C) + 1} characters are over the limit of {len(C)}" in refusal.what
