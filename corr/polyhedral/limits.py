"""isl held to a number of operations: what is too hard for it is not affine for us."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import islpy as isl

from corr.polyhedral.expressions import NotAffine

#: Operations of isl's that one question may take; a second or so.
MOST = 20_000_000
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_open = 0


@contextmanager
def bounded(what: str, most: int = MOST) -> Iterator[None]:
    """Within the block isl gives up after so many operations. Raises NotAffine if it does.

    Blocks within one another share the outermost one's count.
    """
    global _open
    context = isl.DEFAULT_CONTEXT
    if _open == 0:
        context.reset_operations()
        context.set_max_operations(most)
    _open += 1
    try:
        yield
    except isl.Error as error:
        raise NotAffine(f"{what} is too hard for isl") from error
    finally:
        _open -= 1
        if _open == 0:
            context.reset_operations()
            context.set_max_operations(0)


def simplified(relation: isl.UnionMap) -> isl.UnionMap:
    """The same relation in fewer pieces, where isl manages."""
    try:
        return relation.coalesce()
    except isl.Error:  # isl 0.27 sometimes fails here: "cannot relax redundant constraint"
        return relation


def limited(
    what: str, most: int = MOST
) -> Callable[[Callable[_Arguments, _Result]], Callable[_Arguments, _Result]]:
    """A function that runs within `bounded`."""

    def around(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
        @functools.wraps(function)
        def wrapper(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
            with bounded(what, most):
                return function(*args, **kwargs)

        return wrapper

    return around
