"""Text of others made harmless: names, messages and sources that a program under study chose.

A terminal acts on some characters, a reader is deceived by others, and a model reads what a person
cannot see. What each class of characters becomes, here and nowhere else:

- Cc, controls, ESC and C1 among them: a terminal obeys them. Escaped: `\\x1b`.
- Cf, format characters: they turn the direction of writing, are invisible, or carry hidden text
  (tags). Escaped: `\\u202e`. That parts some emoji and words of some scripts, which is the price.
- Zl, Zp, line and paragraph separators: a line for some readers, none for others. Escaped.
- Zs, spaces other than the ordinary one: taken for it, and not it. Escaped.
- Cs, lone surrogates: bytes that were no UTF-8; they cannot be written out. Escaped: `\\udc80`.
- Co, Cn, private and unassigned: nobody knows what is drawn. Escaped.
- Fillers and variation selectors (of Mn, Lo): nothing is drawn, so that text can hide. Escaped.
- All else is seen and stays, combining marks too.

Escapes are not meant to be read back: a backslash stays as it is, so that doing it twice changes
nothing. What Markdown, HTML, YAML or a CI service act on is escaped by those who write them.
"""

from __future__ import annotations

import re

#: Drawn as nothing though Unicode counts them as letters or marks (Default_Ignorable_Code_Point).
_NOT_DRAWN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def visible(text: str, keep: str = "") -> str:
    """The text with every character that is not seen as itself escaped.

    `keep`: controls that may stay, for texts of several lines: `\\n`, `\\t`.
    """
    if is_visible(text):
        return text
    return "".join(c if c in keep or is_visible(c) else escaped(c) for c in text)


def one_line(text: str, most: int | None = None) -> str:
    """The text on one visible line, runs of white space as one space, at most `most` characters."""
    line = " ".join(text.split())
    # what is escaped becomes longer, never shorter: the rest need not be looked at
    return visible(line) if most is None else cut(visible(line[: most + 1]), most)


def first_line(text: str) -> str:
    """The first line with something on it, visible; empty where there is none."""
    return next((visible(line.strip()) for line in text.splitlines() if line.strip()), "")


def cut(text: str, most: int) -> str:
    """At most `most` characters of the text, the last one `…` where some are missing."""
    return text if len(text) <= most else text[: max(most - 1, 0)] + "…"[:most]


def is_visible(text: str) -> bool:
    """All characters are seen as what they are."""
    return text.isprintable() and not _NOT_DRAWN.search(text)


def escaped(character: str) -> str:
    """A character as Python, C++ and YAML spell it in a string: `\\x1b`, `\\u202e`."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
