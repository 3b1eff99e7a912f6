"""What a summary quotes, names, remarks, source and details, stays quoted."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from collectors.base.foreign_text import visible
from corr.lake.store import Lake
from corr.summary.markdown import fenced, quoted
from corr.summary.summarise import Attempt, summarise
from tests.support.summaries import EVIL, blocks, changed

COLUMNS_OF_LOOPS = ("loop", "loop_key", "key", "parent")


def unquoted(text: str) -> str:
    """Everything outside code spans and fenced blocks, markup and all."""
    out = []
    for token in MarkdownIt("commonmark").parse(text):
        assert token.type not in ("html_block", "code_block"), token.content
        if token.type == "inline":
            out += [c.content for c in token.children or () if c.type != "code_inline"]
    return "\n".join(out)


TICKS = st.text(st.sampled_from("`~ a\n\r\t|<*_\\[]\x00\u2028"), max_size=40)


@given(TICKS)
def test_a_code_span_holds_any_text(text: str) -> None:
    (_, inline, _) = MarkdownIt("commonmark").parse(f"a {quoted(text)} b")
    kinds = [(t.type, t.content) for t in inline.children or ()]
    assert [k for k, _ in kinds] == ["text", "code_inline", "text"]
    assert kinds[1][1].strip() == visible(text).strip()


@given(TICKS)
def test_a_fenced_block_holds_any_text(text: str) -> None:
    (block,) = MarkdownIt("commonmark").parse(fenced(text))
    assert block.type == "fence" and block.info == "text"
    lines = text.strip("\n").split("\n")
    assert block.content == "".join(visible(line, keep="\t").rstrip() + "\n" for line in lines)


def test_remarks_symbols_and_details_cannot_get_out(gemm: Lake, tmp_path: Path) -> None:
    def loop(row: dict[str, Any]) -> dict[str, Any]:
        keys = {k: v.replace("_", EVIL) for k, v in row.items() if k in COLUMNS_OF_LOOPS and v}
        return row | keys

    def remark(row: dict[str, Any]) -> dict[str, Any]:
        args = [a | {"value": a["value"] + EVIL} for a in row["args"]]
        return loop(row) | {"args": args, "pass": row["pass"] + "`"}

    run = changed(
        gemm,
        gemm.find("a"),
        tmp_path,
        remarks=remark,
        source=lambda row: row | {"text": row["text"] + EVIL.replace("\n", "\r")},
        loops=lambda row: loop(row) | {"function_name": EVIL},
        machine_loops=lambda row: loop(row) | {"symbol": EVIL},
        trips=loop,
        samples=loop,
        instructions=lambda row: loop(row) | {"operands": row["operands"] + EVIL},
        mca=lambda row: row | {"bound": EVIL, "cpu": EVIL},
        counters=lambda row: row | {"event": EVIL},
        problems=lambda row: row | {"where": EVIL, "what": EVIL},
        functions=lambda row: row | {"name": EVIL},
    )
    record = json.loads((run.folder / "run.json").read_text())
    record |= {"program": EVIL, "flags": [EVIL], "cpu": EVIL, "run_args": [EVIL]}
    (run.folder / "run.json").write_text(json.dumps(record))
    history = [Attempt(1, 1, EVIL, EVIL, "refused" + EVIL, EVIL), Attempt(2, 1, "x", "ir", "same")]
    lake = Lake.open(tmp_path / "data")
    for budget in (300, 1000, 3000, 30_000):
        text = summarise(lake, lake.find(), budget=budget, history=history).text
        assert "njected" in text and "njected" not in unquoted(text)
        assert not set(text) & set("\x1b\u202e\r")
    assert len(blocks(text)) >= 6 and "% of the time" in text


def test_source_comments_cannot_get_out(walks: Lake) -> None:
    text = summarise(walks, walks.find(), budget=20_000).text
    assert "# Injected heading of a comment" in text and "njected" not in unquoted(text)
    headings = re.findall(r"^#+ (\w+)", unquoted_headings(text), re.MULTILINE)
    assert set(headings) <= {"Profile", "Time", "Loops", "Source", "1", "2", "3"}


def unquoted_headings(text: str) -> str:
    parsed = MarkdownIt("commonmark").parse(text)
    return "\n".join(
        f"# {after.content}" for token, after in pairwise(parsed) if token.type == "heading_open"
    )
