"""What a candidate cannot use up: processes, memory, disk, output, time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.sandbox import confined
from tests.attacks.conftest import SHORT, Attack, Build

ROOT = Path(__file__).resolve().parents[2]
FORK_BOMB = "int main(void) { for (;;) fork(); }"
FORKS = """
    int main(void) {
        int n = 0;
        for (int i = 0; i < 200; i++) {
            int pid = fork();
            if (pid == 0) { pause(); _exit(0); }
            n += pid > 0;
        }
        printf("%d\\n", n);
    }"""


def test_fork_bomb(attack: Build) -> None:
    made = attack(FORK_BOMB)
    done = made.run(limits=replace(SHORT, wall=2))
    assert done.timed_out or done.exceeded
    assert made.survivors() == []


def test_the_number_of_processes(attack: Build) -> None:
    made = attack(FORKS)
    done = made.run(limits=replace(SHORT, processes=8))
    assert int(done.stdout) == 7
    assert made.survivors() == []


def test_the_number_of_threads(attack: Build) -> None:
    made = attack("""
        static void *wait_for_ever(void *p) { pause(); return p; }
        int main(void) {
            int n = 0; pthread_t t;
            for (int i = 0; i < 200; i++) n += !pthread_create(&t, 0, wait_for_ever, 0);
            printf("%d\\n", n);
        }""")
    assert int(made.run(limits=replace(SHORT, processes=8)).stdout) == 7


@pytest.fixture
def for_all() -> Iterator[Path]:
    """A folder that another user can walk to, unlike pytest's."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


#: Becomes an ordinary user after everything is imported, whose files that user may not read.
_AS_USER = """
import json, os, resource, sys, encodings.idna, tempfile
from pathlib import Path
from collectors.sandbox import confined, syscalls
syscalls.filter_program()  # read while everything can be: the packages may be in root's home
if os.geteuid() == 0:
    os.setgroups([]); os.setresgid(12345, 12345, 12345); os.setresuid(12345, 12345, 12345)
binary, scratch = map(Path, sys.argv[1:])
limits = confined.Limits(wall=3, processes=8, memory=256 << 20)
done = confined.run([binary], limits=limits, writable=scratch, outputs=["out"])
print(json.dumps([os.geteuid(), done.stdout.decode(), done.exceeded, done.timed_out]))
"""


def as_user(made: Attack) -> tuple[int, str, str, bool]:
    made.scratch.chmod(0o777)
    done = subprocess.run(
        [sys.executable, "-c", _AS_USER, made.binary, made.scratch],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": "/nonexistent"},
    )
    assert done.returncode == 0, done.stderr
    user, text, exceeded, timed_out = json.loads(done.stdout)
    return user, text, exceeded, timed_out


def test_processes_of_an_ordinary_user(clang: str, for_all: Path) -> None:
    user, text, _, _ = as_user(Attack(clang, for_all, FORKS))
    assert user != 0
    assert int(text) == 7


def test_fork_bomb_of_an_ordinary_user(clang: str, for_all: Path) -> None:
    made = Attack(clang, for_all, FORK_BOMB)
    user, _, exceeded, timed_out = as_user(made)
    assert user != 0
    assert exceeded or timed_out
    assert made.survivors() == []


SHARED_FLOOD = """
    int main(void) {
        for (int i = 0; i < 6; i++)
            if (fork() == 0) {
                char *p = malloc(100 << 20);
                if (p) memset(p, 1, 100 << 20);
                pause();
            }
        pause();
    }"""


def test_memory_of_all_together_as_an_ordinary_user(clang: str, for_all: Path) -> None:
    _, _, exceeded, _ = as_user(Attack(clang, for_all, SHARED_FLOOD))
    assert exceeded == "more than 256 MiB of memory"


