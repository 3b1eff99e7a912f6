"""Inlining decisions: recorded, learned, searched, and handed back to a plain compiler.

corpus.py      modules as bitcode with their command lines; which are for training, which held out
extract.py     a corpus from sources, a build folder, or a folder that mlgo-utils made
modules.py     compile a module of a corpus: as it is, with flags, with a table, with a policy
trace.py       the default's decisions in every module, as rows of the lake

Needs nothing but clang: no TensorFlow, no compiler of one's own.
"""
