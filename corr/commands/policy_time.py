"""`corr policy improve --objective time`: hot calls of a collected program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from corr.commands.options import open_lake, words
from corr.console.output import Format, message


def improve_time(
    reference: str,
    held_out_args: str | None,
    most: int,
    minutes: float | None,
    into: Path | None,
    llvm: str | None,
    data: Path | None,
    format: Format,
    client: Any = None,
) -> None:
    """Try the hot calls of a run, time the whole program, write down what is faster."""
    from collectors.base import toolchain
    from collectors.base.scratch import scratch
    from corr.commands.policy_learning import print_rows, steps
    from corr.commands.program import collected
    from corr.policy.hot_calls import Search, hot_calls, unit_flags
    from corr.system.disk import disk_errors, write_whole
    from corr.workers.hosts import hosts
    from corr.workers.pairs import There

    lake = open_lake(data)
    run = lake.find(reference)
    calls = hot_calls(lake, run)[:most]
    program = collected(lake, run.run_id)
    tools = toolchain.find(llvm or (str(run.facts.llvm_major) if run.facts.llvm_major else None))
    held_out = None if held_out_args is None else words(held_out_args, "--held-out-args")
    with scratch("policy") as folder, steps() as amount:
        timer = There(hosts(client)) if client is not None else None
        search = Search(program, tools, folder, held_out, timer)
        seconds = None if minutes is None else 60 * minutes
        done = search.run(calls, seconds, amount("hot calls", len(calls)))
    rows: list[dict[str, object]] = [
        {
            "call": tried.call.words,
            "share": tried.call.share,
            "time": tried.ratio.value if tried.ratio else None,
            "99 % from": tried.ratio.low if tried.ratio else None,
            "to": tried.ratio.high if tried.ratio else None,
            "kept": tried.kept,
            "why": tried.why,
        }
        for tried in done.tried
    ]
    print_rows(rows, format, percent=("share",), digits=1)
    for name, ratio in (("as collected", done.train), ("held-out arguments", done.held_out)):
        if ratio is not None:
            message(
                f"all kept calls, {name}: ×{ratio.value:.3f} of the original's time"
                f" (99 %: {ratio.low:.3f} to {ratio.high:.3f})"
            )
    if not done.kept:
        why = "what was kept was not faster at the end" if done.refuted else "no call was faster"
        message(f"{why}: LLVM's own decisions stay")
        return
    folder = into or Path("inlining")
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        flags = unit_flags(done.kept, folder)
        write_whole(folder / "inlining.json", json.dumps({program.name: flags}, indent=1) + "\n")
        if done.patch is not None:
            write_whole(folder / "attributes.patch", done.patch.text)
    message(f"{folder / 'inlining.json'}: flags for {', '.join(flags)}")
    if done.patch is not None:
        ratio = done.patch.ratio
        told = f"×{ratio.value:.3f} of the original's time" if ratio else "the same code"
        message(f"{folder / 'attributes.patch'}: by attributes in the sources, {told}")
    else:
        message("no patch: attributes have no place at these calls, or are not faster")
