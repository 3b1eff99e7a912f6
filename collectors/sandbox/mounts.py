"""What a confined program sees: the arguments for bubblewrap."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from collectors.base.errors import UsageError

NAMESPACES = (
    *("--unshare-all", "--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534"),
    *("--hostname", "sandbox", "--die-with-parent", "--new-session"),
)
#: Where a program's loader looks; links on a merged system, folders on others.
SYSTEM = ("/bin", "/lib", "/lib32", "/lib64", "/libx32")
#: All of /etc that is visible: the loader's cache, and where Debian's BLAS and such are chosen.
ETC = ("/etc/ld.so.cache", "/etc/alternatives")
#: Places that are the sandbox's own, or from which nothing is ever shown.
_FORBIDDEN = ("/proc", "/sys", "/dev", "/run", "/etc")
_PRIVATE = ("/tmp", "/dev/shm")  # noqa: S108 (inside)
#: The limits hold and the device nodes are safe only from a user who is not root.
_BECOME_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
#: Folders of every system, one of which is covered in a mount namespace of our own; see `_staged`.
_STAGES = ("/mnt", "/media", "/srv", "/opt")


def check_readonly(path: Path, user: int | None) -> None:
    """Raise UsageError for what must not be shown: the home folder, /etc, sockets and the like.

    With `user`, the program will be that user: it must be able to read the path.
    """
    home = Path(os.path.realpath(Path("~").expanduser()))
    real = Path(os.path.realpath(path))
    try:
        found = real.stat()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise UsageError(f"{path}: neither a file nor a folder, so not shown to the program")
    for reserved in (home, *map(Path, (*_FORBIDDEN, *_PRIVATE, "/usr"))):
        if reserved.is_relative_to(real):
            raise UsageError(
                f"{path} would show the program far more than its input",
                "name the files that it reads",
            )
    below = [f for f in _FORBIDDEN if real.is_relative_to(f)]
    if below and not real.is_relative_to("/dev/shm"):  # noqa: S108
        raise UsageError(f"{path}: nothing of {below[0]} is shown to the program")
    needed = 0o5 if stat.S_ISDIR(found.st_mode) else 0o4
    if user is not None and not _system(real) and found.st_mode & needed != needed:
        raise UsageError(
            f"{path}: only root can read it, and the program does not run as root",
            f"chmod o+rX {path}",
        )


def check_place(path: Path) -> None:
    """Raise UsageError for a folder that a program cannot be given a writable one in place of."""
    within = (*_FORBIDDEN, "/usr", *SYSTEM)
    system = any(path.is_relative_to(f) for f in within) and not path.is_relative_to(_PRIVATE[1])
    if system or path == Path("/") or not path.is_absolute():
        raise UsageError(f"{path}: the program may not write there")


@dataclass(frozen=True)
class Mounts:
    """Paths as on the host. `scratch` is the size in bytes of each place that can be filled."""

    readonly: tuple[Path, ...]
    writable: Path | None
    outputs: tuple[Path, ...]
    places: tuple[Path, ...]
    scratch: int
    as_root: bool

    def bwrap(self, cwd: Path, *, waits: bool = False) -> list[str]:
        """The command prefix; what is appended to it runs inside, in `cwd`.

        `waits`: only when something can be read from descriptor 5.
        """
        shown = {p: "--ro-bind" for p in self.readonly if not _system(p)}
        shown |= dict.fromkeys(self.outputs, "--bind")
        sources = {p: Path(os.path.realpath(p)) for p in shown}
        outer: list[str] = []
        if self.as_root:
            outer = list(_BECOME_NOBODY)
            if not all(_reachable(source) for source in sources.values()):
                staging, sources = _staged(sources)
                outer = [*staging, *outer]
        binds: dict[Path, Sequence[str]] = {
            p: (kind, str(sources[p]), str(p)) for p, kind in shown.items()
        }
        written = [Path(os.path.abspath(self.writable))] if self.writable is not None else []
        for folder in (*written, *self.places):
            binds[folder] = self._tmpfs(str(folder))
        return [
            *outer,
            *("bwrap", "--json-status-fd", "3", "--seccomp", "4", *NAMESPACES),
            *(("--block-fd", "5") if waits else ()),
            *_system_mounts(),
            *("--proc", "/proc", "--dev", "/dev"),
            *(a for place in _PRIVATE for a in self._tmpfs(place)),
            *(a for path in sorted(binds) for a in binds[path]),
            *("--dir", str(cwd)),
            *("--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"),
            *("--chdir", str(cwd), "--"),
        ]

    def _tmpfs(self, place: str) -> tuple[str, ...]:
        return ("--size", str(self.scratch), "--tmpfs", place)


def _reachable(path: Path) -> bool:
    """Any user can walk to it."""
    return all(above.stat().st_mode & 0o1 for above in path.parents)


def _staged(sources: dict[Path, Path]) -> tuple[list[str], dict[Path, Path]]:
    """As root: a mount namespace in which another user reaches the sources, and their new places.

    That user could not walk to a file below /root. Everything is replaced by the next step, so
    that bwrap stays our child and ends with us: another bwrap between could not kill it.
    """
    reals = sources.values()
    free = [s for s in _STAGES if not any(real.is_relative_to(s) for real in reals)]
    stage = next((s for s in free if Path(s).is_dir()), _STAGES[0])
    staged = {path: Path(f"{stage}/{number}") for number, path in enumerate(sources)}
    steps = ["set -e", f"mount -t tmpfs -o mode=0755,size=64k none {stage}"]
    for path, place in staged.items():
        make = "mkdir" if sources[path].is_dir() else ":>"
        steps += [f"{make} {place}", f"mount --bind {quote(str(sources[path]))} {place}"]
    script = "; ".join([*steps, 'exec "$@"'])
    return ["unshare", "--mount", "sh", "-c", script, "sh"], staged


def _system(path: Path) -> bool:
    """Already visible with the system."""
    return any(path.is_relative_to(place) for place in ("/usr", *SYSTEM))


def _system_mounts() -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr"]
    for place in map(Path, SYSTEM):
        if place.is_symlink():
            arguments += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            arguments += ["--ro-bind", str(place), str(place)]
    for name in ETC:
        arguments += ["--ro-bind-try", name, name]
    return arguments
