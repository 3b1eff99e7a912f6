"""Inlining decisions: recorded, learned, searched, and handed back to a plain compiler.

corpus.py      modules as bitcode with their command lines; which are for training, which held out
extract.py     a corpus from sources, a build folder, or a folder that mlgo-utils made
modules.py     compile a module of a corpus: as it is, with flags, with a table, with a policy
trace.py       the default's decisions in every module, as rows of the lake
examples.py    a trace as numbers to learn from
train.py       the warm start: a policy that decides as LLVM does
policies.py    a policy's file, and what it answers to a compiler
ledger.py      every trial of a search on disk, and the budget of it
thresholds.py  the honest alternative: another constant
flips.py       single calls decided the other way, kept where the code becomes smaller
improve.py     these together, module by module
hot_calls.py   less time: hot calls of one program, judged by timing it; bandit.py which is next
on_workers.py  modules compiled by other hosts
attributes.py  decisions as attributes of clang in the sources
evolve.py      a policy that may transfer, from the constant on
evaluate.py    all of them side by side on held-out modules
explained.py   which calls they decide otherwise, and which features a policy goes by
handed_back.py a policy's decisions as tables that plain clang replays, byte for byte
use.py         the flags that a build takes
wrapper.py     a compiler that asks a policy
episode.py     one compilation that waits for an action at each decision
environment.py LLVM's inliner, and eviction, as environments of Gymnasium

Needs nothing but clang: no TensorFlow, no compiler of one's own.
"""
