"""stdout is data, stderr is messages: the formats that every listing takes."""

from __future__ import annotations

import contextlib
import csv
import datetime
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TextIO

from collectors.base.foreign_text import cut, visible

if TYPE_CHECKING:
    import pyarrow as pa


#: So many columns are shown on a terminal, however narrow it is.
LEAST_COLUMNS = 4
#: Characters of the bar of a whole.
BAR = 6
#: From here on a number is shown by its power of ten.
HUGE = 1e15


class Format(StrEnum):
    """How a listing is printed."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"
    markdown = "markdown"


def emit(
    rows: pa.Table,
    format: Format,
    *,
    styles: Mapping[str, str] | None = None,
    out: TextIO | None = None,
) -> None:
    """Print rows to stdout in a format. `styles`: how a column's values read in a table."""
    out = out or sys.stdout
    _WRITERS[format](rows, out, styles or {})


def message(text: str) -> None:
    """A message for the reader, on stderr; nobody reads it where the terminal was closed.

    Names in it are of the program under study: a terminal obeys none of them.
    """
    with contextlib.suppress(OSError):
        print(visible(text, keep="\n\t"), file=sys.stderr, flush=True)


def print_line(text: str = "") -> None:
    """A line of an answer that is read, not parsed, on stdout; safe as those of `message`."""
    print(visible(text, keep="\n\t"), flush=True)


def _json(rows: pa.Table, out: TextIO, _: Mapping[str, str]) -> None:
    json.dump(rows.to_pylist(), out, indent=1, default=_plain)
    out.write("\n")


def _jsonl(rows: pa.Table, out: TextIO, _: Mapping[str, str]) -> None:
    for batch in rows.to_batches(max_chunksize=4096):
        for row in batch.to_pylist():
            out.write(json.dumps(row, default=_plain) + "\n")


def _csv(rows: pa.Table, out: TextIO, _: Mapping[str, str]) -> None:
    """As it is for a file or another program; a terminal obeys no cell."""
    terminal = out.isatty()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows.column_names)
    for batch in rows.to_batches(max_chunksize=4096):
        for row in batch.to_pylist():
            cells = [_flat(v) for v in row.values()]
            writer.writerow([_seen(c) for c in cells] if terminal else cells)


def _markdown(rows: pa.Table, out: TextIO, styles: Mapping[str, str]) -> None:
    names = rows.column_names
    out.write("| " + " | ".join(names) + " |\n")
    out.write("|" + "|".join(" --- " for _ in names) + "|\n")
    for row in rows.to_pylist():
        cells = [_cell(row[n], styles.get(n)).replace("|", "\\|") for n in names]
        out.write("| " + " | ".join(cells) + " |\n")


def _table(rows: pa.Table, out: TextIO, styles: Mapping[str, str]) -> None:
    """Aligned columns; on a terminal wide cells are folded to its width."""
    if not out.isatty():
        names = {name: (name, styles.get(name)) for name in rows.column_names}
        emit_records(rows.to_pylist(), names, out=out, keep_empty=True)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in rows.column_names:
        right = _is_number(rows.schema.field(name).type)
        grid.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in rows.to_pylist():
        grid.add_row(*(Text(_text(row[n], styles.get(n))) for n in rows.column_names))
    Console(file=out).print(grid)


_WRITERS = {
    Format.table: _table,
    Format.json: _json,
    Format.jsonl: _jsonl,
    Format.csv: _csv,
    Format.markdown: _markdown,
}


def shown(value: Any, style: str | None = None) -> str:
    """A value as one reads it in a table: NULL as nothing, shares in per cent."""
    if value is None:
        return ""
    if style in ("percent", "share"):
        return f"{100 * value:.1f}%"
    if style == "count":
        return _count(value)
    if isinstance(value, float):
        whole = 10000 <= abs(value) < HUGE
        return f"{value:,.0f}" if whole else f"{value:.4g}"
    return str(_flat(value))


def _count(value: float) -> str:
    """A large count with a decimal unit: 1.2M."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            scaled = value / (1000 if unit == "k" else size)
            return f"{scaled:.3g}{unit}"
    return f"{value:.4g}"


def _flat(value: Any) -> Any:
    """Nested values as JSON text, times in ISO form."""
    if isinstance(value, list | dict):
        return json.dumps(value, default=_plain)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _seen(cell: Any) -> Any:
    return visible(cell, keep="\n") if isinstance(cell, str) else cell


def _text(value: Any, style: str | None) -> str:
    """A value for a reader's eyes, on the lines that it has."""
    return visible(shown(value, style), keep="\n")


def _cell(value: Any, style: str | None) -> str:
    """A value for a reader's eyes, on one line."""
    return _text(value, style).replace("\n", " ")


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def emit_records(
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, tuple[str, str | None]],
    notes: Callable[[Mapping[str, Any]], Sequence[str]] = lambda _row: (),
    out: TextIO | None = None,
    keep_empty: bool = False,
) -> None:
    """Print an aligned line a row, its notes indented below it.

    `columns`: key to (heading, style). Columns that are empty in every row are left out unless
    `keep_empty`. On a terminal notes are cut at its width, and the last columns that it is too
    narrow for are left out, and said so; elsewhere everything is whole.
    """
    out = out or sys.stdout
    width = shutil.get_terminal_size().columns if out.isatty() else None
    used = {
        k: v for k, v in columns.items() if keep_empty or any(r.get(k) is not None for r in rows)
    }
    cells = [[heading for heading, _ in used.values()]]
    cells += [
        [
            _with_bar(_cell(r.get(k), style), r.get(k), style, width)
            for k, (_, style) in used.items()
        ]
        for r in rows
    ]
    numeric = [_all_numbers(r.get(k) for r in rows) for k in used]
    widths = [max(len(line[i]) for line in cells) for i in range(len(used))]
    fit = len(widths)
    while width and fit > LEAST_COLUMNS and sum(widths[:fit]) + 2 * (fit - 1) > width:
        fit -= 1
    missing, widths = cells[0][fit:], widths[:fit]
    indent = " " * (widths[0] + 2) if widths else ""
    for number, line in enumerate(cells):
        aligned = [
            text.rjust(w) if right else text.ljust(w)
            for text, w, right in zip(line[:fit], widths, numeric[:fit], strict=True)
        ]
        out.write("  ".join(aligned).rstrip() + "\n")
        for note in notes(rows[number - 1]) if number else ():
            text = f"{indent}{visible(note)}"
            out.write((cut(text, width) if width else text) + "\n")
    if missing:
        message(f"without {', '.join(missing)}: the terminal is too narrow")


def _with_bar(cell: str, value: Any, style: str | None, width: int | None) -> str:
    """On a terminal a share of the time is also a bar of eighths."""
    if width is None or style != "share" or not isinstance(value, int | float):
        return cell
    eighths = round(8 * BAR * min(max(value, 0.0), 1.0))
    bar = "█" * (eighths // 8) + ("▏▎▍▌▋▊▉"[eighths % 8 - 1] if eighths % 8 else "")
    return f"{cell} {bar.ljust(BAR)}"


def _all_numbers(values: Iterable[Any]) -> bool:
    present = [v for v in values if v is not None]
    return bool(present) and all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in present
    )
