"""What the original needs where it runs, and leaves there, found out by running it.

A result that an earlier run left is taken out of its way, unless it goes on from there: a candidate
that writes half of it would be right by what is there already.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from collectors.base.errors import CorrError, UsageError
from collectors.base.invocation import failure
from corr.optimize.build_and_run import ELSEWHERE, Builds, Run
from corr.optimize.inputs import Input, Inputs
from corr.optimize.observed import STDERR, Evidence, Observed
from corr.optimize.request import Order
from corr.optimize.surroundings import Surroundings, resolved, surroundings
from corr.system.disk import disk_errors


def look_around(builds: Builds, inputs: Inputs, binary: Path, order: Order) -> Inputs:
    """Give `builds` the surroundings of the original, by running it on the inputs that are known.

    The inputs are then those with all that counts. Raises CorrError unless it runs well.
    """
    run, evidence = builds.program.run, inputs.evidence
    words = list(dict.fromkeys(word for given in inputs.named for word in given.args))
    evidence = replace(
        evidence,
        files=evidence.files or bool(order.results),
        errors=order.stderr and evidence.output != STDERR,
    )
    if not evidence.files:
        named = (run.directory / word for word in words)
        builds.surroundings = Surroundings(readable=tuple(p for p in named if p.is_file()))
        _ran(builds, binary, inputs.timed, "stdout")
        return replace(inputs, evidence=evidence)
    place = builds.folder / "given"
    with disk_errors(builds.folder, ELSEWHERE):
        read = [run.stdin, *(given.stdin for given in inputs.named)]
        apart = [builds.folder, *(path for path in dict.fromkeys(read) if path is not None)]
        around = surroundings(run.directory, words, order.results, place, apart)
        builds.surroundings = around
        _only_what_is_used(builds, binary, inputs, evidence, place)
    declared = tuple(around.name(resolved(run.directory, name)) for name in order.results)
    if builds.bare and any(Path(name).is_absolute() for name in declared):
        raise UsageError("--result outside of the folder where it runs needs the sandbox")
    return replace(inputs, evidence=replace(evidence, declared=declared))


def _only_what_is_used(
    builds: Builds, binary: Path, inputs: Inputs, evidence: Evidence, place: Path
) -> None:
    """Leave away what the original does not use, and what it only writes anew."""
    around, given = builds.surroundings, [one for one in inputs.named if not one.flags]
    seen: list[Observed] = []
    used: dict[Path, bool] = {}
    for one in given:
        run = _ran(builds, binary, one, evidence.output)
        seen.append(run.observed(evidence).kept())
        for path, written in _used(around, run).items():
            used[path] = written or used.get(path, False)
    builds.surroundings = around = around if builds.bare else around.only(used, place)
    earlier = [path for path in around.copies if used.get(path)]
    if not earlier:
        return
    anew = around.without(earlier, place.with_name("given anew"))
    names = {around.name(path) for path in earlier}
    same = (
        _same(builds, binary, one, before, evidence, (around, anew), names)
        for one, before in zip(given, seen, strict=True)
    )
    builds.surroundings = anew if all(same) else around


def _same(
    builds: Builds,
    binary: Path,
    given: Input,
    before: Observed,
    evidence: Evidence,
    places: tuple[Surroundings, Surroundings],
    names: set[str],
) -> bool:
    """Without these files it puts out what it did before, but for what is never twice the same."""
    with_them, builds.surroundings = places
    try:
        found = _ran(builds, binary, given, evidence.output).observed(evidence)
        differing = set(before.differing(found))
        if not differing or differing & names:
            return not differing
        builds.surroundings = with_them
        again = _ran(builds, binary, given, evidence.output).observed(evidence)
        return differing <= set(before.differing(again))
    except CorrError:
        return False


def _used(around: Surroundings, run: Run) -> dict[Path, bool]:
    """The files that a run used, and which of them it wrote."""
    return around.used(run.done.left.entries) if run.done.left is not None else {}


def _ran(builds: Builds, binary: Path, given: Input, output: str) -> Run:
    """A run of the original. Raises CorrError unless it runs well."""
    run = builds.run(binary, given, output, look=bool(builds.surroundings.places))
    error = failure(run.done)
    if error is not None:
        raise error
    if run.trouble:
        raise CorrError(f"{builds.program.name}: {run.trouble}")
    return run
