"""`python -m corr`."""

from corr.cli import main

main()
