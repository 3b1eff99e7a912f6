"""The example notebook: it runs, and is stored as it ran.

`python -m tests.project.test_notebook FILE` runs it and writes it with its outputs to FILE; to store it
anew, FILE is notebooks/optimise.ipynb.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "optimise.ipynb"
#: What depends on where it ran.
PATHS = re.compile(r"/(?:tmp|home|root|work|Users|var)/\S*")


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def texts(notebook: Any) -> str:
    """All that the outputs say."""
    found = []
    for output in outputs(notebook):
        found.append(output.get("text", ""))
        data = output.get("data", {})
        found += [str(v) for k, v in data.items() if not k.startswith("image/")]
    return "\n".join(found)


def charts(notebook: Any) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


def test_it_runs(tmp_path: Path) -> None:
    """In a process of its own: Jupyter leaves sockets behind."""
    target = tmp_path / "ran.ipynb"
    env = {k: v for k, v in os.environ.items() if not k.startswith("CORR_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.project.test_notebook", target],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ran = nbformat.read(target, as_version=4)
    assert "kernel_jacobi_2d/1" in texts(ran) and "over original" in texts(ran)
    assert charts(ran) == 1


def test_it_is_stored_as_it_ran() -> None:
    stored = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(stored)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert charts(stored) == 1 and "kernel_jacobi_2d/1" in texts(stored)
    assert not PATHS.search(texts(stored))
    assert NOTEBOOK.stat().st_size < 300_000


def _run(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # the files of Jupyter and the kernel stay out of the home folder
        os.environ |= {
            "JUPYTER_PLATFORM_DIRS": "1",
            "IPYTHONDIR": f"{folder}/ipython",
            "PYTHONPATH": str(ROOT),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient

        notebook = nbformat.read(NOTEBOOK, as_version=4)
        # sockets in the file system: nobody else on the machine can reach the kernel
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=f"{folder}/kernel")
        resources = {"metadata": {"path": folder}}
        NotebookClient(
            notebook, km=kernel, timeout=600, resources=resources, coalesce_streams=True
        ).execute()
    for cell in notebook.cells:
        cell.metadata = {}
    described = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = {"kernelspec": described, "language_info": {"name": "python"}}
    if found := PATHS.search(texts(notebook)):
        sys.exit(f"an output holds a path: {found[0]}")
    nbformat.write(notebook, target)


if __name__ == "__main__":
    _run(Path(sys.argv[1]))
