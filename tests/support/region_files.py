"""The recorded profiles of Caliper and PAPI, and how tests look at what was read from them."""

from __future__ import annotations

from typing import Any

from collectors.regions.marks import Profile, tables
from tests.support.places import FIXTURES, KERNELS

CALI = FIXTURES / "caliper"
PAPI = FIXTURES / "papi"
KERNEL = KERNELS / "regions_papi.c"


def rows(*profiles: Profile) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tables(profiles)[0].to_pylist()
    return found


def said(profile: Profile) -> str:
    return "\n".join(p.what for p in profile.problems)
