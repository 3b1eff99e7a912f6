"""What a setting of a band of loops is worth before anything is measured.

Each weight says what it rests on: settings that `python -m bench.settings` built and timed, in CPU
time, on Zen 4 and Zen 5 with AVX-512 and clang 22; tests/fixtures/settings has the times of fifteen
bands. A test ranks them, and fails if a weight is left out. Half or double of any weight leaves the
first choice for gemm, jacobi_2d, lu, heat_3d and seidel_2d among the best, so finer numbers say
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Accesses that walk neighbours from which more of them say nothing (judgement).
NEAR = 3
#: Vectors kept in registers that hide the latency of an addition, at two a cycle.
ENOUGH_REGISTERS = 16


@dataclass(frozen=True)
class Weights:
    """The highest sum is tried first; of equal ones the first in the list of candidates."""

    #: For each access by which the innermost loop walks neighbours, where vectors are the
    #: compiler's. Without it a good order of floyd_warshall comes fifth, not third; turned round,
    #: ninth.
    near: float = 0.3
    #: For iterations that wait for each other run staggered. In seidel_2d the best order without it
    #: takes 5.1 times as long. (In floyd_warshall it is 1.4 times slower than the plain loops.)
    wavefront: float = 1.0
    #: For the share of accesses that are vectors of neighbours, where vectors are ours. Without it
    #: a plain order comes first in mvt, which takes 3.4 and 3.9 times as long.
    neighbours: float = 3.0
    #: Against the share of accesses of a vector that must be gathered. Without it atax in strips
    #: of rows begins with gathers, at 1.2 times the best one's time.
    gathered: float = 3.0
    #: For elements that stay in registers over the innermost loop, in full from ENOUGH_REGISTERS
    #: on. Without it gemm begins at 1.8 and syrk at 3.8 times the best one's time.
    registers: float = 2.0
    #: Against each further row of such a block: of blocks that hide the latency alike, wide ones
    #: reload less. Without it gemm begins with 8 rows, at 1.15 times the best one's time, and mvt
    #: at 2.1 times.
    rows: float = 0.02
    #: For sums that are each kept in a register over an innermost loop that walks neighbours, in
    #: full for ENOUGH_REGISTERS of them side by side: where vectors would have to be gathered.
    #: Without it atax in strips of rows begins with gathers, at 1.2 times the best one's time.
    chains: float = 1.5
    #: For divisions and roots that wait for the one before, where vectors along an outer loop do
    #: several at once, though their elements must be gathered. Without it adi's sweeps begin with
    #: plain chains, at 2.1 times the best one's time.
    divisions: float = 4.0
    #: For tiles, where several statements share the band: the one that runs most often is left by
    #: itself in them. Without it lu begins at 4.1 times, trmm at 11.6 times the tiled one's time.
    tiles: float = 0.4


WEIGHTS = Weights()
