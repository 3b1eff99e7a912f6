"""The loops as the front end saw them: the unit that everything else is joined by.

forest.py        loops of a unit's unoptimised IR, from `!llvm.loop`; tags their blocks
goto_loops.py    loops of gotos, which clang does not mark: natural loops of its blocks
openmp.py        loops of parallel regions stand at their pragma: moved to the `for`
loops.py         a row a loop with its key, and every source place of it
debug_info.py    source files that the IR names; source_text.py their lines
statements.py    loops as the text alone has them, and which of one text is which of another
"""
