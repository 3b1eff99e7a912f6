"""What programs pay their libraries for, and how it is written without: texts in, texts out.

spelling.py has what all of them need. Each other file knows one kind of thing: streams and
characters (streams.py), strings (strings.py), objects that are copied (copies.py), trees
(containers.py), functions of the program's own that are asked again (invariants.py). Whether a
place is worth it is for the rule to say, whether it is right for the judge; what an idiom must not
be without is asked of the compiler (checked.py).
"""
