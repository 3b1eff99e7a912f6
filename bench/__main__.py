"""`make bench`: every benchmark, one after another."""

from __future__ import annotations

from bench import biglake, collect, diff, ir, remarks, search


def main() -> None:
    """Run them all; each prints its own lines."""
    collect.main()
    diff.main()
    biglake.main()
    remarks.main([])
    ir.main()
    search.main()


if __name__ == "__main__":
    main()
