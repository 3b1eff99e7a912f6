"""A small corpus of two projects, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.call_programs import small_modules
from tests.support.command import Corr
from tests.support.shared import made_once


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A folder with `corpus` at -O2, and `data` with its trace, labelled traced."""

    def fill(folder: Path) -> None:
        for project in ("one", "two"):
            (folder / project).mkdir()
            names = small_modules(folder / project, project)
            words = ("policy", "corpus", *names, "-o", "../corpus", "--held-out", "0.4")
            done = corr(*words, "--", "-O2", cwd=folder / project)
            assert done.returncode == 0, done.stderr
        done = corr("policy", "trace", "corpus", "--label", "traced", cwd=folder)
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "policy-corpus", fill)


@pytest.fixture(scope="session")
def improved_folder(
    tmp_path_factory: pytest.TempPathFactory, corr: Corr, corpus_folder: Path
) -> Path:
    """The same, searched: each module's thresholds and a few calls of the held-out ones."""

    def fill(folder: Path) -> None:
        shutil.copytree(corpus_folder, folder, dirs_exist_ok=True)
        done = corr("policy", "improve", "corpus", "--flips", "4", cwd=folder)
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "policy-improved", fill)
