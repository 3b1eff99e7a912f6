"""Lakes of unexecuted builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.check_runs import BUILDS, HOSTILE, PROGRAM, collect
from tests.support.command import Corr
from tests.support.shared import made_once


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A folder with a lake of unexecuted builds of one program, labelled by what was changed."""

    def fill(folder: Path) -> None:
        for label, flags in BUILDS.items():
            (folder / "p.c").write_text(("// a comment\n" if label == "comment" else "") + PROGRAM)
            collect(corr, folder, "p.c", label, *flags)

    return made_once(tmp_path_factory, "check-lake", fill)


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """The same for twelve loops that lose their vectors, in a file whose name is an attack."""
    loop = PROGRAM[PROGRAM.index("void look_up") : PROGRAM.index("float sum")]
    text = PROGRAM[: PROGRAM.index("#ifdef SPILL")]
    text += "".join(loop.replace("look_up", f"look_up{i}") for i in range(12))

    def fill(folder: Path) -> None:
        (folder / HOSTILE).write_text(text)
        collect(corr, folder, HOSTILE, "base")
        collect(corr, folder, HOSTILE, "alias", "-DALIAS")

    return made_once(tmp_path_factory, "check-many", fill)
