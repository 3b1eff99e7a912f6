"""`corr optimize` with the rules on the thirty PolyBench algorithms: ratios in one run each.

Single thread, no reassociation. Every result is checked by corr (two sizes and more, held-out
seeds, sanitizers), and once more here: the written result is built by its own build.sh and its
digest compared with the original's at a size and seed that corr never used.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

KERNELS = Path(__file__).parent.parent / "kernels"
CACHE = Path(__file__).parent / ".cache" / "optimize"
THIRTY = tuple(
    """correlation covariance gemm gemver gesummv symm syr2k syrk trmm 2mm 3mm atax bicg doitgen mvt
    cholesky durbin gramschmidt lu ludcmp trisolv deriche floyd_warshall nussinov
    adi fdtd_2d heat_3d jacobi_1d jacobi_2d seidel_2d""".split()  # noqa: SIM905
)
#: Geometric means over clang or gcc -O3 as published, single thread: see docs/optimize.md.
PUBLISHED = {"Polly": 1.41, "Pluto": 2.34, "Polygeist": 2.53}
HELD_OUT = ("--size", "83", "--seed", "20011")


def main(arguments: list[str]) -> int:
    """Optimise each kernel (or those named), print a row each, the means, and what was missed."""
    candidates = os.environ.get("CORR_BENCH_CANDIDATES", "32")
    shutil.rmtree(CACHE, ignore_errors=True)
    CACHE.mkdir(parents=True)
    rows = []
    heads = "".join(f"{name:>8}" for name in ("-O3", "native", "polly"))
    print(f"{'kernel':16}{heads}{'best of':>9}{'of the roof':>16}  verdict, own time")
    for name in arguments or THIRTY:
        rows.append(one(name, candidates))
        print(line(rows[-1]), flush=True)
    return summary(rows)


def one(name: str, candidates: str) -> dict:
    """Optimise one kernel and read its history."""
    data, out = CACHE / "data", CACHE / name
    command = [sys.executable, "-m", "corr", "optimize", f"{name}.c", "--proposer", "rules"]
    command += ["--iterations", "1", "--candidates", candidates, "--data", str(data)]
    start = time.perf_counter()
    done = subprocess.run([*command, "-o", str(out)], capture_output=True, text=True, cwd=CACHE)
    row = {"kernel": name, "seconds": time.perf_counter() - start, "error": ""}
    if done.returncode not in (0, 4):
        return row | {"error": (done.stderr.strip().splitlines() or ["failed"])[-1]}
    history = [sys.executable, "-m", "corr", "history", name, "--data", str(data)]
    stages = json.loads(subprocess.check_output([*history, "--format", "json"], cwd=CACHE))
    trials = json.loads(
        subprocess.check_output([*history, "--trials", "--format", "json"], cwd=CACHE)
    )
    by_stage = {s["stage"]: s for s in stages}
    best = by_stage.get("best")
    row["trials"] = len(trials)
    row["own"] = own_share(data, stages[0]["session"])
    row["roof"] = roof_shares(data, stages[0]["session"])
    if best is None:
        native, polly = (by_stage.get(s, {}) for s in _baselines(by_stage))
        over = [1 / (b.get("speedup_original") or 1) for b in (native, polly)]
        return row | {"o3": 1.0, "native": over[0], "polly": over[1], "correct": True, "kept": True}
    row |= {
        "o3": best["speedup_original"],
        "native": best["speedup_native"],
        "polly": best["speedup_polly"],
        "kept": False,
    }
    return row | {"correct": rebuilt_equals(name, out)}


def _baselines(stages: dict) -> tuple[str, str]:
    native = next((s for s in stages if s.endswith("-march=native")), "")
    polly = next((s for s in stages if s.endswith("-polly")), "")
    return native, polly


def rebuilt_equals(name: str, out: Path) -> bool:
    """The written result, built by its script, gives the digest of the original."""
    subprocess.run([str(out / "build.sh")], check=True, capture_output=True)
    script = (out / "build.sh").read_text()
    # flags that change the last bits by themselves: fused multiply-add, or none
    flags = ["-O3", *(f for f in ("-march=native", "-ffp-contract=off") if f in script)]
    original = CACHE / f"{name}.original"
    subprocess.run(
        ["clang-22", *flags, str(KERNELS / f"{name}.c"), "-lm", "-o", str(original)], check=True
    )
    digests = [
        subprocess.check_output([str(binary), *HELD_OUT, "--digest"], stderr=subprocess.DEVNULL)
        for binary in (original, out / name)
    ]
    return digests[0] == digests[1]


def own_share(data: Path, session: str) -> float | None:
    """Share of the trials' time that neither compilers nor programs took."""
    query = (
        "SELECT 1 - sum(compile_seconds + run_seconds) / sum(trial_seconds) AS own FROM iterations "
        f"WHERE session = '{session}' AND role = 'proposal'"
    )
    command = [sys.executable, "-m", "corr", "sql", query, "--data", str(data), "--format", "json"]
    return json.loads(subprocess.check_output(command))[0]["own"]


