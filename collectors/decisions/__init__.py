"""What the compiler's heuristics decide, one decision at a time, and deciding in their place.

channel.py     the compiler's side of the conversation: its header, its tensors
host.py        starts a compiler, answers each question, ends cleanly whatever the compiler does
inliner.py     the flags that open the channel; the `decisions` table
remarks.py     what the compiler reports of its inlining, in the order of the decisions
call_sites.py  the calls of unoptimised IR with their places
chains.py      which call of the source a decision is about, followed through earlier inlining
eviction.py    the same channel for register allocation
replay.py      decisions as a table that a plain compiler replays

The channel is LLVM's own (`-inliner-interactive-channel-base`), present in any release build.
"""
