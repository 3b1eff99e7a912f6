"""`make experiments`: pairs of builds divided by `--swap`, then loops with passes left out."""

from __future__ import annotations

import sys

from bench.experiments import ablated, swapped


def main() -> int:
    """1 where anything is not as planted."""
    return 1 if swapped.main() + ablated.main() else 0


if __name__ == "__main__":
    sys.exit(main())
