"""What was compiled before is taken where nothing changed that the compiler reads, and only there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from collectors.base import process
from collectors.base.toolchain import Toolchain
from corr.program import compiled as module
from corr.program.compiled import compiled, plain, read_files


class Compiler:
    """clang on one source, with how often it was started."""

    def __init__(self, tools: Toolchain, folder: Path) -> None:
        self.clang = tools.path("clang")
        self.folder = folder
        self.started = 0

    def __call__(self, *flags: str, out: str = "a.o") -> bytes:
        target = self.folder / out
        argv = [self.clang, *flags, "-c", self.folder / "a.c", "-o", target]
        compiled(argv, flags, self.folder, [target], self._run)
        made = target.read_bytes()
        target.unlink()
        return made

    def _run(self, argv: Sequence[str | Path]) -> float:
        self.started += 1
        done = process.run(argv, cwd=self.folder)
        assert done.ok, done.last_lines()
        return done.user


@pytest.fixture
def compiler(tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    monkeypatch.setenv("CORR_CACHE", str(tmp_path / "cache"))
    (tmp_path / "a.c").write_text('#include "my head.h"\nint f(int x) { return x + K; }\n')
    (tmp_path / "my head.h").write_text("#define K 3\n")
    return Compiler(tools, tmp_path)


def test_the_same_is_not_compiled_twice(compiler: Compiler) -> None:
    first = compiler("-O2")
    assert compiler("-O2", out="elsewhere.o") == first and compiler.started == 1
    assert compiler("-O0") != first and compiler.started == 2


def test_a_changed_header_is_noticed(compiler: Compiler) -> None:
    first = compiler("-O2")
    (compiler.folder / "my head.h").write_text("#define K 4\n")
    changed = compiler("-O2")
    assert changed != first and compiler.started == 2
    assert compiler("-O2") == changed and compiler.started == 2


@pytest.mark.parametrize(
    "line",
    [
        "const char *t = __TIME__;",
        'const char *d = __DATE__ " " __TIMESTAMP__;',
        '__asm__(".incbin \\"my head.h\\"");',
    ],
)
def test_what_is_another_each_time_is_not_kept(compiler: Compiler, line: str) -> None:
    (compiler.folder / "a.c").write_text(line + "\n")
    compiler("-O1")
    compiler("-O1")
    assert compiler.started == 2


def test_flags_that_name_files_keep_nothing(compiler: Compiler) -> None:
    for _ in range(2):
        compiler("-O2", "-mllvm", "-inline-threshold=1")
    assert compiler.started == 2
    for flags in (["-O3", "-march=native", "-I", "x/y", "-std=c++20", "-DA=/b", "-fopenmp"], []):
        assert plain(flags)
    for flag in ("@f", "-fprofile-use=p", "-fplugin=x.so", "-Xclang", "-fmodules", "-fsanitize-x"):
        assert not plain(["-O2", flag])


@pytest.mark.parametrize("damage", ["no list", "half a list", "no output", "another count"])
def test_a_damaged_entry_is_made_anew(compiler: Compiler, damage: str) -> None:
    first = compiler("-O2")
    (listing,) = (compiler.folder / "cache" / "compiled").glob("*/made.json")
    if damage == "no list":
        listing.unlink()
    elif damage == "half a list":
        listing.write_text(listing.read_text()[:40])
    elif damage == "no output":
        (listing.parent / "0").unlink()
    else:
        listing.write_text(json.dumps(json.loads(listing.read_text()) | {"count": 2}))
    assert compiler("-O2") == first and compiler.started == 2
    assert compiler("-O2") == first and compiler.started == 2


def test_many_at_once(compiler: Compiler) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(lambda n: compiler("-O2", out=f"{n}.o"), range(12)))
    assert len(made) == 1


def test_without_a_folder_nothing_is_kept(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORR_CACHE", "")
    compiler("-O2")
    compiler("-O2")
    assert compiler.started == 2 and not (compiler.folder / "cache").exists()


def test_what_is_too_much_goes_and_the_newest_stays(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler("-O0")
    monkeypatch.setattr(module, "MOST", 2000)
    module._prune.cache_clear()
    compiler("-O2")
    kept = list((compiler.folder / "cache" / "compiled").glob("*/made.json"))
    assert len(kept) <= 2 and sum(p.stat().st_size for k in kept for p in k.parent.iterdir()) < 2500


def test_the_list_of_a_rule_of_make() -> None:
    rule = "a.o: /x/a.c my\\ head.h \\\n  /y/b$$c.h \\\n d\\#e.h\n"
    assert read_files(rule) == ["/x/a.c", "my head.h", "/y/b$c.h", "d#e.h"]
