"""What a candidate cannot reach: the network, secrets, other files, other processes."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from collectors.sandbox import confined
from tests.attacks.conftest import Build

SECRET = "sk-planted-0123456789"


def test_network(attack: Build) -> None:
    name = f"corr-attack-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as local,
    ):
        udp.bind(("127.0.0.1", 0))
        local.bind(f"\0{name}")  # abstract: not a file, so that no mount hides it
        local.listen()
        done = attack("""
            int main(int c, char **v) {
                struct sockaddr_in a = {AF_INET, htons(atoi(v[1])), {htonl(INADDR_LOOPBACK)}};
                int s = socket(AF_INET, SOCK_STREAM, 0);
                printf("tcp %d\\n", connect(s, (void *)&a, sizeof a));
                a.sin_port = htons(atoi(v[2]));
                sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (void *)&a, sizeof a);
                struct sockaddr_un u = {AF_UNIX};
                strcpy(u.sun_path + 1, v[3]);
                s = socket(AF_UNIX, SOCK_STREAM, 0);
                printf("unix %d\\n", connect(s, (void *)&u, 3 + strlen(v[3])));
                a.sin_addr.s_addr = inet_addr("192.0.2.1");
                printf("out %d\\n", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&a, sizeof a));
            }""").run(tcp.getsockname()[1], udp.getsockname()[1], name)
        assert done.stdout == b"tcp -1\nunix -1\nout -1\n"
        for listener in (tcp, udp, local):
            listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            tcp.accept()
        with pytest.raises(BlockingIOError):
            udp.recv(1)
        with pytest.raises(BlockingIOError):
            local.accept()


def test_keys_in_the_environment(attack: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    done = attack("""
        extern char **environ;
        static void cat(const char *p) {
            char b[4096]; int f = open(p, O_RDONLY), n;
            while (f >= 0 && (n = read(f, b, sizeof b)) > 0) fwrite(b, 1, n, stdout);
        }
        int main(int c, char **v) {
            for (char **e = environ; *e; e++) puts(*e);
            char p[64];
            for (int i = 1; i < 5000; i++) { sprintf(p, "/proc/%d/environ", i); cat(p); }
            sprintf(p, "/proc/%s/environ", v[1]); cat(p);
        }""").run(os.getpid(), env={"CORR_SIZE": "16"})
    assert done.ok
    assert SECRET.encode() not in done.stdout
    names = {line.split(b"=")[0] for line in done.stdout.replace(b"\0", b"\n").split(b"\n")}
    assert names == {b"PATH", b"LC_ALL", b"PWD", b"CORR_SIZE", b""}


def test_keys_in_the_home_folder(
    attack: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    key = home / ".ssh" / "id_ed25519"
    key.parent.mkdir(parents=True)
    key.write_text(SECRET)
    monkeypatch.setenv("HOME", str(home))
    made = attack("""
        static void walk(const char *p, int depth) {
            DIR *d = opendir(p); struct dirent *e; char q[4096];
            while (d && depth < 6 && (e = readdir(d))) {
                if (e->d_name[0] == '.' && strlen(e->d_name) < 3) continue;
                snprintf(q, sizeof q, "%s/%s", p, e->d_name);
                puts(q);
                if (e->d_type == DT_DIR) walk(q, depth + 1);
            }
        }
        int main(int c, char **v) {
            printf("open %d\\n", open(v[1], O_RDONLY));
            walk("/root", 0); walk("/home", 0); walk("/etc", 0); walk("/tmp", 0); walk("/var", 0);
        }""")
    done = made.run(key)
    assert done.stdout.startswith(b"open -1\n")
    shown = set(done.stdout.decode().split())
    assert str(made.binary) in shown or str(tmp_path).startswith("/var")
    assert not any("id_ed25519" in p or p.startswith("/etc/passwd") for p in shown)
    with pytest.raises(UsageError):
        made.run(key, readonly=[home])
    with pytest.raises(UsageError):
        made.run(key, readonly=[home.parent])


@pytest.mark.parametrize("path", ["/", "/etc", "/proc", "/etc/passwd", "/dev/null", "/tmp", "/run"])
def test_too_much_cannot_be_given_by_mistake(path: str) -> None:
    with pytest.raises(UsageError):
        confined.run(["/usr/bin/true"], readonly=[Path(path)])


def test_writing_outside(attack: Build, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    made = attack("""
        int main(int c, char **v) {
            for (int i = 1; i < c; i++) {
                char p[4096]; snprintf(p, sizeof p, "%s/planted", v[i]);
                int f = open(p, O_WRONLY | O_CREAT, 0666);
                if (f >= 0 && i > 4) printf("wrote %s\\n", p);
                f = open(v[i], O_WRONLY | O_TRUNC);
                if (f >= 0) printf("truncated %s\\n", v[i]);
                if (!unlink(v[i])) printf("removed %s\\n", v[i]);
                if (!chmod(v[i], 0777)) if (i > 4) printf("changed %s\\n", v[i]);
            }
        }""")
    places = [made.scratch, tmp_path, "/tmp", "/dev/shm"]  # inside, these are its own
    others = ["/", "/usr", "/usr/local", "/etc", "/var/tmp", "/dev", "/proc/sys/kernel", "/root"]
    shown = tmp_path / "shown"
    shown.mkdir()
    (shown / "input").write_text("untouched")
    done = made.run(*places, *others, shown, shown / "input", victim, made.binary, readonly=[shown])
    assert done.stdout == b""
    assert victim.read_text() == (shown / "input").read_text() == "untouched"
    found = (tmp_path, shown, made.scratch, Path("/tmp"), Path("/dev/shm"))
    assert not any((place / "planted").exists() for place in found)
    assert sorted(p.name for p in made.scratch.iterdir()) == ["out"]


def test_the_kernel_s_settings_and_devices(attack: Build) -> None:
    """Root's own files take root's writes without any capability; so it must not be root."""
    pattern = Path("/proc/sys/kernel/core_pattern")
    before = pattern.read_text(), os.stat("/dev/null").st_mode
    done = attack("""
        int main(void) {
            int f = open("/proc/sys/kernel/core_pattern", O_WRONLY);
            if (f >= 0) write(f, "|/evil", 6);
            printf("%d %d %d %d\\n", f, chmod("/dev/null", 0), fchmod(0, 0), geteuid() == 0);
        }""").run()
    assert done.stdout == b"-1 -1 -1 0\n"
    assert (pattern.read_text(), os.stat("/dev/null").st_mode) == before


def test_standard_input_opened_again_for_writing(attack: Build, tmp_path: Path) -> None:
    given = tmp_path / "input.txt"
    given.write_text("untouched")
    given.chmod(0o644)
    done = attack("""
        int main(void) {
            char b[64] = {0};
            read(0, b, 63); puts(b);
            for (int fd = 0; fd < 3; fd++) {
                char p[64]; sprintf(p, "/proc/self/fd/%d", fd);
                struct stat s; fstat(fd, &s);
                if (!S_ISREG(s.st_mode)) continue;
                int f = open(p, O_RDWR | O_TRUNC);
                printf("%d %d %d\\n", f, ftruncate(fd, 0), fchmod(fd, 0777));
            }
        }""").run(stdin=given)
    assert done.stdout == b"untouched\n-1 -1 -1\n"
    assert given.read_text() == "untouched"
    assert stat.S_IMODE(given.stat().st_mode) == 0o644


def test_no_descriptor_of_the_host_is_left_open(attack: Build) -> None:
    done = attack("""
        int main(void) {
            for (int fd = 0; fd < 256; fd++) {
                char p[64], b[256] = {0}; sprintf(p, "/proc/self/fd/%d", fd);
                if (readlink(p, b, 255) > 0) printf("%d %s\\n", fd, b);
            }
        }""").run()
    lines = done.stdout.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["0", "1", "2"]
    assert all("pipe:" in line or "/dev/null" in line for line in lines)


def test_new_namespaces(attack: Build) -> None:
    done = attack("""
        int main(void) {
            printf("%d ", unshare(CLONE_NEWUSER));
            printf("%d ", unshare(CLONE_NEWNS));
            printf("%d ", mount("x", "/tmp", "tmpfs", 0, 0));
            printf("%d\\n", chroot("/tmp"));
        }""").run()
    assert done.stdout == b"-1 -1 -1 -1\n"


def test_killing_and_tracing_others(attack: Build) -> None:
    bystander = os.getpid()
    done = attack("""
        int main(int c, char **v) {
            int pid = atoi(v[1]);
            printf("%d ", kill(pid, SIGKILL));
            printf("%d ", (int)ptrace(PTRACE_ATTACH, pid, 0, 0));
            printf("%d\\n", (int)ptrace(PTRACE_SEIZE, pid, 0, 0));
            fflush(stdout);
            kill(-1, SIGKILL);
            kill(1, SIGKILL);
            kill(getppid(), SIGKILL);
            kill(0, SIGKILL);
        }""").run(bystander)
    assert done.stdout == b"-1 -1 -1\n"
    assert done.ending() == "killed by SIGKILL"  # itself; this test still runs


def test_looking_at_other_processes(attack: Build) -> None:
    done = attack("""
        int main(int c, char **v) {
            DIR *d = opendir("/proc"); struct dirent *e; int n = 0;
            while ((e = readdir(d))) n += e->d_name[0] > '0' && e->d_name[0] <= '9';
            char p[64]; sprintf(p, "/proc/%s/cmdline", v[1]);
            printf("%d %d %d\\n", n, open(p, O_RDONLY), open("/proc/1/mem", O_RDWR));
        }""").run(os.getpid())
    count, other, memory = map(int, done.stdout.split())
    assert count <= 3  # bwrap's process 1 and itself
    assert (other, memory) == (-1, -1)
