"""Samples that moved between a caller and its callee are told from a change of either."""

from __future__ import annotations

import pytest

from corr.compare.moved import Spent, moved

WHOLE = 1.0
CALLS = (("loop", "f"), ("other", "f"), ("loop", "g"))


@pytest.mark.parametrize(
    ("loop", "callee", "together"),
    [
        (Spent(0.01, 0.31), Spent(0.5, 0.2), True),  # a shift of samples: the sum stays
        (Spent(0.1, 0.2), Spent(0.5, 0.0), True),  # inlined, and faster for it
        (Spent(0.2, 0.1), Spent(0.0, 0.5), True),  # no longer inlined
        (Spent(0.1, 0.3), Spent(0.5, 0.6), False),  # both slower
        (Spent(0.1, 0.15), Spent(0.6, 0.2), False),  # the callee is faster, whatever the loop did
        (Spent(0.1, 0.104), Spent(0.5, 0.496), False),  # hardly anything moved
    ],
)
def test_what_goes_together(loop: Spent, callee: Spent, together: bool) -> None:
    nodes = {"loop": loop, "other": Spent(0.1, 0.1), "f": callee}
    found = moved(nodes, {"f": callee}, CALLS, WHOLE)
    assert found == ({"loop": ("f",)} if together else {})


def test_a_callee_goes_with_the_caller_that_changed_the_other_way() -> None:
    f = Spent(0.0, 0.3)
    nodes = {"loop": Spent(0.3, 0.31), "other": Spent(0.5, 0.2), "f": f}
    assert moved(nodes, {"f": f}, CALLS, WHOLE) == {"other": ("f",)}


def test_who_is_not_called_does_not_go_along() -> None:
    nodes = {"loop": Spent(0.1, 0.4), "h": Spent(0.4, 0.1)}
    assert moved(nodes, {"h": nodes["h"]}, CALLS, WHOLE) == {}
