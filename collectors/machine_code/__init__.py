"""The program as the machine sees it.

instructions.py   disassembly with inline frames; control_flow.py natural loops in it
lines.py          DWARF's line table; mca.py what llvm-mca expects of a loop
"""