def roof_shares(data: Path, session: str) -> tuple[float, float] | None:
    """Shares of what the machine allows, of the original and the best; None: not known."""
    query = f"SELECT before, after FROM roof_shares WHERE session = '{session}'"
    command = [sys.executable, "-m", "corr", "sql", query, "--data", str(data), "--format", "json"]
    found = [r for r in json.loads(subprocess.check_output(command)) if r["before"]]
    return (found[0]["before"], found[0]["after"]) if found else None


def line(row: dict) -> str:
    """One kernel's row."""
    if row["error"]:
        return f"{row['kernel']:16}  {row['error']}"
    least = min(row["o3"], row["native"] or 9e9, row["polly"] or 9e9)
    verdict = "the original is kept" if row["kept"] else "equal digests"
    if not row["correct"]:
        verdict = "WRONG DIGEST"
    own = f"{row['own']:.1%}" if row["own"] is not None else "–"
    ratios = "".join(f"{row[n] or math.nan:8.2f}" for n in ("o3", "native", "polly"))
    shares = "–"
    if row["roof"] is not None:
        shares = " → ".join(f"{share:.1%}" for share in row["roof"])
    return (
        f"{row['kernel']:16}{ratios}{least:9.2f}{shares:>16}  {verdict}, own {own}, "
        f"{row['trials']} trials in {row['seconds']:.0f} s"
    )


def summary(rows: list[dict]) -> int:
    """The means against the targets; 1 if a kernel is wrong or could not be optimised."""
    good = [r for r in rows if not r["error"]]
    least = [min(r["o3"], r["native"] or 9e9, r["polly"] or 9e9) for r in good]
    print(f"\ngeometric mean over -O3: {_mean([r['o3'] for r in good]):.2f}× (target ≥ 3.0×)")
    for peer, value in PUBLISHED.items():
        print(f"  published, single thread: {peer} {value}×")
    print(f"geometric mean over the best of -O3, native, Polly: {_mean(least):.2f}×")
    roofs = [r["roof"] for r in good if r["roof"] is not None]
    if roofs:
        before, after = (_mean([shares[at] for shares in roofs]) for at in (0, 1))
        mean = f"geometric mean of {len(roofs)}: {before:.1%} → {after:.1%}"
        print(f"share of the roof, {mean} (target ≥ 50 %)")
    for name in ("native", "polly"):
        mean = _mean([r["o3"] / (r[name] or r["o3"]) for r in good])
        print(f"  {name} alone over -O3: {mean:.2f}×")
    print(
        f"at least 1.3× over the best baseline: {sum(v >= 1.3 for v in least)} (target 15); "
        f"below 0.95×: {sum(v < 0.95 for v in least)} (target 0)"
    )
    wrong = [r["kernel"] for r in good if not r["correct"]]
    failed = [r["kernel"] for r in rows if r["error"]]
    print(f"correct: {len(good) - len(wrong)} of {len(rows)}; wrong {wrong}; failed {failed}")
    return 1 if wrong or failed else 0


def _mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
