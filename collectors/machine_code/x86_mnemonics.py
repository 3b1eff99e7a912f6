"""x86's mnemonics in AT&T syntax: what each does, to which elements, how wide it is in memory.

A row is a family; the first whose pattern matches the whole mnemonic counts. Groups of a pattern
carry what its members differ in:

lane     `ps`, `sd` …: floating-point elements, all of a register or one
int      `b` `w` `d` `q`: integer elements of a vector register
suffix   `b` `w` `l` `q`: size of an operand of the general registers
x87      `s` `l` `t`: a float in memory;  x87i: an integer in memory
count, bits   the two numbers of `f32x4`;  from, to: the two types of a conversion
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from collectors.machine_code import isa
from collectors.machine_code.isa import ELEMENT_BYTES

#: What becomes of the last operand: it is read, replaced, or read and replaced.
READ, WRITE, UPDATE = "read", "write", "update"

#: How wide a memory operand is, where it is no fixed number of bytes.
VECTOR = "as the vector register"
CONVERTED = "as many source elements as there are results"
SHIFT_COUNT = "16 bytes if it is the count, which comes first"
DUPLICATED = "8 bytes for a register of 128 bits, else as the register"

LANES = {
    **{"ps": "f32", "ss": "f32", "pd": "f64", "sd": "f64", "ph": "f16", "sh": "f16"},
    **{"bf16": "bf16"},
}
INTEGERS = {"b": "i8", "w": "i16", "d": "i32", "q": "i64"}
SUFFIXES = {"b": 1, "w": 2, "l": 4, "q": 8}
_X87 = {"s": 4, "l": 8, "t": 10}
_X87_INTEGER = {"s": 2, "l": 4, "ll": 8}
#: Elements of a conversion's two sides.
_CONVERTED = {
    **{"pd": "f64", "ps": "f32", "psx": "f32", "ph": "f16", "phx": "f16", "bf16": "bf16"},
    **{"dq": "i32", "udq": "i32", "qq": "i64", "uqq": "i64", "w": "i16", "uw": "i16", "pi": "i32"},
    **{"b": "i8", "d": "i32", "q": "i64"},
}


@dataclass(frozen=True, slots=True)
class Form:
    """What a mnemonic says before its operands are known.

    `scalar`: works on one element of a vector register, or on none. `flops`: for each element.
    `source`: the elements that a conversion reads. `hidden`: bytes that are read and written
    without an operand that says so. `letter`: the width that `x`, `y` or `z` at the end names.
    """

    kind: str
    memory: int | str = VECTOR
    last: str = WRITE
    flops: int = 0
    element: str | None = None
    source: str | None = None
    scalar: bool = False
    hidden: tuple[int, int] = (0, 0)
    letter: int = 0


def _general(kind: str, last: str = WRITE, memory: int | str = VECTOR) -> Form:
    return Form(kind, memory, last, scalar=True)


def _state(size: int, last: str = WRITE) -> Form:
    """Control words and saved state; of a save that may be longer, the least that it writes."""
    return Form(isa.OTHER, size, last, scalar=True)


_FP = r"(?P<lane>[ps][sdh]|bf16)"
_INT = r"(?P<int>[bwdq])"
_GPR = r"(?P<suffix>[bwlq])"
_TYPE = r"u?[dq]q|p[dshi]|bf16|u?w"
_COMPUTE = Form(isa.ARITHMETIC, flops=1)

_CONTROL = (
    (r"call[lqw]?|lcall[lqw]?", Form(isa.CALL, 8, READ)),
    (r"l?ret[lqw]?|iret[lqw]?|sysret[lq]?|sysexit[lq]?|rsm", Form(isa.RETURN, 0, READ)),
    (r"l?jmp[lqw]?", Form(isa.JUMP, 8, READ)),
    (r"j\w+|loop(?:n?e)?|xbegin", Form(isa.BRANCH, 0, READ)),
    (r"ud[012][lqw]?|hlt", Form(isa.TRAP, 0, READ)),
    (r"f?nop[lqw]?|endbr(?:32|64)", Form(isa.NOP, 0, READ)),
    (r"[lsm]fence", Form(isa.FENCE, 0, READ)),
    (r"prefetch\w*", Form(isa.PREFETCH, 0, READ)),
    (r"clflush(?:opt)?|clwb|clzero|cldemote|invlpg\w*", _state(0, READ)),
    (r"lea[lqw]", Form(isa.ADDRESS, 0)),
)
_GENERAL = (
    (rf"mov(?:abs|be|nti|diri)?{_GPR}|mov[sz](?P<suffix2>[bwl])[wlq]", _general(isa.MOVE)),
    (rf"(?:movs|stos|lods|ins){_GPR}", _general(isa.MOVE)),
    (rf"outs{_GPR}", _general(isa.MOVE, READ)),
    (rf"(?:cmps|scas|cmp|test|bt){_GPR}", _general(isa.COMPARE, READ)),
    (rf"push{_GPR}|pushp", replace(_general(isa.MOVE, READ), hidden=(0, 8))),
    (rf"pop{_GPR}|popp", replace(_general(isa.MOVE), hidden=(8, 0))),
    (r"pushf[lqw]?|enter[lqw]?", replace(_general(isa.MOVE, READ), hidden=(0, 8))),
    (r"popf[lqw]?|leave[lqw]?", replace(_general(isa.MOVE, READ), hidden=(8, 0))),
    (r"cmov\w+(?P<suffix>[wlq])", _general(isa.SELECT)),
    (r"set\w+", _general(isa.SELECT, WRITE, 1)),
    (rf"(?:and|or|xor|not){_GPR}", _general(isa.LOGIC, UPDATE)),
    (rf"andn{_GPR}", _general(isa.LOGIC)),
    (rf"i?div{_GPR}", _general(isa.DIVISION, READ)),
    (rf"i?mul{_GPR}", _general(isa.ARITHMETIC, READ)),
    (
        rf"(?:add|adc|adcx|adox|sub|sbb|inc|dec|neg|sh[lr]d?|sa[lr]|r[oc][lr]|bt[crs]|xadd|xchg"
        rf"|cmpxchg|crc32|bswap){_GPR}",
        _general(isa.ARITHMETIC, UPDATE),
    ),
    (r"cmpxchg(?P<bytes>8|16)b", _general(isa.ARITHMETIC, UPDATE)),
    (
        rf"(?:mulx|bs[fr]|[lt]zcnt|popcnt|bextr|bls[ri]|blsmsk|bzhi|pdep|pext|rorx|s[ah][lr]x){_GPR}",
        _general(isa.ARITHMETIC),
    ),
)
_FLOATS = (
    (
        rf"v?(?:add|sub|mul|min|max|addsub|hadd|hsub|minmax|range|rcp(?:14|28)?|rsqrt(?:14|28)?){_FP}",
        _COMPUTE,
    ),
    (rf"v?(?:div|sqrt){_FP}", Form(isa.DIVISION, flops=1)),
    (rf"vfn?m(?:add|sub|addsub|subadd)(?:132|213|231)?{_FP}", Form(isa.FMA, flops=2)),
    (r"vfc?maddc(?P<lane>[ps]h)", Form(isa.FMA, flops=4)),
    (r"vfc?mulc(?P<lane>[ps]h)", Form(isa.ARITHMETIC, flops=3)),
    (r"vdp(?:bf16|ph)(?P<lane>ps)", Form(isa.FMA, flops=4)),
    (r"v?dp(?P<lane>p[sd])", Form(isa.ARITHMETIC)),
    (rf"v?u?com[ix]{_FP}", Form(isa.COMPARE, last=READ)),
    (rf"v?cmp\w*?{_FP}|vfpclass(?P<lane2>p[sdh])(?P<letter>[xyz])?", Form(isa.COMPARE)),
    (rf"v?(?:round|rndscale|reduce|getexp|getmant|fixupimm|scalef){_FP}", Form(isa.ARITHMETIC)),
    (r"v?(?:and|andn|or|xor)(?P<lane>p[sd])", Form(isa.LOGIC)),
    (r"v?cvtu?si2(?P<lane>s[sdh])(?P<suffix>[lq])?", Form(isa.CONVERT)),
    (r"v?cvtt?(?P<lane>s[sdh])2(?:s[sdh]|u?sis?)[lq]?", Form(isa.CONVERT)),
    (r"cvtpi2p[sd]", Form(isa.CONVERT, 8)),
    (r"vcvt(?:ne)?2ps2\w+|vcvtbias\w+", Form(isa.CONVERT)),
    (r"vcvt(?P<from>ph)2(?P<to>psx)", Form(isa.CONVERT, CONVERTED)),
    (r"vcvt(?P<from>ps)2(?P<to>phx)(?P<letter>[xyz])?", Form(isa.CONVERT, CONVERTED)),
    (
        rf"v?cvtt?(?:ne)?(?P<from>{_TYPE})2(?P<to>{_TYPE})s?(?P<letter>[xyz])?",
        Form(isa.CONVERT, CONVERTED),
    ),
)
_MOVES = (
    (r"v?mov(?:nt)?(?P<lane>s[sdh])", Form(isa.MOVE)),
    (r"v?movd", _general(isa.MOVE, memory=4)),
    (r"vmovq", _general(isa.MOVE, memory=8)),
    (r"vmovw", _general(isa.MOVE, memory=2)),
    (r"v?mov[lh]p[sd]", Form(isa.MOVE, 8)),
    (r"v?movddup", Form(isa.SHUFFLE, DUPLICATED)),
    (r"v?mov(?:s[lh]dup|hlps|lhps)|mov(?:q2dq|dq2q)", Form(isa.SHUFFLE)),
    (r"v?p?movmsk\w+|vpmov(?:[bwdq]2m|m2[bwdq])|v?p?maskmov\w+", Form(isa.MOVE)),
    (r"v?mov(?:nt|rs|[au])?(?:p[sd]|dqa?|q|[bw])|v?movdq[au]\d*|v?lddqu", Form(isa.MOVE)),
    (r"v?p?broadcast[fi](?P<bits>\d{2,3})(?:x(?P<count>\d))?", Form(isa.MOVE)),
    (r"v?broadcasts(?P<float>[sd])|vpbroadcast(?P<int>[bwdq])", Form(isa.MOVE, 0)),
    (r"kmov(?P<int>[bwdq])", replace(_general(isa.MOVE), memory=0)),
    (r"k(?:or)?test[bwdq]", _general(isa.COMPARE, READ)),
    (r"k\w+[bwdq]", _general(isa.LOGIC)),
)
_SHUFFLES = (
    (r"vp?gather(?P<index>[dq])(?:p(?P<float>[sd])|(?P<int>[dq]))", Form(isa.GATHER)),
    (r"vp?scatter(?P<index>[dq])(?:p(?P<float>[sd])|(?P<int>[dq]))", Form(isa.SCATTER)),
    (r"v(?:insert|extract)[fi](?P<bits>\d{2,3})(?:x(?P<count>\d))?", Form(isa.SHUFFLE)),
    (r"v?(?:insert|extract)ps", Form(isa.SHUFFLE, 4)),
    (r"v?p(?:insr|extr)(?P<int>[bwdq])", Form(isa.SHUFFLE, 0)),
    (r"v?p?blend[mv]\w+|vpcmov", Form(isa.SELECT)),
    (r"v?p?(?:blend|shuf|unpck|perm|align|compress|expand)\w*|v?ps[lr]ldq", Form(isa.SHUFFLE)),
)
_INTEGERS = (
    (r"v?pmov[sz]x(?P<from>[bwd])(?P<to>[wdq])", Form(isa.CONVERT, CONVERTED)),
    (r"vpmov(?:us|s)?(?P<from>[wdq])(?P<to>[bwd])", Form(isa.CONVERT, CONVERTED)),
    (rf"v?pack[su]s{_INT}[bw]", Form(isa.CONVERT)),
    (r"v?p(?:and|andn|or|xor|ternlog)(?P<int>[dq])?", Form(isa.LOGIC)),
    (rf"v?ps(?:ll|rl|ra){_INT}", Form(isa.ARITHMETIC, SHIFT_COUNT)),
    (r"v?ptest|vtestp[sd]|v?pcmp[ei]str\w+", Form(isa.COMPARE, last=READ)),
    (rf"v?p(?:cmp|com|testn?m)\w*?{_INT}", Form(isa.COMPARE)),
    (
        r"v?p(?:h?add|h?sub|mul|madd|min|max|abs|avg|sign|sh[lr]d|s[lr][la]v|ro[lrt]|sh[al]|dp"
        r"|popcnt|lzcnt|conflict|hmin|mac|sadb)\w*?(?P<int>[bwdq])s?",
        Form(isa.ARITHMETIC),
    ),
    (r"v?m?psadbw|vdbpsadbw|v?gf2p8\w+|v?pmulhr\w+", Form(isa.ARITHMETIC)),
    (r"v?aes\w+|v?pclmul\w+|v?sha\w+|vsm[34]\w+|vp2intersect[dq]", Form(isa.OTHER)),
)
_STATE = (
    (r"v?ldmxcsr", _state(4, READ)),
    (r"v?stmxcsr", _state(4)),
    (r"fx?rstor\w*", _state(512, READ)),
    (r"fxsave\w*", _state(512)),
    (r"xrstor\w*", _state(576, READ)),
    (r"xsave\w*", _state(576)),
    (r"fldcw", _state(2, READ)),
    (r"fn?st[cs]w", _state(2)),
    (r"fldenv", _state(28, READ)),
    (r"fn?stenv", _state(28)),
    (r"fn?save", _state(108)),
)
_STACK_FLOATS = (
    (r"f(?:add|subr?|mul)p?(?P<x87>[sl])?|fi(?:add|subr?|mul)(?P<x87i>[sl])", _COMPUTE),
    (r"f(?:divr?p?|sqrt)(?P<x87>[sl])?|fidivr?(?P<x87i>[sl])", Form(isa.DIVISION, flops=1)),
    (r"fu?com(?:p?i|pp?)?(?P<x87>[sl])?|ficomp?(?P<x87i>[sl])|ftst|fxam", Form(isa.COMPARE)),
    (r"fcmov\w+", Form(isa.SELECT)),
    (r"fstp?(?P<x87>[slt])?|fistt?p?(?P<x87i>s|ll|l)", Form(isa.MOVE)),
    (r"fld(?P<x87>[slt])|fild(?P<x87i>s|ll|l)|fld\w*", Form(isa.MOVE, last=READ)),
    (r"fbld", Form(isa.MOVE, 10, READ)),
    (r"fbstp", Form(isa.MOVE, 10)),
)


def _compiled() -> list[tuple[re.Pattern[str], Form]]:
    found = [(re.compile(p), f) for p, f in (*_CONTROL, *_GENERAL, *_FLOATS, *_MOVES, *_SHUFFLES)]
    found += [(re.compile(p), f) for p, f in (*_INTEGERS, *_STATE)]
    for pattern, family in _STACK_FLOATS:
        last = WRITE if pattern.startswith(("fst", "fbst")) else READ
        x87 = replace(family, last=last, scalar=True, element="f80")
        found.append((re.compile(pattern), x87))
    return found


_ROWS = _compiled()


@cache
def form(mnemonic: str) -> Form:
    """What the mnemonic says; for one that is not in the table, of kind `other`."""
    for pattern, found in _ROWS:
        match = pattern.fullmatch(mnemonic)
        if match:
            return _told(found, {k: v for k, v in match.groupdict().items() if v})
    return Form(isa.OTHER)


def _told(found: Form, groups: dict[str, str]) -> Form:
    """The family's form with what the groups of its pattern say."""
    lane = groups.get("lane") or groups.get("lane2")
    if "suffix" in groups and found.hidden != (0, 0):
        read, written = (min(size, SUFFIXES[groups["suffix"]]) for size in found.hidden)
        found = replace(found, hidden=(read, written))
    if "letter" in groups:
        found = replace(found, letter={"x": 128, "y": 256, "z": 512}[groups["letter"]])
    if lane:
        found = replace(found, element=LANES[lane], scalar=lane.startswith("s"))
        if found.scalar:
            found = replace(found, memory=ELEMENT_BYTES[LANES[lane]])
    if "float" in groups:
        found = replace(found, element=LANES["p" + groups["float"]])
    if "int" in groups:
        found = replace(found, element=INTEGERS[groups["int"]])
    if found.memory == 0 and found.element:
        found = replace(found, memory=ELEMENT_BYTES[found.element])
    if "from" in groups:
        source, element = _CONVERTED[groups["from"]], _CONVERTED[groups["to"]]
        found = replace(found, source=source, element=element)
    size = _size(groups)
    return replace(found, memory=size) if size else found


def _size(groups: dict[str, str]) -> int:
    """Bytes of a memory operand that the mnemonic itself names; 0 where it does not."""
    if suffix := groups.get("suffix") or groups.get("suffix2"):
        return SUFFIXES[suffix]
    if "x87" in groups:
        return _X87[groups["x87"]]
    if "x87i" in groups:
        return _X87_INTEGER[groups["x87i"]]
    if "bits" in groups:
        return int(groups["bits"]) * int(groups.get("count", 1)) // 8
    return int(groups.get("bytes", 0))
