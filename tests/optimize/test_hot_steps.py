"""Steps of shift registers are found where the loop round them takes the time."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.optimize.hot_nests import HotLoop
from corr.optimize.hot_steps import steps_of
from tests.support.irregular_programs import functions_of

pytestmark = pytest.mark.slow

TEXT = """\
unsigned sum_of(const unsigned char *text, int n)
{
    unsigned crc = ~0u;
    for (int i = 0; i < n; i++) {
        crc ^= text[i];
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    return ~crc;
}
"""


@pytest.mark.parametrize(
    ("line", "share", "found"), [(4, 0.5, 1), (6, 0.5, 1), (4, 0.01, 0), (1, 1, 0)]
)
def test_by_the_share_of_the_loop_round_them(
    line: int, share: float, found: int, tmp_path: Path
) -> None:
    functions = functions_of(tmp_path, TEXT, "t.c")
    loops = [HotLoop("sum_of", "t.c", line, share), HotLoop("sum_of", "other.c", 4, 1.0)]
    steps = steps_of(functions, "t.c", "sum_of", loops, 0.05)
    assert len(steps) == found
    for one in steps:
        assert one.function == "sum_of" and one.line == 6
        old, new = one.edit("By a table.")
        assert TEXT.count(old) == 1 and "crc_of[256]" in new
