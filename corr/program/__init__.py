"""What is studied, and its build.

model.py              units, flags, how it is run; from files, or compile_commands.py,
                      or from_executable.py where no link command is left
build.py              compiles and links it, with what corr needs and nothing that alters code
revision.py           the sources of an earlier commit, in place of what lies in the folder;
                      configured.py as that commit's CMake has it, where sources came or went
spelling.py           one spelling for a file's name; machine.py where it runs
"""
