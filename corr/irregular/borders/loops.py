"""A loop whose checks only matter near its ends: away from these it runs without them.

    for (x = 0; x < w; x++)
        for (d = -r; d <= r; d++)
            sum += in[clamp(x + d, 0, w - 1)];

is given a second loop in it, entered where r <= x and left where x = w - r, in which there is
`in[x + d]`. The order of everything stays what it was, and the first loop does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from corr.irregular.borders.body import Rewritten
from corr.irregular.borders.inside import Inside, inside_of
from corr.irregular.borders.linear import Linear
from corr.irregular.edits import place, source, statement_place
from corr.irregular.effects import Observer, Unsuitable
from corr.irregular.lane_text import comment, indented, lines_of
from corr.irregular.macros import with_values_in_place
from corr.irregular.names import Names
from corr.irregular.syntax import directed, leaves
from corr.polyhedral.clang_ast import Functions, Node, walk

_MOST = (1 << 63) - 1


@dataclass(frozen=True)
class Bordered:
    """A loop with borders, in a function; and what is known away from them."""

    function: Node
    loop: Node
    inside: Inside

    @property
    def known(self) -> int:
        """Checks that find nothing there."""
        return len(self.inside.found)


def bordered_in(functions: Functions, function: Node) -> list[Bordered | tuple[Node, str]]:
    """The loops of a function that have borders, and why others have none.

    Of loops in one another the outermost of those where most is known.
    """
    with_values_in_place(functions, function)
    observer = Observer(function, functions)
    found: list[Bordered | tuple[Node, str]] = []
    at_directives = directed(function)

    def look(node: Node, outer: list[Node]) -> None:
        if node.get("kind") == "LambdaExpr":
            return
        if node.get("kind") == "ForStmt" and id(node) not in at_directives:
            try:
                found.append(Bordered(function, node, _inside(functions, observer, outer, node)))
            except Unsuitable as why:
                found.append((node, str(why)))
        if node.get("kind") == "ForStmt":
            outer = [*outer, node]
        for inner in node.get("inner", ()):
            if inner:
                look(inner, outer)

    look(function, [])
    loops = [one for one in found if isinstance(one, Bordered)]
    best = [one for one in loops if not any(_better(other, one) for other in loops)]
    return [one for one in found if not isinstance(one, Bordered) or one in best]


def _inside(functions: Functions, observer: Observer, outer: list[Node], loop: Node) -> Inside:
    if leaves(loop["inner"][-1], "BreakStmt"):
        raise Unsuitable("it may end early")
    if any(n.get("kind") == "VarDecl" and n.get("storageClass") for n in walk(loop)):
        raise Unsuitable("a variable is kept from one iteration to the next")
    if b"#" in functions.text[slice(*place(loop))]:
        raise Unsuitable("it has a directive of the preprocessor")
    return inside_of(functions, observer, outer, loop)


def _better(one: Bordered, other: Bordered) -> bool:
    """One of two loops in one another is preferred."""
    if one is other:
        return False
    within = any(n is one.loop for n in walk(other.loop))
    if not within and not any(n is other.loop for n in walk(one.loop)):
        return False
    return one.known > other.known if within else one.known >= other.known


@dataclass
class Borders:
    """Writes one loop so that it runs without checks away from its ends."""

    functions: Functions
    bordered: Bordered
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        self.text = self.functions.text
        self.names = Names(self.functions)
        self.inside = self.bordered.inside

    def span(self) -> tuple[int, int]:
        """What is replaced: the whole loop."""
        loop = self.bordered.loop
        return place(loop)[0], statement_place(self.text, loop)[1]

    def code(self, says: str) -> str:
        """The new text. Raises Unsuitable."""
        loop, inside = self.bordered.loop, self.inside
        self._check_names()
        start, _ = self.span()
        body = loop["inner"][-1]
        first_of, _ = place(body)
        name = inside.names[inside.counter]
        type_ = inside.type_of(inside.counter)
        first, beyond = self.names.fresh("inside"), self.names.fresh("beyond")
        begin, end_ = self.names.fresh("begin"), self.names.fresh("end")
        column = start - self.text.rfind(b"\n", 0, start) - 1
        written = Rewritten(self.text, inside, inside.found)
        fast = self._block(written.of(body), body)
        kept = self._block(self._source(*self._whole(body)), body)
        head, *more = lines_of(self._source(start, first_of).rstrip(), column)
        condition = source(self.text, loop["inner"][2])
        at = name if type_ in ("int", "long", "long long") else f"(long long){name}"
        lines = [
            *comment(says, 76),
            *self._limits(first, beyond),
            head,
            *more,
            "{",
            f"    if ({at} >= {first} && {at} < {beyond}) {{",
            f"        const {type_} {begin} = {name}, {end_} = ({type_}){beyond};",
            f"        for ({type_} {name} = {begin}; {name} < {end_}; {name}++) {{",
            *indented(fast, 12),
            "        }",
            f"        {name} = {end_};",
            f"        if (!({condition}))",
            "            break;",
            "    }",
            *indented(kept, 4),
            "}",
        ]
        return "\n".join(["{", *indented(lines, 4), "}"])

    def _whole(self, body: Node) -> tuple[int, int]:
        return (
            place(body) if body.get("kind") == "CompoundStmt" else statement_place(self.text, body)
        )

    def _block(self, text: str, body: Node) -> list[str]:
        """The statements of a body, in lines that begin at the left."""
        if body.get("kind") == "CompoundStmt":
            inner = text[1:-1].strip("\n").rstrip()
            lines = inner.split("\n")
            if len(lines) == 1:
                return [lines[0].strip()]
            pad = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
            return [line[pad:] if line.strip() else "" for line in lines]
        at = place(body)[0]
        lines = lines_of(text, at - self.text.rfind(b"\n", 0, at) - 1)
        return lines if lines[-1].rstrip().endswith(("}", ";")) else [*lines[:-1], lines[-1] + ";"]

    def _source(self, start: int, end: int) -> str:
        return self.text[start:end].decode("utf-8", "surrogateescape")

    def _check_names(self) -> None:
        """Raise Unsuitable where a name would stand for something else in the loop."""
        loop = self.bordered.loop
        counter = self.inside.names[self.inside.counter]
        declared = {n["name"] for n in walk(loop["inner"][-1]) if n.get("kind") == "VarDecl"}
        used = {
            self.inside.names[key]
            for key in self.inside.names
            if key not in self.inside.declared or key == self.inside.counter
        }
        if used & declared or counter in declared:
            raise Unsuitable("a name is used for two variables")

    # --- where it is so --------------------------------------------------------------------

    def _limits(self, first: str, beyond: str) -> list[str]:
        """From where to where a loop runs without checks, as C."""
        counter = self.inside.counter
        lows: list[tuple[Linear, int]] = []
        highs: list[tuple[Linear, int]] = []
        guards: dict[str, None] = {}
        bound = self.inside.bound
        assert bound is not None
        for need in [Linear(((counter, -1),)) + bound, *self.inside.found.needs]:
            factor, rest = need[counter], need.put(counter, Linear())
            for key, by in need:
                if by < 0 and key != counter and self.inside.ranges[key].most > _MOST:
                    guards[f"{self._number(Linear(((key, 1),)))} >= 0"] = None
            if factor > 0:
                _keep(lows, -rest, factor, 1)
            elif factor < 0:
                _keep(highs, rest, -factor, -1)
            else:
                guards[self._at_least(rest)] = None
            if factor < -1:
                guards[self._at_least(rest)] = None
        if self.inside.ranges[counter].most > _MOST:
            _keep(lows, Linear(), 1, 1)  # one that is larger than that is below 0 there
        least, *more = [self._upwards(*low) for low in lows] or [self._any_counter()]
        lines = [f"long long {first} = {least};"]
        lines += [
            line for low in more for line in (f"if ({first} < {low})", f"    {first} = {low};")
        ]
        most, *more = [self._downwards(*high) for high in highs]
        lines.append(f"long long {beyond} = {most};")
        lines += [
            line for high in more for line in (f"if ({beyond} > {high})", f"    {beyond} = {high};")
        ]
        if guards:
            lines += [f"if (!({' && '.join(guards)}))", f"    {beyond} = {first};"]
        return lines

    def _any_counter(self) -> str:
        return str(max(self.inside.ranges[self.inside.counter].least, -_MOST))

    def _number(self, sum_: Linear) -> str:
        """A sum as C that is not too large: of 64 bits as soon as something is added."""
        names = dict(self.inside.names)
        wide = [key for key, _ in sorted(sum_.terms, key=lambda term: term[1] < 0)]
        plain_ = len(wide) == 1 and sum_[wide[0]] == 1 and not sum_.number
        for number, key in enumerate(wide):
            huge = self.inside.ranges[key].most > _MOST
            if huge or (number == 0 and not plain_ and self.inside.type_of(key) != "long long"):
                names[key] = f"(long long){names[key]}"
        return sum_.text(names)

    def _at_least(self, rest: Linear) -> str:
        """`rest` is not below 0, as one would write it."""
        positive = Linear(tuple(term for term in rest.terms if term[1] > 0))
        negative = Linear(tuple(term for term in rest.terms if term[1] < 0))
        if not positive.terms:
            return f"{self._number(-negative)} <= {rest.number}"
        return f"{self._number(positive)} >= {self._number(-negative - rest.number)}"

    def _upwards(self, sum_: Linear, factor: int) -> str:
        """The least number that is not below a part of another, or 0."""
        text = self._number(sum_)
        return text if factor == 1 else f"({text} > 0 ? ({text} + {factor - 1}) / {factor} : 0)"

    def _downwards(self, sum_: Linear, factor: int) -> str:
        """One more than the largest number that is not above a part of another."""
        return self._number(sum_ + 1) if factor == 1 else f"({self._number(sum_)}) / {factor} + 1"


def _keep(sums: list[tuple[Linear, int]], new: Linear, factor: int, sign: int) -> None:
    """Add a limit, unless one is there that says more; in place of one that says less."""
    for at, (old, by) in enumerate(sums):
        apart = (new - old) * sign
        if by == factor and not apart.terms:
            if apart.number > 0:
                sums[at] = new, factor
            return
    sums.append((new, factor))
