"""The colours and shapes of the charts: variables of the page's style, or plain colours in files.

The colours are those of Okabe and Ito (2008), told apart without colour vision; each is also a
shape of its own, so that no fact is in the colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corr.report.trials import Kind

#: Light and dark values of each colour; style.css has the same under `--c-NAME`.
COLOURS = {
    "text": ("#1c2024", "#e8eaed"),
    "muted": ("#59626b", "#a4adb6"),
    "grid": ("#dfe3e7", "#343b42"),
    "surface": ("#ffffff", "#15191d"),
    "blue": ("#005f9e", "#6cb8f0"),
    "green": ("#00704f", "#3fd0a4"),
    "orange": ("#9a5b00", "#f0b042"),
    "red": ("#b3261e", "#ff8a7a"),
    "purple": ("#8a3a6b", "#e39ac6"),
    "h0": ("#f3f6f9", "#1b2127"),
    "h1": ("#d8e6f3", "#1d3346"),
    "h2": ("#b5d0e9", "#1f4766"),
    "h3": ("#86b4dc", "#215d89"),
    "h4": ("#5594c9", "#24669b"),
    "h5": ("#2a72af", "#5aa5dd"),
    "h6": ("#0b4f86", "#a5d1f5"),
    "on-low": ("#1c2024", "#e8eaed"),
    "on-mid": ("#0d1013", "#e8eaed"),
    "on-high": ("#ffffff", "#0d1013"),
}
#: A cross on its side, as an outline.
_CROSS = "M-1,-0.7L-0.7,-1L0,-0.3L0.7,-1L1,-0.7L0.3,0L1,0.7L0.7,1L0,0.3L-0.7,1L-1,0.7L-0.3,0Z"
#: Colour and shape of each kind of trial.
KINDS: dict[Kind, tuple[str, str]] = {
    Kind.original: ("text", "diamond"),
    Kind.baseline: ("purple", "square"),
    Kind.accepted: ("green", "circle"),
    Kind.best: ("blue", "triangle-up"),
    Kind.same: ("muted", "triangle-right"),
    Kind.slower: ("orange", "triangle-down"),
    Kind.refused: ("red", "cross"),
    Kind.failed: ("red", _CROSS),
}


@dataclass(frozen=True)
class Ink:
    """Names of colours to what a chart is given for them."""

    colours: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.colours[name]

    @property
    def config(self) -> dict[str, Any]:
        """The configuration of every chart."""
        axis = {
            "labelColor": self["muted"],
            "titleColor": self["text"],
            "titleFontWeight": "normal",
            "gridColor": self["grid"],
            "domainColor": self["muted"],
            "tickColor": self["muted"],
            "labelFontSize": 11,
            "titleFontSize": 12,
            "labelLimit": 260,
        }
        legend = {
            "labelColor": self["text"],
            "titleColor": self["text"],
            "labelFontSize": 11,
            "orient": "top",
            "title": None,
            "columns": 4,
            "symbolSize": 90,
            "labelLimit": 300,
        }
        return {
            "background": None,
            "font": "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
            "axis": axis,
            "legend": legend,
            "header": {"labelColor": self["text"], "titleColor": self["text"], "labelFontSize": 12},
            "title": {"color": self["text"], "fontSize": 14, "anchor": "start"},
            "view": {"stroke": self["grid"]},
            "bar": {"color": self["blue"]},
            "text": {"color": self["text"], "fontSize": 11},
            "rule": {"color": self["muted"]},
        }


#: For the page: its style sheet says what the variables are, in the light and in the dark.
PAGE = Ink({name: f"var(--c-{name})" for name in COLOURS})
#: For files, which are looked at on white.
LIGHT = Ink({name: light for name, (light, _) in COLOURS.items()})