def test_memory_of_one_process(attack: Build) -> None:
    done = attack("""
        int main(void) {
            long n = 0; char *p;
            while (n < 4096 && (p = malloc(1 << 20))) { memset(p, 1, 1 << 20); n++; }
            printf("%ld\\n", n);
        }""").run(limits=replace(SHORT, memory=256 << 20))
    assert int(done.stdout) < 256


def test_memory_of_all_together(attack: Build) -> None:
    made = attack(SHARED_FLOOD)
    done = made.run(limits=replace(SHORT, memory=256 << 20))
    assert done.exceeded == "more than 256 MiB of memory"
    assert done.ending() == "stopped: more than 256 MiB of memory"
    assert not done.ok
    assert made.survivors() == []


def test_memory_that_belongs_to_no_process(attack: Build) -> None:
    """Files without a name and unmapped shared memory: only the machine's own count shows them."""
    available = next(
        int(line.split()[1]) << 10
        for line in Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemAvailable")
    )
    made = attack("""
        int main(void) {
            static char block[1 << 20];
            memset(block, 1, sizeof block);
            for (;;) {
                int f = memfd_create("x", 0);
                for (int i = 0; f >= 0 && i < 8; i++) write(f, block, sizeof block);
                int id = shmget(IPC_PRIVATE, 8 << 20, IPC_CREAT | 0600);
                char *p = id < 0 ? (void *)-1 : shmat(id, 0, 0);
                if (p != (void *)-1) { memset(p, 1, 8 << 20); shmdt(p); }
            }
        }""")
    done = made.run(limits=replace(SHORT, reserve=available - (256 << 20)))
    assert "MiB of memory left" in done.exceeded
    assert made.survivors() == []


def test_disk_by_one_file(attack: Build) -> None:
    made = attack("""
        int main(void) {
            static char block[1 << 16];
            signal(SIGXFSZ, SIG_IGN);
            int f = open("out", O_WRONLY);
            for (int i = 0; i < 100000; i++) if (write(f, block, sizeof block) <= 0) break;
        }""")
    assert made.run().ok
    assert (made.scratch / "out").stat().st_size == SHORT.file


MANY_FILES = """
    static long flood(const char *folder, int unlinked) {
        static char block[1 << 16];
        long total = 0, n;
        for (int i = 0; i < 2000; i++) {
            char p[4096]; sprintf(p, "%s/f%d", folder, i);
            int f = open(p, O_WRONLY | O_CREAT, 0600);
            if (f < 0) break;
            if (unlinked) unlink(p);
            for (int k = 0; k < 16 && (n = write(f, block, sizeof block)) > 0; k++) total += n;
            if (!unlinked) close(f);
        }
        return total;
    }
    int main(int c, char **v) { printf("%ld\\n", flood(v[1], c > 2)); }"""


@pytest.mark.parametrize("place", ["scratch", "/tmp", "/dev/shm"])
@pytest.mark.parametrize("unlinked", [(), ("unlinked",)])
def test_disk_by_many_files(attack: Build, place: str, unlinked: tuple[str, ...]) -> None:
    """In the writable folder too: none of the files is on the host."""
    made = attack(MANY_FILES)
    done = made.run(made.scratch if place == "scratch" else place, *unlinked)
    assert done.ok
    assert 0 < int(done.stdout) <= SHORT.scratch
    assert [p.name for p in made.scratch.iterdir()] == ["out"]


def test_places_that_are_not_to_be_written(attack: Build) -> None:
    made = attack(MANY_FILES)
    for place in ("/", "/dev", "/etc", "/usr", "/proc"):
        assert made.run(place).stdout == b"0\n"


@pytest.mark.parametrize("discard", [False, True])
def test_output_flood(attack: Build, discard: bool) -> None:
    made = attack("""
        int main(void) {
            static char block[1 << 16];
            for (;;) { write(1, block, sizeof block); write(2, block, sizeof block); }
        }""")
    done = made.run(limits=replace(SHORT, wall=1), discard=discard)
    assert done.timed_out
    kept = 0 if discard else SHORT.kept
    assert len(done.stdout) == len(done.stderr) == kept


