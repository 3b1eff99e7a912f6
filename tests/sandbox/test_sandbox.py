"""The sandbox for honest programs: what they need is there. Attacks are in tests/attacks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from collectors.base.errors import CorrError, ToolMissing, UsageError
from collectors.sandbox import confined
from collectors.sandbox.confined import Limits

ROOT = Path(__file__).resolve().parents[2]
QUICK = Limits(wall=30)


@pytest.fixture(scope="module")
def gemm(clang: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("gemm") / "gemm"
    argv = [clang, "-O2", ROOT / "kernels" / "gemm.c", "-o", out, "-lm"]
    subprocess.run(argv, check=True)
    return out


@pytest.mark.parametrize("bare", [False, True])
def test_a_kernel_computes_what_it_computes_outside(gemm: Path, tmp_path: Path, bare: bool) -> None:
    plain = subprocess.run([gemm, "--size", "40", "--dump", "-"], capture_output=True, check=True)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = {
        "CORR_SIZE": "40",
        "CORR_DUMP": str(scratch / "dump"),
        "CORR_TIMES": str(scratch / "times"),
    }
    done = confined.run(
        [gemm], writable=scratch, outputs=["dump", "times"], env=env, limits=QUICK, bare=bare
    )
    assert done.ok, done.last_lines()
    assert done.sandboxed is not bare
    assert done.argv == (str(gemm),)
    assert confined.read_output(scratch, "dump", 1 << 20) == plain.stdout
    assert confined.read_output(scratch, "times", 1 << 10).startswith(b"kernel_seconds 0.0")


@pytest.mark.slow
@pytest.mark.parametrize("bare", [False, True])
def test_input_and_its_folder_and_arguments(tmp_path: Path, bare: bool) -> None:
    folder = tmp_path / "data"
    (folder / "below").mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "below").chmod(0o755)
    for name in ("given", "below/other"):
        (folder / name).write_text(f"{name}\n")
        (folder / name).chmod(0o644)
    (tmp_path / "link").symlink_to(folder / "given")
    done = confined.run(
        ["/bin/sh", "-c", 'cat; cat "$0" below/other; pwd; echo problem >&2', "given"],
        readonly=[folder],
        cwd=folder,
        stdin=tmp_path / "link",
        limits=QUICK,
        bare=bare,
    )
    assert done.stdout.decode() == f"given\ngiven\nbelow/other\n{folder}\n"
    assert done.stderr == b"problem\n"


@pytest.mark.slow
@pytest.mark.parametrize("bare", [False, True])
def test_endings_are_those_of_the_program(bare: bool) -> None:
    def ended(script: str) -> int:
        return confined.run(["/bin/sh", "-c", script], limits=QUICK, bare=bare).returncode

    assert ended("exit 0") == 0
    assert ended("exit 3") == 3
    assert ended("exit 128") == 128
    assert ended("kill -SEGV $$") == -signal.SIGSEGV
    assert ended("kill -KILL $$") == -signal.SIGKILL


@pytest.mark.slow
def test_without_arguments_it_starts_in_an_empty_folder() -> None:
    done = confined.run(["/bin/sh", "-c", "pwd; ls -A; id -u"], limits=QUICK)
    assert done.stdout == b"/tmp\n65534\n"


@pytest.mark.slow
def test_the_environment_is_only_what_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORR_SEED", "7")
    done = confined.run(["/usr/bin/env"], env={"CORR_SIZE": "a b\n'$x'"}, limits=QUICK)
    assert b"CORR_SIZE=a b\n'$x'\n" in done.stdout
    assert b"CORR_SEED" not in done.stdout


def test_a_binary_inside_the_writable_folder_is_there(gemm: Path, tmp_path: Path) -> None:
    copy = tmp_path / "gemm"
    copy.write_bytes(gemm.read_bytes())
    copy.chmod(0o755)
    done = confined.run(
        [copy, "--size", "4", "--digest"], writable=tmp_path, readonly=[copy], limits=QUICK
    )
    assert done.ok, done.last_lines()
    assert done.stdout.startswith(b"C ")


def test_a_file_below_a_folder_that_others_cannot_enter(gemm: Path, tmp_path: Path) -> None:
    """As root the program is another user, who could not walk there."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    copy = closed / "gemm"
    copy.write_bytes(gemm.read_bytes())
    copy.chmod(0o755)
    assert confined.run([copy, "--size", "4"], limits=QUICK).ok
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        reachable = Path(name) / "gemm"
        reachable.write_bytes(copy.read_bytes())
        reachable.chmod(0o755)
        assert confined.run([reachable, "--size", "4"], limits=QUICK).ok


