"""The program as the machine sees it.

instructions.py   disassembly with inline frames; control_flow.py loops in it
isa.py            what is asked of an instruction; instruction_sets.py who answers for a binary
x86*, aarch64*    the answers: mnemonics, operands, and (streams) how registers move
describe.py       the answers as columns; address_steps.py how an address moves in a loop
lines.py          DWARF's line table; loop_bodies.py what a pass through a loop
                  runs; mca.py what llvm-mca expects of it

Only the modules of an instruction set read mnemonics and operands. SQL and all else read columns.
"""
