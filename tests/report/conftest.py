"""Optimisations to report of, and their pages, each made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.lake.store import Lake
from corr.report import build
from corr.report.subject import newest_of_each, subjects
from tests.support.report_lakes import OTHER, hostile, optimisation, restage
from tests.support.shared import made_once


@pytest.fixture(scope="session")
def gemm(gemm_lake: Path) -> Lake:
    return Lake.open(gemm_lake / "data")


@pytest.fixture(scope="session")
def optimised(gemm: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    def fill(folder: Path) -> None:
        optimisation(folder / "data", gemm.find("a"), gemm.find("b"))

    return Lake.open(made_once(tmp_path_factory, "report-optimised", fill) / "data")


@pytest.fixture(scope="session")
def page(optimised: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of gemm."""

    def fill(folder: Path) -> None:
        made = build.report(optimised, subjects(optimised, ["gemm"]))
        (folder / "gemm.html").write_text(made.html)

    return made_once(tmp_path_factory, "report-page", fill) / "gemm.html"


@pytest.fixture(scope="session")
def hostile_page(gemm: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of gemm with attacks in place of its names and texts."""

    def fill(folder: Path) -> None:
        lake = optimisation(folder / "data", gemm.find("a"), gemm.find("b"), hostile)
        made = build.report(lake, subjects(lake, ["last"]))
        (folder / "page.html").write_text(made.html)

    return made_once(tmp_path_factory, "report-hostile", fill) / "page.html"


@pytest.fixture(scope="session")
def page_of_all(gemm: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two kernels, gemm and another that was only collected."""

    def fill(folder: Path) -> None:
        lake = optimisation(folder / "data", gemm.find("a"), gemm.find("b"))
        restage(lake, gemm.find("a"), {"program": OTHER, "kind": "collect"})
        found = subjects(lake, newest_of_each(lake))
        assert [one.name for one in found] == ["gemm", OTHER]
        (folder / "all.html").write_text(build.report(lake, found).html)

    return made_once(tmp_path_factory, "report-all", fill) / "all.html"
