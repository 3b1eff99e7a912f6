"""The gate on imports: a loop that lost its vectors, records that are cut off, sources unknown."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from collectors.base.errors import CorrError
from corr.compare.diff import diff
from corr.imports.remark_loops import LOOP_PASSES
from corr.imports.remarks import import_remarks
from corr.lake.store import Lake
from tests.compare.test_remark_pairs import AFTER, BEFORE
from tests.imports.test_import_remarks import ask, build
from tests.support.command import Corr

pytestmark = pytest.mark.slow
RESTRICTED = ("float *x, const float *y", "float *restrict x, const float *restrict y")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(tmp_path / "data", create=True)


def imported(folder: Path, lake: Lake, label: str, text: str) -> Path:
    path = build(folder, "g", "-O3", text=text.replace(*RESTRICTED))
    import_remarks([path], lake, label, folder)
    return path


def failed(corr: Corr, folder: Path, *runs: str) -> CompletedProcess[str]:
    done = corr("check", *runs, cwd=folder)
    assert done.returncode == 1, done.stderr
    return done


def test_a_loop_that_lost_its_vectors_behind_a_new_one(
    tmp_path: Path, lake: Lake, corr: Corr
) -> None:
    imported(tmp_path, lake, "one", BEFORE)
    imported(tmp_path, lake, "two", AFTER)
    done = failed(corr, tmp_path, "one", "two")
    assert "g.c:5  scale/2" in done.stdout and "not vectorised any more (was 4x2)" in done.stdout
    assert "gone" not in done.stdout
    found = diff(lake, lake.find("one"), lake.find("two"))
    assert [(x.a.loop, x.b.loop) for x in found.loops if not x.only_in] == [("scale/1", "scale/2")]


def test_without_sources_what_is_not_sure_fails(tmp_path: Path, lake: Lake, corr: Corr) -> None:
    for label, text in (("one", BEFORE), ("two", AFTER)):
        path = build(tmp_path / label, "g", "-O3", text=text.replace(*RESTRICTED))
        path.with_name("g.c").unlink()
        import_remarks([path], lake, label, tmp_path / label)
    done = failed(corr, tmp_path, "one", "two")
    assert "the sources are not known" in done.stdout
    assert "told apart by their places alone" in done.stderr


def test_files_outside_of_the_root_are_not_kept(tmp_path: Path, lake: Lake) -> None:
    path = build(tmp_path / "build", "g", "-O3")
    (tmp_path / "other").mkdir()
    kept = [import_remarks([path], lake, n, tmp_path / n) for n in ("build", "other")]
    files = [ask(lake, done, "SELECT DISTINCT file FROM source") for done in kept]
    assert files == [[{"file": "g.c"}], []]


@pytest.mark.parametrize("text", [b"", b"hello\n", b"cut"])
def test_a_record_of_which_nothing_can_be_read_is_an_error(
    tmp_path: Path, lake: Lake, text: bytes
) -> None:
    path = build(tmp_path, "g", "-O3", format="bitstream")
    path.write_bytes(path.read_bytes()[:500] if text == b"cut" else text)
    with pytest.raises(CorrError, match=r"no remark of g\.opt\.bitstream could be read"):
        import_remarks([path], lake, root=tmp_path)
    assert lake.all_runs() == []


def test_a_record_that_is_cut_off_fails_where_it_lacks_what_the_other_has(
    tmp_path: Path, lake: Lake, corr: Corr
) -> None:
    path = imported(tmp_path, lake, "whole", AFTER)
    text = path.read_text()
    path.write_text(text + "--- !Passed\nPass:  inli")
    import_remarks([path], lake, "longer", tmp_path)
    assert "is not whole" in corr("check", "whole", "longer", cwd=tmp_path).stderr
    path.write_text(text[: text.rindex("loop-vectorize")])
    import_remarks([path], lake, "cut", tmp_path)
    done = failed(corr, tmp_path, "whole", "cut")
    assert "incomplete-record" in done.stdout and "the file ends within" in done.stdout


def test_that_remarks_name_no_loop_is_said(tmp_path: Path, corr: Corr) -> None:
    path = build(tmp_path, "k", "-O1")
    documents = path.read_text().split("--- !")[1:]
    kept = [d for d in documents if not any(f"{p}\n" in d for p in LOOP_PASSES)]
    path.write_text("".join(f"--- !{document}" for document in kept))
    done = corr("import", "remarks", "k.opt.yaml", cwd=tmp_path)
    assert f"k.c: the {len(kept)} remarks name no loop" in done.stderr
    whole = corr("import", "remarks", str(build(tmp_path, "k", "-O2")), cwd=tmp_path)
    assert "name no loop" not in whole.stderr


def test_an_import_says_what_is_known_of_it(tmp_path: Path, lake: Lake, corr: Corr) -> None:
    path = imported(tmp_path, lake, "one", BEFORE)
    head = corr("diff", "one", "one", cwd=tmp_path).stderr.splitlines()[0]
    assert (
        head.startswith(f"a: {tmp_path.name} · one · compiler not known · 2") and "·  ·" not in head
    )
    assert "x[i] = y[i] * 2" in corr("why", "g.c:4", cwd=tmp_path).stdout
    path.with_name("g.c").unlink()
    import_remarks([path], lake, "two", tmp_path)
    why = corr("why", "g.c:3", "--run", "two", cwd=tmp_path).stdout
    assert "imported, below its --root" in why
