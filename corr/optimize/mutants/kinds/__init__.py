"""The kinds of mutant: a function each, from a region to all places where it can be made.

stores.py, operations.py, iterations.py, conditions.py, returned.py
"""

from __future__ import annotations

from collections.abc import Mapping

from corr.optimize.mutants.kinds import conditions, iterations, operations, returned, stores
from corr.optimize.mutants.region import Kind

#: Every kind by its name, in the order in which they are tried.
KINDS: Mapping[str, Kind] = {
    "store changed": stores.changed,
    "last iteration dropped": iterations.last_dropped,
    "operand exchanged": operations.operand_exchanged,
    "ends early": iterations.ends_early,
    "one iteration dropped": iterations.one_dropped,
    "one store changed": stores.changed_once,
    "operator changed": operations.operator_changed,
    "condition turned": conditions.turned,
    "value returned changed": returned.changed,
}
