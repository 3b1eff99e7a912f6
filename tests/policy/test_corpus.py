"""A corpus: its layout, what is kept of it once, and what each module is for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collectors.base import process
from collectors.base.errors import UsageError
from collectors.base.toolchain import Toolchain
from corr.policy.corpus import Corpus, Split, read_command, split_of
from corr.policy.modules import cleaned
from tests.support.command import Corr


@pytest.mark.slow
def test_the_layout_is_what_ml_compiler_opt_reads(corpus_folder: Path, tools: Toolchain) -> None:
    """Its reader asks for these files, and begins each command with `clang -cc1`."""
    folder = corpus_folder / "corpus"
    described = json.loads((folder / "corpus_description.json").read_text())
    assert described["has_thinlto"] is False and described["modules"]
    for name in described["modules"][:3]:
        words = (folder / f"{name}.cmd").read_text().split("\0")
        assert words[0] == "-cc1" and "-O2" in words and "-o" not in words and "ir" not in words
        output = folder.parent / "as-it-would.o"
        argv = [tools.path("clang"), *words, "-x", "ir", folder / f"{name}.bc", "-o", output]
        assert process.run(argv).ok and output.stat().st_size
        output.unlink()


@pytest.mark.slow
def test_held_out_modules_are_not_among_those_to_learn_from(corpus_folder: Path) -> None:
    corpus = Corpus.open(corpus_folder / "corpus")
    described = json.loads((corpus.folder / "corpus_description.json").read_text())
    held_out = {module.name for module in corpus.of(Split.held_out)}
    assert held_out and not held_out & set(described["modules"])
    assert held_out | set(described["modules"]) == {module.name for module in corpus.modules}
    assert {module.project for module in corpus.modules} == {"one", "two"}


def test_the_same_code_is_kept_once(corpus_folder: Path, corr: Corr, tmp_path: Path) -> None:
    one = corpus_folder / "one"
    (tmp_path / "again").mkdir()
    for copy in ("m0.c", "m1.c"):
        (tmp_path / "again" / copy).write_bytes((one / copy).read_bytes())
    (tmp_path / "again" / "empty.c").write_text("extern int nothing;\n")
    words = ("policy", "corpus", *(f"{n}" for n in ("m0.c", "m1.c", "empty.c")), "-o", "../corpus")
    done = corr(*words, "--", "-O2", cwd=tmp_path / "again")
    assert done.returncode == 0 and "2 modules added" in done.stderr
    assert "1 without code" in done.stderr
    done = corr(*words, "--project", "other", "--", "-O2", "-g", cwd=tmp_path / "again")
    assert "0 modules added" in done.stderr and "2 with code that was there" in done.stderr
    assert len(Corpus.open(tmp_path / "corpus").modules) == 2


def test_a_build_folder_and_mlgo_utils_folder(corr: Corr, tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text(
        "static int f(int x) { return x + N; } int g(int x) { return f(x) * f(1); }\n"
    )
    (tmp_path / "zero.c").write_text("int z(void) { return 0; }\n")
    (tmp_path / "build").mkdir()
    commands = [
        {
            "directory": str(tmp_path),
            "file": name,
            "arguments": ["cc", *flags, "-c", name, "-o", f"{n}.o"],
        }
        for n, (name, flags) in enumerate(
            [("a.c", ["-O2", "-DN=1"]), ("a.c", ["-O2", "-DN=2"]), ("zero.c", ["-O0"])]
        )
    ]
    (tmp_path / "build" / "compile_commands.json").write_text(json.dumps(commands))
    done = corr("policy", "corpus", "-p", "build", "-o", "c", cwd=tmp_path)
    assert done.returncode == 0 and "2 modules added" in done.stderr
    assert "zero.c: compiled without optimisation" in done.stderr
    corpus = Corpus.open(tmp_path / "c")
    assert {m.project for m in corpus.modules} == {tmp_path.name}
    assert len({m.code for m in corpus.modules}) == 2
    # what extract_ir leaves: every module, with the files of its build still in the command
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for number, module in enumerate(corpus.modules):
        (theirs / f"{number}.bc").write_bytes(corpus.bitcode(module).read_bytes())
        words = [*corpus.command(module), "-dependency-file", "x.d", "-o", "x.o", "-x", "c"]
        words += ["-fembed-bitcode=all"]  # else the object holds the command line
        (theirs / f"{number}.cmd").write_text("\0".join(words))
    description = {"has_thinlto": False, "modules": ["0", "1"]}
    (theirs / "corpus_description.json").write_text(json.dumps(description))
    done = corr("policy", "corpus", "theirs", "-o", "d", cwd=tmp_path)
    assert done.returncode == 0 and "2 modules added" in done.stderr
    again = Corpus.open(tmp_path / "d")
    assert {m.code for m in again.modules} == {m.code for m in corpus.modules}
    assert {m.project for m in again.modules} == {"theirs"}
    done = corr("policy", "trace", "d", cwd=tmp_path)
    assert "2 of 2 modules replayed byte for byte" in done.stderr


def test_what_a_module_is_for_hangs_on_its_name_alone() -> None:
    splits = [split_of("p", f"m{n}.c", 0.3) for n in range(2000)]
    shares = {split: splits.count(split) / len(splits) for split in Split}
    assert abs(shares[Split.held_out] - 0.3) < 0.05
    assert abs(shares[Split.validation] - 0.14) < 0.04
    assert split_of("p", "m5.c", 0.3) == splits[5]
    assert split_of("p", "m5.c", 0.0) != Split.held_out
    assert {split_of("q", f"m{n}.c", 0.3, ["q"]) for n in range(9)} == {Split.held_out}


def test_command_lines_lose_the_files_of_their_build() -> None:
    command = [
        "-cc1",
        "-O2",
        "-fembed-bitcode=all",
        "-o",
        "a.o",
        "-x",
        "c",
        "-MT",
        "a.o",
        "-mllvm",
        "-x=1",
    ]
    assert cleaned(command) == ["-cc1", "-O2", "-mllvm", "-x=1"]


def test_what_is_no_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no corpus"):
        Corpus.open(tmp_path)
    (tmp_path / "corpus.json").write_text("[]")
    with pytest.raises(UsageError, match="cannot be read"):
        Corpus.open(tmp_path)
    (tmp_path / "a.cmd").write_text("clang\0-c")
    with pytest.raises(UsageError, match="is not a command line"):
        read_command(tmp_path / "a.cmd")


def test_usage(corr: Corr, tmp_path: Path) -> None:
    for words in ([], ["a.c", "-p", "build"], ["none.c"]):
        done = corr("policy", "corpus", *words, cwd=tmp_path)
        assert done.returncode == 2 and done.stderr.startswith("corr: ")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    (tmp_path / "a.c").write_text("int f(void) { return 1; }\n")
    done = corr("policy", "corpus", "a.c", "-o", "full", cwd=tmp_path)
    assert done.returncode == 2 and "not empty" in done.stderr


def test_where_no_module_is_made_the_error_is_told(corr: Corr, tmp_path: Path) -> None:
    warned = "".join(f'#warning "w{n}"\n' for n in range(5))
    (tmp_path / "a.c").write_text(f"{warned}int f(void) {{ return g; }}\n{warned}")
    done = corr("policy", "corpus", "a.c", "-o", "c", cwd=tmp_path)
    assert done.returncode == 1 and "error: use of undeclared identifier 'g'" in done.stderr


def test_what_does_not_compile_is_among_what_is_left_out(corr: Corr, tmp_path: Path) -> None:
    (tmp_path / "bad.c").write_text("int f(void) { return g; }\n")
    (tmp_path / "good.c").write_text("int h(void) { return 1; }\n")
    done = corr("policy", "corpus", "bad.c", "good.c", "-o", "c", cwd=tmp_path)
    assert done.returncode == 0, "the other one is added"
    assert "bad.c: it does not compile" in done.stderr
    assert "1 modules added; left out: 1 with an error, 0 with code" in done.stderr
