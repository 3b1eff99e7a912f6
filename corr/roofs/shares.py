"""Shares of the roof in words."""

from __future__ import annotations


def told(before: float | None, after: float | None = None) -> str:
    """Those of an original and its best: `3 % → 41 % of what this machine allows`."""
    both = [_percent(share) for share in (before, after) if share is not None]
    if not both:
        return ""
    return f"{' → '.join(dict.fromkeys(both))} of what this machine allows"


def _percent(share: float) -> str:
    return f"{100 * share:.{1 if share < 0.0995 else 0}f} %"
