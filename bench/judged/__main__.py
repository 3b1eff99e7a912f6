"""`make judged`: judge all candidates, or those of programs that are named, and write docs/judged.md."""

from __future__ import annotations

import sys
import time

from bench.judged import as_used, honest_c, honest_cxx, threads, wrong_kernel, wrong_programs
from bench.judged.loaded import TITLE
from bench.judged.sessions import Judged, judge
from bench.judged.table import PAGE, numbers, page, section, with_section

GROUPS = (
    *wrong_kernel.GROUPS,
    *wrong_programs.GROUPS,
    *as_used.GROUPS,
    *honest_c.GROUPS,
    *honest_cxx.GROUPS,
    *threads.GROUPS,
)


def main(names: list[str]) -> int:
    """Print what becomes of each; 1 if a wrong one was accepted or an honest one refused.

    Names: programs, `wrong` or `honest`. The page is written only if all were judged.
    """
    judged: list[Judged] = []
    for group in GROUPS:
        if not {group.program, "wrong" if group.wrong else "honest"} >= set(names):
            continue
        start = time.perf_counter()
        found = judge(group)
        for one in found:
            mark = "  " if one.right else "! "
            print(f"{mark}{one.candidate.name:45} {one.outcome:16} {one.detail[:120]}", flush=True)
        seconds = time.perf_counter() - start
        print(
            f"{group.program}, {'wrong' if group.wrong else 'honest'}: {seconds:.0f} s", flush=True
        )
        judged += found
    if not names:
        loaded = section(PAGE.read_text(), TITLE) if PAGE.is_file() else ""
        text = page(judged)
        PAGE.write_text(with_section(text, TITLE, loaded) if loaded else text)
    print(numbers(judged))
    return 0 if all(one.right for one in judged) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
