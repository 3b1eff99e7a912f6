"""Fuzzes the readers of remarks: `python -m tests.fuzz --seconds 60`, or `make fuzz`.

Real records, of both formats, are damaged at random. Whatever comes of it, a reader must end, in a
time that the size allows, without an exception; must account for every document that it found;
must say so if a document was lost; and must not lose more than the damage touched. An input that
breaks a rule is kept, and the number that repeats it is printed.
"""

from __future__ import annotations

import argparse
import gzip
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from collectors.remarks.reader import RemarkReader, read
from tests.support.bitwriter import Table, encode, write

RECORDS = Path(__file__).parent / "fixtures" / "remarks"
#: Documents that one piece of damage can cost: its own, and those it joins or cuts.
MOST_LOST = 3
#: Seconds of CPU time that reading an input may take; the largest are some hundred kilobytes.
MOST_SECONDS = 30.0
BLOCKS = (3 << 20, 1 << 14, 4096)


class Broken(Exception):
    """A rule that an input broke."""


def bag(reader: RemarkReader) -> Counter[str]:
    """All documents that were read, without their places."""
    found: Counter[str] = Counter()
    for batch in reader:
        for row in batch.drop_columns(["unit", "document"]).to_pylist():
            found[repr({k: v for k, v in row.items() if k != "count"})] += row["count"]
    return found


def corpus(folder: Path) -> list[tuple[bytes, Counter[str]]]:
    """Records as LLVM writes them, and what is in them: YAML, and bitstreams of the same rows."""
    files = [path.read_bytes() for path in sorted(RECORDS.glob("*.opt.yaml"))]
    for path in sorted(RECORDS.glob("*.opt.yaml")):
        rows = [row for batch in read(path, "unit") for row in batch.to_pylist()]
        for version in (0, 1):
            table = Table()
            coded = [encode(row, table) for row in rows for _ in range(row["count"])]
            files.append(write(coded, table, version=version))
    found = []
    for data in files:
        place = folder / "whole"
        place.write_bytes(data)
        found.append((data, bag(read(place, "unit"))))
    return found


def damage(data: bytearray, generator: random.Random) -> int:
    """Damages `data`; returns in how many places, or 0 if it may have hit everything.

    Everything of a bitstream is hit if what follows the damage no longer starts on a word.
    """
    words_only = data.startswith(b"RMRK")
    shifted = False
    places = generator.randint(1, 4)
    total = 0
    for _ in range(places):
        before = len(data)
        at = generator.randrange(len(data)) if data else 0
        size = generator.choice((1, 1, 2, 4, 16, 64))
        match generator.randrange(8):
            case 0:
                data[at : at + 1] = bytes([data[at] ^ 1 << generator.randrange(8)]) if data else b""
            case 1:
                data[at : at + size] = generator.randbytes(size)
            case 2:
                del data[at : at + size]
            case 3:
                data[at:at] = generator.randbytes(size)
            case 4:
                data[at:at] = generator.choice(TOKENS) * generator.choice((1, 2, 50, 5000))
                size = 64
            case 5:
                other = generator.randrange(len(data) + 1)
                data[at:at] = data[other : other + 300]
                size = 300
            case 6:
                del data[at:]
                return 0
            case 7:
                words = len(data) // 4
                if words:  # a number of a bitstream's word, such as a length
                    at = 4 * generator.randrange(words)
                    data[at : at + 4] = generator.choice(NUMBERS)
        total += 1 + size // 16
        shifted |= (len(data) - before) % 4 != 0
    return 0 if words_only and shifted else total


TOKENS = (
    *(
        b"--- !Passed\n",
        b"...\n",
        b"---\n",
        b"\n",
        b"\r\n",
        b"[",
        b"{",
        b"- ",
        b"&a ",
        b"*a ",
        b"'",
    ),
    *(
        b'"',
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"%YAML 1.1\n",
        b"!!python/object:os.system ",
        b"|\n",
    ),
    *(b"\x25\x10\0\0", b"\x25\x10\0\0\x02\0\0\0", b"\x21\x0c\0\0", b"RMRK", b"? ", b"<<: *a\n"),
)
NUMBERS = (b"\0\0\0\0", b"\1\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x40")


def one(number: int, files: list[tuple[bytes, Counter[str]]], place: Path) -> None:
    """Damages one file as `number` says and reads it. Raises Broken, or what the reader raises."""
    generator = random.Random(number)
    data, whole = generator.choice(files)
    mutated = bytearray(data)
    touched = damage(mutated, generator)
    inside = is_inside(data, mutated)
    content = bytes(mutated)
    if generator.randrange(20) == 0:
        content, touched = gzip.compress(content)[: generator.randrange(1 << 16)], 0
    place.write_bytes(content)
    reader = read(place, "unit", block=generator.choice(BLOCKS), threads=generator.choice((1, 2)))
    start = time.process_time()
    found = bag(reader)
    if time.process_time() - start > MOST_SECONDS:
        raise Broken(f"{time.process_time() - start:.0f} s for {len(content)} bytes")
    done = reader.statistics
    if done.read != done.fast + done.fallback + done.bad or found.total() != done.read - done.bad:
        raise Broken(f"documents are missing in the account: {done}, {found.total()} rows")
    if bool(done.bad) and not reader.problems:
        raise Broken("documents are bad without a problem")
    lost = (whole - found).total()
    changed = (found - whole).total()
    if lost > changed and not reader.problems and content != b"":
        cut = not whole or lost - changed < whole.total()
        if not (touched == 0 and cut) and not removed_whole(data, mutated):
            raise Broken(f"{lost} documents lost, {changed} changed, and no problem told")
    if touched and inside and lost > MOST_LOST * touched + changed:
        raise Broken(f"{touched} pieces of damage cost {lost} documents")


def is_inside(data: bytes, mutated: bytearray) -> bool:
    """The damage is in the remarks: not in a bitstream's abbreviations or string table."""
    if not data.startswith(b"RMRK"):
        return True
    first = data.find(b"\x25\x10\0\0")
    table = data.rfind(b"\x21\x0c\0\0")
    end = len(data) - (table if table > first else len(data))
    head = mutated[:first] == data[:first]
    return head and (not end or mutated[-end:] == data[-end:])


def removed_whole(data: bytes, mutated: bytearray) -> bool:
    """Whole documents may have been cut out, or put into others' text: nobody can tell."""
    return len(mutated) < len(data)


def main() -> int:
    """Fuzzes until the time is over; 1 if a rule was broken."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--first", type=int, default=None, help="number of the first input")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-broken"), help="file to keep")
    options = parser.parse_args()
    first = options.first if options.first is not None else random.SystemRandom().randrange(1 << 40)
    end = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as folder:
        files = corpus(Path(folder))
        place = Path(folder) / "input"
        number = first
        while time.monotonic() < end:
            try:
                one(number, files, place)
            except Exception as error:
                options.keep.write_bytes(place.read_bytes())
                print(f"broken by --first {number}: {type(error).__name__}: {error}")
                print(f"the input is in {options.keep}")
                return 1
            number += 1
    print(f"{number - first} damaged records read, no rule broken (from --first {first})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
