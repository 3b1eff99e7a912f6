"""Steps of shift registers by a table: the same for each bit, whatever else is there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from corr.irregular.tables import Steps, tables_in
from corr.polyhedral.clang_ast import Functions
from tests.support.irregular_programs import functions_of, output, replaced

pytestmark = pytest.mark.slow

_FRAME = """
#include <stdint.h>
#include <stdio.h>
#define POLY 0xEDB88320u
typedef unsigned long long word;
static const uint16_t CCITT = 0x1021;
FUNCTIONS
static word (*const every[])(word, unsigned) = {NAMES};
static word other(word x) { return (x ^ x >> 31) * 0x9E3779B97F4A7C15ull ^ x >> 7; }
int main(void)
{
    for (unsigned at = 0; at < sizeof every / sizeof *every; at++) {
        word sum = 0, x = 1;
        for (int i = 0; i < 400; i++) {
            x = i < 64 ? 1ull << i : i < 128 ? ~(1ull << (i - 64)) : i == 128 ? 0 : other(x + i);
            for (unsigned data = 0; data < 256; data += i % 5 ? 37 : 1)
                sum = other(sum ^ every[at](x, data));
            printf("%llx ", sum);
        }
        puts("");
    }
    return 0;
}
"""

#: name: (what f does, whether the register is moved to the left)
FORMS = {
    "a mask": (
        "uint32_t crc = x ^ data; for (uint8_t j = 8; j > 0; --j)"
        " { crc = (crc >> 1) ^ (0xEDB88320 & (-(crc & 1))); } return crc;",
        False,
    ),
    "a choice": (
        "unsigned crc = x; crc ^= data; int k; for (k = 0; k < 8; k++)"
        " crc = crc & 1 ? (crc >> 1) ^ POLY : crc >> 1; return crc + k;",
        False,
    ),
    "a branch, then moved": (
        "unsigned long crc = x ^ data; for (int k = 7; k >= 0; k--) {"
        " if (crc & 1) { crc >>= 1; crc ^= 0xC96C5795D7870F42; } else crc >>= 1; } return crc;",
        False,
    ),
    "to the left": (
        "uint16_t crc = x; crc ^= (uint16_t)(data << 8); for (int k = 0; k < 8; k++)"
        " { if ((crc & 0x8000) != 0) { crc = (uint16_t)((crc << 1) ^ CCITT); }"
        " else { crc <<= 1; } } return crc;",
        True,
    ),
    "to the left, in more bits than it has": (
        "unsigned crc = x; crc ^= data << 8; for (int k = 0; k < 8; k++)"
        " { crc <<= 1; if (crc & 0x10000) crc ^= 0x1021; crc &= 0xffff; } return crc;",
        True,
    ),
    "the same, with what is above": (
        "unsigned crc = x; crc ^= data << 8; for (int k = 0; k < 8; k++)"
        " crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1; return crc & 0xffff;",
        True,
    ),
    "eight bits": (
        "unsigned char crc = x ^ data; for (int bit = 0; bit < 8; ++bit)"
        " crc = (crc << 1) ^ (((crc >> 7) & 1) * 0x07); return crc;",
        True,
    ),
    "bits of the data one by one": (
        "uint8_t crc = x, byte = data, mix; for (uint8_t k = 8; k; k--) { mix = (crc ^ byte) & 1;"
        " crc >>= 1; if (mix) crc ^= 0x8C; byte >>= 1; } return crc + byte;",
        False,
    ),
    "bits of the data by a mask": (
        "uint32_t crc = x; uint8_t c = data; for (int i = 0x80; i; i >>= 1) {"
        " _Bool bit = crc & 0x80000000; if (c & i) bit = !bit; crc <<= 1;"
        " if (bit) crc ^= 0x04c11db7; } return crc + c;",
        True,
    ),
    "a wide word of data": (
        "uint16_t crc = x; unsigned word = data * 77; for (int i = 0; i < 8; i++) {"
        " crc = (crc ^ word) & 1 ? crc >> 1 ^ 0xA001 : crc >> 1; word >>= 1; } return crc ^ word;",
        False,
    ),
    "something added each time": (
        "unsigned crc = x ^ data; const unsigned poly = 0xA001; for (int i = 0; i < 8; i++) {"
        " unsigned low = crc & 1u; crc >>= 1; crc ^= ~(low - 1) & poly; crc ^= 5; } return crc;",
        False,
    ),
    "in a loop, with a name that is taken": (
        "uint32_t crc = ~0u, mask; static int crc_of; int j; for (int i = 0; i < 4; i++) {"
        " crc ^= (x >> i * 8 ^ data) & 255; for (j = 7; j >= 0; j--) { mask = -(crc & 1);"
        " crc = (crc >> 1) ^ (POLY & mask); } } return ~crc + crc_of + j;",
        False,
    ),
    "signed in between": (
        "uint16_t crc = x ^ data; for (int i = 0; i < 8; i++) { if ((int16_t)crc < 0)"
        " crc = crc * 2 ^ 0x8005; else crc = crc * 2; } return crc;",
        True,
    ),
}
#: name: (what f does, what is said)
LEFT = {
    "a product of bits": (
        "unsigned crc = x ^ data; for (int k = 0; k < 8; k++)"
        " crc = crc >> 1 ^ (crc & crc >> 3 & 1); return crc;",
        "a product of bits",
    ),
    "a register with a sign": (
        "int crc = (int)(x & 0xff) ^ data; for (int k = 0; k < 8; k++)"
        " crc = crc & 1 ? crc >> 1 ^ 0x8C : crc >> 1; return crc;",
        "a number with a sign",
    ),
    "seven steps to the left": (
        "unsigned crc = x ^ data; for (int k = 0; k < 7; k++)"
        " crc = crc & 1 ? crc >> 1 ^ POLY : crc >> 1; return crc;",
        "more than eight bits",
    ),
    "a loop that ends when the data say so": (
        "unsigned crc = x ^ data; for (; crc & 1;) crc = crc >> 1 ^ POLY; return crc;",
        "how often the loop turns",
    ),
    "a break": (
        "unsigned crc = x ^ data; for (int k = 0; k < 8; k++) { if (k == 3) break;"
        " crc = crc & 1 ? crc >> 1 ^ POLY : crc >> 1; } return crc;",
        "it holds a BreakStmt",
    ),
    "a polynomial that is given": (
        "unsigned crc = x; for (int k = 0; k < 8; k++)"
        " crc = crc & 1 ? crc >> 1 ^ data : crc >> 1; return crc;",
        "a product of bits",
    ),
    "what a step found is used later": (
        "unsigned crc = x ^ data, low; for (int k = 0; k < 8; k++) { low = crc & 1;"
        " crc = low ? crc >> 1 ^ POLY : crc >> 1; } return crc + low;",
        "low is left with",
    ),
    "volatile": (
        "volatile unsigned crc = x ^ data; for (int k = 0; k < 8; k++)"
        " crc = crc & 1 ? crc >> 1 ^ POLY : crc >> 1; return crc;",
        "volatile",
    ),
    "a static register": (
        "static unsigned crc; crc ^= x ^ data; for (int k = 0; k < 8; k++)"
        " crc = crc & 1 ? crc >> 1 ^ POLY : crc >> 1; return crc;",
        "no variable of the function's own",
    ),
    "two registers": (
        "unsigned crc = x, one = data; for (int k = 0; k < 8; k++) {"
        " crc = crc & 1 ? crc >> 1 ^ POLY : crc >> 1; one = one & 1 ? one >> 1 ^ 9 : one >> 1; }"
        " return crc + one;",
        "several registers|more than eight bits",
    ),
    "a sum of numbers": (
        "unsigned crc = x; for (int k = 0; k < 8; k++) crc = (crc >> 1) + (data & crc); return crc;",
        "a product of bits|values that are not known",
    ),
}


def program(bodies: Iterable[str]) -> str:
    """A program of functions f_0, f_1 and so on that do these things."""
    listed = list(bodies)
    functions = (
        f"static word f_{n}(word x, unsigned data) {{ {body} }}" for n, body in enumerate(listed)
    )
    names = ", ".join(f"f_{n}" for n in range(len(listed)))
    return _FRAME.replace("FUNCTIONS", "\n".join(functions)).replace("NAMES", names)


def of(functions: Functions, name: str) -> tuple[list[Steps], list[str]]:
    """The loops of a function that have tables, and why others have none."""
    node = functions.get(name)
    assert node is not None
    every = list(tables_in(functions, node))
    found = [one for one in every if isinstance(one, Steps)]
    return found, [one[1] for one in every if not isinstance(one, Steps)]


@pytest.mark.parametrize("file", ["t.c", "t.cpp"])
def test_the_same_for_every_bit(file: str, tmp_path: Path) -> None:
    text = program(body for body, _ in FORMS.values())
    text = text.replace("_Bool", "bool") if file == "t.cpp" else text
    functions = functions_of(tmp_path, text, file)
    parts = []
    for number, (name, (_, left)) in enumerate(FORMS.items()):
        found, reasons = of(functions, f"f_{number}")
        assert len(found) == 1, (name, reasons)
        assert found[0].table.left == left or not found[0].table.kept, name
        parts.append((found[0].span(functions), found[0].code(functions, "By a table.")))
    new = replaced(functions, parts)
    assert output(tmp_path, new, file) == output(tmp_path, text, file)


def test_what_is_no_such_thing_is_left_alone(tmp_path: Path) -> None:
    functions = functions_of(tmp_path, program(body for body, _ in LEFT.values()), "t.c")
    for number, (name, (_, why)) in enumerate(LEFT.items()):
        found, reasons = of(functions, f"f_{number}")
        assert not found, name
        assert any(part in reason for part in why.split("|") for reason in reasons), reasons


def test_steps_at_compile_time_stay(tmp_path: Path) -> None:
    text = program([FORMS["a mask"][0]]).replace("static word f_0", "constexpr word f_0")
    found, reasons = of(functions_of(tmp_path, text, "t.cpp"), "f_0")
    assert not found and not reasons, "a constexpr function may hold no table"
