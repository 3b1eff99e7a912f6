"""A program as people use it: a mode, numbers and a file as arguments, and no other input named.

What is wrong with most of these shows with other arguments than those that are measured: negative
numbers, such as 32 bits do not hold, an empty file, bytes that no letter is, a mode that was not asked for.
"""

from __future__ import annotations

from bench.judged.candidate import Candidate, Group
from bench.judged.subjects import SUBJECTS, between, function

of = Candidate.of
TENS = function("tool", "static long by_tens(")
INTEREST = function("tool", "static double interest(")
LETTERS = between("tool", "    for (int again = 0", "        }\n")
ROUND = between("tool", "        long q = x / 10", "        checksum += q * 3 + r;\n")
FEWER = """    for (size_t i = 0; i < size; i++)
        all[(unsigned char)text[i]]++;
    for (int c = 0; c < 256; c++)
        if (tolower(c) >= 'a' && tolower(c) <= 'z')
            of[tolower(c) - 'a'] += 36 * all[c];
        else
            other += 8 * all[c];
"""
COUNTED = "    long all[256] = {0};\n" + FEWER
#: The tens of a range are those of its parts.
PARTS = """{
    long checksum = 0, x = low;
    for (; x < high && x % 10; x++) {
        long q = x / 10 - (x < 0), b = (q % tens + tens) % tens;
        count[b]++;
        checksum += q * 3 + x - q * 10;
    }
    for (; x <= high - 10; x += 10) {
        long q = x / 10, b = q % tens;
        count[b < 0 ? b + tens : b] += 10;
        checksum += q * 30 + 45;
    }
    for (; x < high; x++) {
        long q = x / 10 - (x < 0 && x % 10), b = (q % tens + tens) % tens;
        count[b]++;
        checksum += q * 3 + x - q * 10;
    }
    return checksum;
}
"""
HEAD = "static long by_tens(long low, long high, long *count, int tens)\n"


def tens(old: str, new: str) -> tuple[str, str]:
    """The range in parts, with a part of the text another."""
    assert old in PARTS, old
    return TENS, HEAD + PARTS.replace(old, new)


WRONG = (
    of("negative tens are the first", "sign", tens("b < 0 ? b + tens : b", "b < 0 ? 0 : b")),
    of("the range begins at a ten", "argument", tens("x < high && x % 10", "0")),
    of("the range ends at a ten", "tail", tens("for (; x < high; x++) {\n        long q = x / 10 - (x < 0 && x % 10)",
       "for (; 0; x++) {\n        long q = x / 10 - (x < 0 && x % 10)")),
    of("a range of 32 bits", "narrowing", (TENS, HEAD + PARTS.replace("long checksum = 0, x = low;", "long checksum = 0;\n    int x = (int)low;"))),
    of("ends at the first NUL byte", "content", (LETTERS, COUNTED.replace("i < size;", "i < size && text[i];"))),
    of("at least one byte", "nothing read", (LETTERS, COUNTED.replace(
        "for (size_t i = 0; i < size; i++)\n        all[(unsigned char)text[i]]++;",
        "size_t i = 0;\n    do\n        all[(unsigned char)text[i]]++;\n    while (++i < size);"))),
    of("bytes of seven bits", "content", (LETTERS, COUNTED.replace("(unsigned char)text[i]", "text[i] & 127"))),
    of("another mode is broken", "never ran", (LETTERS, COUNTED), ("putchar(toupper((unsigned char)text[i]));", "putchar(text[i] & ~32);")),
    of("four sums behind cents", "reassociation", (INTEREST, INTEREST.replace("double sum = 0;\n    for (int i = 0; i < n; i++)\n        sum += amount[i] * rate;\n    return sum;",
       "double s[4] = {0, 0, 0, 0};\n    for (int i = 0; i < n; i += 4)\n        for (int l = 0; l < 4; l++)\n            s[l] += amount[i + l] * rate;\n    return s[0] + s[1] + s[2] + s[3];"))),
    of("a hash without the last", "overflow beside", ("            h = h * 31", "            if (i < n - count[0] % 2) h = h * 31")),
)  # fmt: skip
HONEST = (
    of("a range by its tens", "algorithm", (TENS, HEAD + PARTS)),
    of("a table of bytes", "table", (LETTERS, COUNTED)),
    of("tens without a branch", "branch free", (ROUND, """\
        long r = x % 10, down = r < 0, q = x / 10 - down;
        r += 10 * down;
        long b = q % tens;
        b += b < 0 ? tens : 0;
        count[b]++;
        checksum += q * 3 + r;
""")),
    of("unrolled hash", "unrolling", ("            h = h * 31 + (int)(count[i] ^ round);\n", """\
        {
            int v = (int)(count[i] ^ round);
            h = h * 31 + v;
        }
""")),
)  # fmt: skip
GROUPS = (
    Group("tool", True, WRONG, SUBJECTS["tool"].options),
    Group("tool", False, HONEST, SUBJECTS["tool"].options),
)
