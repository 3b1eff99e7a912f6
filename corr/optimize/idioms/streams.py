"""Characters and streams: flushed seldom, and without locks that nobody shares."""

from __future__ import annotations

from corr.optimize.idioms.spelling import Change, Spelling

#: What of C's streams has a form without the lock.
_UNLOCKED = frozenset(
    (
        *("getchar", "putchar", "getc", "putc", "fgetc", "fputc", "fread", "fwrite"),
        *("fputs", "fgets", "feof", "ferror"),
    )
)
#: Names of programs that have threads.
THREADS = frozenset(
    (
        *("pthread_create", "thrd_create", "thread", "jthread", "async", "fork", "clone"),
        *("omp_get_thread_num", "omp_get_num_threads", "omp_get_max_threads"),
    )
)
#: C's streams, which have to be in step with those of C++ where a program uses both.
_OF_C = frozenset(
    (
        *("printf", "vprintf", "puts", "putchar", "putc", "fputs", "fputc", "fwrite", "fprintf"),
        *("scanf", "fscanf", "gets", "getchar", "getc", "fgets", "fgetc", "fread", "getline"),
        *("stdin", "stdout", "write", "read", "perror", "setvbuf", "fflush", "ungetc"),
        *("print", "println", "system", "fork", "dup2", "freopen"),
    )
)


def unflushed(spelling: Spelling) -> str | None:
    """A line ends without being written out at once."""
    changes: list[Change] = []
    for at, token in enumerate(spelling.tokens):
        if token.text != "endl" or spelling.word(at + 1) not in ("<<", ";"):
            continue
        first = spelling.standard(at)
        if first is not None and spelling.word(first - 1) == "<<":
            changes.append((spelling.tokens[first].start, token.end, r"'\n'"))
    return spelling.with_changes(changes) if changes else None


def unsynchronised(spelling: Spelling) -> str | None:
    """Streams of C++ have buffers of their own, which C's streams do not know of."""
    known = spelling.names | spelling.elsewhere
    streams = {"cin", "cout"} & known
    if not streams or _OF_C & (known - {"getline"}) or "sync_with_stdio" in known:
        return None
    if "getline" in spelling.names and "FILE" in known:
        return None
    for at, token in enumerate(spelling.tokens):
        if token.text == "main" and token.kind == "call" and spelling.word(at - 1) == "int":
            body = next((n for n in range(at, at + 60) if spelling.word(n) == "{"), None)
            if body is None:
                return None
            where = spelling.tokens[body].end
            says = "\n    std::ios_base::sync_with_stdio(false);"
            says += "\n    std::cin.tie(nullptr);" if "cin" in known else ""
            return spelling.with_changes([(where, where, says)])
    return None


def unlocked(spelling: Spelling) -> str | None:
    """Characters are taken and given without a lock, as there is one thread alone."""
    known = spelling.names | spelling.elsewhere
    if THREADS & known or "#pragma omp" in spelling.text:
        return None
    changes: list[Change] = []
    for at, token in enumerate(spelling.tokens):
        before = spelling.word(at - 1)
        if token.kind != "call" or token.text not in _UNLOCKED or before in (".", "->"):
            continue
        if before == "::":
            if spelling.word(at - 2) != "std":
                continue
            changes.append((spelling.tokens[at - 2].start, token.end, f"{token.text}_unlocked"))
        else:
            changes.append((token.start, token.end, f"{token.text}_unlocked"))
    return spelling.with_changes(changes) if changes else None
