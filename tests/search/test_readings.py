"""Times out of what a run printed, by expressions that may be hostile."""

from __future__ import annotations

import json
import shlex

import pytest

from collectors.base.errors import UsageError
from corr.search.placeholders import filled, known_only
from corr.search.readings import NoTime, seconds_of
from corr.search.study import Clock, Time
from corr.timing import patterns


@pytest.mark.parametrize(
    ("pattern", "more", "seconds"),
    [
        (r"took ([0-9.]+) ms", {"unit": "ms"}, 0.003),
        (r"took (?P<value>[0-9.]+) (?P<unit>\w+)", {}, 0.003),
        (r"took ([0-9.]+) (?P<unit>\w+)", {"take": "sum"}, 0.009),
        (r"took (\d)(\.\d)? (ms)", {"unit": "ms", "take": "min"}, 0.002),
        (r"took (\d)", {"unit": "ms", "take": "last"}, 0.004),
    ],
)
def test_by_an_expression(pattern: str, more: dict[str, str], seconds: float) -> None:
    output = "took 3 ms\nelse\nwarm: took 2 ms\ntook 4 ms\n"
    time = Time(Clock.regex, pattern, **more)
    assert seconds_of(time, output) == pytest.approx(seconds)


def test_an_expression_that_explodes_elsewhere_does_not_here() -> None:
    """Python's own takes 2^40 steps for it."""
    assert patterns.matching(r"(a+)+$", ["a" * 40 + "!"] * 100) == [False] * 100
    with pytest.raises(UsageError, match="invalid escape"):
        patterns.groups_of(r"(a)\1", ["aa"])


def test_by_a_path() -> None:
    document = {"results": [{"time": 2}, {"time": 4.5}, {"other": 1}]}
    output = f"log line\n{json.dumps(document)}\nmore"
    assert seconds_of(Time(Clock.json, path="results[1].time", unit="us"), output) == 4.5e-6
    assert seconds_of(Time(Clock.json, path="results[*].time", take="sum"), output) == 6.5
    with pytest.raises(NoTime, match="no time in it"):
        seconds_of(Time(Clock.json, path="results[7].time"), output)


def test_google_benchmark() -> None:
    """As google-benchmark and iree-benchmark-module write it: the median where there is one."""
    rows = [
        {"name": "BM", "run_type": "iteration", "real_time": 5.0, "time_unit": "ms"},
        {"name": "BM", "run_type": "iteration", "real_time": 7.0, "time_unit": "ms"},
        {"name": "BM", "run_type": "iteration", "real_time": 6.5, "time_unit": "ms"},
    ]
    time = Time(Clock.benchmark)
    assert seconds_of(time, json.dumps({"benchmarks": rows})) == pytest.approx(6.5e-3)
    median = {
        "run_type": "aggregate",
        "aggregate_name": "median",
        "real_time": 9,
        "time_unit": "us",
    }
    assert seconds_of(time, json.dumps({"benchmarks": [*rows, median]})) == pytest.approx(9e-6)


@pytest.mark.parametrize("output", ["", "took - ms", "took 0 ms", "[" * 100_000, '{"a": 1}'])
def test_what_has_no_time(output: str) -> None:
    for time in (
        Time(Clock.regex, r"took (\S+) ms"),
        Time(Clock.json, path="b"),
        Time(Clock.benchmark),
    ):
        with pytest.raises(NoTime):
            seconds_of(time, output)


def test_what_is_put_into_a_command_stays_in_its_argument() -> None:
    hostile = "x; rm -rf / $(reboot) `id` 'a b' \"c\" {knob} *"
    values = {"case": hostile, "knob": ("-a b", "-c")}
    assert filled(["p", "{knob}", "--in={case}"], values, shell=False) == (
        "p", "-a b", "-c", f"--in={hostile}",
    )  # fmt: skip
    assert filled("p '{case}' x{knob}", values, shell=False) == ("p", hostile, "x-a b -c")
    shell, option, text = filled("p {case} {knob}", values, shell=True)
    assert (shell, option) == ("/bin/sh", "-c")
    assert shlex.split(text) == ["p", hostile, "-a b", "-c"]
    with pytest.raises(UsageError, match=r"no \{knop\} here"):
        filled(["{knop}"], values, shell=False)
    assert filled(["{{knob}}"], values, shell=False) == ("{knob}",)


def test_a_template_keeps_its_other_braces() -> None:
    text = "{a = [{n} : index]} {{x}} {unknown}"
    assert known_only(text, {"n": "4"}) == "{a = [4 : index]} {{x}} {unknown}"
