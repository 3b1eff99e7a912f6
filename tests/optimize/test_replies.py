"""What models reply, well or badly, becomes proposals; nothing in a reply is trusted."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corr.optimize.llm import replies
from corr.optimize.llm import tolerant_json as llm_json
from corr.optimize.llm.reply_moves import KINDS, Offer, schema
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.pragma import Pragma
from corr.optimize.moves.source import Source
from tests.support.model_server import flags, ir, pragma, proposals, source, whole

OFFER = Offer(files={"gemm.c": "gemm.c", "src/b.c": "src/b.c"}, units={"gemm.c": "gemm.c"})
GOOD = proposals(flags("-march=native"), source("gemm.c", ("a = b;", "a = c;")))


def one(text: str, offer: Offer = OFFER, **more: Any) -> replies.Proposal:
    (proposal,) = replies.read(text, offer, **more)
    return proposal


def why(move: dict[str, Any], offer: Offer = OFFER) -> str:
    """Why a reply with this move alone cannot be used."""
    proposal = one(proposals(move), offer)
    assert proposal.moves == () and proposal.unreadable
    return proposal.unreadable


def test_a_good_reply() -> None:
    first, second = replies.read(GOOD, OFFER)
    assert first.moves == (Flags(("-march=native",)),)
    assert second.moves == (Source("gemm.c", (("a = b;", "a = c;"),)),)
    assert first.reason == "scripted" and first.expected == 1.5 and first.proposer == "llm"
    assert first.unreadable is None and first.loop is None


@pytest.mark.parametrize(
    "text",
    [
        f"Here is what I would do:\n\n```json\n{GOOD}\n```\nGood luck with {{this}}!",
        f'<think>Maybe {{"candidates": []}} or {GOOD[:40]}</think>\n{GOOD}',
        f"the template swallowed the beginning</think>{GOOD}",
        GOOD.replace("}]}", "},],}", 1).replace(
            '"loop": null,', '"loop": None, // whole program\n'
        ),
        "void f() { if (x) { y; } } is slow.\n" + GOOD,
        json.dumps(json.loads(GOOD)["candidates"]),
        GOOD + "\n" * 1000 + "{",
        GOOD[:-1],
        GOOD[:-2],
    ],
    ids=["fence", "think", "think end", "slips", "code first", "list", "tail", "cut 1", "cut 2"],
)
def test_forms_of_the_same_reply(text: str) -> None:
    expected = [p.moves for p in replies.read(GOOD, OFFER)]
    assert [p.moves for p in replies.read(text, OFFER)] == expected


def test_a_move_without_its_wrapping() -> None:
    assert one(json.dumps(flags("-O2"))).moves == (Flags(("-O2",)),)
    both = {"reason": "r", "moves": [flags("-O2"), pragma("gemm.c", 3, "omp reverse")]}
    assert one(json.dumps(both)).moves == (
        Flags(("-O2",)),
        Pragma("gemm.c", 3, ("#pragma omp reverse",)),
    )


def test_every_prefix_keeps_the_complete_candidates() -> None:
    first_end = GOOD.index("}, {") + 1
    for length in range(len(GOOD)):
        found = replies.read(GOOD[:length], OFFER)
        usable = [p for p in found if p.unreadable is None]
        complete = (length >= first_end) + (length >= len(GOOD) - 2)
        assert len(usable) == complete, GOOD[:length]
        assert len(found) > len(usable) or complete


def test_a_cut_candidate_says_so() -> None:
    good, cut = replies.read(GOOD[:-20], OFFER)
    assert good.moves and not cut.moves
    assert cut.unreadable == "the reply ends in the middle of this candidate"


def test_raw_line_ends_and_wrong_escapes_in_strings() -> None:
    text = GOOD.replace("a = b;", "a =\n  b\\d;").replace("scripted", "it\\'s so")
    proposal = replies.read(text, OFFER)[1]
    assert proposal.moves == (Source("gemm.c", (("a =\n  b\\d;", "a = c;"),)),)
    assert proposal.reason == "it's so"


BLOCK = "<<<<<<< SEARCH\n  a;\n=======\n  b;\n>>>>>>> REPLACE\n"


def test_search_replace_blocks() -> None:
    text = f"The inner loop is strided.\n\ngemm.c\n```c\n{BLOCK}{BLOCK.replace('a', 'x')}```\n"
    edits = (("  a;\n", "  b;\n"), ("  x;\n", "  b;\n"))
    proposal = one(text)
    assert proposal.moves == (Source("gemm.c", edits),)
    assert "strided" in proposal.reason
    two = one(f"**gemm.c**\n{BLOCK}\nsrc/b.c\n{BLOCK}")
    assert two.moves == (Source("gemm.c", edits[:1]), Source("src/b.c", edits[:1]))


def test_blocks_without_a_file_need_a_single_one() -> None:
    assert "which file?" in str(one(BLOCK).unreadable)
    assert one(BLOCK, Offer(files={"k.c": "k.c"})).moves == (
        Source("k.c", (("  a;\n", "  b;\n"),)),
    )
    assert one(BLOCK[: BLOCK.index("=======")]).unreadable  # half a block is none


def test_a_whole_function_in_a_fence() -> None:
    single = Offer(files={"k.c": "k.c"}, units={"k.c": "k.c"})
    code = "static void kernel(int n)\n{\n  for (;;) {}\n}\n"
    assert one(f"Use this:\n```c\n{code}```\n", single).moves == (
        Source("k.c", (), "kernel", code),
    )
    assert one(f"```c\n{code}```\nor\n```c\n{code}```", single).unreadable  # which one?
    assert one("```c\nfor (i = 0; i < n; i++) {}\n```", single).unreadable


def test_ir_in_a_fence_and_as_json() -> None:
    text = "define void @kernel(ptr %0) {\n  ret void\n}\n"
    for reply in (f"```llvm\n{text}```", proposals(ir("gemm.c", "@kernel", text))):
        (move,) = one(reply).moves
        assert move.record() == {"kind": "ir", "unit": "gemm.c", "function": "kernel", "text": text}


@pytest.mark.parametrize(
    "text, says",
    [
        ("Sorry, I cannot help with that.", "neither JSON nor edits in a reply of 31 characters"),
        ("", "neither JSON"),
        ("<think>hm, let me see", "all thought and no answer"),
        ('{"candidates": []}', "holds no candidate"),
        ('{"candidates": "none"}', "holds no candidate"),
        ('{"candidates": [{"move": null, "reason": "r"}]}', "without a move"),
        ('{"candidates": [{"move": [1, 2], "reason": 7}]}', "without a move"),
        ("[[[[[[" * 100_000, "neither JSON"),
        ('{"candidates":' * 100_000, "neither JSON"),
        ("{" * 1_000_000, "neither JSON"),
        ('{"' * 500_000, "neither JSON"),
        ("{/*" * 300_000, "neither JSON"),
        ("<<<<<<< SEARCH\n" * 60_000, "neither JSON"),
        ("```c\n" * 100_000, "neither JSON"),
    ],
)  # fmt: skip
def test_unreadable(text: str, says: str) -> None:
    """The long ones take a moment here, and hours where reading is quadratic."""
    proposal = one(text)
    assert says in str(proposal.unreadable) and proposal.moves == ()


def test_what_cut_the_reply_is_said() -> None:
    long = one("xxxxx", cut="longer than 5 characters").unreadable
    assert (
        long
        == "neither JSON nor edits in a reply of 5 characters (the reply is longer than 5 characters)"
    )
    short = one('{"candidates": [', cut="broke off").unreadable
    assert short == "the reply ends before a candidate does (the reply broke off)"


def test_nothing_but_the_program_is_taken_for_a_path() -> None:
    edit = ("a", "b")
    for name in ("/etc/passwd", "../gemm.c", "other.c", "src/../../gemm.c", "gemm.c\n", "", 7):
        text = why(source(name, edit))  # type: ignore[arg-type]
        assert "is no file of this program" in text or "which file?" in text, name
    assert "is no unit" in why(ir("src/b.c", "f", "define void @f() { ret void }"))
    for name in ("./gemm.c", "src//b.c", "b.c"):
        (move,) = one(proposals(source(name, edit))).moves
        assert isinstance(move, Source) and move.file in OFFER.files


@pytest.mark.parametrize(
    "move, says",
    [
        (flags(), "neither adds nor removes"),
        (flags("-O2\n-x"), "control characters"),
        (flags(*["-O2"] * 100), "at most 64"),
        (flags("x" * 600), "1 to 500 characters"),
        ({"kind": "flags", "add": [1]}, "not a string"),
        ({"kind": "flags", "add": {"a": 1}}, "not a list"),
        (source("gemm.c"), "an empty edit"),
        (source("gemm.c", ("same", "same")), "an empty edit"),
        (source("gemm.c", ("", "text")), "search is not a text"),
        (source("gemm.c", ("a", "b\x00")), "control characters"),
        (source("gemm.c", ("a", "b\u202e")), "control characters"),
        (source("gemm.c", ("a", "b" * 500_000)), "1 to 400,000 characters"),
        ({"kind": "source", "file": "gemm.c", "edits": ["a"]}, "not a list of objects"),
        (whole("gemm.c", "f", ""), "an empty edit"),
        (pragma("gemm.c", 0, "omp reverse"), "without the line"),
        (pragma("gemm.c", 10**30, "omp reverse"), "without the line"),
        (pragma("gemm.c", True, "omp reverse"), "without the line"),
        (pragma("gemm.c", 3), "without directives"),
        (ir("gemm.c", "", "define"), "function is not a string"),
        ({"kind": "shell", "command": "rm -rf /"}, "no such kind of move: 'shell'"),
        ({"kind": ["flags"]}, "no such kind"),
        ({"kind": "schedule", "unit": "gemm.c", "scop": "s"}, "models no loop nest"),
    ],
)
def test_what_a_move_must_be(move: dict[str, Any], says: str) -> None:
    assert says in why(move)


def test_only_what_was_asked_for() -> None:
    assert "only pragma was asked for" in why(flags("-O2"), Offer(("pragma",)))


def test_lone_surrogates_are_replaced() -> None:
    (move,) = replies.read(GOOD.replace("a = c;", "\\ud800 \\udcff"), OFFER)[1].moves
    assert isinstance(move, Source) and move.edits[0][1] == "\ufffd \ufffd"
    move.edits[0][1].encode("utf-8")


@pytest.mark.parametrize(
    "value, factor",
    [
        (1.5, 1.5), (2, 2.0), ("1.5x", 1.5), (" 2 × ", 2.0), ("1e999", None), (1e999, None), (-1, None),
        (0, None), (True, None), (None, None), ([1], None), ("fast", None), (10**400, None), (5000, None),
    ],
)  # fmt: skip
def test_expected_speedup(value: Any, factor: float | None) -> None:
    assert replies.speedup(value) == factor


def test_numbers_that_are_none() -> None:
    text = proposals(flags("-O2")).replace("1.5", "NaN")
    assert one(text).expected is None and one(text).moves
    assert one(text.replace("NaN", "9" * 5000)).expected is None
    assert one(text.replace("NaN", "-Infinity")).expected is None


def test_long_and_hostile_words_are_shortened() -> None:
    text = json.dumps(
        {"reason": "\x1b[31mred\n" + "y" * 10_000, "loop": "l" * 5000, "move": flags("-O2")}
    )
    proposal = one(text)
    assert len(proposal.reason) == replies.REASON_LENGTH and "\x1b" not in proposal.reason
    assert proposal.loop is not None and len(proposal.loop) == replies.LOOP_LENGTH


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
))  # fmt: skip
def test_reads_what_json_writes(value: Any) -> None:
    clean = json.loads(json.dumps({"v": value}))
    (found,) = llm_json.values(json.dumps(clean, indent=1))
    assert found == clean


@given(st.text(alphabet='{}[]",:\\/*ab1 \n<>`', max_size=60))
def test_any_text_gives_proposals(text: str) -> None:
    found = replies.read(text, OFFER)
    assert found and all(p.moves or p.unreadable for p in found)


def _strict(node: Any) -> None:
    """What OpenAI's strict mode demands of each object."""
    if isinstance(node, dict):
        assert not {"anyOf", "oneOf", "allOf", "$ref"} & set(node)
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])
        for inner in node.values():
            _strict(inner)


@pytest.mark.parametrize("kinds", [KINDS, *((k,) for k in KINDS)])
def test_the_schema(kinds: tuple[str, ...]) -> None:
    made = schema(kinds)
    jsonschema.Draft202012Validator.check_schema(made)
    _strict(made)


def test_a_reply_by_the_schema_is_read() -> None:
    empty = dict.fromkeys(
        schema(KINDS)["properties"]["candidates"]["items"]["properties"]["move"]["properties"]
    )
    moves = [empty | flags("-O2"), empty | source("gemm.c", ("a", "b"))]
    reply = json.loads(proposals(*moves))
    jsonschema.validate(reply, schema(KINDS))
    assert [p.unreadable for p in replies.read(json.dumps(reply), OFFER)] == [None, None]
