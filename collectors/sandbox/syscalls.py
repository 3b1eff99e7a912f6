"""System calls that a confined program may not make, as a compiled filter, and its own keyring.

Namespaces hide the host's files, processes and network; what is left is what the kernel itself
offers to any process. A computation needs none of the calls below; each has been a way out of a
sandbox, a way to what the user keeps in the kernel, or a way to disturb whoever measures.
The list follows the default profile of Docker (moby/profiles/seccomp), and goes further where a
program that only computes can do without.
"""

from __future__ import annotations

import ctypes
import functools
import platform
import tempfile
import threading

from collectors.base.errors import ToolMissing

#: Why, and the calls. A name that this libseccomp does not know is not in this kernel's table.
DENIED: dict[str, tuple[str, ...]] = {
    "keys that the user keeps in the kernel": ("keyctl", "add_key", "request_key"),
    "programs in the kernel": ("bpf", "init_module", "finit_module", "delete_module"),
    "a queue whose requests no filter sees": (
        *("io_uring_setup", "io_uring_enter", "io_uring_register"),
    ),
    "memory and registers of other processes": (
        *("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd"),
        *("process_madvise", "move_pages", "migrate_pages"),
    ),
    "page faults answered by a program": ("userfaultfd",),
    "counters and traces of the machine": ("perf_event_open", "fanotify_init", "lookup_dcookie"),
    "mounts and roots": (
        *("mount", "umount", "umount2", "pivot_root", "chroot", "fsopen", "fsconfig", "fsmount"),
        *("fspick", "open_tree", "move_mount", "mount_setattr", "quotactl", "quotactl_fd"),
    ),
    "further namespaces": ("unshare", "setns"),
    "files found without a path": ("name_to_handle_at", "open_by_handle_at"),
    "the machine as a whole": (
        *("reboot", "kexec_load", "kexec_file_load", "swapon", "swapoff", "acct", "syslog"),
        *("sethostname", "setdomainname", "iopl", "ioperm", "modify_ldt", "vhangup"),
    ),
    "the clock by which it is measured": (
        *("settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "stime"),
    ),
    "another set of system calls": ("personality",),
}
_ALLOWED_ERROR = 1  # EPERM
#: keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL): a new, empty session keyring for this thread.
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_JOIN_SESSION_KEYRING = 1
_thread = threading.local()


@functools.cache
def filter_program() -> bytes:
    """The filter as the kernel takes it (classic BPF): what is denied answers EPERM.

    Calls by another architecture's numbers (i386, x32) end the program. Raises ToolMissing without
    libseccomp.
    """
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as error:
        raise ToolMissing(
            f"the sandbox has no filter of system calls: {error}",
            "on Debian: apt-get install libseccomp2; or --unsafe-no-sandbox",
        ) from error
    made = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for names in DENIED.values():
        for name in names:
            try:
                number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
            except ValueError:
                continue
            if number >= 0:
                made.add_rule(pyseccomp.ERRNO(_ALLOWED_ERROR), name)
    with tempfile.TemporaryFile() as file:
        made.export_bpf(file)
        file.seek(0)
        return file.read()


def leave_keyring() -> None:
    """Give this thread, and what it starts, an empty session keyring in place of the user's.

    Keys of the login session (a Kerberos ticket, a disk's pass phrase) are then not even inherited
    by what runs confined. Where the kernel has no keyrings there is nothing to leave.
    """
    number = _KEYCTL.get(platform.machine())
    if number is None or getattr(_thread, "left", False):
        return
    ctypes.CDLL(None, use_errno=True).syscall(number, _JOIN_SESSION_KEYRING, None)
    _thread.left = True
