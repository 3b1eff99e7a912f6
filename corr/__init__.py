"""corr joins what the compiler said, what the machine model expects and what the hardware saw."""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`corr.to_hatchet` and `corr.to_thicket`, loaded when first asked for: they are heavy."""
    if name in ("to_hatchet", "to_thicket"):
        import importlib

        return getattr(importlib.import_module("corr.hatchet"), name)
    raise AttributeError(f"module 'corr' has no attribute {name!r}")
