"""What README, CONTRIBUTING and the map of rooms name is there, and is what they say; so are the rooms' own words."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from corr.collect.layers import LAYERS
from corr.commands import COMMANDS
from corr.lake.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
_NAMED = re.compile(r"`([\w./-]+)`")
_TOPS = ("corr", "collectors", "queries", "kernels", "tests", "docs", "tools", "bench", "notebooks")


def imports(path: Path) -> set[str]:
    """Modules that a file imports at its head."""
    tree = ast.parse(path.read_text())
    return {
        f"{node.module}.{name.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
    }


def paths_in(text: str) -> set[str]:
    """Paths from the project's root that a text names; `queries/views/NAME.sql` is a pattern."""
    return {
        name
        for name in _NAMED.findall(text)
        if name.split("/")[0] in _TOPS and "/" in name and "NAME" not in name
    }


@pytest.mark.parametrize(
    "document",
    ["README.md", "CONTRIBUTING.md", "kernels/README.md", "docs/architecture.md", "docs/using.md"],
)
def test_paths_in_documents_are_there(document: str) -> None:
    named = paths_in((ROOT / document).read_text())
    assert not [name for name in sorted(named) if not (ROOT / name).exists()]


def test_links_lead_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    lost = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert not lost


def test_every_page_is_reached_from_the_readme() -> None:
    """By links alone, from page to page."""
    reached: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        document = ahead.pop()
        reached.add(document)
        for target in re.findall(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)", document.read_text()):
            path = (document.parent / target).resolve()
            if path not in reached and path.is_relative_to(ROOT):
                ahead.append(path)
    assert not [p.name for p in (ROOT / "docs").glob("*.md") if p not in reached]


def rows_of_the_map() -> list[tuple[list[str], str]]:
    """The table of rooms in docs/architecture.md: the folders of a row, and what it says of them."""
    text = (ROOT / "docs/architecture.md").read_text()
    table = text[text.index("| where | what |") :].split("\n\n")[0].splitlines()[2:]
    cells = [line.strip("| ").split(" | ", 1) for line in table]
    return [(_NAMED.findall(where), what) for where, what in cells]


def test_files_in_the_map_are_in_their_room() -> None:
    missing = [
        name
        for rooms, what in rows_of_the_map()
        for name in _NAMED.findall(what)
        if name.endswith((".py", "/")) and not any((ROOT / r / name).exists() for r in rooms)
    ]
    assert not missing


def test_every_room_is_in_the_map_in_the_order_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    floors = {
        contract["containers"][0]: [
            {name.strip() for name in layer.split("|")} for layer in contract["layers"]
        ]
        for contract in contracts["contracts"]
        if contract.get("exhaustive")
    }
    assert set(floors) == {"corr", "collectors"}
    mapped = [room for rooms, _ in rows_of_the_map() for room in rooms]
    for top, layers in floors.items():
        floor = {f"{top}/{name}": at for at, layer in enumerate(layers) for name in layer}
        folders = {n for n in floor if (ROOT / n).is_dir()}
        rooms = [r.rstrip("/") for r in mapped if r.startswith(f"{top}/") and r != f"{top}/"]
        assert folders <= set(rooms), folders - set(rooms)
        if top == "corr":
            heights = [floor[r.removesuffix(".py")] for r in rooms]
            assert heights == sorted(heights), "the map is not in the order of the floors"


@pytest.mark.parametrize(
    "room",
    [p.parent for top in ("corr", "collectors") for p in sorted((ROOT / top).rglob("__init__.py"))],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_rooms_say_what_is_in_them(room: Path) -> None:
    words = ast.get_docstring(ast.parse((room / "__init__.py").read_text()))
    assert words, "a room's __init__.py tells its flow"
    named = set(re.findall(r"[\w/]+\.(?:py|c)\b", words))
    assert not {name for name in named if not (room / name).exists()}


def calls_collectors(path: Path) -> bool:
    """Its functions call collectors, and are what the list of layers calls."""
    listed = (ROOT / "corr/collect/layers.py").read_text()
    called = len({name for name in imports(path) if name.startswith("collectors.")}) >= 3
    return called and f"({path.stem}." in listed


def lists_every_layer(_path: Path) -> bool:
    given = {table for layer in LAYERS for table in layer.tables}
    return len(given & set(TABLES)) >= 20


def has_every_table(_path: Path) -> bool:
    """Each table that a collector declares is known to the lake."""
    declared = {
        name
        for file in (ROOT / "collectors").rglob("*.py")
        for name in re.findall(r"^[A-Z_]+ = Table\(\s*\"(\w+)\"", file.read_text(), re.M)
    }
    return len(declared) >= 20 and not declared - set(TABLES) - {"loop_places"}


def asks_every_rule(path: Path) -> bool:
    return len({n for n in imports(path) if n.startswith("corr.optimize.rules.")}) >= 3


def names_every_kind(path: Path) -> bool:
    text = path.read_text()
    moves = [
        re.search(r"^class (\w+)\(Move\)", file.read_text(), re.M)
        for file in path.parent.glob("*.py")
    ]
    names = [m.group(1) for m in moves if m]
    return len(names) >= 4 and all(re.search(rf"\b{name}\b", text) for name in names)


def names_every_command(path: Path) -> bool:
    files = {
        file.stem for file in path.parent.glob("*.py") if "\ndef register(" in file.read_text()
    }
    return files == set(COMMANDS)


def gives_a_loop(path: Path) -> bool:
    text = path.read_text()
    return all(re.search(rf"\b{name}\b", text) for name in ("remarks", "samples", "execution"))


def writes_every_format(path: Path) -> bool:
    return len(re.findall(r"corr\.export", path.read_text())) >= 5


def runs_in_another_way(path: Path) -> bool:
    text = path.read_text()
    return "preloaded(" in text and "GLIBC_TUNABLES" in text


#: What CONTRIBUTING sends a newcomer to, and what must be true of it there.
PROMISES: dict[str, Callable[[Path], bool]] = {
    "corr/collect/layers.py": lists_every_layer,
    "corr/collect/from_running.py": calls_collectors,
    "corr/collect/from_binary.py": calls_collectors,
    "corr/collect/from_compiler.py": calls_collectors,
    "corr/lake/tables.py": has_every_table,
    "queries/attribute/30_facts.sql": gives_a_loop,
    "corr/optimize/rules/proposer.py": asks_every_rule,
    "corr/optimize/moves/__init__.py": names_every_kind,
    "corr/optimize/experience/words.py": lambda path: "PLACES" in path.read_text(),
    "corr/commands/__init__.py": names_every_command,
    "corr/commands/export.py": writes_every_format,
    "corr/experiment/otherwise.py": runs_in_another_way,
    "collectors/base/process.py": lambda path: "import subprocess" in path.read_text(),
}


def test_contributing_sends_a_newcomer_to_the_right_file() -> None:
    named = paths_in((ROOT / "CONTRIBUTING.md").read_text())
    files = {name for name in named if name.endswith((".py", ".sql")) and name.startswith("c")}
    files |= {name for name in named if name.startswith("queries") and name.endswith(".sql")}
    assert files == set(PROMISES), "say here what must be true of a file that CONTRIBUTING names"
    assert not [name for name, true in PROMISES.items() if not true(ROOT / name)]
