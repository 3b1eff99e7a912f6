"""AArch64's mnemonics: what each is for, and how many floating-point operations it does.

Scalar, vector (NEON) and scalable (SVE) instructions share their names: the operands tell which it
is. A row is a family; the first that matches the whole mnemonic counts.
"""

from __future__ import annotations

import re
from functools import cache

from collectors.machine_code import isa

_CONDITIONS = "eq|ne|hs|cs|lo|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al|nv|none|any|first|nfrst|last"
_CONDITIONS += "|nlast|pmore|plast|tcont|tstop"
_CONTROL = (
    (r"bl|blr\w*", isa.CALL),
    (r"ret\w*|eret\w*", isa.RETURN),
    (r"b|br|bra[ab]z?", isa.JUMP),
    (rf"bc?\.(?:{_CONDITIONS})|cbn?z|tbn?z|cb[bh]?(?:gt|ge|hi|hs|eq|ne|lt|lo|le|ls)", isa.BRANCH),
    (r"brk|udf|hlt", isa.TRAP),
    (r"nop|bti|hint|yield|csdb", isa.NOP),
    (r"dmb|dsb|isb|sb", isa.FENCE),
    (r"prfu?m|rprfm|prf[bhwd]", isa.PREFETCH),
    (r"adrp?", isa.ADDRESS),
)
_MEMORY = (
    (r"swpp?\w*|cast?p?\w*|(?:ld|st)t?(?:add|clr|eor|set|[su]max|[su]min)\w*", isa.ATOMIC),
    (r"(?:ld|st)\w+", isa.MOVE),
)
_MOVES = (
    (r"mov\w*|fmov|mvni|f?dup|ins|[su]mov|cpy|m?r?rs|m?s?rr?|index", isa.MOVE),
    (r"f?csel|csinc|csinv|csneg|csetm?|cinc|cinv|cneg|bsl\dn?|n?bsl|bi[tf]|sel", isa.SELECT),
    (
        r"extq?|zip(?:q?\d)|uzp(?:q?\d)|trn\d|tb[lx]q?|rev\w*|splice|compact|insr|c?last[ab]",
        isa.SHUFFLE,
    ),
    (
        r"fcvt\w*|[su]cvtf|bf1?cvt\w*|fjcvtzs|[su]xt[bhwl]2?|[su]q?xt(?:u?n)?[bt2]?|sqxtun[bt2]?"
        r"|[su]unpk(?:hi|lo)|xtn2?|[su]?shll[bt2]?",
        isa.CONVERT,
    ),
    (r"cm[pn]|tst|ccm[pn]|cmp\w+|cm(?:eq|g[et]|h[is]|l[eto]|tst)", isa.COMPARE),
    (r"f?c?cmp\w*|fccmpe?|fcmpe?|f(?:cm(?:eq|g[et]|l[eto]|ne|uo)|ac(?:g[et]|l[et]))", isa.COMPARE),
    (r"ptest|n?match", isa.COMPARE),
    (r"ands?|orrs?|eors?|bics?|orns?|eon|mvn|not|eor3|bcax|nands?|nors?|xar", isa.LOGIC),
)
_FLOATS = (
    (r"fn?m(?:add|sub|ad|sb)|fn?ml[as]\w*|fcmla|bfml[as]\w*|bf(?:dot|mmla)|f(?:dot|mmla)", isa.FMA),
    (r"[su]divr?|fdivr?|fsqrt", isa.DIVISION),
    (
        r"b?f(?:add|sub|mul|nmul|max|min|abd|abs|neg|nabs|rint|rec|rsqrt|cadd|scale|exp|log|tmad|ts)\w*",
        isa.ARITHMETIC,
    ),
)
_INTEGERS = (
    (r"aes\w+|sha\d\w*|pmull2?|sm[34]\w*|pac\w*|aut\w*|xpac\w*", isa.OTHER),
    (
        r"(?:[su]?q?r?d?(?:add|sub|mul|mla|mls|max|min|abd|aba|abal|abs|neg|dot|hadd|hsub|shl|shr|sra"
        r"|rshl|rshr|shrn|adalp|addlp|addlv|addw|subw|addl|subl)|[su]ra|s[lr]i|r?(?:add|sub)hn|r?shrn"
        r"|n[eg][gc]|adc|sbc|cnt|cl[sz]|ctz|rbit|lsl|lsr|asr|ror|[su]?bf|extr|m(?:add|sub|neg|ad|sb)"
        r"|[su]m(?:add|sub|neg|mla|ull|lal|lsl)|us?m(?:mla)|usdot|sudot|suqadd|usqadd|crc32|histcnt"
        r"|inc|dec|cadd|cmla|asrd|add[vp]l|rd[vs]vl)\w*",
        isa.ARITHMETIC,
    ),
)
_ROWS = [
    (re.compile(pattern), kind)
    for pattern, kind in (*_CONTROL, *_MEMORY, *_MOVES, *_FLOATS, *_INTEGERS)
]
_FLOPS = [
    (re.compile(pattern), count)
    for pattern, count in (
        (r"fn?m(?:add|sub|ad|sb)|fn?ml[as]\w*|fcmla|bfml[as]\w*|frecps|frsqrts", 2),
        (r"bfdot|fdot", 4),
        (r"bfmmla", 8),
        (r"fmmla", 4),
        (r"b?f(?:add|sub|n?mul|max|min|abd|cadd|divr?|sqrt|recpe|rsqrte)\w*", 1),
    )
]


@cache
def kind(mnemonic: str) -> str:
    """What the mnemonic is for; `other` where the table lacks it."""
    return next((k for pattern, k in _ROWS if pattern.fullmatch(mnemonic)), isa.OTHER)


@cache
def flops(mnemonic: str) -> int:
    """Floating-point operations for each element of the result."""
    return next((n for pattern, n in _FLOPS if pattern.fullmatch(mnemonic)), 0)
