"""The larger of whole numbers comes out the same in any order; loops cut where one iteration writes."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from corr.optimize.rules.bases import bases
from corr.polyhedral import dependences, generate, index_sets, schedules
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.rewrite import lanes_of, leaves, parallel
from corr.polyhedral.updates import kind_of
from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import outputs, region, variants

pytestmark = pytest.mark.slow
FLOYD = """void f(int n, int p[40][40]) {
  for (int k = 0; k < n; k++)
    for (int i = 0; i < n; i++)
      for (int j = 0; j < n; j++)
        p[i][j] = p[i][j] < p[i][k] + p[k][j] ? p[i][j] : p[i][k] + p[k][j];
}"""
NUSSINOV = """#define max_score(s1, s2) ((s1 >= s2) ? s1 : s2)
void f(int n, int p[40][40]) {
  for (int i = n - 1; i >= 0; i--)
    for (int j = i + 1; j < n; j++) {
      if (j - 1 >= 0) p[i][j] = max_score(p[i][j], p[i][j - 1]);
      if (i + 1 < n) p[i][j] = max_score(p[i][j], p[i + 1][j]);
      for (int k = i + 1; k < j; k++) p[i][j] = max_score(p[i][j], p[i][k] + p[k + 1][j]);
    }
}"""
#: The loop that would be cut has siblings on both sides; or is shared with another statement.
SIBLINGS = FLOYD.replace(
    "      for (int j",
    """      {
      p[i][i] = (p[i][i] + 1) % 97;
      for (int l = 0; l < n; l++) p[l][i] = (p[l][i] + p[i][l] % 5) % 97;
      for (int j""",
).replace(
    "\n}",
    """
      for (int l = 0; l < n; l++) p[i][l] = (p[i][l] - p[l][k] % 3) % 97;
      }
}""",
)
SHARED = FLOYD.replace("        p[i][j] =", "{       p[i][j] =", 1).replace(
    "\n}",
    """
      for (int l = 0; l < n; l++) p[l][j] = (p[l][j] + p[j][l] % 3) % 97; }
}""",
)
#: A way back to itself that is negative: the iteration that is cut out matters.
MAIN = """
  static int p[40][40];
  for (int n = 0; n <= 21; n += n < 4 ? 1 : 8) {
    for (int i = 0; i < 40; i++) for (int j = 0; j < 40; j++) p[i][j] = (i * 31 + j * 17) % 101;
    p[5][5] = -1;
    f(n, p);
    unsigned h = 7; for (int i = 0; i < 1600; i++) h = h * 31 + p[i / 40][i % 40];
    printf("%u ", h);
  }
"""


@pytest.mark.parametrize("text", [FLOYD, NUSSINOV, SIBLINGS, SHARED])
def test_the_same_is_computed(tmp_path: Path, text: str) -> None:
    whole = f"{SHOW}\n{text}\n"
    functions = variants(tmp_path, whole, 24, seed=11)
    assert len(functions) > 8
    wanted, *others = outputs(tmp_path, whole, functions, MAIN, *SANITIZED)
    for function, other in zip(functions[1:], others, strict=True):
        assert other == wanted, function


def test_a_loop_that_others_share_is_not_cut(tmp_path: Path) -> None:
    (shared,) = index_sets.cut(region(tmp_path, SHARED + "\n"))
    assert "S0" in {s.name for s in shared.statements}
    (cut,) = index_sets.cut(region(tmp_path, SIBLINGS + "\n"))
    names = [s.name for s in sorted(cut.statements, key=lambda s: s.position[2])]
    assert names == sorted(names) and {"S0", "S1_0", "S2_1", "S3_2"} <= set(names)


@pytest.mark.parametrize(("text", "name"), [(FLOYD, "cut apart"), (NUSSINOV, "forward")])
def test_what_could_be_no_vector_is_one(tmp_path: Path, text: str, name: str) -> None:
    found = {base.name: base for base in bases(region(tmp_path, text + "\n"))}
    assert name in found

    def vectors(base: str) -> bool:
        """The statement in the innermost loop may be one, all of whose elements are neighbours."""
        scop, tree = found[base].scop, found[base].tree
        last = scop.statements[-1].name
        (band,) = [b for _, b in leaves(tree) if last in schedules.statements(b)]
        with contextlib.suppress(NotAffine):
            at = len(band.rows) - 1
            return parallel(scop, tree, band, at) and not lanes_of(scop, tree, band, at)["gather"]
        return False

    assert vectors(name) and not vectors("split")
    assert generate.code(found[name].scop, found[name].tree)


#: assignments to a[i], of int unless it says otherwise, and what they are
UPDATES = {
    "a[i] = a[i] < x ? x : a[i];": "largest a",
    "a[i] = a[i] >= x ? a[i] : x;": "largest a",
    "a[i] = x > a[i] ? a[i] : x;": "smallest a",
    "a[i] = x <= a[i] ? x : a[i];": "smallest a",
    "a[i] = a[i] < b[i] + 1 ? b[i] + 1 : a[i];": "largest a",
    "a[i] = a[i] < x ? x + 1 : a[i];": "",
    "a[i] = a[i] < x ? x : a[i - 1];": "",
    "a[i] = a[i] < a[i] + x ? a[i] + x : a[i];": "",
    "a[i] = a[i] + x;": "",
    "d[i] = d[i] < z ? z : d[i];": "",
    "if (b[i] > 0) a[i] = a[i] < x ? x : a[i];": "",
}  # fmt: skip


@pytest.mark.parametrize("assignment", list(UPDATES))
def test_updates(tmp_path: Path, assignment: str) -> None:
    head = "void f(int n, int x, double z, int *a, int *b, double *d)"
    scop = region(tmp_path, f"{head} {{ for (int i = 1; i < n; i++) {assignment} }}\n")
    assert [kind_of(s) for s in scop.statements] == [UPDATES[assignment]]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ("a[0] = a[0] < b[i] ? b[i] : a[0];", "a[0] = a[0] < c[i] ? c[i] : a[0];", False),
        ("a[0] = a[0] < b[i] ? b[i] : a[0];", "a[0] = a[0] > c[i] ? c[i] : a[0];", True),
        ("a[0] = a[0] < b[i] ? b[i] : a[0];", "c[i] = a[0];", True),
        ("a[0] = a[0] < b[i] ? b[i] : a[0];", "a[0] = c[i];", True),
        ("a[0] = a[0] < b[i] ? b[i] : a[0];", "b[i] = b[i] < a[0] ? a[0] : b[i];", True),
    ],
)  # fmt: skip
def test_updates_of_one_kind_alone_may_change_places(
    tmp_path: Path, first: str, second: str, kept: bool
) -> None:
    head = "void f(int n, int *a, int *b, int *c)"
    scop = region(tmp_path, f"{head} {{ for (int i = 1; i < n; i++) {{ {first} {second} }} }}\n")
    every = str(dependences.of(scop).every)
    assert bool(re.search(r"S0\[[^]]*\] -> S1|S1\[[^]]*\] -> S0", every)) == kept, every
