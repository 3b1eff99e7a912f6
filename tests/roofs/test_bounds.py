"""The least time below the machine's roofs: figures worked out by hand."""

from __future__ import annotations

import pytest

from corr.roofs.bounds import Need, Touched, bound, bytes_once
from corr.roofs.peaks import Peaks
from corr.roofs.shares import told

#: A machine that fuses, and has one pipe for additions and another for multiplications.
RATES = {"fma": 16e9, "add": 8e9, "mul": 8e9, "both": 16e9, "div": 1e9}
PEAKS = Peaks(
    "a machine",
    {f"{name}_f64": rate for name, rate in RATES.items()}
    | {f"{name}_f32": 2 * rate for name, rate in RATES.items()}
    | {"add_i32": 32e9, "scalar_f64": 4e9},
    {"L1": 100e9, "L2": 50e9, "memory": 10e9},
    {"L1": 32_000, "L2": 1_000_000},
)
#: One whose additions and multiplications share their pipes.
SHARED = Peaks("another", {**PEAKS.operations, "both_f64": 8e9}, PEAKS.bandwidths, PEAKS.sizes)


@pytest.mark.parametrize(
    ("adds", "products", "fused", "shared", "seconds"),
    [
        (8e9, 8e9, True, True, 1.0),
        (8e9, 8e9, False, True, 2.0),
        (8e9, 8e9, False, False, 1.0),
        (16e9, 0.0, True, True, 2.0),
        (16e9, 4e9, True, True, 1.5),
        (0.0, 16e9, True, True, 2.0),
    ],
)
def test_what_is_fused(
    adds: float, products: float, fused: bool, shared: bool, seconds: float
) -> None:
    need = Need({("add", "f64"): adds, ("mul", "f64"): products})
    found = bound(need, SHARED if shared else PEAKS, fused=fused)
    assert found.seconds == pytest.approx(seconds)
    assert ("fused" in found.by) is fused


def test_each_type_and_unit_has_its_own_roof() -> None:
    halves = Need({("add", "f64"): 4e9, ("add", "f32"): 8e9})
    assert bound(halves, PEAKS, fused=True).seconds == pytest.approx(1.0)
    divided = Need({("add", "f64"): 4e9, ("div", "f64"): 1e9})
    assert bound(divided, PEAKS, fused=True) == bound(
        Need({("div", "f64"): 1e9}), PEAKS, fused=True
    )
    whole = Need({("add", "i32"): 16e9, ("mul", "i64"): 8e9})
    assert bound(whole, PEAKS, fused=True).seconds == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("touched", "seconds", "by"),
    [
        (10_000, 1e-7, "reading L1"),
        (32_000, 3.2e-7, "reading L1"),
        (532_000, 1e-5, "reading L2"),
        (11_000_000, 1e-3, "reading memory"),
        (0, 0.0, ""),
    ],
)
def test_what_a_cache_cannot_hold_comes_from_behind_it(
    touched: float, seconds: float, by: str
) -> None:
    found = bytes_once(touched, PEAKS)
    assert found.seconds == pytest.approx(seconds) and found.by == by
    thrice = Touched(touched, times=3.0, sure=False)
    many = bound(Need({("add", "f64"): 1.0}, (thrice,)), PEAKS, fused=True)
    assert many.sure is not bool(seconds)
    assert many.seconds == pytest.approx(max(3 * seconds, 1 / 8e9))


def test_a_roof_is_never_lowered() -> None:
    other = Peaks("a machine", {**PEAKS.operations, "fma_f64": 20e9, "add_f64": 1e9}, {"L1": 1e9})
    found = PEAKS.or_higher(other)
    assert (found.operations["fma_f64"], found.operations["add_f64"]) == (20e9, 8e9)
    assert found.bandwidths == PEAKS.bandwidths and found.sizes == PEAKS.sizes


def test_words() -> None:
    assert told(0.031, 0.414) == "3.1 % → 41 % of what this machine allows"
    assert told(0.5, None) == "50 % of what this machine allows"
    assert told(0.5, 0.501) == "50 % of what this machine allows"
    assert told(None, None) == ""
