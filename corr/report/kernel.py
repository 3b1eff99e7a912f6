"""Everything that the page of one kernel or run is made of, gathered from the lake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from corr.findings.of_run import Finding, answers, of_run
from corr.lake.store import Lake
from corr.report import facts as run_facts
from corr.report import icicle, ladder, roofline
from corr.report import layers as run_layers
from corr.report import trials as run_trials
from corr.report.captions import counted
from corr.report.draw import Drawn, Painter
from corr.report.facts import SHOWN_FUNCTIONS, SHOWN_LOOPS, Facts
from corr.report.icicle import Icicle
from corr.report.ink import PAGE, Ink
from corr.report.ladder import Rung
from corr.report.layers import Layers
from corr.report.listing import Asker, Listing, Row, grouped
from corr.report.subject import Subject
from corr.report.trials import Trials
from corr.roofs import peaks as machine_peaks
from corr.roofs.peaks import Peaks

#: Trials that the table shows at once; hundreds would hide what came of them.
SHOWN_TRIALS = 120
#: Steps of the heat column's bars.
HEAT_STEPS = 20


@dataclass(frozen=True)
class SourceLine:
    """A line of the page's source. `heat` is its step of HEAT_STEPS, `starts` loops begin on it."""

    line: int
    text: str
    share: float | None
    samples: int | None
    heat: int
    executions: int | None
    done: int
    missed: int
    starts: Sequence[str]
    gap: bool


@dataclass(frozen=True)
class SourceFile:
    """The shown lines of a file; `open` where it holds enough of the time to be seen at once."""

    name: str
    number: int
    lines: Sequence[SourceLine]
    share: float
    whole: bool
    open: bool


@dataclass
class Kernel:
    """One kernel's or run's part of a report. `at` is what links to places in it begin with."""

    subject: Subject
    number: int
    at: str
    facts: Facts
    layers: Layers
    trials: Trials | None
    peaks: Peaks | None
    why_no_peaks: str
    roofline: Sequence[Row]
    with_source: bool
    answers: Sequence[Finding] = ()
    icicle: Icicle | None = None
    charts: dict[str, Drawn] = field(default_factory=dict)
    drawing: Sequence[Callable[[], list[Drawn]]] = ()

    @property
    def name(self) -> str:
        return self.subject.name

    @property
    def link(self) -> str:
        return f"#kernel={quote(self.name, safe='')}"

    @property
    def about(self) -> Mapping[str, Any]:
        facts = self.subject.run.facts
        return facts.to_json() | {"built_with": facts.built_with}

    @property
    def hot(self) -> Listing:
        return self.facts.hot.first(SHOWN_LOOPS)

    @property
    def functions(self) -> Listing:
        return self.facts.functions.first(SHOWN_FUNCTIONS)

    @property
    def others(self) -> Row:
        """The functions that are not in the table, as counts."""
        rest = self.facts.functions.rows[SHOWN_FUNCTIONS:]
        names = ("samples", "loops", "instructions", "done", "missed", "other")
        return {"functions": len(rest)} | {n: sum(r[n] or 0 for r in rest) for n in names}

    @property
    def tried(self) -> Listing | None:
        if self.trials is None:
            return None
        return replace(self.trials.trials.first(SHOWN_TRIALS), columns=run_trials.TRIED)

    @property
    def rest_of_trials(self) -> Listing | None:
        """What the table of trials has no room for."""
        if self.trials is None:
            return None
        shown = {column.key for column in run_trials.TRIED} - {"name"}
        every = self.trials.trials.first(SHOWN_TRIALS)
        return replace(every, columns=tuple(c for c in every.columns if c.key not in shown))

    @property
    def ladder(self) -> list[Rung]:
        return ladder.rungs(self.trials) if self.trials else []

    def layer_says(self, layer: str) -> str:
        """What is in a layer, for whoever decides whether to open it."""
        facts = self.facts
        drawn = self.charts.get(layer)
        if drawn is not None and drawn.finding:
            return drawn.finding
        if layer == "counters":
            missing = len(facts.problems.rows)
            had = counted(len(facts.counters.rows), "counter", "counters")
            return f"{had}; {missing} could not be had" if missing else had
        counts = {
            "passes": (len(self.layers.changes), "change", "changes"),
            "remarks": (self.layers.remarks, "remark", "remarks"),
            "calls": (len(facts.calls.rows) + facts.calls.left_out, "call", "calls"),
            "functions": (len(facts.functions.rows), "function", "functions"),
        }
        return counted(*counts[layer]) if layer in counts else "nothing that computes is known"

    @property
    def ladder_says(self) -> str:
        return ladder.says(self.ladder)

    @property
    def roofline_listing(self) -> Listing:
        return roofline.listing(self.roofline)

    @property
    def peaks_listing(self) -> Listing | None:
        return roofline.peaks_listing(self.peaks) if self.peaks else None

    @property
    def best(self) -> Row | None:
        return self.trials.best if self.trials else None

    @property
    def files(self) -> list[SourceFile]:
        return list(_files(self))

    @property
    def patches(self) -> list[str | None]:
        """The patch of each trial that is shown, against the original sources."""
        if self.tried is None or not self.with_source:
            return []
        return [row["patch"] for row in self.tried.rows]

    def chunks(self) -> dict[str, Any]:
        """What the page's script reads by need, by name."""
        found: dict[str, Any] = {"layers": self.layers.data, "patches": self.patches}
        return found | {f"diffs-{n}": piece for n, piece in enumerate(self.layers.diffs)}

    def finish(self) -> None:
        """Wait for the charts."""
        self.charts |= {drawn.name: drawn for wait in self.drawing for drawn in wait()}
        self.drawing = ()


