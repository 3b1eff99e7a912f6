"""Every kind of finding is what its file says, and is told in the documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.lake.finding_kinds import kinds
from tests.support.places import ROOT


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_kind_says_what_it_finds_and_what_would_refute_it(kind: object) -> None:
    assert kind.finds and kind.refuted_by and kind.source  # type: ignore[attr-defined]


def test_documents_list_every_kind_in_its_words() -> None:
    text = (ROOT / "docs" / "findings.md").read_text()
    for kind in kinds():
        assert f"| `{kind.name}` | {kind.finds} |" in text


def test_planted_programs_name_kinds_there_are() -> None:
    from tests.findings.planted import FOLDER, PLANTED

    assert {p.kind for p in PLANTED} <= {kind.name for kind in kinds()}
    for planted in PLANTED:
        assert Path(FOLDER / planted.source).exists()
