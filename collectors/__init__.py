"""The layers of evidence. A layer runs a tool, parses what it wrote, declares its table.

base           starting processes, finding tools, tables and problems: what all layers share
source_loops   the loop forest of the front end's IR
remarks        what the compiler said
passes         what each pass changed
decisions      what the inliner decides, and deciding in its place
machine_code   instructions, their loops, llvm-mca
measured       times, counters, samples, counts
regions        Caliper's and PAPI's regions
sandbox        running a program that may be hostile

Nothing here knows of runs or the lake, and no layer knows of another: `corr` brings them together.
"""
