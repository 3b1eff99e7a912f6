"""Broken profiles end in one message that names the file, or in the tables of what precedes the damage."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base.errors import CorrError, UsageError
from collectors.regions import caliper, papi
from collectors.regions.marks import tables
from tests.support.region_files import CALI, PAPI, said


def read_any(path: Path) -> None:
    """Each of the two readers either gives tables or a CorrError: anything else is a traceback."""
    for reader in (lambda: [caliper.read(path, "x")], lambda: papi.read(path, "x")):
        try:
            tables(reader())
        except CorrError as error:
            assert error.message and str(path) in error.message
            assert "\n" not in error.message and error.message.isprintable()


def test_a_cali_file_cut_anywhere_is_never_taken_as_whole(tmp_path: Path) -> None:
    data = (CALI / "small.cali").read_bytes()
    path = tmp_path / "cut.cali"
    for end in range(1, len(data)):
        path.write_bytes(data[:end])
        try:
            profile = caliper.read(path, "cut")
        except CorrError as error:
            assert str(path) in str(error)
        else:
            assert data[end - 1 : end] == b"\n"
            assert "may be cut off" in said(profile), end


@pytest.mark.parametrize("name", ["split", "object", "records", "lines"])
def test_json_cut_anywhere_is_never_taken_as_whole(tmp_path: Path, name: str) -> None:
    data = (CALI / f"{name}.json").read_bytes().rstrip()
    path = tmp_path / "cut.json"
    for end in range(len(data)):
        path.write_bytes(data[:end])
        if name == "lines" and data[:end].rstrip(b", \n").endswith(b"}"):
            continue  # whole records: this form has no end
        with pytest.raises(CorrError, match=r"cut\.json"):
            caliper.read(path, "cut")


def test_papi_json_cut_anywhere_is_never_taken_as_whole(tmp_path: Path) -> None:
    data = (PAPI / "papi5" / "rank_3.json").read_bytes().rstrip()
    path = tmp_path / "rank_1.json"
    for end in range(len(data)):
        path.write_bytes(data[:end])
        with pytest.raises(CorrError, match=r"rank_1\.json"):
            papi.read(path, "cut")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("parent=50\n__rec=node,id=52", "parent=51\n__rec=node,id=52"), "parent 51"),
        (("parent=50\n__rec=node,id=52", "parent=99\n__rec=node,id=52"), "parent 99"),
        (("ref=53,attr=31", "ref=93,attr=31"), "node 93"),
        (("attr=31=43=45=47=48,data=0=7", "attr=31=43=45=47=99,data=0=7"), "attribute 99"),
        (("data=0=7=7=70=100", "data=0=7=7=70"), "5 attributes, but 4 values"),
        (("attr=21,data=solve", "attr=50,data=solve"), "attribute 50"),
        (("__rec=ctx,ref=50", "__rec=what,ref=50"), "not a record"),
        (("__rec=ctx,ref=50", "ref=50"), "not a record"),
        (("id=52,attr=21", "id=5x,attr=21"), "not a number"),
        (("id=52,attr=21", "id=52=53,attr=21"), "needs an id"),
        (("id=52,attr=21", "id=3,attr=21"), "Caliper's own"),
        (("data=0=1=10=", "data=0=1=10=\x00"), "zero bytes"),
        (("ref=64", "ref=64\\"), "within an escape"),
        (("attr=10,data=268,parent=3", "attr=10,data=x,parent=3"), "gave up"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, change: tuple[str, str], what: str) -> None:
    text = (CALI / "small.cali").read_text()
    assert change[0] in text
    path = tmp_path / "broken.cali"
    path.write_text(text.replace(*change, 1))
    with pytest.raises(CorrError, match=what) as caught:
        caliper.read(path, "x")
    assert "broken.cali:" in caught.value.message and caught.value.message.isprintable()


def test_deep_nesting(tmp_path: Path) -> None:
    deep = tmp_path / "deep.json"
    for text in ("[" * 100_000 + "]" * 100_000, '{"data":' * 100_000, '[{"path":' * 100_000):
        deep.write_text(text)
        for read in (caliper.read, papi.read):
            with pytest.raises(CorrError, match=r"deep\.json"):
                read(deep, "x")
    nodes = [{"label": "f", "column": "path"}]
    nodes += [{"label": "f", "column": "path", "parent": n} for n in range(100_000)]
    document = {"data": [[100_000]], "columns": ["path"], "nodes": nodes}
    deep.write_text(json.dumps(document | {"column_metadata": [{"is_value": False}]}))
    with pytest.raises(CorrError, match="nested deeper"):
        caliper.read(deep, "x")
    deep.write_text(json.dumps([{"path": "/".join("f" * 100_000), "time": 1}]))
    with pytest.raises(CorrError, match="deeper"):
        caliper.read(deep, "x")
    lines = [
        "__rec=node,id=20,attr=10,data=268,parent=3",
        "__rec=node,id=21,attr=8,data=f,parent=20",
    ]
    lines += ["__rec=node,id=100,attr=21,data=f"]
    lines += [f"__rec=node,id={n},attr=21,data=f,parent={n - 1}" for n in range(101, 100_000)]
    cali = tmp_path / "deep.cali"
    cali.write_text("\n".join([*lines, "__rec=ctx,ref=99999"]) + "\n")
    with pytest.raises(CorrError, match="nested deeper"):
        caliper.read(cali, "x")
    regions = {str(n): {"name": "f", "parent_region_id": str(n - 1)} for n in range(100_000)}
    deep.write_text(json.dumps({"threads": {"0": {"regions": regions}}}))
    with pytest.raises(CorrError, match="nested deeper"):
        papi.read(deep, "x")


def test_the_two_are_told_apart() -> None:
    with pytest.raises(UsageError) as caught:
        caliper.read(PAPI / "papi5" / "rank_3.json", "x")
    assert "corr import papi" in caught.value.fix
    with pytest.raises(UsageError) as caught:
        papi.read(CALI / "split.json", "x")
    assert "corr import caliper" in caught.value.fix
    with pytest.raises(CorrError, match=":23: not valid JSON") as error:
        papi.read(PAPI / "quoted-name.json", "x")
    assert "do not escape" in error.value.fix


def test_what_is_no_file(tmp_path: Path) -> None:
    empty = tmp_path / "empty.cali"
    empty.touch()
    packed = tmp_path / "a.cali.gz"
    packed.write_bytes(b"\x1f\x8b\x08\x00rest")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, what in (
        (tmp_path / "none.cali", "no such file"),
        (tmp_path, "is a folder"),
        (empty, "is empty"),
        (packed, "compressed"),
        (pipe, "not a regular file"),
        (tmp_path / ("x" * 300), "File name too long"),
        (tmp_path / "a\0b", "no such file"),
    ):
        with pytest.raises(CorrError, match=what):
            caliper.read(path, "x")
    with pytest.raises(UsageError, match="holds no output of PAPI"):
        papi.read(tmp_path, "x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "secret.cali"
    path.write_text("__rec=")
    path.chmod(0)
    with pytest.raises(CorrError, match="Permission denied"):
        caliper.read(path, "x")


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.cali"
    path.write_text("__rec=")

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    for read in (caliper.read, papi.read):
        with pytest.raises(CorrError, match=r"cannot read .*secret.cali: Permission denied"):
            read(path, "x")


@settings(max_examples=150)
@given(data=st.binary(max_size=300))
def test_garbage(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("garbage") / "x"
    for start in (b"", b"__rec=", b"{", b"["):
        path.write_bytes(start + data)
        read_any(path)


def test_damaged_files_end_in_a_message_or_in_tables(tmp_path: Path) -> None:
    """Bytes of good files changed, dropped and repeated; the seed makes it repeatable."""
    chance = random.Random(20)
    path = tmp_path / "damaged"
    originals = [p.read_bytes() for p in (*CALI.glob("s*"), *CALI.glob("[olrq]*.json"))]
    originals.append((PAPI / "threads/papi_hl_output/rank_561332.json").read_bytes())
    for _ in range(600):
        data = bytearray(chance.choice(originals))
        for _ in range(chance.randrange(1, 4)):
            at, size = chance.randrange(len(data)), chance.randrange(1, 20)
            move = chance.randrange(3)
            if move == 0:
                data[at] = chance.randrange(256)
            elif move == 1:
                del data[at : at + size]
            else:
                data[at:at] = data[at : at + size]
        path.write_bytes(data)
        read_any(path)
