"""What docs/search.md shows of studies is one."""

from __future__ import annotations

import re
from pathlib import Path

from corr.lake.sql import views
from corr.lake.tables import TABLES
from corr.search.modes import MODES
from corr.search.session import check
from corr.search.settings import settings
from corr.search.study import load
from tests.support.places import ROOT

TEXT = (ROOT / "docs" / "search.md").read_text()


def test_the_study_of_the_page_is_one(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    path = tmp_path / "study.toml"
    path.write_text(block)
    study = load(path)
    check(study)
    assert len(settings(study)) == 12 and len(settings(study, quick=True)) == 4


def test_modes_tables_and_views_of_the_page_are_there() -> None:
    assert all(f"`{name}`" in TEXT for name in MODES)
    named = set(re.findall(r"`(search(?:es|_\w+))`", TEXT))
    there = {name for name in (*TABLES, *(v.name for v in views())) if name.startswith("search")}
    assert named == there
