"""The example notebook: it runs, and is stored as it ran.

`python -m tests.test_notebook` runs it and stores it with its outputs.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "notebooks" / "optimise.ipynb"
#: What depends on where it ran.
PATHS = re.compile(r"/(?:tmp|home|root|work|Users|var)/\S*")


def executed(path: Path, folder: Path) -> Any:
    """The notebook with its outputs, run in a folder by this Python. Raises where a cell fails."""
    # the kernel's own files, and those of Jupyter, stay out of the home folder
    os.environ |= {
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Jupyter's own
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient

        notebook = nbformat.read(path, as_version=4)
        kernel = AsyncKernelManager(
            kernel_name="python3", transport="ipc", ip=str(folder / "kernel")
        )
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(
            notebook, km=kernel, timeout=600, resources=resources, coalesce_streams=True
        )
        client.execute()
    return notebook


def texts(notebook: Any) -> str:
    """All that the outputs say."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            found.append(output.get("text", ""))
            data = output.get("data", {})
            found += [str(v) for k, v in data.items() if not k.startswith("image/")]
    return "\n".join(found)


def charts(notebook: Any) -> int:
    return sum(
        "image/png" in output.get("data", {})
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    )


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `executed` sets is taken back."""
    for name in ("JUPYTER_PLATFORM_DIRS", "IPYTHONDIR", "PYTHONPATH", "PATH"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    monkeypatch.delenv("CORR_DATA", raising=False)


@pytest.mark.usefixtures("environment")
def test_it_runs(tmp_path: Path) -> None:
    ran = executed(NOTEBOOK, tmp_path)
    said = texts(ran)
    assert "kernel_jacobi_2d/1" in said and "over original" in said
    assert charts(ran) == 1


def test_it_is_stored_as_it_ran() -> None:
    stored = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(stored)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert charts(stored) == 1 and "kernel_jacobi_2d/1" in texts(stored)
    assert not PATHS.search(texts(stored))
    assert NOTEBOOK.stat().st_size < 300_000


def _store() -> None:
    with tempfile.TemporaryDirectory() as folder:
        notebook = executed(NOTEBOOK, Path(folder))
    for cell in notebook.cells:
        cell.metadata = {}
    language = {"name": "python"}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = {"kernelspec": kernel, "language_info": language}
    if found := PATHS.search(texts(notebook)):
        sys.exit(f"an output holds a path: {found[0]}")
    nbformat.write(notebook, NOTEBOOK)


if __name__ == "__main__":
    _store()
