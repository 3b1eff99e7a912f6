"""C++ names as people say them."""


def short_name(name: str, keep_arguments: bool = False) -> str:
    """A C++ name as one says it: without parameter lists, and without template arguments."""
    kept = name.replace("(anonymous namespace)::", "")
    if "<" not in kept and "(" not in kept:
        return kept
    opening, closing = ("(", ")") if keep_arguments else ("<(", ">)")
    depth = 0
    out = []
    for char in kept.replace("operator()", "operator\0").replace("->", "\1"):
        if char in opening:
            depth += 1
        elif char in closing:
            depth -= 1
        elif depth == 0:
            out.append(char)
    text = "".join(out).replace("\0", "()").replace("\1", "->").replace(" const", "")
    if keep_arguments or " " not in text.strip():
        return text
    operator = text.find("operator ")  # operator new, a conversion
    return text[operator:] if operator >= 0 else text.rsplit(" ", 1)[-1]
