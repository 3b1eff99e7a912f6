"""Functions of the C library, and of C++'s, that only compute."""

from __future__ import annotations

from corr.polyhedral.clang_ast import Functions, Node
from corr.polyhedral.declarations import type_of

#: Functions of the C library that only compute, with how many arguments they take. (errno, which
#: sqrt may set, is not looked at.)
_ONE = ["sqrt", "fabs", "exp", "log", "sin", "cos", "tan", "floor", "ceil", "cbrt", "exp2"]
_PURE = dict.fromkeys(_ONE, 1) | {"pow": 2, "fmax": 2, "fmin": 2, "fma": 3}
#: Those of which C++ has one for each type, by names that hardly anything else has in its own.
OVERLOADED = ("sqrt", "fabs", "abs", "floor", "ceil", "fmax", "fmin")


def of_library(functions: Functions, callee: Node, arguments: int) -> str:
    """The function, or the builtin that it is, as the new code calls it; "" for any other."""
    name: str = callee["referencedDecl"]["name"]
    plain = name.removeprefix("__builtin_")
    if plain != name:
        return name if _known(plain) else ""
    if functions.unit.cxx:
        return _overload(functions, callee, name, arguments) if name in OVERLOADED else ""
    return name if _known(name) and functions.get(name) is None else ""


def type_of_call(function: str) -> str:
    """The type of what a function of the library takes and gives."""
    plain = function.removeprefix("__builtin_")
    return "float" if plain.endswith("f") and plain not in _PURE else "double"


def _known(name: str) -> bool:
    return name in _PURE or name.removesuffix("f") in _PURE


def _overload(functions: Functions, callee: Node, name: str, arguments: int) -> str:
    """The builtin that a function of C++ is: of the C library, or its overload in std."""
    kind = type_of(callee["type"]).partition(" ")[0]
    of = f"{kind} ({', '.join([kind] * arguments)})"
    if kind not in ("float", "double") or _plain(callee["type"]) != of:
        return ""
    found = functions.members(f"std::{name}" if name == "abs" else name)
    declared = [n for n in found if n["kind"] == "FunctionDecl" and n.get("name") == name]
    named = {n.get("mangledName") for n in declared if _plain(n["type"]) == of}
    known = {f"_ZSt{len(name)}{name}{kind[0] * arguments}", *([name] if name != "abs" else [])}
    if not named or not named <= known:
        return ""
    return f"__builtin_{'fabs' if name == 'abs' else name}{'f' if kind == 'float' else ''}"


def _plain(type_: dict[str, str]) -> str:
    """A function's type without what it says of exceptions."""
    return type_of(type_).partition(" noexcept")[0]
