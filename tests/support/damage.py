"""Ways to damage what a tool wrote: any node of JSON, lines of texts, bytes of anything."""

from __future__ import annotations

import json
import random
from typing import Any

#: In the place of a number, a name or any other node.
HOSTILE = (
    *("NaN", "-1", "0", "1e400", "1.5", "-0.0", "1e308", "2147483648", "9223372036854775808"),
    *("18446744073709551615", "9" * 5000, "null", "true", "[]", "{}", '""', '"0x"', '"\\ud800"'),
    *('"\\u0000"', '"\\u202e\\u001b[2J"', '"' + "x" * 100_000 + '"', "[" * 2000 + "]" * 2000),
    *("[" * 200_000, '{"a":' * 2000 + "1" + "}" * 2000, '"\xff\xfe"', "[[[1]]]", '["x", 1, null]'),
)
NUMBERS = (
    *(b"-1", b"0", b"nan", b"inf", b"1e999", b"2147483648", b"9223372036854775808", b"f" * 16),
    *(b"18446744073709551615", b"9" * 5000, b"f" * 5000, b"", b"x", b"\xc2\xb2", b"4294967296"),
)
PIECES = (
    *(b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\n", b"\r", b"\x1b[2J", b'"', b"\\", b"{", b"}", b"["),
    *(
        b"]",
        b",",
        b":",
        b"=",
        b" ",
        b"\t",
        b"/",
        b"@",
        b"!",
        b"%",
        b"(",
        b")",
        b"<",
        b">",
        b"x" * 9000,
    ),
)


class Text(str):
    """A node that is written as it stands."""


class Object(list[tuple[str, Any]]):
    """An object as its pairs, so that a key can stand twice."""


def spelled(node: Any) -> str:
    """JSON text of a tree; what is already text goes in unchanged."""
    if isinstance(node, Text):
        return node
    if isinstance(node, Object):
        return "{" + ", ".join(f"{json.dumps(k)}: {spelled(v)}" for k, v in node) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(spelled, node)) + "]"
    return json.dumps(node)


def parsed(text: str | bytes) -> Any:
    return json.loads(text, object_pairs_hook=Object)


def places(node: Any) -> list[tuple[list[Any], int]]:
    """Every node but the root, as the container that holds it and its position there."""
    found = []
    todo = [node]
    while todo:
        container = todo.pop()
        for at, item in enumerate(container):
            found.append((container, at))
            value = item[1] if isinstance(container, Object) else item
            if isinstance(value, list):
                todo.append(value)
    return found


def damage_json(data: bytes, chance: random.Random) -> bytes:
    """One to three nodes replaced, deleted, given twice or moved."""
    root = parsed(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        known = places(root)
        if not known:
            break
        container, at = chance.choice(known)
        put(container, at, chance)
    return spelled(root).encode("latin-1" if chance.random() < 0.3 else "utf-8", "replace")


def put(container: list[Any], at: int, chance: random.Random) -> None:
    item = container[at]
    match chance.randrange(5):
        case 0 | 1:
            hostile = Text(chance.choice(HOSTILE))
            container[at] = (item[0], hostile) if isinstance(container, Object) else hostile
        case 2:
            del container[at]
        case 3:
            container[at:at] = [item] * chance.choice((1, 1, 50))
        case 4:
            other = chance.randrange(len(container))
            if isinstance(container, Object):
                container[at] = (item[0], container[other][1])
            else:
                container[at], container[other] = container[other], item


def damage_json_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = chance.choice([n for n, line in enumerate(lines) if line.startswith(b"{")])
    lines[at] = damage_json(lines[at], chance) + b"\n"
    return b"".join(lines)


def damage_lines(data: bytes, chance: random.Random) -> bytes:
    """Lines left out, given again, cut, exchanged, or with another number in them."""
    lines = data.splitlines(keepends=True)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        line = lines[at]
        match chance.randrange(6):
            case 0:
                lines[at] = b""
            case 1:
                lines[at] = line * chance.choice((2, 2, 500))
            case 2:
                lines[at] = line[: chance.randrange(len(line) + 1)]
            case 3:
                other = chance.randrange(len(lines))
                lines[at], lines[other] = lines[other], line
            case _:
                lines[at] = other_number(line, chance)
    return b"".join(lines)


def other_number(line: bytes, chance: random.Random) -> bytes:
    starts = [n for n, c in enumerate(line) if chr(c).isdigit()]
    if not starts:
        return line + chance.choice(PIECES)
    at = end = chance.choice(starts)
    while end < len(line) and chr(line[end]).isalnum():
        end += 1
    return line[:at] + chance.choice(NUMBERS) + line[end:]


def damage_bytes(data: bytes, chance: random.Random) -> bytes:
    """Bytes changed, cut out, put in or repeated, or the rest cut off."""
    mutable = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(mutable) + 1)
        size = chance.choice((1, 1, 2, 4, 8, 64))
        match chance.randrange(6):
            case 0:
                mutable[at : at + size] = chance.randbytes(size)
            case 1:
                mutable[at : at + size] = chance.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * size
            case 2:
                del mutable[at : at + size]
            case 3:
                mutable[at:at] = chance.choice(PIECES)
            case 4:
                mutable[at:at] = mutable[at : at + 300] * chance.choice((1, 20))
            case 5 if chance.random() < 0.3:
                del mutable[at:]
    return bytes(mutable)


def damage_binary(data: bytes, chance: random.Random) -> bytes:
    """A binary keeps its size mostly: else nothing in it is where its headers say."""
    mutable = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        # headers lie at both ends, and a byte of them breaks more than one of the code
        at = chance.choice((chance.randrange(64), chance.randrange(len(data)), chance.randrange(1024),
                            len(data) - 1 - chance.randrange(min(len(data), 2500))))  # fmt: skip
        size = chance.choice((1, 1, 2, 4, 8))
        mutable[at : at + size] = chance.choice(
            (b"\0" * size, b"\xff" * size, chance.randbytes(size))
        )
    if chance.random() < 0.1:
        del mutable[chance.randrange(len(mutable)) :]
    return bytes(mutable)
