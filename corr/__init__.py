"""corr joins what the compiler said, what the machine model expects and what the hardware saw."""

from typing import Any

__version__ = "0.1.0"


#: The Python interface: what `import corr` gives, where it is, and its name there.
_LAZY = {
    "open": ("corr.api.lake", "open_lake"),
    "to_hatchet": ("corr.api.hatchet", "to_hatchet"),
    "to_thicket": ("corr.api.hatchet", "to_thicket"),
}


def __getattr__(name: str) -> Any:
    """Loaded when first asked for: the command line starts without them."""
    if name not in _LAZY:
        raise AttributeError(f"module 'corr' has no attribute {name!r}")
    import importlib

    module, attribute = _LAZY[name]
    return getattr(importlib.import_module(module), attribute)
