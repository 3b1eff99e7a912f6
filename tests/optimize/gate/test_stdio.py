"""Streams may be read and written by other functions of the kind, and stay the streams they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.optimize import gate
from corr.optimize.gate.formats import is_harmless
from tests.optimize.gate.programs import compiles, passes_as_objects

C = """\
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static size_t load(const char *name, char *to, size_t room)
{
    FILE *f = fopen(name, "rb");
    size_t n = 0;
    int c;
    if (!f)
        return 0;
    /*READ*/
    while (n < room && (c = fgetc(f)) != EOF)
        to[n++] = (char)c;
    /*READ*/
    fclose(f);
    return n;
}
static int save(const char *name, const char *text, size_t n)
{
    FILE *out = fopen(name, "wb");
    if (!out)
        return 1;
    /*WRITE*/
    for (size_t i = 0; i < n; i++)
        if (fputc(text[i], out) == EOF)
            return 1;
    /*WRITE*/
    return fclose(out);
}
static long value(const char *text)
{
    long number = 0;
    /*PARSE*/
    if (sscanf(text, "%ld", &number) != 1 || errno)
        return -1;
    /*PARSE*/
    return number;
}
int main(int argc, char **argv)
{
    static char text[4096];
    size_t n = load(argv[1], text, sizeof text - 1);
    /*SHOW*/
    for (size_t i = 0; i < n; i++)
        printf("%c", text[i]);
    /*SHOW*/
    printf("%ld %d\\n", value(text), argc);
    return save(argv[2], text, n);
}
"""
#: The same but for standard input and standard error.
FILTER = """\
#include <stdio.h>
int main(void)
{
    char text[4096];
    int c;
    size_t n = 0;
    /*READ*/
    while (n < sizeof text && (c = getchar()) != EOF)
        text[n++] = (char)c;
    /*READ*/
    /*SHOW*/
    for (size_t i = 0; i < n; i++)
        fputc(text[i], stderr);
    /*SHOW*/
    return 0;
}
"""

MEMBER = """\
#include <stdio.h>
struct source { FILE *file; };
static FILE *log_;
static int work(struct source *p, char *to, int room)
{
    int c, n = 0;
    /*READ*/
    while (n < room && (c = fgetc(p->file)) != EOF)
        to[n++] = (char)c;
    /*READ*/
    fputs(to, log_);
    return n;
}
int main(int argc, char **argv)
{
    struct source one;
    char text[99];
    one.file = fopen(argv[1], "r");
    log_ = fopen(argv[2], "w");
    /*MAIN*//*MAIN*/
    printf("%d\\n", argc);
    return work(&one, text, 99);
}
"""


def with_(text: str, place: str, instead: str) -> str:
    """Another text between the marks of a place."""
    first, _, last = text.split(f"/*{place}*/")
    return first + instead + last


HONEST = {
    "blocks are read": (C, "READ", "n = fread(to, 1, room, f);"),
    "blocks are read, and errors asked for": (
        C,
        "READ",
        "n = fread(to, 1, room, f); if (ferror(f) || !feof(f)) n = 0;",
    ),
    "blocks are read without a lock": (C, "READ", "n = fread_unlocked(to, 1, room, f);"),
    "lines are read": (C, "READ", "while (fgets(to + n, (int)(room - n), f)) n += strlen(to + n);"),
    "letters are read without a lock": (
        C,
        "READ",
        "while (n < room && (c = getc_unlocked(f)) != EOF) to[n++] = (char)c;",
    ),
    "a block is written": (C, "WRITE", "if (fwrite(text, 1, n, out) != n) return 1;"),
    "a text is written": (C, "WRITE", "if (fputs(text, out) < 0) return 1;"),
    "numbers are read by hand": (
        C,
        "PARSE",
        "char *end; number = strtol(text, &end, 10); if (end == text) return -1;",
    ),
    "numbers are read in a loop": (
        C,
        "PARSE",
        "while (*text >= '0' && *text <= '9') number = 10 * number + *text++ - '0';",
    ),
    "a text is made first": (
        C,
        "PARSE",
        'char copy[64]; snprintf(copy, sizeof copy, "%.63s", text); number = atol(copy);',
    ),
    "standard output in a block": (C, "SHOW", "fwrite(text, 1, n, stdout);"),
    "standard output by letters": (C, "SHOW", "for (size_t i = 0; i < n; i++) putchar(text[i]);"),
    "standard input in a block": (FILTER, "READ", "n = fread(text, 1, sizeof text, stdin);"),
    "a member's stream": (MEMBER, "READ", "n = (int)fread(to, 1, room, p->file);"),
    "a number of the name": (
        MEMBER,
        "READ",
        "double f = 1, out[2] = {f}; f = out[0]; while (n < room && (c = fgetc(p->file)) != EOF) to[n++] = (char)(c * f);",
    ),
    "a number of the name in a function that has no such stream": (
        C,
        "PARSE",
        'long f = 0, out; sscanf(text, "%ld", &number); out = number; f = out; number = f + errno;',
    ),
    "standard error in a block": (FILTER, "SHOW", "fwrite(text, 1, n, stderr);"),
}


@pytest.mark.parametrize("name", HONEST)
def test_another_function_of_the_kind(name: str, clang: str, tmp_path: Path) -> None:
    text, place, instead = HONEST[name]
    after = with_(text, place, instead)
    assert compiles(clang, after, tmp_path, "-D_GNU_SOURCE")
    assert gate.source(text, after, "work.c") == []
    assert passes_as_objects(clang, text, after, tmp_path, "-D_GNU_SOURCE")


HOSTILE = {
    "a stream of memory": (C, "READ", "n = fread(to, 1, room, (FILE *)to);", "call"),
    "a stream that is set": (C, "READ", "f = (void *)to; n = fread(to, 1, room, f);", "call"),
    "a stream of the name": (
        C,
        "READ",
        "{ FILE *f = (void *)to; n = fread(to, 1, room, f); }",
        "call",
    ),
    "a stream that is turned": (
        C,
        "READ",
        "*(char **)&f = to; n = fread(to, 1, room, f);",
        "call",
    ),
    "a parameter": (C, "READ", "n = fread(to, 1, room, (FILE *)name);", "call"),
    "the other function's stream": (C, "READ", "FILE *out = f; n = fread(to, 1, room, out);", "call"),
    "a member that is set": (MEMBER, "READ", "p->file = (void *)to; n = fread(to, 1, room, p->file);", "call"),
    "another object": (
        MEMBER,
        "READ",
        "p = (void *)to; n = fread(to, 1, room, p->file);",
        "call",
    ),
    "a stream of all functions": (MEMBER, "MAIN", "log_ = (void *)text;", "call"),
    "a member that is set elsewhere": (MEMBER, "MAIN", "one.file = (void *)text;", "call"),
    "standard output of its own": (
        MEMBER,
        "MAIN",
        "{ FILE *stdout = (void *)text; fputs(text, stdout); }",
        "call",
    ),
    "a choice of functions": (MEMBER, "MAIN", "_Generic(argc, int: fputs)(text, (FILE *)text);", "call"),
    "a choice of formats": (MEMBER, "MAIN", '_Generic(argc, int: printf)("%n", &argc);', "call"),
    "standard input, which it has not": (C, "READ", "n = fread(to, 1, room, stdin);", "name"),
    "standard input without its name": (
        C,
        "READ",
        "while (n < room && (c = getchar()) != EOF) to[n++] = (char)c;",
        "name",
    ),
    "a file, where only standard input is": (
        FILTER,
        "READ",
        'n = fread(text, 1, sizeof text, fopen("/etc/passwd", "r"));',
        "name",
    ),
    "standard output, where only errors are printed": (
        FILTER,
        "SHOW",
        "fwrite(text, 1, n, stdout);",
        "name",
    ),
    "the same without its name": (FILTER, "SHOW", "puts(text);", "name"),
    "standard output as memory": (C, "SHOW", "memset(stdout, 0, 8);", "call"),
    "standard output that is set": (C, "SHOW", "stdout = (void *)text;", "call"),
    "standard output under another name": (C, "SHOW", "FILE *all = stdout;", "call"),
    "standard error that is set": (FILTER, "SHOW", "stderr = (void *)text;", "call"),
    "another place in the file": (C, "READ", "fseek(f, 0, SEEK_END);", "name"),
    "a letter that is put back": (C, "READ", "ungetc('x', f);", "name"),
    "a buffer of its own": (C, "READ", "setvbuf(f, to, 0, room);", "name"),
    "the address of fread": (C, "READ", "n = (size_t)fread;", "address"),
    "the address of sscanf": (C, "READ", "n = (size_t)snprintf;", "address"),
    "a format that writes": (C, "SHOW", 'printf("%c%n", text[0], (int *)text);', "call"),
    "a format that writes little": (C, "SHOW", 'printf("%1$hhn", (char *)text);', "call"),
    "a format that writes, in parts": (C, "SHOW", 'printf("%" "n", (int *)text);', "call"),
    "a format in numbers": (C, "SHOW", 'printf("%\\x6e", (int *)text);', "call"),
    "a format in octal numbers": (C, "SHOW", 'printf("%\\156", (int *)text);', "call"),
    "a format behind a sign of per cent": (C, "SHOW", 'printf("%%%n", (int *)text);', "call"),
    "a format that is computed": (C, "SHOW", "printf(text);", "call"),
    "a format of two": (C, "SHOW", 'printf(n ? "%d" : text, 1);', "call"),
    "a count of what is read": (C, "PARSE", 'sscanf(text, "%ld%n", &number, &errno);', "call"),
    "a format for memory": (C, "PARSE", "snprintf((char *)text, 9, text);", "call"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_stream_or_format_of_the_change(name: str, clang: str, tmp_path: Path) -> None:
    text, place, instead, rule = HOSTILE[name]
    after = with_(text, place, instead)
    assert compiles(clang, after, tmp_path)
    assert rule in {one.rule for one in gate.source(text, after, "work.c")}


HARMLESS = [
    ('"%d%%n\\n"',),
    ('"%"', "PRIu64", '"n\\n"'),
    ('"%5.*f %s\\t"',),
    (r'"\\x%zu"',),
    ('"%-8lx|%+3i"',),
    ('"%[^n]"',),
]


@pytest.mark.parametrize("words", HARMLESS)
def test_formats_that_only_print(words: tuple[str, ...]) -> None:
    assert is_harmless(words)
    assert not is_harmless((*words, '"%ln"'))
    assert not is_harmless((*words, "text"))


def test_what_a_refusal_says_would_do() -> None:
    for text, place, instead, words in (
        (C, "READ", "c = getchar();", "where the original calls getchar, scanf"),
        (FILTER, "SHOW", "fputs(text, stdout);", "where the original names it, or calls"),
        ("int a;/*X*//*X*/", "X", "void f() { fread(); }", "reads a stream by another function"),
    ):
        found = gate.source(text, with_(text, place, instead), "work.c")
        assert any(words in one.what for one in found), found
