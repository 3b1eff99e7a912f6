"""Run a program that may be hostile: bubblewrap, hard limits, and nothing left behind.

What holds which harm (each has its test in tests/attacks):

- network, other processes, IPC: `--unshare-all`; no further user namespace (`--disable-userns`).
- files: a read-only system and the paths named; every writable place is a tmpfs of bounded size,
  but for the files named as `outputs`, which exist before the program starts and are mounted one
  by one: there is no folder of the host in which it could make a link, a pipe or many files. What
  it leaves in its places is read once its last process has ended (`places.py`).
- descriptors: none of a host file. An inherited one can be opened again for writing, or chmoded,
  through /proc/self/fd, so standard input is opened inside, on a read-only mount.
- the kernel itself: a filter of system calls (`syscalls.py`), and an empty session keyring.
- root: the kernel exempts root's processes from RLIMIT_NPROC, and root's own device nodes and
  /proc/sys take its writes without any capability. Started by root, the program is user 65534.
- processes: RLIMIT_NPROC inside the user namespace (Linux counts it there, since 5.14), and the
  watchdog. Memory: RLIMIT_AS for each process, the watchdog for their sum.
- all of it ends when process 1 of the namespace ends, and `run` returns after that.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from collectors.base import process
from collectors.base.errors import CorrError, ToolMissing, UsageError
from collectors.base.process import Completed
from collectors.base.scratch import scratch
from collectors.sandbox.mounts import Mounts, check_place, check_readonly
from collectors.sandbox.places import Held, Left, Place, filled, in_place_of, left_in
from collectors.sandbox.syscalls import filter_program, leave_keyring
from collectors.sandbox.watchdog import Watchdog

MIB = 1 << 20
INSTALL = (
    "on Debian: apt-get install bubblewrap (0.8 or newer); where user namespaces are forbidden: "
    "sysctl kernel.unprivileged_userns_clone=1 (Ubuntu: "
    "kernel.apparmor_restrict_unprivileged_userns=0); or --unsafe-no-sandbox"
)
#: The user that the program is, whoever starts it.
NOBODY = 65534
#: Everything else that the program finds in its environment is given by the caller.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
#: Opens the status file and the filter for bwrap, and lets the kernel choose this tree first when
#: memory ends.
_START = '2>/dev/null echo 1000 >/proc/self/oom_score_adj; exec "$@" 3>"$0" 4<"$0.filter"'
_HELD = ' 5<>"$0.held"'


@dataclass(frozen=True)
class Limits:
    """What a program may use. Times in seconds, sizes in bytes.

    `cpu` holds for each process (all its threads); `memory` for each process's address space and
    for the resident memory of all together (pages shared after a fork count for each); `processes`
    for processes and threads together; `file` for each file written; `scratch` for each of the
    writable folder, /tmp and /dev/shm; `kept` is how much of stdout and stderr each is kept;
    `reserve` is the memory that the machine must have left.
    """

    wall: float = 60.0
    cpu: float = 120.0
    memory: int = 4096 * MIB
    processes: int = 16
    files: int = 256
    file: int = 256 * MIB
    scratch: int = 256 * MIB
    kept: int = 16 * MIB
    reserve: int = 128 * MIB

    def prefix(self, *, processes: bool) -> list[str]:
        """The command prefix that sets the limits which the kernel keeps for a process."""
        counted = [f"--nproc={self.processes + 1}"] if processes else []  # and bwrap's process 1
        return [
            "prlimit",
            *counted,
            f"--cpu={max(1, math.ceil(self.cpu))}",
            f"--as={self.memory}",
            f"--fsize={self.file}",
            f"--nofile={self.files}",
            "--core=0",
            "--",
        ]


@dataclass(frozen=True)
class Confined(Completed):
    """How a confined program ended; `exceeded` names the limit that it was stopped for.

    `user` and `system` hold what the program took and what confining it took; `counted` False:
    the kernel did not tell what the program took. `left` is in its places, where one looked.
    """

    sandboxed: bool = True
    exceeded: str = ""
    counted: bool = True
    left: Left | None = None

    @property
    def ok(self) -> bool:
        return super().ok and not self.exceeded

    @property
    def cpu(self) -> float | None:
        return super().cpu if self.counted else None

    def ending(self) -> str:
        return f"stopped: {self.exceeded}" if self.exceeded else super().ending()


def compiler_limits(
    cpu: int = 300, memory: int = 8192 * MIB, file: int = 1024 * MIB
) -> tuple[str, ...]:
    """A command prefix for compiling foreign text: CPU seconds, address space, size of a file."""
    return (
        "prlimit",
        f"--cpu={cpu}",
        f"--as={memory}",
        f"--fsize={file}",
        "--core=0",
        "--",
    )


def available() -> None:
    """Raise ToolMissing, with what to do, where programs cannot be confined.

    Tried once for each process by confining `true`.
    """
    reason = _trial()
    if reason:
        raise ToolMissing(f"the sandbox does not work here: {reason}", INSTALL)


@functools.cache
def _trial() -> str:
    try:
        done = run(["/usr/bin/true"], limits=Limits(wall=20))
    except CorrError as error:
        return str(error)
    return "" if done.ok else f"a trial ended with {done.ending()}"


def run(
    argv: Sequence[str | Path],
    *,
    readonly: Sequence[Path] = (),
    writable: Path | None = None,
    outputs: Sequence[str] = (),
    places: Sequence[Place] = (),
    look: int = 0,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: Path | None = None,
    limits: Limits | None = None,
    discard: bool = False,
    bare: bool = False,
    ok_status: tuple[int, ...] = (0,),
    watcher: Sequence[str | Path] = (),
) -> Confined:
    """Run `argv` confined; every path is the same inside as outside.

    It sees /usr, its own binary, `stdin` and the `readonly` files and folders. `writable` is an
    existing empty folder: inside, a tmpfs in which only the `outputs` (plain names) are real
    files; they are made anew, empty, and stay for `read_output`. A program can write and truncate
    them, but neither remove nor rename them. It may do anything in its `places`; with `look`, up
    to so many bytes of what it leaves there are `left`. `env` is all that its environment has
    besides ENVIRONMENT. It starts in `cwd`, which is empty unless it is given as readable or a
    place; else in `writable` or /tmp. The exit status of a program that died by signal n is -n.

    `bare` is without the sandbox: only the limits on each process, and its group is killed; of the
    places, only `cwd` is another folder then. Statuses in `ok_status` are no failure. `watcher` is
    the beginning of a command that starts another one and looks at it from outside, as perf does.

    Raises UsageError for paths that must not or cannot be given, ToolMissing, and CorrError where
    the sandbox does not start.
    """
    limits = limits or Limits()
    command = (os.path.abspath(os.fspath(argv[0])), *(os.fspath(a) for a in argv[1:]))
    environment = {**ENVIRONMENT, **(env or {})}
    made = _make_outputs(writable, outputs)
    if bare:
        given = next((place for place in places if place.folder == cwd), None)
        with in_place_of(given, cwd or writable) as folder:
            done = process.run(
                [*watcher, *limits.prefix(processes=False), *command],
                cwd=folder,
                env=environment,
                stdin=stdin,
                discard=discard,
                timeout=limits.wall,
                limit=limits.kept,
            )
            left = left_in(folder, given.folder, look) if given and folder and look else None
        done = replace(done, ok_status=ok_status)
        return _confined(done, command, sandboxed=False, left=left)
    shown = [*readonly, *(place.given for place in places if place.given is not None)]
    shown = [Path(command[0]), *shown, *([stdin] if stdin is not None else [])]
    seen = [Path(os.path.abspath(path)) for path in shown]
    as_root = _drops_root()
    for path in seen:
        check_readonly(path, NOBODY if as_root else None)
    folders = tuple(place.folder for place in places)
    for place in folders:
        check_place(place)
    mounts = Mounts(tuple(seen), writable, tuple(made), folders, limits.scratch, as_root)
    inner = [*limits.prefix(processes=True), *command]
    first = filled(places)
    if stdin is not None or first:
        from_file = ' <"$0"' if stdin is not None else ""
        inner = ["sh", "-c", f'{first}exec "$@"{from_file}', os.path.abspath(stdin or "/"), *inner]
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(scratch("sandbox"))
        status = own / "status"
        status.with_name("status.filter").write_bytes(filter_program())
        leave_keyring()
        held = None
        if look and folders:
            held = stack.enter_context(Held(folders, status.with_name("status.held")))
        bwrap = mounts.bwrap(_start_folder(cwd, writable), waits=held is not None)
        with _owned_by(NOBODY if as_root else None, made), Watchdog(status, limits, held) as dog:
            done = process.run(
                ["sh", "-c", _START + (_HELD if held else ""), status, *watcher, *bwrap, *inner],
                cwd=Path("/"),
                env=environment,
                discard=discard,
                timeout=limits.wall,
                limit=limits.kept,
            )
        began = _started(status, done) and (held is None or held.open)
        if not began and not dog.exceeded and not done.timed_out:
            raise CorrError(f"the sandbox did not start: {done.last_lines(4)}", INSTALL)
        inside = dog.cpu or (0.0, 0.0)
        user, system = done.user + inside[0], done.system + inside[1]
        done = replace(done, user=user, system=system, ok_status=ok_status)
        left = held.left((*seen, *made), look) if held else None
        counted = dog.cpu is not None
        return _confined(done, command, exceeded=dog.exceeded, counted=counted, left=left)


def read_output(folder: Path, name: str, limit: int, room: bytearray | None = None) -> bytearray:
    """The content of the file `name` in a folder that a hostile program could write to.

    Never follows a link, never waits for a pipe, and reads nothing but a regular file that has no
    other name. Raises CorrError if it is anything else, is not there or has over `limit` bytes.
    `room` of the right size is filled and returned: new memory takes longer than the reading.
    """
    _plain_name(name)
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        above = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            descriptor = os.open(name, flags, dir_fd=above)
        finally:
            os.close(above)
    except OSError as error:
        raise CorrError(f"{name}: cannot be read as an output: {error.strerror}") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise CorrError(f"{name}: not a regular file of its own, so not read as an output")
    with open(descriptor, "rb") as stream:
        if found.st_size > limit:
            raise CorrError(f"{name}: the output has more than {limit} bytes")
        fits = room is not None and len(room) == found.st_size
        content = room if room is not None and fits else bytearray(found.st_size)
        del content[stream.readinto(content) :]
    return content


def _plain_name(name: str) -> None:
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise UsageError(f"{name!r} is not the plain name of a file")


def _make_outputs(writable: Path | None, outputs: Sequence[str]) -> list[Path]:
    if outputs and writable is None:
        raise UsageError("outputs need a writable folder")
    made = []
    for name in outputs:
        _plain_name(name)
        path = Path(os.path.abspath(writable or "")) / name
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        made.append(path)
    return made


@contextlib.contextmanager
def _owned_by(user: int | None, paths: Sequence[Path]) -> Any:
    """The files belong to `user` meanwhile; afterwards to us, without what it put on their mode."""
    for path in paths:
        if user is not None:
            os.chown(path, user, user, follow_symlinks=False)
    try:
        yield
    finally:
        for path in paths:
            descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if user is not None:
                    os.chown(f"/proc/self/fd/{descriptor}", os.geteuid(), os.getegid())
                Path(f"/proc/self/fd/{descriptor}").chmod(0o600)
            finally:
                os.close(descriptor)


def _drops_root() -> bool:
    """We are root, and there is another user to become."""
    if os.geteuid() != 0:
        return False
    for line in Path("/proc/self/uid_map").read_text().splitlines():
        first, _, count = map(int, line.split())
        if first <= NOBODY < first + count:
            return True
    return False


def _start_folder(cwd: Path | None, writable: Path | None) -> Path:
    return Path(os.path.abspath(cwd or writable or "/tmp"))  # noqa: S108 (the sandbox's own)


def _started(status: Path, done: Completed) -> bool:
    """The program was started: bwrap reports an exit status of its own, or was killed with it."""
    documents = _documents(status)
    if any("exit-code" in d for d in documents):
        return True
    killed = done.returncode in (-9, 128 + 9)
    return killed and any("child-pid" in d for d in documents)


def _documents(status: Path) -> list[dict[str, Any]]:
    with contextlib.suppress(OSError, ValueError):
        return [json.loads(line) for line in status.read_text().splitlines()]
    return []


def _confined(
    done: Completed,
    command: tuple[str, ...],
    *,
    sandboxed: bool = True,
    **more: Any,
) -> Confined:
    """With the program's own command, and bwrap's 128 + n turned back into signal n."""
    facts = {f.name: getattr(done, f.name) for f in fields(Completed)}
    code = done.returncode
    if sandboxed and 128 < code <= 128 + 64 and code not in done.ok_status:
        code = 128 - code
    facts |= {"argv": command, "returncode": code}
    return Confined(**facts, sandboxed=sandboxed, **more)
