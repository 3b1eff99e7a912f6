"""report.html: what it draws and lists, and that nothing foreign in it is markup."""

from __future__ import annotations

import re

import pytest

from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.report.ink import LIGHT
from corr.search import page
from corr.search.analysis import Analysis
from corr.search.cases import Case
from corr.search.charts import all_charts, heat_map
from corr.search.outcome import Failed, Outcome
from corr.search.settings import Setting
from corr.search.study import Cases
from tests.support.search_lab import FakeLab, done, study

HOSTILE = "<script>alert(1)</script> \u202e</pre>"


def model(case: Case, setting: Setting) -> float | Failed:
    size, value = case.features["size"], setting.number
    if value == 512 and size > 4000:
        return Failed(Outcome.not_built, HOSTILE)
    return size if value is None else size * (0.2 if (value == 8) == (size >= 1024) else 0.8)


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("page")
    (folder / "cases").write_text(
        "\n".join(f"{HOSTILE} --size {2**n + k}" for n in range(4, 16) for k in range(2))
    )
    made = study([8, 512], {"size": [1]}, cases=Cases(file="cases"), folder=folder)
    return done(made, FakeLab(model), folder).analysis


def test_every_chart_is_drawn(analysis: Analysis) -> None:
    charts = [chart for chart in all_charts(analysis, LIGHT) if chart is not None]
    assert [chart.name for chart in charts] == ["speedups", "by-size", "cases"]
    (eight,) = [row for row in analysis.settings() if row["setting"] == "8"]
    means, _, cells_say = (chart.finding for chart in charts)
    # 512 gains more where it builds, and does not build everywhere
    assert means == f"8 is the fastest single value: ×{eight['speedup']:.4g} over all its cases"
    assert "5 failed" in cells_say
    for chart in charts:
        chart.drawing.to_dict(validate=True)
    heat = heat_map(analysis, LIGHT)
    assert heat is not None
    cells = heat.drawing.to_dict()["data"]["values"]
    tuning = [r for r in analysis.cases if r["part"] == "tuning"]
    assert len(cells) == 2 * len(tuning) and "failed" in {cell["kind"] for cell in cells}


@pytest.mark.slow
def test_the_page_stands_alone(analysis: Analysis) -> None:
    text = page.html(analysis)
    assert HOSTILE not in text and "<script>alert" not in text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    for said in ("ready: ×", "What is recommended", "Which cases prefer which value", "does not build",
                 "limit = 8;", "average improvement", "&lt;script&gt;alert(1)"):  # fmt: skip
        assert said in text
    assert text.count("<figure") == 3 and text.count("<svg") == 3


def test_every_table_says_its_sql(analysis: Analysis) -> None:
    lake = Lake.open(analysis.run.folder.parent.parent)
    for table in page.tables(analysis):
        found = ask(lake, table.sql, runs=[analysis.run]).to_pylist()
        if table.name not in ("proof", "best", "trouble"):
            assert len(found) == len(table.rows), table.name
        known = set(found[0]) if found else set()
        assert not found or {c.key for c in table.columns} - known <= {"cases_of"}
