"""What may compute in place does so in the new order too: where arrays are one, or apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import outputs, variants

pytestmark = pytest.mark.slow

_CALLS = (
    "double a[90], b[90], c[90]; fill(a, 90); fill(b, 90); fill(c, 90);"
    " f(a, b, c, 41); show(c, 90); f(a, b, a, 40); show(a, 90); f(a, b, b, 7); show(b, 90);"
    " f(a, a, a, 33); show(a, 90); f(a, b + 1, b, 40); show(b, 90); f(a + 3, b, a, 40); show(a, 90);"
)
ONE = {
    "a difference": "for (int i = 0; i < n; i++) out[i] = a[i] - b[i];",
    "an update": "for (int i = 0; i < n; i++) out[i] += a[i] * b[i];",
    "rows": "for (int i = 0; i < 2; i++) for (int j = 0; j < n; j++)"
    " out[i * n + j] = a[i * n + j] + 2 * b[i * n + j];",
}
APART = {
    "neighbours": "for (int i = 0; i < n; i++) out[i] = a[i + 1] - b[i + 2];",
    "a sum": "for (int i = 0; i < n; i++) for (int j = 0; j < 3; j++) out[i] += a[i] * b[i] * j;",
    "two statements": "for (int i = 0; i < n; i++) { out[i] = a[i]; out[i] *= b[i]; }",
}


def _text(body: str) -> str:
    return f"{SHOW}\nvoid f(double *a, double *b, double *out, int n) {{ {body} }}\n"


@pytest.mark.parametrize("name", [*ONE, *APART])
def test_every_call_computes_the_same(name: str, tmp_path: Path) -> None:
    text = _text({**ONE, **APART}[name])
    functions = variants(tmp_path, text, 5, seed=len(name))
    assert len(functions) > 1
    for function in functions[1:]:
        assert ("out == " in function or "== out" in function) == (name in ONE), function
    original, *others = outputs(tmp_path, text, functions, _CALLS, *SANITIZED)
    assert original.strip()
    for number, other in enumerate(others, 1):
        assert other == original, functions[number]
