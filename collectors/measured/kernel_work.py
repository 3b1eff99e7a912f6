"""What the kernel did for a program, in a few words, by the symbols of a call chain.

The outermost of them decides: a page fault while a file is read is part of the reading. Where the
kernel hides its symbols (`kernel.kptr_restrict`) the C library's name of the system call tells, and
where that does not either, nothing is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

FAULTS = "page faults"
MAPPING = "memory mapping"
IO = "input and output"
WAITING = "scheduling and waiting"
PROCESSES = "starting and ending processes"
INTERRUPTS = "interrupts"
OTHER = "other system calls"

_CALLS = {
    MAPPING: """mmap mmap2 munmap mremap mprotect madvise brk sbrk msync mlock mincore mbind
        process_madvise""",
    IO: """read write pread pread64 pwrite pwrite64 readv writev preadv pwritev open openat openat2
        open64 close lseek stat fstat lstat newfstatat statx access faccessat readlink getdents
        getdents64 fsync fdatasync sendfile splice tee copy_file_range ftruncate truncate fallocate
        rename renameat unlink unlinkat mkdir rmdir fcntl ioctl dup dup2 pipe pipe2 socket connect
        accept accept4 send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg shutdown
        io_submit io_getevents io_uring_enter""",
    WAITING: """futex futex_wait futex_wake sched_yield nanosleep clock_nanosleep poll ppoll select
        pselect6 epoll_wait epoll_pwait pause rt_sigsuspend rt_sigtimedwait semop semtimedop wait4
        waitid usleep sched_setaffinity""",
    PROCESSES: """clone clone3 fork vfork execve execveat exit exit_group _exit set_tid_address
        set_robust_list rseq arch_prctl prlimit64""",
}
_BY_CALL = {name: kind for kind, names in _CALLS.items() for name in names.split()}
_ENTRY = re.compile(r"^(?:__)?(?:x64_sys|ia32_sys|arm64_sys|se_sys|do_sys|ksys)_(\w+?)$")
_FAULT = re.compile(
    r"^(?:asm_)?(?:exc_page_fault|do_user_addr_fault|page_fault)$|^el0_[di]a$|^do_(?:page_fault|mem_abort)$"
)
_INTERRUPT = re.compile(
    r"^(?:asm_)?(?:sysvec_|common_interrupt)|^(?:el0_irq|ret_from_intr|irq_exit)"
)
_SCHEDULE = re.compile(r"^(?:__)?schedule$|^ret_from_fork")
_WRAPPER = re.compile(r"^(?:__GI_)?(?:__)?(?:libc_)?(\w+?)(?:64|_nocancel|_cancel)?$")


def kernel_work(kernel: Sequence[str | None], user: str | None) -> str | None:
    """The kind of work; `kernel` are symbols from the innermost on, `user` the symbol below them.

    None where neither tells.
    """
    for symbol in reversed(kernel):
        if symbol is None:
            continue
        if _FAULT.match(symbol):
            return FAULTS
        if _INTERRUPT.match(symbol):
            return INTERRUPTS
        if _SCHEDULE.match(symbol):
            return WAITING
        if call := _ENTRY.match(symbol):
            return _BY_CALL.get(call[1], OTHER)
    # a sample on the way into the kernel or out of it
    wrapper = _WRAPPER.match((user or "").partition("@")[0])
    known = _BY_CALL.get(wrapper[1]) if wrapper else None
    if known is None and any(symbol is not None for symbol in kernel):
        return OTHER
    return known
