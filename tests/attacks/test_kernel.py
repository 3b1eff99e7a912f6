"""What the kernel offers to any process, and a confined program does not get."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.base.errors import ToolMissing
from collectors.sandbox import syscalls
from tests.attacks.conftest import Build

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86-64")
CALLS = {
    "keyctl": "SYS_keyctl, 0, -3, 0",
    "add_key": 'SYS_add_key, "user", "k", "v", 1, -3',
    "request_key": 'SYS_request_key, "user", "k", 0, -3',
    "io_uring_setup": "425, 4, buffer",
    "bpf": "SYS_bpf, 0, buffer, 64",
    "perf_event_open": "SYS_perf_event_open, buffer, 0, -1, -1, 0",
    "userfaultfd": "323, 1",
    "ptrace": "SYS_ptrace, 0, 0, 0, 0",
    "process_vm_readv": "SYS_process_vm_readv, getpid(), buffer, 0, buffer, 0, 0",
    "pidfd_getfd": "438, 0, 0, 0",
    "unshare": "SYS_unshare, 0",
    "setns": "SYS_setns, -1, 0",
    "mount": 'SYS_mount, "x", "/tmp", "tmpfs", 0, 0',
    "open_by_handle_at": "SYS_open_by_handle_at, -1, buffer, 0",
    "personality": "SYS_personality, 0xffffffff",
    "clock_settime": "SYS_clock_settime, 99, buffer",
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_a_computation_does_not_need(attack: Build, name: str) -> None:
    """EPERM, and not the error that the kernel itself would give for these arguments."""
    done = attack(f"""
        #include <sys/syscall.h>
        static char buffer[512];
        int main(void) {{
            long got = syscall({CALLS[name]});
            printf("%ld %d\\n", got, errno);
        }}""").run()
    assert done.stdout == f"-1 {errno.EPERM}\n".encode(), done.last_lines()


def test_the_other_numbers_of_system_calls(attack: Build) -> None:
    """The 32-bit entry has numbers of its own: 288 is keyctl there, and getpid 20."""
    done = attack("""
        int main(void) {
            long got;
            __asm__ volatile("int $0x80" : "=a"(got) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
            printf("%ld\\n", got);
        }""").run()
    assert done.stdout == b"" and done.ending() in ("killed by SIGSYS", "exit status 159")


def test_calls_that_programs_make_still_work(attack: Build) -> None:
    done = attack("""
        #include <time.h>
        static void *work(void *p) { return (void *)((long)p + 1); }
        int main(void) {
            pthread_t t; void *r = 0;
            pthread_create(&t, 0, work, (void *)41); pthread_join(t, &r);
            struct timespec now; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
            void *m = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            int pid = fork(), status = 0;
            if (!pid) _exit(7);
            waitpid(pid, &status, 0);
            cpu_set_t set; sched_getaffinity(0, sizeof set, &set);
            printf("%ld %d %d\\n", (long)r, m != MAP_FAILED, WEXITSTATUS(status));
        }""").run()
    assert done.stdout == b"42 1 7\n"


HOST = """
import ctypes, sys
from pathlib import Path
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall(250, 1, b"corr-test-session")  # a session of our own, as a login makes one
serial = libc.syscall(248, b"user", b"corr-secret", b"hunter2", 7, -3)
assert serial > 0, ctypes.get_errno()
from collectors.base import process
from collectors.sandbox import confined, syscalls
if sys.argv[2] == "leave":
    done = confined.run([sys.argv[1]], bare=False)
    before = process.run([sys.argv[1]])
print(libc.syscall(250, 10, -3, b"user", b"corr-secret", 0))
print(done.stdout.decode().strip(), before.stdout.decode().strip())
"""


def has_keyrings() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(250, 0, -3, 1) > 0 or ctypes.get_errno() != errno.ENOSYS


@pytest.mark.skipif(not has_keyrings(), reason="a kernel without keyrings")
def test_the_user_s_session_keyring_is_not_inherited(attack: Build) -> None:
    """Also without the filter: what this thread starts afterwards has an empty keyring."""
    built = attack("""
        #include <sys/syscall.h>
        int main(void) {
            printf("%ld\\n", syscall(SYS_keyctl, 10, -3, "user", "corr-secret", 0));
        }""")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", HOST, built.binary, "leave"],
        env={"PYTHONPATH": str(root), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["-1", "-1", "-1"]


def test_without_libseccomp(monkeypatch: pytest.MonkeyPatch) -> None:
    syscalls.filter_program.cache_clear()
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    with pytest.raises(ToolMissing, match="filter of system calls") as caught:
        syscalls.filter_program()
    assert "libseccomp2" in str(caught.value.fix)
    syscalls.filter_program.cache_clear()
