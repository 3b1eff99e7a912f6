"""The wire format: headers, observations, contexts, and what is none of them."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.decisions.channel import ChannelError, context, parse


def header(*features: tuple[str, str, list[int]], advice: str = "int64_t") -> bytes:
    described = [{"name": n, "type": t, "port": 0, "shape": s} for n, t, s in features]
    answer = {"name": "advice", "type": advice, "port": 0, "shape": [1]}
    return json.dumps({"features": described, "advice": answer}).encode() + b"\n"


def test_scalar_features_become_rows_of_a_matrix() -> None:
    read = parse(header(("cost", "int64_t", [1]), ("users", "int64_t", [1])))
    assert read.names == ("cost", "users") and read.size == 16 and read.scalar
    sent = np.array([[-35, 2], [7, 1]], np.int64)
    assert read.matrix(sent.tobytes()).tolist() == sent.tolist()


def test_tensors_of_several_types_stand_at_their_places() -> None:
    read = parse(
        header(("mask", "int64_t", [1, 3]), ("weight", "float", [1, 3]), ("progress", "float", [1]))
    )
    assert read.size == 3 * 8 + 3 * 4 + 4 and not read.scalar
    mask, weight = np.array([1, 0, 1], np.int64), np.array([0.5, 1.5, 2.5], np.float32)
    sent = mask.tobytes() + weight.tobytes() + np.float32(0.25).tobytes()
    tensors = read.tensors(sent)
    assert tensors["mask"].tolist() == [[1, 0, 1]]
    assert tensors["weight"].tolist() == [[0.5, 1.5, 2.5]]
    assert tensors["progress"].tolist() == [0.25]
    with pytest.raises(ChannelError):
        read.matrix(sent)


@pytest.mark.parametrize(
    ("kind", "sent"), [("int64_t", b"\1" + 7 * b"\0"), ("int32_t", b"\1\0\0\0")]
)
def test_an_answer_has_the_type_that_was_asked_for(kind: str, sent: bytes) -> None:
    assert parse(header(("a", "int64_t", [1]), advice=kind)).answer(1) == sent


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"not json\n",
        b"{}\n",
        b'{"features": [{"name": "a"}], "advice": {}}\n',
        b'{"features": 3, "advice": 4}\n',
        header(("a", "int128_t", [1])),
        header(("a", "int64_t", [1 << 40])),
        header(("a", "int64_t", [-1])),
    ],
)
def test_what_is_no_header_is_refused(line: bytes) -> None:
    with pytest.raises(ChannelError):
        parse(line)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_header_or_refused(line: bytes) -> None:
    with contextlib.suppress(ChannelError):
        assert parse(line).size >= 0


def test_contexts() -> None:
    assert context(b'{"context":"main"}\n') == "main" and context(b'{"context":""}\n') == ""
    with pytest.raises(ChannelError):
        context(b'{"context"\n')