@pytest.mark.skipif(os.geteuid() != 0, reason="about what only root may read")
def test_what_only_root_can_read_is_named(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("x")
    mine.chmod(0o600)
    with pytest.raises(UsageError) as raised:
        confined.run(["/bin/cat", mine], readonly=[mine], limits=QUICK)
    assert raised.value.fix == f"chmod o+rX {mine}"


@pytest.mark.parametrize(
    "options",
    [
        {"readonly": [Path("/nonexistent/x")]},
        {"outputs": ["a"]},
        {"stdin": Path("/nonexistent/x")},
    ],
)
def test_what_cannot_be_given_is_a_usage_error(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        confined.run(["/usr/bin/true"], **options)  # type: ignore[arg-type]


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="No such file"):
        confined.run(["/nonexistent/program"])


@pytest.mark.slow
def test_available_says_nothing_where_it_works() -> None:
    confined.available()


@pytest.fixture
def tool_folder(tmp_path: Path) -> Path:
    """A folder for PATH in which the commands are not real ones."""
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


@pytest.mark.slow
def test_without_bubblewrap(tool_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "ENVIRONMENT", {"PATH": str(tool_folder), "LC_ALL": "C"})
    for tool in ("sh", "prlimit", "setpriv"):
        (tool_folder / tool).symlink_to(f"/usr/bin/{tool}")
    monkeypatch.setenv("PATH", str(tool_folder))
    confined._trial.cache_clear()
    try:
        with pytest.raises(ToolMissing) as raised:
            confined.available()
    finally:
        confined._trial.cache_clear()
    assert raised.value.exit_code == 3
    assert "bwrap" in raised.value.message
    assert "apt-get install bubblewrap" in raised.value.fix
    assert "--unsafe-no-sandbox" in raised.value.fix


_TRY = """
from collectors.base import errors
from collectors.sandbox import confined
try:
    confined.available()
    print("works", confined.run(["/usr/bin/id", "-u"]).stdout)
except errors.CorrError as error:
    print(error.exit_code, error.message, error.fix)
"""


def in_user_namespace(*before: str) -> str:
    """What happens where we are root of a user namespace with one user, as in some containers."""
    script = "".join(f"{command};" for command in before) + 'exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", script, sys.executable, _TRY],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_in_a_container_without_other_users() -> None:
    assert in_user_namespace() == "works b'65534\\n'\n"


@pytest.mark.slow
def test_where_user_namespaces_are_forbidden() -> None:
    said = in_user_namespace("echo 0 >/proc/sys/user/max_user_namespaces")
    assert said.startswith("3 the sandbox does not work here: the sandbox did not start: bwrap: ")
    assert "sysctl kernel.unprivileged_userns_clone=1" in said


@pytest.mark.slow
def test_a_limit_is_in_force_without_the_sandbox_too() -> None:
    done = confined.run(
        ["/bin/sh", "-c", "ulimit -t; ulimit -v; ulimit -n; ulimit -c"],
        limits=Limits(cpu=7, memory=1 << 30, files=50),
        bare=True,
    )
    assert done.stdout.split() == [b"7", b"1048576", b"50", b"0"]


def test_an_output_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CorrError, match="No such file"):
        confined.read_output(tmp_path, "out", 10)


SPINS = """
#include <time.h>
int main(void) { while (clock() < CLOCKS_PER_SEC / 5) ; return 0; }
"""


@pytest.mark.parametrize("bare", [False, True])
def test_cpu_time_is_what_the_program_took(clang: str, tmp_path: Path, bare: bool) -> None:
    """By the program's own account, however long it waited for a processor."""
    (tmp_path / "spins.c").write_text(SPINS)
    subprocess.run([clang, tmp_path / "spins.c", "-o", tmp_path / "spins"], check=True)
    done = confined.run([tmp_path / "spins"], limits=QUICK, bare=bare)
    assert done.ok and done.cpu is not None
    assert 0.19 < done.cpu < 0.3
    waits = confined.run(["/bin/sleep", "0.2"], limits=QUICK, bare=bare)
    assert waits.cpu is not None and waits.cpu < 0.1 < waits.wall


@pytest.mark.slow
def test_nothing_of_a_sandbox_is_left_to_reap() -> None:
    known = Path(f"/proc/self/task/{os.getpid()}/children")
    before = set(known.read_text().split())  # of other tests in this process
    for _ in range(3):
        assert confined.run(["/bin/true"], limits=QUICK).cpu is not None
    ours = [pid for pid in known.read_text().split() if pid not in before]
    states = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] for pid in ours]
    assert "Z" not in states
