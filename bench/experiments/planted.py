"""A program of five files, and ten changes of a single function of it that cost time.

Every function takes a similar part of the time. In b, the functions beside the changed one are
other machine code too (they count their calls as they end), so that each is asked what its part is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Planted:
    """A change of a function in a file: `old` text for `new`; `head` goes before the file."""

    function: str
    file: str
    old: str
    new: str
    head: str = ""

    @property
    def uncounted(self) -> str:
        return f"  CALLED({self.function});\n"


FILES = ("main.c", "field.c", "text.c", "table.c", "side.c")
PLANTED = (
    Planted(
        "smooth", "field.c",
        "      out[i * columns + j] = 0.25",
        "      *(volatile double *)&out[i * columns + j] = 0.25",
    ),
    Planted(
        "smooth", "field.c",
        "  for (int i = 1; i < rows - 1; i++)\n    for (int j = 1; j < columns - 1; j++)\n",
        "  for (int j = 1; j < columns - 1; j++)\n    for (int i = 1; i < rows - 1; i++)\n",
    ),
    Planted("decay", "field.c", "in[i] * factor + 0.5", "in[i] / by + 0.5"),
    Planted(
        "decay", "field.c", "out[i] = in[i] * factor + 0.5",
        "out[i] = (double)((long double)in[i] * factor + 0.5L)",
    ),
    Planted(
        "words", "text.c",
        "int letter = (text[i] | 32) >= 'a' && (text[i] | 32) <= 'z';",
        "int letter = !same_key(text[i], ' ');", "int same_key(unsigned a, unsigned b);\n",
    ),
    Planted(
        "checksum", "text.c", "sum = (sum ^ text[i]) * 16777619u;",
        "for (int bit = 0; bit < 8; bit += 4) sum = (sum ^ (text[i] >> bit & 15)) * 16777619u;",
    ),
    Planted("checksum", "text.c", "* 16777619u;", "* 16777619ul % 4294967291ul;"),
    Planted(
        "present", "table.c",
        "keys[k] * 2654435761u & (size - 1); slots[at]; at = (at + 1) & (size - 1))",
        "ldiv(keys[k] * 2654435761u, size).rem; slots[at]; at = ldiv(at + 1, size).rem)",
        "#include <stdlib.h>\n",
    ),
    Planted("present", "table.c", "slots[at] == keys[k]", "same_key(slots[at], keys[k])"),
    Planted(
        "sorted", "table.c",
        "j > 0 && values[j - 1] > value;", "j > 0 && before(value, values[j - 1]);",
    ),
)  # fmt: skip


def write(folder: Path, planted: Planted | None) -> None:
    """Write the program's files into a folder: as it was, or with a planted change and other code
    beside it.
    """
    texts = {path.name: path.read_text() for path in PROGRAM.iterdir()}
    if planted is not None:
        text = texts[planted.file]
        if text.count(planted.old) != 1:
            raise ValueError(f"{planted.file} does not hold {planted.old!r} once")
        # the changed function itself counts nothing: the change is all that is new in it
        changed = text.replace(planted.old, planted.new).replace(planted.uncounted, "")
        texts[planted.file] = planted.head + changed
        texts["counts.h"] = "#define COUNT\n" + texts["counts.h"]
    for name, text in texts.items():
        (folder / name).write_text(text)
