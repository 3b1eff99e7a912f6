"""How runs and packs are named: by the time they were begun, so that names sort by it."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

#: A name that is not of this form is never made a path.
RUN_ID = re.compile(r"^\d{8}T\d{6}\.\d{6}-[0-9a-f]{4}$")


def new_run_id() -> str:
    """An id that sorts by time (UTC) and does not collide between processes."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{secrets.token_hex(2)}"
