"""The program as the machine sees it.

instructions.py   disassembly with inline frames; control_flow.py natural loops in it
isa.py            what is asked of an instruction; instruction_sets.py who answers for a binary
x86*, aarch64*    the answers: mnemonics, operands, and (streams) how registers move
describe.py       the answers as columns; address_steps.py how an address moves in a loop
lines.py          DWARF's line table; mca.py what llvm-mca expects of a loop

Only the modules of an instruction set read mnemonics and operands. SQL and all else read columns.
"""
