"""Charts as SVG for the page, and as SVG and PNG files: by vl-convert, without a browser."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corr.system.disk import write_whole

if TYPE_CHECKING:
    from corr.report.charts import Chart
    from corr.report.ink import Ink

#: Seconds between two looks for a file, and that a child may live.
POLL, LONGEST = 0.004, 3600.0
END = "end"
#: Dots a unit of length in PNG files.
PNG_SCALE = 2.0
#: vl-convert makes links absolute, to a place of its own.
_LINK = re.compile(r' (?:xlink:)?href="[^"#]*(#[^"]*)?"')
_ID = re.compile(r'\b(id="|url\(#|href="#)((?:clip|gradient)[\w-]*)')


@dataclass(frozen=True)
class Drawn:
    """A chart as the page has it."""

    name: str
    title: str
    says: str
    svg: str
    finding: str = ""


def specification(chart: Chart, ink: Ink) -> dict[str, Any]:
    """The Vega-Lite specification of a chart."""
    from altair.utils.schemapi import debug_mode

    with debug_mode(
        bool(sys.flags.dev_mode)
    ):  # the charts are validated in the tests, and this takes half the time
        found: dict[str, Any] = chart.drawing.to_dict(validate=False)
    found["config"] = ink.config
    return found


def vega_lite_version(specification: dict[str, Any]) -> str:
    """The version that altair writes, as vl-convert names it: 6.1."""
    match = re.search(r"/v(\d+)(?:\.(\d+))?", str(specification.get("$schema")))
    return f"{match[1]}.{match[2] or 0}" if match else ""


class Painter:
    """Draws charts in a child process, which gets ready beside the queries of the page.

    Specifications and drawings go through files of a folder: `N.json` in, `N.svgs` out.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._given = 0

    def __enter__(self) -> Painter:
        from collectors.base import process
        from collectors.base.scratch import scratch

        self._held = scratch("charts")
        self._folder = self._held.__enter__()
        command: list[str | Path] = [sys.executable, Path(__file__), self._folder]
        self._child = self._pool.submit(process.run, command, timeout=LONGEST)
        return self

    def __exit__(self, *_: object) -> None:
        (self._folder / END).touch()
        self._pool.shutdown()
        self._held.__exit__(None, None, None)

    def draw(
        self, charts: Iterable[Chart | None], ink: Ink, prefix: str
    ) -> Callable[[], list[Drawn]]:
        """Have the charts that there are drawn; what is returned waits for the SVGs.

        `prefix` keeps their ids apart from those of other charts. The wait raises CorrError.
        """
        wanted = [chart for chart in charts if chart is not None]
        number, self._given = self._given, self._given + 1
        text = json.dumps([specification(chart, ink) for chart in wanted])
        write_whole(self._folder / f"{number}.json", text)

        def drawn() -> list[Drawn]:
            return [
                Drawn(c.name, c.title, c.says, inline(svg, f"{prefix}-{c.name}", c), c.finding)
                for c, svg in zip(wanted, self._svgs(number), strict=True)
            ]

        return drawn

    def _svgs(self, number: int) -> list[str]:
        from collectors.base.errors import CorrError

        path = self._folder / f"{number}.svgs"
        while not path.exists():
            if self._child.done() and not path.exists():
                done = self._child.result()
                raise CorrError(f"a chart cannot be drawn: {done.last_lines(3) or done.ending()}")
            time.sleep(POLL)
        found: list[str] = json.loads(path.read_text())
        return found


def inline(svg: str, prefix: str, chart: Chart) -> str:
    """An SVG made ready to stand in the page: named, described, its ids its own, no style."""
    from markupsafe import escape

    svg = _LINK.sub(lambda link: f' href="{link[1]}"' if link[1] else "", svg)
    svg = _ID.sub(rf"\g<1>{prefix}-\g<2>", svg)
    head, _, body = svg.partition(">")
    size = re.search(r'width="([\d.]+)" height="([\d.]+)" viewBox="([^"]*)"', head)
    box = f'width="{size[1]}" height="{size[2]}" viewBox="{size[3]}"' if size else ""
    return (
        f'<svg {box} role="group" aria-labelledby="{prefix}-t {prefix}-d">'
        f'<title id="{prefix}-t">{escape(chart.title)}</title>'
        f'<desc id="{prefix}-d">{escape(f"{chart.finding}. " if chart.finding else "")}'
        f"{escape(chart.says)}</desc>{body}"
    )


def write(charts: Iterable[Chart | None], folder: Path, kind: str, stem: str = "") -> list[Path]:
    """The charts as files `STEM-NAME.svg` or `.png` of a folder. Raises CorrError."""
    import vl_convert

    from corr.report.ink import LIGHT
    from corr.system.disk import disk_errors

    written = []
    for chart in charts:
        if chart is None:
            continue
        spec = specification(chart, LIGHT) | {"background": LIGHT["surface"], "padding": 12}
        spec["title"] = chart.finding or chart.title
        path = folder / f"{stem}{'-' if stem else ''}{chart.name}.{kind}"
        version = vega_lite_version(spec)
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if kind == "svg":
                svg = vl_convert.vegalite_to_svg(spec, vl_version=version)
                path.write_text(_LINK.sub("", svg))  # there is no page to lead to
            else:
                path.write_bytes(
                    vl_convert.vegalite_to_png(spec, vl_version=version, scale=PNG_SCALE)
                )
        written.append(path)
    return written


def _serve(folder: Path, convert: Callable[..., str]) -> None:
    """Draw what is put into the folder until it says END, or whoever asks is gone."""
    parent = os.getppid()
    # the first drawing takes half a second longer than any other
    convert({"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "mark": "point"})
    for number in count():
        asked = folder / f"{number}.json"
        while not asked.exists():
            if (folder / END).exists() or os.getppid() != parent:
                return
            time.sleep(POLL)
        found = json.loads(asked.read_text())
        svgs = [convert(one, vl_version=vega_lite_version(one)) for one in found]
        write_whole(folder / f"{number}.svgs", json.dumps(svgs))


if __name__ == "__main__":
    import vl_convert

    _serve(Path(sys.argv[1]), vl_convert.vegalite_to_svg)
