"""Trees of nodes that nobody walks through in order."""

from __future__ import annotations

from corr.optimize.idioms.spelling import Change, Spelling, with_include

#: Trees, and the tables that find the same keys. What depends on the order is not to compile.
_TABLES = {"map": "unordered_map", "set": "unordered_set"}
#: Names of which nobody says that order does not matter to them.
_ORDERED = frozenset(("lower_bound", "upper_bound", "equal_range", "iterator", "const_iterator"))
#: Tables that can be looked up and changed, and not be gone through.
UNWALKED = """
#include <unordered_map>
#include <unordered_set>
namespace corr_unwalked {
template <class... T> struct unordered_map : std::unordered_map<T...> {
  using std::unordered_map<T...>::unordered_map;
  void begin() const = delete; void cbegin() const = delete;
};
template <class... T> struct unordered_set : std::unordered_set<T...> {
  using std::unordered_set<T...>::unordered_set;
  void begin() const = delete; void cbegin() const = delete;
};
}
"""


def hashed(spelling: Spelling, prefix: str = "std") -> str | None:
    """Trees as hash tables, all of the file's; `prefix` is the namespace of the tables."""
    if _ORDERED & spelling.names or "map" in spelling.elsewhere or "set" in spelling.elsewhere:
        return None
    changes: list[Change] = []
    for at, token in enumerate(spelling.tokens):
        if token.text not in _TABLES or spelling.word(at + 1) != "<":
            continue
        first = spelling.standard(at)
        if first is None:
            continue
        start = spelling.tokens[first].start
        changes.append((start, token.end, f"{prefix}::{_TABLES[token.text]}"))
    if not changes:
        return None
    text = spelling.with_changes(changes)
    for name in _TABLES.values():
        text = with_include(text, name) if f"{prefix}::{name}" in text else text
    return text


def unwalked(spelling: Spelling) -> str | None:
    """The same text with tables that cannot be gone through: it compiles where order is nothing."""
    text = hashed(spelling, "corr_unwalked")
    return None if text is None else UNWALKED + text
