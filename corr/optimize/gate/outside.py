"""What a program asks of its surroundings: a change asks nothing that the original does not.

Answers tell a run that is checked or timed from one at the user's: variables of the environment, by
which the harness is told what to put out, and the time of day. No check sees what depends on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from corr.optimize.gate.lexer import Token
from corr.optimize.gate.refusal import Refusal, refusal, shown
from corr.optimize.gate.text import Text

#: Functions and variables of the library whose values come from outside of the program.
_ASKING = frozenset(
    """getenv secure_getenv environ __environ time clock clock_gettime clock_getres gettimeofday
    timespec_get ftime times getrusage localtime gmtime getpid getppid gettid getuid geteuid getgid
    getcwd get_current_dir_name gethostname uname sysconf sched_getcpu sched_getaffinity getauxval
    access stat lstat fstat isatty ttyname rand random lrand48 mrand48 drand48 now""".split()  # noqa: SIM905
)
#: Asked by being named; the others by a call.
_VALUES = frozenset({"environ", "__environ"})
#: Words before a call that do not make it a declaration.
_BEFORE_VALUES = frozenset({"return", "else", "do", "case", "throw", "co_return", "not"})
#: How the harness's and corr's own variables begin.
_OURS = "CORR_"


def asked_anew(old: Text, new: Text, name: str) -> Iterator[Refusal]:
    """Questions that the original does not ask, or not as often, word for word."""
    known = Counter(text for text, _ in _questions(old.part))
    for text, line in _questions(new.part):
        if known[text]:
            known[text] -= 1
            continue
        what = f"{shown(text)!r} is added: it tells a checked run from another"
        yield refusal("outside", name, line, what)


def _questions(part: list[Token]) -> Iterator[tuple[str, int]]:
    """What is asked, with its arguments, and where; names of our variables count as questions."""
    text, line = "", 0
    for at, token in enumerate(part):
        if token.kind == "string":
            text, line = text + token.text.partition('"')[2].removesuffix('"'), line or token.line
            continue
        if _OURS in text:
            yield f'"{text}"', line
        text, line = "", 0
        if token.kind == "name" and token.text in _ASKING and _asks(part, at):
            yield _call(part, at), token.line
    if _OURS in text:
        yield f'"{text}"', line


def _asks(part: list[Token], at: int) -> bool:
    before = part[at - 1] if at else None
    if before is not None and before.text in (".", "->"):
        return False
    if part[at].text in _VALUES:
        return True
    if at + 1 == len(part) or part[at + 1].text != "(":
        return False
    return before is None or before.kind != "name" or before.text in _BEFORE_VALUES


def _call(part: list[Token], at: int, most: int = 60) -> str:
    """The call up to its last parenthesis, as far as a question goes."""
    depth, words = 0, []
    for token in part[at : at + most]:
        words.append(token.text)
        depth += (token.text == "(") - (token.text == ")")
        if len(words) > 1 and depth == 0:
            break
    return " ".join(words)