def test_hang(attack: Build) -> None:
    made = attack("""
        int main(void) {
            for (int s = 1; s < 65; s++) signal(s, SIG_IGN);
            for (;;) pause();
        }""")
    done = made.run(limits=replace(SHORT, wall=0.5))
    assert done.timed_out and not done.ok
    assert made.survivors() == []


def test_processor_time(attack: Build) -> None:
    made = attack("int main(void) { for (volatile long i = 0;; i++) {} }")
    done = made.run(limits=replace(SHORT, cpu=1))
    assert done.ending() in ("killed by SIGXCPU", "killed by SIGKILL")
    assert not done.timed_out


@pytest.mark.parametrize("discard", [False, True])
def test_orphan(attack: Build, discard: bool) -> None:
    """A grandchild in a session of its own, after its parents have ended."""
    made = attack("""
        int main(void) {
            if (fork() == 0) {
                setsid();
                if (fork() == 0) {
                    for (int s = 1; s < 65; s++) signal(s, SIG_IGN);
                    close(0); close(1); close(2);
                    sleep(1000);
                }
            }
        }""")
    done = made.run(discard=discard)
    assert done.ok
    assert made.survivors() == []


def test_a_core_is_not_written(attack: Build) -> None:
    made = attack("int main(void) { abort(); }")
    done = made.run()
    assert done.ending() == "killed by SIGABRT"
    assert [p.name for p in made.scratch.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("template <int N> struct A : A<N - 1>, A<N - 2> {}; template <> struct A<0> {};"
         "int main() { constexpr auto f = [](auto g, int n) -> long { return n < 2 ? 1 : g(g, n - 1) + g(g, n - 2); };"
         "static_assert(f(f, 60) > 0); }", {"cpu": 1}),
        ("static const char big[1 << 26] = {1}; const char *p = big;", {"file": 1 << 20}),
        ("int a[] = {" + "1," * 400_000 + "};", {"memory": 128 << 20}),
    ],
    ids=["time", "file", "memory"],
)  # fmt: skip
def test_the_compiler_has_limits(
    code: str, limits: dict[str, int], clang: str, tmp_path: Path
) -> None:
    (tmp_path / "bomb.cpp").write_text(code)
    compile_it = [clang, "-x", "c++", "-std=c++17", "-fconstexpr-steps=2147483647", "-c"]
    argv = [*compile_it, tmp_path / "bomb.cpp", "-o", tmp_path / "bomb.o"]
    done = subprocess.run([*confined.compiler_limits(**limits), *argv], capture_output=True)
    assert done.returncode != 0
    out = tmp_path / "bomb.o"
    assert not out.exists() or out.stat().st_size <= limits.get("file", 1 << 30)


_UNTIL_KILLED = """
import sys
from pathlib import Path
from collectors.sandbox import confined
confined.run([Path(sys.argv[1])], limits=confined.Limits(wall=60))
"""


def ends_with_its_parent(made: Attack) -> None:
    argv = [sys.executable, "-c", _UNTIL_KILLED, made.binary]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(made.scratch)}
    with subprocess.Popen(argv, env=env) as corr:
        wait_until(lambda: made.survivors() != [])
        corr.kill()
    wait_until(lambda: made.survivors() == [])


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(2000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that in 20 s")


HANG = "int main(void) { for (int s = 1; s < 65; s++) signal(s, SIG_IGN); for (;;) pause(); }"


def test_it_ends_when_corr_is_killed(attack: Build) -> None:
    ends_with_its_parent(attack(HANG))


def test_it_ends_when_corr_is_killed_in_a_folder_for_all(clang: str, for_all: Path) -> None:
    for_all.chmod(0o755)
    ends_with_its_parent(Attack(clang, for_all, HANG))