def gather(
    lake: Lake,
    subject: Subject,
    number: int = 0,
    *,
    at: str = "",
    with_source: bool = True,
    painter: Painter | None = None,
) -> Kernel:
    """A subject's part of a report; with a painter its charts are drawn beside the queries."""
    drawing = []
    trials = run_trials.gather(lake, subject)
    if painter is not None and trials is not None:
        drawing.append(painter.draw(trial_charts(trials, PAGE, at), PAGE, f"k{number}"))
    with Asker(lake, [subject.run], run_facts.TABLES) as ask:
        facts = run_facts.gather(subject.run, ask)
        layers = run_layers.gather(ask, facts)
        picture = icicle.gather(ask, subject.program, with_source=with_source)
    peaks, why = machine_peaks.of_run(lake, subject.run)
    found = roofline.loops(facts, layers, peaks)
    made = Kernel(subject, number, at, facts, layers, trials, peaks, why, found, with_source)
    made.answers = answers(of_run(lake, subject.run))
    made.icicle = picture
    if painter is not None:
        drawing.append(painter.draw(run_charts(made, PAGE), PAGE, f"k{number}"))
    made.drawing = drawing
    return made


def trial_charts(trials: Trials, ink: Ink, at: str = "") -> list[Any]:
    """The charts of an optimisation; None for those that there is nothing to draw in."""
    from corr.report import charts as of_trials

    return [
        of_trials.times(trials, ink, at),
        of_trials.counters(trials, ink),
        of_trials.before_after(trials, ink),
        of_trials.opcodes(trials, ink),
        of_trials.gains(trials, ink, at),
    ]


def run_charts(kernel: Kernel, ink: Ink) -> list[Any]:
    """The charts of a run; None for those that there is nothing to draw in."""
    from corr.report import charts_run as of_run

    loops = [row["loop"] for row in kernel.facts.hot.rows if row["loop"]]
    found: list[Any] = [
        of_run.passes(kernel.layers.changes, loops, ink, kernel.at),
        of_run.remarks(kernel.facts.kinds.rows, ink),
    ]
    if kernel.peaks is not None:
        found.append(of_run.roofline(kernel.roofline, kernel.peaks, ink, kernel.at))
    return found


def charts(kernel: Kernel, ink: Ink) -> list[Any]:
    """All charts of a kernel."""
    of_trials = trial_charts(kernel.trials, ink, kernel.at) if kernel.trials else []
    return of_trials + run_charts(kernel, ink)


def _files(kernel: Kernel) -> Iterator[SourceFile]:
    facts = kernel.facts
    heat = {(row["file"], row["line"]): row for row in facts.heat}
    most = max((row["share"] for row in facts.heat), default=0.0)
    starts: dict[tuple[str, int], list[str]] = {}
    for loop in facts.loops:
        if loop["end_line"] > loop["line"]:
            starts.setdefault((loop["file"], loop["line"]), []).append(loop["key"])
    marks = _marks(kernel.layers)
    for number, (name, rows) in enumerate(grouped(facts.source, lambda r: r["file"]).items()):
        share = sum(r["share"] for r in facts.heat if r["file"] == name)
        lines = []
        before = 0
        for row in rows:
            place = (name, row["line"])
            hot = heat.get(place, {"share": None, "samples": None})
            step = round(HEAT_STEPS * hot["share"] / most) if hot["share"] and most else 0
            done, missed = marks.get(place, (0, 0))
            lines.append(
                SourceLine(
                    row["line"],
                    row["text"] if kernel.with_source else "",
                    hot["share"],
                    hot["samples"],
                    max(step, 1) if hot["share"] else 0,
                    facts.executions.get(place),
                    done,
                    missed,
                    starts.get(place, ()),
                    bool(before) and row["line"] != before + 1,
                )
            )
            before = row["line"]
        whole = len(rows) == facts.files.get(name)
        yield SourceFile(name, number, lines, share, whole, number == 0 or share >= 0.05)


def _marks(layers: Layers) -> dict[tuple[str, int], tuple[int, int]]:
    """How many remarks of each line say that something was done, and that it was not."""
    data = layers.data
    words = data["words"]
    at = {name: place for place, name in enumerate(data["remark"])}
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for row in data["remarks"]:
        if row[at["file"]] is None:
            continue
        place = (words[row[at["file"]]], row[at["line"]])
        tag = words[row[at["tag"]]]
        done, missed = found.get(place, (0, 0))
        if tag == "Passed":
            found[place] = (done + row[at["count"]], missed)
        elif tag in ("Missed", "Failure"):
            found[place] = (done, missed + row[at["count"]])
    return found
