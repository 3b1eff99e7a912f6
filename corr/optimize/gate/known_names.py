"""Names that a change may use although the original does not: the language and harmless functions.

Harmless is what only computes, or gets and gives back memory.
"""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEYWORDS = words(
    """
    alignas alignof and and_eq auto bitand bitor bool break case char char8_t char16_t char32_t
    class compl concept const const_cast consteval constexpr constinit continue decltype default
    delete do double else enum explicit extern false float for friend goto if inline int long
    mutable namespace new noexcept not not_eq nullptr or or_eq private protected public register
    reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast
    struct switch template this thread_local throw true try catch typedef typeid typename typeof
    typeof_unqual union unsigned using virtual void volatile wchar_t while xor xor_eq final
    override operator _Alignas _Alignof _Atomic _Bool _BitInt _Complex _Generic _Noreturn
    _Static_assert _Thread_local _Float16 __alignof __alignof__ __const __const__ __extension__
    __inline __inline__ __int128 __int128_t __uint128_t __restrict __restrict__ __signed__
    __thread __typeof __typeof__ __volatile__ __fp16 __bf16 __auto_type _Float32 _Float64
    __func__ co_return co_yield co_await __is_same
    """
)
#: Keywords that are types, or parts of their names.
TYPE_WORDS = words(
    """
    void bool char short int long float double signed unsigned char8_t char16_t char32_t wchar_t
    auto _Bool _Complex _Float16 _Float32 _Float64 __int128 __int128_t __uint128_t __signed__
    __fp16 __bf16 __auto_type
    """
)
#: Keywords before which a name is not being declared.
NOT_TYPES = words(
    """
    return goto else case do sizeof throw new delete typeof decltype alignof not and or
    co_return co_yield co_await
    """
)
_MATH = words(
    """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs
    fdim floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2
    logb lrint lround modf nan nearbyint nextafter pow remainder remquo rint round scalbln scalbn
    sin sinh sqrt tan tanh tgamma trunc
    """
)
MATH = frozenset(name + suffix for name in _MATH for suffix in ("", "f", "l"))
MEMORY = words(
    """
    memcpy memmove memset memcmp malloc calloc realloc free aligned_alloc posix_memalign
    memchr memrchr rawmemchr memmem mempcpy bcmp strlen strnlen strcmp strncmp strcasecmp
    strncasecmp strchr strrchr strchrnul strstr strpbrk strspn strcspn strcpy strncpy stpcpy
    """
)
#: What reads numbers from texts in memory, and looks at letters.
_TEXTS = words(
    """
    atoi atol atoll atof strtol strtoll strtoul strtoull strtod strtof strtold isalpha isdigit
    isalnum isspace isupper islower isprint ispunct isxdigit iscntrl toupper tolower
    """
)
_PLAIN = words(
    """
    abs labs llabs isnan isinf isfinite isnormal signbit fpclassify isless isgreater NULL NAN
    INFINITY HUGE_VAL M_PI FLT_EPSILON DBL_EPSILON FLT_MAX FLT_MIN DBL_MAX DBL_MIN CHAR_BIT INT_MAX
    INT_MIN UINT_MAX LONG_MAX LONG_MIN ULONG_MAX LLONG_MAX LLONG_MIN SIZE_MAX PTRDIFF_MAX size_t
    ssize_t ptrdiff_t intptr_t uintptr_t float_t double_t max_align_t alignas offsetof
    """
)
#: Names of the C++ library that are found without std:: in front of them.
_STANDARD_CXX = words(
    """
    std min max clamp swap move forward exchange array vector span pair tuple tie get make_pair
    make_tuple unique_ptr make_unique numeric_limits initializer_list begin end cbegin cend size
    data nullptr_t byte
    """
)
_BUILTIN = re.compile(
    r"__builtin_(?:expect|expect_with_probability|unpredictable|assume|assume_aligned|prefetch"
    r"|constant_p"
    r"|mem(?:cpy|move|set|cmp|chr)|str(?:n?cmp|len|chr)|malloc|calloc|realloc|free|aligned_alloc"
    r"|shufflevector|convertvector|nontemporal_(?:load|store)"
    r"|(?:elementwise|reduce|masked)_\w+|(?:add|sub|mul)_overflow|popcount\w*|clz\w*|ctz\w*|ffs\w*"
    r"|parity\w*|bswap\w+|rotate(?:left|right)\w+|bitreverse\w+|inff?|nanf?|huge_valf?|isnan|isinf"
    r"|offsetof|types_compatible_p|abs|labs|llabs|" + "|".join(sorted(MATH)) + r")"
)
#: Vector types and instructions. Not the control register: it changes how all later sums round.
_VECTOR = re.compile(
    r"__m(?:64|128|256|512)[dih]?(?:_u)?|__mmask(?:8|16|32|64)"
    r"|_mm(?:256|512)?_(?!getcsr|setcsr|clflush|monitor|mwait|malloc|free)\w+"
    r"|(?:float|u?int)(?:8|16|32|64)x\d+(?:x\d)?_t|v\w+_[fsu](?:8|16|32|64)"
)
_INTEGER = re.compile(
    r"u?int(?:_fast|_least)?(?:8|16|32|64|max)_t|U?INT(?:8|16|32|64)_(?:MAX|MIN|C)"
)
#: What a compiler itself calls for code without any call.
_RUNTIME = re.compile(
    r"__(?:u?(?:div|mod|mul)\w{1,2}\d|(?:div|mul)[sdxt]c3|powi[sdxt]f2|(?:ashl|ashr|lshr)[dt]i3"
    r"|(?:float|fix)\w+|(?:extend|trunc)\w+f2|popcount[sd]i2|stack_chk_fail|mem(?:cpy|move|set)_chk"
    r"|gxx_personality_v0|cxa_(?:begin_catch|end_catch|rethrow|throw|allocate_exception|free_exception)"
    r"|clang_call_terminate)"
    r"|_GLOBAL_OFFSET_TABLE_|_Unwind_Resume|_ZSt\d+__throw_\w+|_ZSt9terminatev|_Zn[wa]m\w*"
    r"|_Zd[la]Pv\w*|sincos[fl]?|exp10[fl]?|bcmp|strlen|wcslen"
)

