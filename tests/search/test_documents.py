"""What docs/search.md shows of studies is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corr.lake.sql import views
from corr.lake.tables import TABLES
from corr.search.cases import cases
from corr.search.checks import check
from corr.search.modes import MODES
from corr.search.placeholders import text_with
from corr.search.settings import settings
from corr.search.split import parts
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


@pytest.mark.parametrize("path", sorted((ROOT / "studies").rglob("*.toml")), ids=lambda p: p.stem)
def test_the_studies_that_ship_are_studies(path: Path) -> None:
    study = load(path)
    found = cases(study)
    check(study, found)
    assert len(found) >= 24 and len(settings(study)) >= 3
    shares = parts(found, study.prove, study.recommend.classes)
    assert 0.2 < list(shares.values()).count("held-out") / len(found) < 0.4
    for case in found:
        template = study.build.template and text_with(study.build.template, case.fillings)
        assert not template or study.path(template).is_file()
