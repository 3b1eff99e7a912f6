"""What `diff --swap` and `why --ablate` find where it is known: `make experiments`."""