#: A function on vectors in the library that -fveclib names (x86's and AArch64's vector ABIs).
_VECTOR_CALL = re.compile(r"_ZGV[bcdens][NM][0-9x]+[vlu]+_(\w+)")


def known(name: str, cxx: bool) -> bool:
    """A name of the language, or of something harmless in the standard library."""
    return (
        name in KEYWORDS
        or name in MATH
        or name in MEMORY
        or name in _TEXTS
        or name in _PLAIN
        or (cxx and name in _STANDARD_CXX)
        or any(p.fullmatch(name) for p in (_BUILTIN, _VECTOR, _INTEGER))
    )


def harmless_symbol(name: str) -> bool:
    """A symbol that an object file may import although the original's does not."""
    return mathematics_symbol(name) or name in MEMORY or compiler_symbol(name)


def mathematics_symbol(name: str) -> bool:
    """A function of mathematics, perhaps on vectors."""
    if vector := _VECTOR_CALL.fullmatch(name):
        name = vector[1]
    return name in MATH


def compiler_symbol(name: str) -> bool:
    """What a compiler calls for code without any call."""
    return _RUNTIME.fullmatch(name) is not None


def reserved(name: str) -> bool:
    """Reserved for the compiler and its headers, which have macros for everything refused."""
    return name.startswith("__") or re.match(r"_[A-Z]", name) is not None


#: Those that say of a function what it does not do: calls of it may be left out.
CLAIMS = words(
    """
    const pure malloc returns_nonnull nonnull nothrow leaf unsequenced reproducible noalias
    assume_aligned alloc_align alloc_size noescape
    """
)
#: Attributes that only say how to compile, or what holds, for the thing that they stand at.
ATTRIBUTES = words(
    """
    aligned align_value vector_size ext_vector_type always_inline noinline hot cold const pure
    flatten unused maybe_unused nodiscard fallthrough likely unlikely assume assume_aligned
    alloc_align alloc_size nonnull returns_nonnull malloc noalias noescape may_alias target leaf
    nothrow unsequenced reproducible packed mode minsize optnone gnu_inline no_unique_address
    deprecated
    """
)
