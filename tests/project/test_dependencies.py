"""What pyproject.toml says of other people's packages, against what is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "pyproject.toml").read_text()
PROJECT = tomllib.loads(TEXT)["project"]
EXTRAS = PROJECT["optional-dependencies"]
OURS = {"corr", "collectors", "tests", "bench"}
FLOOR = r"[\w.-]+(?:\[[\w,]+\])?>=[\d.]+"
#: Used without an import: tools of `make test`, types, what is started by its name (a kernel, a server).
RUN = {
    "import-linter",
    "ipykernel",
    "moto",
    "mypy",
    "pytest-xdist",
    "ruff",
    "types-pyyaml",
    "corr-llvm",
}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirements: list[str]) -> set[str]:
    return {normal(re.match(r"[\w.-]+", text)[0]) for text in requirements}  # type: ignore[index]


def imported(folder: str) -> Iterator[tuple[str, Path]]:
    """Every module of other people's that a file below the folder imports, wherever in it."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                if top not in sys.stdlib_module_names and top not in OURS:
                    yield top, path


def missing(folder: str, declared: set[str]) -> dict[str, str]:
    distributions = packages_distributions()
    return {
        module: str(path.relative_to(ROOT))
        for module, path in imported(folder)
        if not {normal(d) for d in distributions.get(module, [module])} & declared
    }


#: What is installed only where it is wanted.
OPTIONAL = [text for extra, texts in EXTRAS.items() if extra != "dev" for text in texts]
SHIPPED = named(PROJECT["dependencies"]) | named(OPTIONAL)


@pytest.mark.parametrize("folder", ["corr", "collectors"])
def test_every_import_is_declared(folder: str) -> None:
    """Not left to what another package happens to bring."""
    assert missing(folder, SHIPPED) == {}


@pytest.mark.parametrize("folder", ["tests", "bench", "tools"])
def test_every_import_of_the_checks_is_declared(folder: str) -> None:
    assert missing(folder, SHIPPED | named(EXTRAS["dev"])) == {}


def test_everything_declared_is_used() -> None:
    distributions = packages_distributions()

    def used(*folders: str) -> set[str]:
        modules = {module for folder in folders for module, _ in imported(folder)}
        return {normal(d) for module in modules for d in distributions.get(module, [module])}

    assert used("corr", "collectors") >= SHIPPED
    assert named(EXTRAS["dev"]) - RUN <= used("tests", "bench", "tools")


def test_each_dependency_has_a_floor_and_a_reason() -> None:
    lists = re.findall(r"^(?:dependencies|dev) = \[\n(.*?)^\]", TEXT, re.MULTILINE | re.DOTALL)
    lines = "".join(lists).splitlines()
    assert len(lines) == len(PROJECT["dependencies"]) + len(EXTRAS["dev"])
    for line in lines:
        assert re.fullmatch(rf' {{4}}"(?:{FLOOR}|corr-llvm\[[\w,]+\])", +# \S.*', line), line
    assert all(re.fullmatch(r"[\w.-]+>=[\d.]+", text) for text in OPTIONAL)


def test_a_new_machine_gets_every_extra_for_the_tests() -> None:
    """Where one is left out, types and tests fail there, and only there."""
    ours = next(text for text in EXTRAS["dev"] if text.startswith("corr-llvm["))
    assert set(ours[len("corr-llvm[") : -1].split(",")) == EXTRAS.keys() - {"dev"}
