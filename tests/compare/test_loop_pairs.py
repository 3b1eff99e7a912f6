"""Loops keep their identity through edits."""

from __future__ import annotations

from corr.compare.loop_pairs import LoopPair, LoopText, pair_loops

I_LOOP = "for (int i = 0; i < n; i++) s += a[i];"
J_LOOP = "for (int j = n; j > 0; j--) { if (b[j] < 0) break; t ^= b[j]; }"
K_LOOP = "while (p) { p = p->next; count++; }"


def loop(key: str, text: str, function: str | None = None) -> LoopText:
    name, path = key.rsplit("/", 1)
    return LoopText(key, function or name, path, text)


def pairs(found: list[LoopPair]) -> set[tuple[str | None, str | None]]:
    return {(p.key_a, p.key_b) for p in found}


def test_same_forest_matches_by_key_whatever_the_text() -> None:
    found = pair_loops([loop("f/1", I_LOOP)], [loop("f/1", J_LOOP)])
    assert found == [LoopPair("f/1", "f/1", "key")]


def test_a_loop_inserted_before() -> None:
    a = [loop("f/1", I_LOOP), loop("f/2", J_LOOP)]
    b = [loop("f/1", K_LOOP), loop("f/2", I_LOOP), loop("f/3", J_LOOP)]
    assert pairs(pair_loops(a, b)) == {("f/1", "f/2"), ("f/2", "f/3"), (None, "f/1")}


def test_a_loop_removed() -> None:
    a = [loop("f/1", I_LOOP), loop("f/2", J_LOOP)]
    assert pairs(pair_loops(a, [loop("f/1", J_LOOP)])) == {("f/2", "f/1"), ("f/1", None)}


def test_a_renamed_function_and_a_slightly_changed_loop() -> None:
    a = [loop("old/1", J_LOOP)]
    b = [loop("new/1", J_LOOP.replace("t ^= b[j]", "t += b[j]"))]
    ((pair),) = pair_loops(a, b)
    assert (pair.key_a, pair.key_b) == ("old/1", "new/1") and "alike" in pair.matched_by


def test_different_loops_stay_apart() -> None:
    found = pair_loops([loop("f/1", I_LOOP)], [loop("g/1", K_LOOP)])
    assert pairs(found) == {("f/1", None), (None, "g/1")}


def test_two_equal_loops_keep_their_order() -> None:
    a = [loop("f/1", I_LOOP), loop("f/2", I_LOOP)]
    b = [loop("f/1", I_LOOP), loop("f/2", I_LOOP), loop("f/3", I_LOOP)]
    assert pairs(pair_loops(a, b)) == {("f/1", "f/1"), ("f/2", "f/2"), (None, "f/3")}


def test_every_loop_is_in_exactly_one_pair() -> None:
    a = [loop(f"f/{i}", t) for i, t in enumerate((I_LOOP, J_LOOP, K_LOOP, ""), 1)]
    b = [loop(f"g/{i}", t) for i, t in enumerate((K_LOOP, I_LOOP, I_LOOP), 1)]
    found = pair_loops(a, b)
    assert sorted(p.key_a for p in found if p.key_a) == [x.key for x in a]
    assert sorted(p.key_b for p in found if p.key_b) == [x.key for x in b]
