"""Run a program that marks its regions while Caliper or PAPI measures; read what they wrote."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from elftools.elf.dynamic import DynamicSection
from elftools.elf.sections import SymbolTableSection

from collectors.base import elf, process
from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation, failure
from collectors.base.table import Problem
from collectors.regions import caliper, papi
from collectors.regions.marks import LAYER, REGION_METADATA, REGIONS, Profile, locate, tables

PAPI = "papi"
CALIPER = "caliper"
#: What says that a library is there: its name, and a function it defines if linked statically.
_LIBRARIES = {
    PAPI: ("libpapi.so", "PAPI_hl_region_begin"),
    CALIPER: ("libcaliper.so", "cali_begin_region"),
}
#: Hardware events worth having, best first; as many as a core counts at once without sharing.
PREFERRED = ("PAPI_TOT_CYC", "PAPI_TOT_INS", "PAPI_L1_DCM", "PAPI_BR_MSP")
#: Events of the kernel, which need no PMU.
SOFTWARE = ("perf::TASK-CLOCK", "perf::PAGE-FAULTS", "perf::CONTEXT-SWITCHES")
_AVAILABLE = re.compile(r"^(PAPI_\w+)\s+0x", re.MULTILINE)


def annotated(binary: Path) -> frozenset[str]:
    """Which of `papi` and `caliper` a program is linked with; nothing for a file that is no ELF."""
    try:
        with elf.opened(binary) as file:
            needed: set[str] = set()
            defined: set[str] = set()
            for section in file.iter_sections():
                if isinstance(section, DynamicSection):
                    needed |= {
                        str(getattr(t, "needed", "")) for t in section.iter_tags("DT_NEEDED")
                    }
                elif isinstance(section, SymbolTableSection):
                    marks = {function for _, function in _LIBRARIES.values()}
                    defined |= {
                        s.name
                        for s in section.iter_symbols()
                        if s.name in marks and s["st_shndx"] != "SHN_UNDEF"
                    }
    except CorrError:
        return frozenset()
    return frozenset(
        name
        for name, (library, function) in _LIBRARIES.items()
        if function in defined or any(n.startswith(library) for n in needed)
    )


def gather(
    invocation: Invocation,
    folder: Path,
    sources: Mapping[str, str] | None = None,
) -> tuple[pa.Table, pa.Table, list[Problem]]:
    """Measure the regions of a program that is linked with PAPI or Caliper, in a run of its own.

    `folder` takes the tools' output; `sources` are texts by file name, in which marks are looked
    for. Returns the tables `regions` and `region_metadata`, both empty for any other program,
    and the problems: nothing is raised, a region that cannot be had is a problem.
    """
    profiles: list[Profile] = []
    problems: list[Problem] = []
    tools = annotated(invocation.binary)
    try:
        if PAPI in tools:
            profiles += _papi(invocation, folder / "papi")
        if CALIPER in tools:
            profiles += _caliper(invocation, folder / "regions.cali")
    except CorrError as error:
        problems.append(Problem(LAYER, invocation.binary.name, error.message, error.fix))
    except OSError as error:
        problems.append(Problem(LAYER, str(folder), f"cannot be written: {error.strerror}"))
    if not profiles:
        return REGIONS.empty(), REGION_METADATA.empty(), problems
    locate(profiles, sources or {})
    rows, metadata, met = tables(profiles)
    return rows, metadata, problems + met


# --- PAPI ----------------------------------------------------------------------------------------


def events(invocation: Invocation) -> list[tuple[str, ...]]:
    """Sets of events to try in turn: the user's own, else what the hardware has, else software."""
    own = invocation.environment().get("PAPI_EVENTS")
    if own:
        return [tuple(own.split(","))]
    hardware = tuple(e for e in PREFERRED if e in _hardware())
    return [(*hardware, SOFTWARE[0]), SOFTWARE] if hardware else [SOFTWARE]


def _hardware() -> frozenset[str]:
    """PAPI's preset events that this machine counts; none without papi_avail."""
    tool = shutil.which("papi_avail")
    if tool is None:
        return frozenset()
    try:
        answer = process.run([tool, "-a"], timeout=60)
    except CorrError:
        return frozenset()
    return frozenset(_AVAILABLE.findall(answer.stdout.decode("utf-8", "replace")))


def _papi(invocation: Invocation, folder: Path) -> list[Profile]:
    """PAPI refuses a whole set of events for one that it cannot count, and then writes nothing."""
    tried = []
    for number, wanted in enumerate(events(invocation)):
        output = folder / str(number)
        output.mkdir(parents=True, exist_ok=True)
        names = ",".join(wanted)
        _run(
            invocation,
            {"PAPI_EVENTS": names, "PAPI_OUTPUT_DIRECTORY": os.path.abspath(output)},
        )
        if any((output / papi.FOLDER).glob("*.json")):
            return papi.read(output, PAPI)
        tried.append(names)
    raise CorrError(
        f"linked with PAPI, but no region was written (events tried: {' | '.join(tried)})",
        "does the run reach a PAPI_hl_region_begin? may it count? see `papi_avail` and "
        "/proc/sys/kernel/perf_event_paranoid; set PAPI_EVENTS with --env",
    )


# --- Caliper -------------------------------------------------------------------------------------


def _caliper(invocation: Invocation, output: Path) -> list[Profile]:
    """One profile as .cali: the form that Caliper's own reader takes, whatever its version."""
    quoted = os.path.abspath(output).replace("\\", "\\\\").replace('"', '\\"')
    output.parent.mkdir(parents=True, exist_ok=True)
    config = f'hatchet-region-profile(output="{quoted}",output.format=cali)'
    _run(invocation, {"CALI_CONFIG": config, "CALI_LOG_VERBOSITY": "0"})
    if not output.exists():
        raise CorrError(
            "linked with Caliper, but it wrote no profile",
            f"try by hand: CALI_CONFIG='hatchet-region-profile' {invocation.argv[0]}",
        )
    return [caliper.read(output, output.name)]


def _run(invocation: Invocation, additions: Mapping[str, str]) -> None:
    done = invocation.run(additions=additions, discard=True)
    error = failure(done)
    if error is not None:
        raise error
