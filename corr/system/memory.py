"""Give memory that is not used back to the system."""

from __future__ import annotations

import contextlib
import ctypes


def give_back() -> None:
    """What Arrow and the C library keep of freed memory: most of it, after large tables."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL(None).malloc_trim(0)
