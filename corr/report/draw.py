"""Charts as SVG for the page, and as SVG and PNG files: by vl-convert, without a browser."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corr.report.charts import Chart
    from corr.report.ink import Ink

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
    """Draws charts in a child process, beside the queries of the page."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Painter:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def draw(self, charts: Iterable[Chart | None], ink: Ink, prefix: str) -> Future[list[Drawn]]:
        """SVGs of the charts that there are, for a page; `prefix` keeps their ids apart."""
        wanted = [chart for chart in charts if chart is not None]
        specifications = [specification(chart, ink) for chart in wanted]
        return self._pool.submit(self._drawn, wanted, specifications, prefix)

    @staticmethod
    def _drawn(
        charts: list[Chart], specifications: list[dict[str, Any]], prefix: str
    ) -> list[Drawn]:
        if not charts:
            return []
        svgs = _in_child(specifications)
        return [
            Drawn(c.name, c.title, c.says, inline(svg, f"{prefix}-{c.name}", c))
            for c, svg in zip(charts, svgs, strict=True)
        ]


def _in_child(specifications: list[dict[str, Any]]) -> list[str]:
    from collectors import process
    from collectors.errors import CorrError

    done = process.run(
        [sys.executable, Path(__file__)], stdin=json.dumps(specifications).encode(), timeout=300
    )
    if not done.ok:
        raise CorrError(f"a chart cannot be drawn: {done.last_lines(3)}")
    found: list[str] = json.loads(done.stdout)
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
        f'<desc id="{prefix}-d">{escape(chart.says)}</desc>{body}'
    )


def write(charts: Iterable[Chart | None], folder: Path, kind: str, stem: str = "") -> list[Path]:
    """The charts as files `STEM-NAME.svg` or `.png` of a folder. Raises CorrError."""
    import vl_convert

    from corr.lake import disk_errors
    from corr.report.ink import LIGHT

    written = []
    for chart in charts:
        if chart is None:
            continue
        spec = specification(chart, LIGHT) | {"background": LIGHT["surface"], "padding": 12}
        spec["title"] = chart.title
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


def _main(convert: Callable[..., str]) -> None:
    specifications = json.load(sys.stdin)
    json.dump([convert(s, vl_version=vega_lite_version(s)) for s in specifications], sys.stdout)


if __name__ == "__main__":
    import vl_convert

    _main(vl_convert.vegalite_to_svg)
