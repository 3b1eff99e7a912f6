"""Reasons that look alike: what is said is the one that holds, and never as surer than it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from corr.findings.of_run import Finding, answers, of_run
from corr.lake.store import Lake
from tests.support.command import Corr


@dataclass(frozen=True)
class Alike:
    """A program; words that no sure or likely sentence may have, and words that one must have."""

    text: str
    never: tuple[str, ...]
    words: str = ""
    flags: tuple[str, ...] = ("-O3",)


ALIKE = {
    # a walk over pointers two by two is no walk down columns, whose loops could be exchanged
    "owners.cpp": Alike(
        """
        #include <cstdio>
        #include <memory>
        #include <thread>
        #include <vector>
        struct Node { int v; int pad[7]; };
        __attribute__((noinline)) static int score(std::shared_ptr<Node> n, int k) { return n->v * k + (n->v >> 3); }
        int main() {
            std::vector<std::shared_ptr<Node>> v;
            for (int i = 0; i < 1000; i++) v.push_back(std::make_shared<Node>(Node{i, {}}));
            long total = 0;
            std::thread t([&] { for (int r = 0; r < 10000; r++) for (auto &n : v) total += score(n, r); });
            t.join();
            std::printf("%ld\\n", total);
        }""",
        ("columns", "along rows"),
        "pass the shared_ptr by reference",
        ("-O3", "-pthread"),
    ),
    # what is loaded in each pass is what the pass before stored there
    "counted.c": Alike(
        """
        #include <stdio.h>
        static long count[32];
        static unsigned char text[1 << 20];
        int main(void) {
            for (int i = 0; i < 1 << 20; i++) text[i] = (i * 2654435761u) >> 24;
            for (int r = 0; r < 300; r++)
                for (int i = 0; i < 1 << 20; i++)
                    if (text[i] > (unsigned char)r) __atomic_store_n(count, count[0] + 1, __ATOMIC_RELAXED);
            printf("%ld\\n", count[0]);
        }""",
        ("never changes", "restrict"),
    ),
    # nothing but its condition ends it
    "wraps.c": Alike(
        """
        #include <stdio.h>
        static float a[17000], b[17000];
        __attribute__((noinline)) void blur(float *restrict out, const float *restrict in, unsigned w, unsigned step) {
            for (unsigned i = 0; i <= w; i += step)
                out[i] = 0.25f * (in[i] + in[i + 1] + in[i + 2] + in[i + 3]);
        }
        int main(int argc, char **argv) {
            for (int r = 0; r < 20000; r++) blur(b, a, 15999, argc);
            printf("%f\\n", b[77]);
        }""",
        ("any element", "find which one", "find the end"),
        "i may wrap around",
    ),
    # a + for each name, none of which grows; and destructors, which copy nothing
    "names.cpp": Alike(
        """
        #include <cstdio>
        #include <string>
        #include <vector>
        struct Record {
            std::string name;
            Record(int i) : name("a record with quite a long name " + std::to_string(i)) {}
            Record(const Record &) = default;
            Record(Record &&) noexcept = default;
        };
        int main() {
            size_t s = 0;
            for (int r = 0; r < 100; r++) {
                std::vector<Record> v;
                for (int i = 0; i < 20000; i++) v.emplace_back(i);
                for (auto &one : v) s += one.name.size();
            }
            std::printf("%zu\\n", s);
        }""",
        ("all that there is so far", "are copied", "moves everything behind"),
    ),
}


def collected(folder: Path, corr: Corr, name: str, text: str, flags: tuple[str, ...]) -> Lake:
    (folder / name).write_text(text)
    done = corr("collect", name, "--", *flags, cwd=folder)
    assert done.returncode == 0, done.stderr
    return Lake.open(folder / "data")


@pytest.mark.parametrize("name", list(ALIKE))
def test_only_what_holds_is_said(name: str, tmp_path: Path, corr: Corr) -> None:
    case = ALIKE[name]
    lake = collected(tmp_path, corr, name, case.text, case.flags)
    found = of_run(lake, lake.find("last"))
    claimed = [f.sentence for f in found if f.confidence in ("sure", "likely")]
    assert found and not [s for s in claimed if any(words in s.lower() for words in case.never)]
    assert any(case.words in f.sentence.lower() for f in found), [f.sentence for f in found]


CHAIN = """
#include <stdio.h>
static double x[4096];
int main(void) {
    double s = 0;
    for (int i = 0; i < 4096; i++) x[i] = i;
    for (int r = 0; r < 20000; r++)
        for (int i = 0; i < 4096; i++) s += x[i];
    printf("%f\\n", s);
}"""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    folder = tmp_path_factory.mktemp("chain")
    collected(folder, corr, "chain.c", CHAIN, ("-O3",))
    return folder


def longer(path: Path, factor: float) -> None:
    """As if each repetition had taken so many times as long."""
    table = pq.read_table(path)
    for name in ("wall", "user", "system"):
        index = table.schema.get_field_index(name)
        made = pc.multiply(table[name], pa.scalar(factor))
        table = table.set_column(index, table.schema.field(index), made)
    pq.write_table(table, path)


def first(folder: Path) -> Finding:
    lake = Lake.open(folder / "data")
    return answers(of_run(lake, lake.find("last")))[0]


@pytest.mark.slow
def test_a_chain_explains_no_more_than_the_model_has_for_it(chain: Path) -> None:
    """The measured cycles alone would bear out any sentence on them."""
    assert "by the model" in first(chain).sentence
    longer(Lake.open(chain / "data").find("last").folder / "timings.parquet", 2.6)
    lake = Lake.open(chain / "data")
    told = [f for f in of_run(lake, lake.find("last")) if f.kind == "float_order"]
    assert told and all("which explains" in f.sentence for f in told)
    assert not [f for f in told if f.confidence == "sure"]
