"""The gate for compiler options: a list of what may be added; all else is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from corr.optimize.gate.refusal import Refusal, shown

#: Options that may change no result, but how fast it comes.
_ALLOWED = tuple(
    re.compile(pattern)
    for pattern in (
        r"-O(?:[0123sz])?",
        r"-m(?:arch|tune|cpu)=[a-z0-9][\w.+-]*",
        r"-mprefer-vector-width=(?:none|\d{2,4})",
        r"-m(?:no-)?(?:avx[\w.-]*|amx-[\w-]+|apxf|sse\d?[\w.]*|mmx|fma4?|f16c|xop|bmi2?|tbm|popcnt"
        r"|lzcnt|movbe|aes|v?pclmul(?:qdq)?|vaes|gfni|sha\d*|adx|prfchw|clwb|movdiri|evex512"
        r"|vzeroupper|omit-leaf-frame-pointer|sve[\w-]*|dotprod)",
        r"-msve-vector-bits=(?:scalable|\d{3,4}\+?)",
        r"-f(?:no-)?(?:unroll-loops|vectorize|slp-vectorize|tree-vectorize|tree-slp-vectorize"
        r"|loop-interchange|loop-fusion|experimental-loop-fusion|inline|inline-functions"
        r"|inline-hint-functions|omit-frame-pointer|plt|semantic-interposition|function-sections"
        r"|data-sections|jump-tables|split-machine-functions)",
        r"-fno-(?:stack-protector|unwind-tables|asynchronous-unwind-tables|pic|pie|PIC|PIE)",
        r"-fno-(?:strict-aliasing|math-errno|trapping-math|delete-null-pointer-checks)|-fwrapv",
        r"-falign-(?:functions|loops)(?:=\d{1,5})?",
        r"-ffp-contract=(?:on|off)|-ffp-model=(?:strict|precise)",
        r"-fopenmp|-fopenmp-version=\d{2}",
        r"-fno-access-control",  # of C++: private members may be named
    )
)
#: Options under which a result may differ in its last bits, or in infinities and NaNs.
_INEXACT = re.compile(
    r"-Ofast|-ffast-math|-funsafe-math-optimizations|-fassociative-math|-freciprocal-math"
    r"|-ffinite-math-only|-fno-signed-zeros|-fno-honor-(?:nans|infinities)|-fapprox-func"
    r"|-ffp-contract=fast(?:-honor-pragmas)?|-ffp-model=(?:fast|aggressive)|-mrecip(?:=[\w,!:]+)?"
    r"|-fcx-(?:limited-range|fortran-rules)|-fcomplex-arithmetic=\w+"
)
#: Options for LLVM itself, behind -mllvm: which passes run, and their thresholds.
_LLVM = re.compile(
    r"-(?:polly|unroll|enable|disable|force-vector|force-target|inline|inlinehint|inlinecold"
    r"|vectorize|vectorizer|interleave|slp|prefer|loop|licm|gvn|lsr|jump|small-loop|scalable"
    r"|runtime|max-nested|epilogue|extra-vectorizer|partial|available-load|pragma-unroll|hot-cold"
    r"|sroa|memdep|misched|post-RA|x86|aarch64|align-all|tail|early|allow-unroll|flat-loop"
    r"|tiny-trip|min|mve|pre-RA|regalloc-(?:csr|enable-split)|split-spill|min-jump|dfa-jump)"
    r"[\w-]*(?:=(?:[\w.-]+(?:,[\w.-]+)*))?"
)
#: Parts of names of LLVM options that read or write files, print, load code, start threads, drive
#: the compiler from outside, or relax arithmetic.
_NOT_LLVM = re.compile(
    r"export|import|parallel|file|path(?!-length)|-dir(?=[-=_]|$)|output|dump|-dot|view|show|print"
    r"|debug|trace|report|stats|-log(?=[-=]|$)|plugin|model|(?:^|-)ml-|channel|replay|profile|pgo"
    r"|callback|postfix|prefix|isl-arg|perf-monitoring|openmp|num-threads|instrument|remarks|verify"
    r"|unsafe|no-nans|no-infs|no-signed-zeros|approx|reassoc|fp-contract|fast-math|fp-op-fusion"
    r"|polly-(?:ignore|assume|acc|only)"
)
#: Said where a refused option is one that people try.
_WHY = (
    (r"-fopenmp-simd", "it crashes clang on loop directives; use -fopenmp -fopenmp-version=60"),
    (
        r"-fstrict-aliasing|-fstrict-overflow|-fno-wrapv",
        "it is the default; where it is switched off the program needs that",
    ),
    (r"@.*", "options must be given, not read from a file"),
    (r"-(?:Xclang|Xlinker|Xassembler|Xpreprocessor|Wl|Wa|Wp)\b.*", "it passes anything on"),
    (r"-(?:load|fplugin|fpass-plugin)\b.*", "it loads code into the compiler"),
    (r"-fuse-ld.*|-B.*|-specs.*|--?ld-path.*|--sysroot.*|--?config.*", "it changes the tools"),
    (r"-(?:I|L|include|isystem|iquote|imacros|idirafter).*", "it names files"),
    (r"-(?:o|save-temps|M|dump).*", "it names where files are written"),
    (r"-[DU].*", "it changes the source"),
    (r"-fveclib.*", "other functions would compute the results"),
    (r"-l.*|-static.*|-shared.*", "it changes what is linked"),
)


def flags(added: Sequence[str], allow_reassociation: bool = False) -> list[Refusal]:
    """Why these options may not be added to the program's own; empty if they may.

    With `allow_reassociation` also those under which floating-point results may differ.
    """
    refusals = []
    options = iter(added)
    for option in options:
        if option == "-mllvm":
            value = next(options, None)
            if value is None:
                refusals.append(_refused(option, "an option of LLVM must follow it"))
            elif not _llvm_allowed(value):
                refusals.append(_refused(f"-mllvm {value}", _why_not_llvm(value)))
        elif option.startswith("-mllvm="):
            value = option.removeprefix("-mllvm=")
            if not _llvm_allowed(value):
                refusals.append(_refused(option, _why_not_llvm(value)))
        elif _INEXACT.fullmatch(option):
            if not allow_reassociation:
                why = "floating-point results may differ; --allow-reassociation permits it"
                refusals.append(_refused(option, why))
        elif not any(pattern.fullmatch(option) for pattern in _ALLOWED):
            refusals.append(_refused(option, _why_not(option)))
    return refusals


def _llvm_allowed(value: str) -> bool:
    dashes = "-" + value.lstrip("-")  # LLVM takes one dash and two
    return bool(_LLVM.fullmatch(dashes)) and not _NOT_LLVM.search(dashes)


def _why_not_llvm(value: str) -> str:
    if _NOT_LLVM.search(value):
        return "it reaches beyond the code that is generated"
    return "not on the list of optimisation options"


def _why_not(option: str) -> str:
    for pattern, why in _WHY:
        if re.fullmatch(pattern, option):
            return why
    return "not on the list of optimisation options"


def _refused(option: str, why: str) -> Refusal:
    return Refusal("flag", 0, f"option {shown(option)!r} is refused: {why}")
