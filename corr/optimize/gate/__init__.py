"""The gate: what a change may not contain, looked for before anything is compiled.

`source` and `ir` compare texts, `flags` looks at compiler options; each is a pure function that
returns every broken rule. `objects` compares what the compiler made of both, before it is linked:
names that reached it past the text. None of them proves a program harmless; that is left to the
sandbox, and what the program computes to the checks.
"""

from corr.optimize.gate.lexer import Token, tokens
from corr.optimize.gate.of_flags import flags
from corr.optimize.gate.of_ir import ir
from corr.optimize.gate.of_objects import objects
from corr.optimize.gate.of_source import source
from corr.optimize.gate.refusal import Refusal

__all__ = ["Refusal", "Token", "flags", "ir", "objects", "source", "tokens"]
